package billing_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // so that every machine knows every zone

	"github.com/usher-seats/usher/internal/billing"
)

// allZones loads every name of the IANA database that Go 1.26 carries.
var allZones = sync.OnceValues(func() ([]*time.Location, error) {
	text, err := os.ReadFile("testdata/zones.txt")
	if err != nil {
		return nil, err
	}
	var zones []*time.Location
	for _, name := range strings.Fields(string(text)) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil, err
		}
		zones = append(zones, zone)
	}
	return zones, nil
})

func zonesOf(t *testing.T) []*time.Location {
	t.Helper()
	zones, err := allZones()
	if err != nil {
		t.Fatal(err)
	}
	if len(zones) < 590 {
		t.Fatalf("only %d zones", len(zones))
	}
	return zones
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func date(t testing.TB, text string) billing.Date {
	t.Helper()
	d, err := billing.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
