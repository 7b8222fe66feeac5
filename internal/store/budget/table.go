package budget

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// Print writes the table: for each operation its units and what a million of them
// cost, by the person where it is for many at once, then the largest items.
func (r Result) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "write units\tindex\tread units\tpeople\t$ per million\t  operation")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%d\t%d\t%s\t%d\t%s\t  %s\n", row.WriteUnits, row.IndexUnits, halves(row.HalfReads), row.For, dollars(row.Price()), row.Operation)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nOn demand, us-east-1, 22 November 2026: $0.625 for a million write units, $0.125 for a million read units.\n"+
		"For many people at once the price is for one of them. Sign-ins and plans are remembered; what is looked up once in a while is not in it.\n\nLargest items, bytes:\n")
	for _, kind := range slices.Sorted(maps.Keys(r.Largest)) {
		fmt.Fprintf(w, "  %-10s %5d\n", kind, r.Largest[kind])
	}
	return nil
}

func halves(n int) string {
	if n%2 == 1 {
		return fmt.Sprintf("%d.5", n/2)
	}
	return fmt.Sprint(n / 2)
}

// dollars writes hundred-thousandths of a dollar, rounded to cents half up.
func dollars(n int) string {
	cents := (n + 500) / 1000
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}
