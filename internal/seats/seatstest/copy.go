package seatstest

import "reflect"

// copier copies values deeply, with all slices, maps and pointers that exported
// fields lead to. Types that hide their fields, such as time.Time, are values that
// nobody can change from outside and are copied as they are. It remembers what it
// learnt of types and is used under its store's lock.
type copier struct {
	// fields are, by struct type, those that lead to something shared; flat are the
	// types that lead to nothing.
	fields map[reflect.Type][]int
	flat   map[reflect.Type]bool
}

func deepCopy[T any](c *copier, v T) T {
	if c.flat == nil {
		c.flat, c.fields = map[reflect.Type]bool{}, map[reflect.Type][]int{}
	}
	to := reflect.New(reflect.TypeFor[T]()).Elem()
	c.into(to, reflect.ValueOf(&v).Elem())
	return to.Interface().(T)
}

// leadsNowhere reports whether values of a type share nothing when they are
// assigned.
func (c *copier) leadsNowhere(t reflect.Type) bool {
	flat, known := c.flat[t]
	if known {
		return flat
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
	case reflect.Array:
		flat = c.leadsNowhere(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !c.leadsNowhere(f.Type) {
				c.fields[t] = append(c.fields[t], i)
			}
		}
		flat = len(c.fields[t]) == 0
	default:
		flat = true
	}
	c.flat[t] = flat
	return flat
}

func (c *copier) into(to, from reflect.Value) {
	t := from.Type()
	if c.leadsNowhere(t) {
		to.Set(from)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(t.Elem()))
			c.into(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(t, from.Len(), from.Len()))
			c.elements(to, from)
		}
	case reflect.Map:
		if !from.IsNil() {
			to.Set(reflect.MakeMapWithSize(t, from.Len()))
			value := reflect.New(t.Elem()).Elem()
			for entries := from.MapRange(); entries.Next(); {
				value.SetZero()
				c.into(value, entries.Value())
				to.SetMapIndex(entries.Key(), value)
			}
		}
	case reflect.Struct:
		to.Set(from)
		for _, i := range c.fields[t] {
			to.Field(i).SetZero()
			c.into(to.Field(i), from.Field(i))
		}
	default:
		panic("seatstest: nothing stored is a " + t.String())
	}
}

func (c *copier) elements(to, from reflect.Value) {
	if c.leadsNowhere(from.Type().Elem()) {
		reflect.Copy(to, from)
		return
	}
	for i := range from.Len() {
		c.into(to.Index(i), from.Index(i))
	}
}
