package tables_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/sam"
)

var rooms = &sam.Table{
	Name:       "rooms",
	Attributes: []sam.Attribute{{Name: "pk", Type: "S"}, {Name: "sk", Type: "S"}, {Name: "at", Type: "N"}},
	Key:        []sam.KeyPart{{Name: "pk", Kind: "HASH"}, {Name: "sk", Kind: "RANGE"}},
	Indexes: []sam.Index{
		{Name: "due", Key: []sam.KeyPart{{Name: "sk", Kind: "HASH"}, {Name: "at", Kind: "RANGE"}}, Projection: "KEYS_ONLY"},
		{Name: "when", Local: true, Key: []sam.KeyPart{{Name: "pk", Kind: "HASH"}, {Name: "at", Kind: "RANGE"}}, Projection: "ALL"},
	},
	StreamView: "NEW_IMAGE",
	TTL:        "ttl",
}

func database(t *testing.T) *tables.Client {
	t.Helper()
	c := dynamotest.Client(t)
	if err := tables.Create(t.Context(), c, []*sam.Table{rooms}); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCreateMakesKeysIndexesStreamAndExpiry(t *testing.T) {
	c := database(t)
	var got struct {
		Table struct {
			GlobalSecondaryIndexes, LocalSecondaryIndexes []struct{ IndexName string }
			StreamSpecification                           struct{ StreamViewType string }
		}
	}
	if err := c.Call(t.Context(), "DescribeTable", map[string]string{"TableName": "rooms"}, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Table.GlobalSecondaryIndexes) != 1 || len(got.Table.LocalSecondaryIndexes) != 1 || got.Table.StreamSpecification.StreamViewType != "NEW_IMAGE" {
		t.Errorf("table %+v", got)
	}
	var ttl struct {
		TimeToLiveDescription struct{ TimeToLiveStatus, AttributeName string }
	}
	if err := c.Call(t.Context(), "DescribeTimeToLive", map[string]string{"TableName": "rooms"}, &ttl); err != nil {
		t.Fatal(err)
	}
	if ttl.TimeToLiveDescription.TimeToLiveStatus != "ENABLED" || ttl.TimeToLiveDescription.AttributeName != "ttl" {
		t.Errorf("expiry %+v", ttl)
	}
}

func TestItemsSurviveSaveAndLoadAsTheyAre(t *testing.T) {
	from, to := database(t), database(t)
	pad := strings.Repeat("x", 30_000) // 60 items of it make two pages
	for i := range 60 {
		item := fmt.Sprintf(`{"TableName":"rooms","Item":{"pk":{"S":"a"},"sk":{"S":"%03d"},"n":{"N":"12345678901234567890123456789012345678"},
			"b":{"B":"AAEC"},"l":{"L":[{"BOOL":true},{"NULL":true}]},"m":{"M":{"é\n":{"SS":["p","q"]}}},"pad":{"S":"%s"}}}`, i, pad)
		if err := from.Call(t.Context(), "PutItem", raw(item), nil); err != nil {
			t.Fatal(err)
		}
	}
	var saved bytes.Buffer
	n, err := from.Save(t.Context(), "rooms", &saved)
	if err != nil || n != 60 {
		t.Fatalf("saved %d items, %v", n, err)
	}
	if n, err = to.Load(t.Context(), "rooms", bytes.NewReader(saved.Bytes())); err != nil || n != 60 {
		t.Fatalf("loaded %d items, %v", n, err)
	}
	var again bytes.Buffer
	if _, err := to.Save(t.Context(), "rooms", &again); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(lines(saved), lines(again)) {
		t.Error("the items differ after a round trip")
	}
}

func TestLoadReportsWhatDynamoDBRefuses(t *testing.T) {
	c := database(t)
	_, err := c.Load(t.Context(), "rooms", strings.NewReader(`{"no":{"S":"key"}}`))
	var refused *tables.Error
	if !errors.As(err, &refused) || refused.Type != "ValidationException" {
		t.Errorf("error %v, want a ValidationException", err)
	}
}

type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func lines(b bytes.Buffer) []string {
	out := strings.Split(b.String(), "\n")
	slices.Sort(out)
	return out
}
