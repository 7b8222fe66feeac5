package storetest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// filler sets every field that a value leads to, each to another value that is not
// zero: a field that is added to the domain and forgotten in a store is found.
type filler struct {
	mint seats.Minter
	n    int
	// keep are types that are left as they are.
	keep []reflect.Type
}

func (f *filler) fill(v reflect.Value) {
	for _, k := range f.keep {
		if v.Type() == k {
			return
		}
	}
	f.n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(day().Add(time.Duration(f.n) * time.Hour)))
		return
	case billing.Date:
		v.Set(reflect.ValueOf(billing.Date{Year: 2026, Month: 2, Day: 1 + f.n%28}))
		return
	case seats.AccountID:
		v.SetString(string(f.mint.Account()))
		return
	case seats.UserID:
		v.SetString(string(f.mint.User()))
		return
	case seats.EventID:
		v.SetString(string(f.mint.Event()))
		return
	case seats.QuoteID:
		v.SetString(string(f.mint.Quote()))
		return
	case seats.SubscriptionID:
		v.SetString(string(f.mint.Subscription(fmt.Sprintf("product-%d", f.n))))
		return
	}
	f.fillKind(v)
}

func (f *filler) fillKind(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(1_000 + f.n))
	case reflect.Uint8:
		v.SetUint(uint64(1 + f.n%255))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i))
			}
		}
	default:
		panic("storetest: no value for a " + v.Type().String())
	}
}

// filled is a value with every field set.
func filled[T any](mint seats.Minter, keep ...reflect.Type) *T {
	f := &filler{mint: mint, keep: keep}
	v := new(T)
	f.fill(reflect.ValueOf(v).Elem())
	return v
}
