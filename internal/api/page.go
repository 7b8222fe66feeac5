package api

import (
	"cmp"
	"sort"
	"strings"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

// place is where an item stands in a sorted list: by its key, then by its id.
type place struct{ key, id string }

func (p place) compare(other place) int {
	return cmp.Or(strings.Compare(p.key, other.key), strings.Compare(p.id, other.id))
}

// pageOf cuts a page out of a list that is in memory, sorted by place, downwards if
// reversed. The cursor holds the place of the last item that was given, not its
// number: others may come, go or move before the next page is asked for.
func pageOf[T any](scope apigw.CursorScope, p apigw.Paging, items []T, reversed bool, at func(T) place) ([]T, string, error) {
	position, err := scope.Decode(p.Cursor, 2)
	if err != nil {
		return nil, "", err
	}
	from := 0
	if position != nil {
		last := place{position[0], position[1]}
		from = sort.Search(len(items), func(i int) bool {
			c := at(items[i]).compare(last)
			return c > 0 && !reversed || c < 0 && reversed
		})
	}
	to := min(from+p.Limit, len(items))
	page := items[from:to]
	if to == len(items) {
		return page, "", nil
	}
	last := at(items[to-1])
	return page, scope.Encode(last.key, last.id), nil
}

// storePage asks the store for a page behind a cursor of the API.
func storePage(scope apigw.CursorScope, p apigw.Paging) (seats.Page, error) {
	position, err := scope.Decode(p.Cursor, 1)
	if err != nil {
		return seats.Page{}, err
	}
	page := seats.Page{Limit: p.Limit}
	if position != nil {
		page.Cursor = position[0]
	}
	return page, nil
}

func nextPage(scope apigw.CursorScope, cursor string) string {
	if cursor == "" {
		return ""
	}
	return scope.Encode(cursor)
}
