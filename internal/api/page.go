package api

import (
	"strconv"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

func itoa(n int) string { return strconv.Itoa(n) }

func resume[T any](position []string, items []T, id func(T) string) (int, error) {
	for i := range items {
		if id(items[i]) == position[0] {
			return i + 1, nil
		}
	}
	index, err := strconv.Atoi(position[1])
	if err != nil || index < 0 {
		return 0, seats.ErrInvalid.With("This cursor is none of this list. Start without a cursor.")
	}
	return min(index, len(items)), nil
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
