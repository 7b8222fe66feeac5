package capacity_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/store/capacity"
)

type (
	item = map[string]types.AttributeValue
	s    = types.AttributeValueMemberS
	n    = types.AttributeValueMemberN
	b    = types.AttributeValueMemberB
	l    = types.AttributeValueMemberL
	m    = types.AttributeValueMemberM
	yes  = types.AttributeValueMemberBOOL
)

func TestSizesAreThoseOfTheDeveloperGuide(t *testing.T) {
	for _, tt := range []struct {
		name string
		item item
		want int
	}{
		{"nothing", nil, 0},
		{"text by its bytes, with the name", item{"né": &s{Value: "ü€"}}, 3 + 5},
		{"binary", item{"b": &b{Value: make([]byte, 7)}}, 1 + 7},
		{"a flag", item{"f": &yes{Value: true}}, 1 + 1},
		{"no number is for nothing", item{"n": &n{Value: "0"}}, 1 + 1},
		{"two digits a byte", item{"n": &n{Value: "12345"}}, 1 + 3 + 1},
		{"pairs of zeros at the end are not counted", item{"n": &n{Value: "179500"}}, 1 + 2 + 1},
		{"pairs begin at the right", item{"n": &n{Value: "1795000"}}, 1 + 3 + 1},
		{"the sign", item{"n": &n{Value: "-12"}}, 1 + 1 + 1 + 1},
		{"an empty list", item{"l": &l{}}, 1 + 3},
		{"a list", item{"l": &l{Value: []types.AttributeValue{&s{Value: "ab"}, &n{Value: "5"}}}}, 1 + 3 + (1 + 2) + (1 + 2)},
		{"a map", item{"m": &m{Value: item{"key": &s{Value: "ab"}}}}, 1 + 3 + 1 + (3 + 2)},
	} {
		if got := capacity.Size(tt.item); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

// DynamoDB Local reports writes outside a transaction right, so it can tell where
// an item begins to cost another unit.
func TestSizesAgreeWithTheDatabaseAtTheEdgeOfAUnit(t *testing.T) {
	cfg, names := dynamotest.NewWithTables(t)
	client := dynamodb.NewFromConfig(cfg)
	kinds := item{
		"number": &n{Value: "1795339815123456789"}, "short": &n{Value: "1795000000000000000"}, "minus": &n{Value: "-4711"},
		"yes": &yes{Value: true}, "bytes": &b{Value: make([]byte, 33)},
		"list": &l{Value: []types.AttributeValue{&s{Value: "ü"}, &n{Value: "10"}, &l{Value: []types.AttributeValue{&n{Value: "7"}}}}},
		"map":  &m{Value: item{"reports": &m{Value: item{"s": &s{Value: "06c4"}, "t": &n{Value: "1795000000000000000"}}}}},
	}
	for name, value := range kinds {
		for _, size := range []int{1023, 1024, 1025} {
			it := item{"pk": &s{Value: name}, "sk": &s{Value: strconv.Itoa(size)}, name: value, "fill": &s{Value: ""}}
			it["fill"] = &s{Value: strings.Repeat("x", size-capacity.Size(it))}
			out, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
				TableName: aws.String(names["KeysTable"]), Item: it, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			if err != nil {
				t.Fatal(err)
			}
			want := 1.0
			if size > 1024 {
				want = 2
			}
			if got := *out.ConsumedCapacity.CapacityUnits; got != want {
				t.Errorf("a %s in an item of %d bytes by our count costs %v units", name, size, got)
			}
		}
	}
}
