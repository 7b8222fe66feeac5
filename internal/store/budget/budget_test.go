package budget_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/store"
	"github.com/usher-seats/usher/internal/store/budget"
)

// budgeted is what an operation may cost, exactly: write units, units of the index
// and consistent reads.
type budgeted struct{ write, index, read int }

// budgets are those of the architecture: assign, revoke and accept 6; inviting 6 a
// person and 2 a transaction, creating 6; 97 licenses at once at most 2.1 each; confirming 6, and
// 4 more with an invoice; a close 8, and 2 in the index; 2 more with a key. A
// command reads at most 5, but for those about an invitation, which read the user
// first to learn which pool they need.
func budgets() map[string]budgeted {
	return map[string]budgeted{
		"open an account, with its first invoice":             {18, 1, 2},
		"bind an identity to a user":                          {6, 0, 3},
		"find the user of a sign-in, once in 30 s":            {0, 0, 1},
		"invite one person without a license":                 {6, 1, 2},
		"invite one person with a license":                    {6 + 2, 1, 3},
		"invite one person with a license, with a key":        {6 + 2 + 2, 1, 4},
		"invite 32 people with a license":                     {32*6 + 2, 32, 3},
		"look at an invitation":                               {0, 0, 6},
		"accept an invitation":                                {6, 1, 4},
		"accept an invitation, with a key":                    {6 + 2, 1, 5},
		"send an invitation again":                            {4, 2, 7},
		"cancel an invitation":                                {8, 1, 7},
		"end an invitation that lapsed":                       {6, 1, 2},
		"create a user":                                       {6, 0, 2},
		"create a user with a license":                        {6 + 2, 0, 3},
		"create a user with a license, with a key":            {6 + 2 + 2, 0, 4},
		"import 32 users":                                     {32 * 6, 0, 4},
		"erase a user":                                        {6, 0, 3},
		"assign a license":                                    {6, 0, 4},
		"assign a license that is held":                       {0, 0, 4},
		"assign a license, with a key":                        {6 + 2, 0, 5},
		"the same again, answered from the key":               {0, 0, 5},
		"assign 97 licenses at once":                          {97*2 + 8, 0, 100},
		"revoke a license":                                    {6, 0, 4},
		"revoke a license, with a key":                        {6 + 2, 0, 5},
		"change a user's name":                                {4, 0, 3},
		"deactivate a user with a license":                    {6, 0, 3},
		"activate a user":                                     {4, 0, 3},
		"remove a user":                                       {8, 0, 3},
		"transfer the ownership":                              {8, 0, 3},
		"quote an increase, with its invoice":                 {1, 0, 4},
		"confirm an increase, with its invoice, with its key": {6 + 4 + 2, 0, 5},
		"quote a decrease":                                    {1, 0, 4},
		"confirm a decrease, with its key":                    {6 + 2, 0, 5},
		"quote an upgrade, with its invoice":                  {1, 0, 5},
		"confirm an upgrade, with its invoice, with its key":  {6 + 4 + 2, 0, 5},
		"quote a downgrade":                                   {1, 0, 5},
		"confirm a downgrade, with its key":                   {6 + 2, 0, 5},
		"cancel a downgrade":                                  {4, 0, 3},
		"cancel a subscription":                               {4, 0, 3},
		"resume a subscription":                               {4, 0, 3},
		"cancel a decrease":                                   {4, 0, 3},
		"close a cycle of one subscription":                   {8, 2, 2},
		"close again, nothing is due":                         {0, 0, 1},
		"find accounts that are due, in all shards":           {0, 0, 8},
		"read a user":                                         {0, 0, 3},
		"list the invoices":                                   {0, 0, 3},
		"count a request against a limit":                     {1, 0, 0},
	}
}

func TestEveryOperationKeepsItsBudget(t *testing.T) {
	cfg, names := dynamotest.NewWithTables(t)
	result, err := budget.Run(t.Context(), dynamodb.NewFromConfig(cfg), store.Options{SeatsTable: names["SeatsTable"], KeysTable: names["KeysTable"]})
	if err != nil {
		t.Fatal(err)
	}
	want := budgets()
	for _, row := range result.Rows {
		b, ok := want[row.Operation]
		delete(want, row.Operation)
		got := budgeted{row.WriteUnits, row.IndexUnits, row.HalfReads / 2}
		switch {
		case ok && (got != b || row.HalfReads%2 != 0):
			t.Errorf("%s: %+v, the budget is %+v", row.Operation, got, b)
		case !ok && got.write+got.index > 0:
			t.Errorf("%s writes %+v and has no budget", row.Operation, got)
		}
		if row.Operation == "assign 97 licenses at once" && 10*row.WriteUnits > 21*row.For {
			t.Errorf("%s: %d units, more than 2.1 each", row.Operation, row.WriteUnits)
		}
	}
	for operation := range want {
		t.Errorf("%s was not run", operation)
	}
	const oneUnit = 1024
	for kind, size := range result.Largest {
		if size > oneUnit && kind != "E" { // events about many are packed, see package events
			t.Errorf("an item %s has %d bytes, more than a write unit", kind, size)
		}
	}

	var table bytes.Buffer
	if err := result.Print(&table); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"4.25  assign a license", "1.43  assign 97 licenses at once", "A/I"} {
		if !strings.Contains(table.String(), line) {
			t.Errorf("the table has no %q:\n%s", line, table.String())
		}
	}
	t.Log("\n" + table.String())
}
