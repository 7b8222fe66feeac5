package store

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

// maxItems is how many items one transaction takes.
const maxItems = 100

// transaction collects writes in a fixed order; failed says, by the position of a
// write, which conditions of the change it carries.
type transaction struct {
	store  *Store
	writes []types.TransactWriteItem
	failed [][]seats.Failed
	seen   map[key]bool
	err    error
}

// expression is the text of a write and what it names. The values may be nil.
type expression struct {
	update    string
	condition string
	names     map[string]string
	values    item
}

func (t *transaction) add(k key, w types.TransactWriteItem, failed []seats.Failed) {
	if t.seen[k] {
		// DynamoDB would refuse it too, but not say which.
		t.fail(fmt.Errorf("store: a change writes %s/%s twice", k.pk, k.sk))
	}
	t.seen[k] = true
	t.writes = append(t.writes, w)
	t.failed = append(t.failed, failed)
}

func (t *transaction) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *transaction) put(k key, it item, e expression, failed ...seats.Failed) {
	t.add(k, types.TransactWriteItem{Put: &types.Put{
		TableName: aws.String(t.store.table(k)), Item: it,
		ConditionExpression: aws.String(e.condition), ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	}}, failed)
}

// putNew puts an item that must not exist.
func (t *transaction) putNew(k key, it item, failed seats.Failed) {
	t.put(k, it, expression{condition: "attribute_not_exists(#pk)", names: map[string]string{"#pk": pkName}}, failed)
}

// replace puts an item whose revision must be from; 0 puts one that must not exist.
func (t *transaction) replace(k key, it item, from int64, failed seats.Failed) {
	if from == 0 {
		t.putNew(k, it, failed)
		return
	}
	t.put(k, it, expression{condition: "#v = :v", names: map[string]string{"#v": revName}, values: item{":v": number(from)}}, failed)
}

func (t *transaction) update(k key, e expression, failed ...seats.Failed) {
	t.add(k, types.TransactWriteItem{Update: &types.Update{
		TableName: aws.String(t.store.table(k)), Key: k.attributes(), UpdateExpression: aws.String(e.update),
		ConditionExpression: aws.String(e.condition), ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	}}, failed)
}

// check demands a condition of an item that is not written.
func (t *transaction) check(k key, e expression, failed seats.Failed) {
	t.add(k, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: aws.String(t.store.table(k)), Key: k.attributes(), ConditionExpression: aws.String(e.condition),
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	}}, []seats.Failed{failed})
}

// take claims a guard for a user: nobody has it, or the user itself.
func (t *transaction) take(k key, user seats.UserID, failed seats.Failed) {
	t.put(k, guardItem(k, user), expression{
		condition: "attribute_not_exists(#pk) OR #u = :u",
		names:     map[string]string{"#pk": pkName, "#u": userName}, values: item{":u": text(string(user))},
	}, failed)
}

// release gives a guard up, which must be the user's.
func (t *transaction) release(k key, user seats.UserID, failed seats.Failed) {
	t.add(k, types.TransactWriteItem{Delete: &types.Delete{
		TableName: aws.String(t.store.table(k)), Key: k.attributes(), ConditionExpression: aws.String("#u = :u"),
		ExpressionAttributeNames: map[string]string{"#u": userName}, ExpressionAttributeValues: item{":u": text(string(user))},
	}}, []seats.Failed{failed})
}
