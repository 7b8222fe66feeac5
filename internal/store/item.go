package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is the attributes of an item. Zero values are left out, so that absent and
// zero are one.
type item map[string]types.AttributeValue

func newItem(k key) item { return item(k.attributes()) }

func (k key) attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{pkName: text(k.pk), skName: text(k.sk)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

// instant is nanoseconds since 1970. DynamoDB stores two digits a byte and none of
// the zeros at the end, so that whole seconds take 6 bytes.
func instant(t time.Time) types.AttributeValue { return number(t.UnixNano()) }

func (it item) text(name, s string) {
	if s != "" {
		it[name] = text(s)
	}
}

func (it item) number(name string, n int64) {
	if n != 0 {
		it[name] = number(n)
	}
}

func (it item) flag(name string, b bool) {
	if b {
		it[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

func (it item) instant(name string, t time.Time) {
	if !t.IsZero() {
		it[name] = instant(t)
	}
}

func (it item) binary(name string, b []byte) {
	if len(b) > 0 {
		it[name] = binary(b)
	}
}

func (it item) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	values := make([]types.AttributeValue, len(list))
	for i, s := range list {
		values[i] = text(s)
	}
	it[name] = &types.AttributeValueMemberL{Value: values}
}

func (it item) nested(name string, m item) {
	if len(m) > 0 {
		it[name] = &types.AttributeValueMemberM{Value: m}
	}
}

// id leaves out the prefix that all ids of a kind begin with.
func (it item) id(name, prefix, id string) { it.text(name, shortID(prefix, id)) }

func shortID(prefix, id string) string {
	if id == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(id, prefix); ok && rest != "" {
		return rest
	}
	return "=" + id
}

func longID(prefix, s string) string {
	if s == "" {
		return ""
	}
	if id, ok := strings.CutPrefix(s, "="); ok {
		return id
	}
	return prefix + s
}

// reader reads attributes and keeps the first thing that is wrong: an attribute of
// another type than was written is a fault that nobody may decide from.
type reader struct {
	item item
	at   string // where a nested item stands
	err  *error
}

func read(it item) reader { return reader{item: it, err: new(error)} }

func (r reader) fail(name string) {
	if *r.err == nil {
		*r.err = fmt.Errorf("store: item %s/%s: attribute %s%s is damaged", keyText(r.item, pkName), keyText(r.item, skName), r.at, name)
	}
}

func keyText(it item, name string) string {
	if s, ok := it[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return "?"
}

func (r reader) failure() error { return *r.err }

func (r reader) text(name string) string {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return v.Value
	default:
		r.fail(name)
	}
	return ""
}

func (r reader) number(name string) int64 {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			r.fail(name)
		}
		return n
	default:
		r.fail(name)
	}
	return 0
}

func (r reader) flag(name string) bool {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberBOOL:
		return v.Value
	default:
		r.fail(name)
	}
	return false
}

func (r reader) instant(name string) time.Time {
	if r.item[name] == nil {
		return time.Time{}
	}
	return time.Unix(0, r.number(name)).UTC()
}

func (r reader) binary(name string) []byte {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberB:
		return v.Value
	default:
		r.fail(name)
	}
	return nil
}

func (r reader) list(name string) []types.AttributeValue {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberL:
		return v.Value
	default:
		r.fail(name)
	}
	return nil
}

func (r reader) texts(name string) []string {
	var all []string
	for _, v := range r.list(name) {
		s, ok := v.(*types.AttributeValueMemberS)
		if !ok {
			r.fail(name)
			return nil
		}
		all = append(all, s.Value)
	}
	return all
}

// nested reads an item within the item; ok is false where it is absent.
func (r reader) nested(name string) (nested reader, ok bool) {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberM:
		return r.inside(name, v.Value), true
	default:
		r.fail(name)
	}
	return reader{}, false
}

func (r reader) inside(name string, m map[string]types.AttributeValue) reader {
	return reader{item: m, at: r.at + name + ".", err: r.err}
}

func (r reader) id(name, prefix string) string { return longID(prefix, r.text(name)) }

// keyed reads the id in a key.
func (r reader) keyed(name, prefix string) string {
	id, err := idIn(r.text(name), prefix)
	if err != nil {
		r.fail(name)
	}
	return id
}
