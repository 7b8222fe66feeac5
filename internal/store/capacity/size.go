package capacity

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	// writeUnitBytes is what one write unit writes, readUnitBytes what one consistent
	// read unit reads.
	writeUnitBytes = 1024
	readUnitBytes  = 4096
	// nestedBytes is the overhead of a list or a map, elementBytes that of each
	// element in it.
	nestedBytes  = 3
	elementBytes = 1
)

// Size is the bytes of an item by the rules of the developer guide ("DynamoDB item
// sizes and formats"): names and text by their UTF-8, binary by its bytes, a number
// by a byte for two significant digits and one more.
func Size(item map[string]types.AttributeValue) int {
	n := 0
	for name, v := range item {
		n += len(name) + valueSize(v)
	}
	return n
}

func valueSize(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberSize(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberL:
		n := nestedBytes
		for _, e := range v.Value {
			n += elementBytes + valueSize(e)
		}
		return n
	case *types.AttributeValueMemberM:
		return nestedBytes + elementBytes*len(v.Value) + Size(v.Value)
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL:
		return 1
	}
	panic("capacity: no size is known for this type of attribute, the store has none of it")
}

// numberSize counts the pairs of digits of an integer, from the right, without the
// pairs of zeros at its ends; the sign takes a byte. The guide says that much only
// "approximately"; the pairs are what DynamoDB Local counts.
func numberSize(text string) int {
	digits, negative := strings.CutPrefix(text, "-")
	digits = strings.TrimLeft(digits, "0")
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	for strings.HasSuffix(digits, "00") {
		digits = digits[:len(digits)-2]
	}
	n := len(digits)/2 + 1
	if negative {
		n++
	}
	return n
}

// units are the units of some bytes, one at least.
func units(bytes, unit int) int { return max(1, (bytes+unit-1)/unit) }
