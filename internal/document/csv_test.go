package document_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usher-seats/usher/internal/document"
	"github.com/usher-seats/usher/internal/hostiletest"
)

func TestThePeopleOfAnInvoiceAsCSV(t *testing.T) {
	got := document.PeopleCSV([]document.Person{
		{Line: 1, ProductID: "desk", PlanID: "agents", PeriodStart: "2026-11-01", PeriodEnd: "2026-11-30", UserID: "usr_1", Email: "ann@example.com", FirstName: "Ann, \"A\"", LastName: "Łuk", Qualification: "=1+1", Days: 30},
		{Line: 2, ProductID: "desk", PlanID: "agents", PeriodStart: "2026-11-01", PeriodEnd: "2026-11-30", UserID: "usr_2", Days: 3},
		{Line: 3, ProductID: "desk", PlanID: "agents", PeriodStart: "2026-11-01", PeriodEnd: "2026-11-30", UserID: "usr_3", Licensed: true},
	})
	want := "line,product_id,plan_id,period_start,period_end,user_id,email,first_name,last_name,qualification,active_days,listed_as\r\n" +
		"1,desk,agents,2026-11-01,2026-11-30,usr_1,ann@example.com,\"Ann, \"\"A\"\"\",Łuk,'=1+1,30,active_user\r\n" +
		"2,desk,agents,2026-11-01,2026-11-30,usr_2,,,,,3,active_user\r\n" +
		"3,desk,agents,2026-11-01,2026-11-30,usr_3,,,,,,license_holder\r\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if none := document.PeopleCSV(nil); string(none) != strings.SplitAfter(want, "\r\n")[0] {
		t.Errorf("nobody: %q", none)
	}
}

// cells writes one person with the value everywhere and reads the row back.
func cells(t *testing.T, value string) []string {
	t.Helper()
	file := document.PeopleCSV([]document.Person{{
		Line: 1, ProductID: value, PlanID: value, PeriodStart: value, PeriodEnd: value, UserID: value, Email: value,
		FirstName: value, LastName: value, Qualification: value,
	}})
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatalf("%q breaks the file: %v", value, err)
	}
	if len(rows) != 2 || len(rows[1]) != 12 {
		t.Fatalf("%q makes %d rows", value, len(rows))
	}
	return rows[1][1:10]
}

func TestNoCellIsAFormula(t *testing.T) {
	for _, value := range append(hostiletest.Payloads(), "=", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "\x00=1", "\x00", " =1", "\u00a0\u200b-1", "\ufeff+1", "＝1", "＋1", "－1", "＠1", "'=1") {
		for _, got := range cells(t, value) {
			if strings.ContainsAny(got[:1], "=+-@\t\r\n\x00") {
				t.Fatalf("%q is read back as %q", value, got)
			}
			// As typed, but for line ends, which CSV does not tell apart.
			typed := strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\r\n", "\n")
			if got != typed && got != "'"+typed {
				t.Fatalf("%q is read back as %q", value, got)
			}
		}
	}
	for _, value := range []string{"=1", " =1", "\u200b@x", "＝1", "\t", "\x01x"} {
		if got := cells(t, value)[0]; got[0] != '\'' {
			t.Errorf("%q is read back as %q, unguarded", value, got)
		}
	}
	for _, value := range []string{"Ann", "a=b", "x-y", "3+4", "Ann\n=1"} {
		if got := cells(t, value)[0]; got != value {
			t.Errorf("%q is read back as %q", value, got)
		}
	}
}

func FuzzPeopleCSV(f *testing.F) {
	for _, p := range hostiletest.Payloads() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, value string) {
		file := document.PeopleCSV([]document.Person{{Line: 1, FirstName: value, LastName: "next"}})
		if !utf8.Valid(file) {
			t.Fatalf("%q makes a file that is not UTF-8", value)
		}
		rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][8] != "next" {
			t.Fatalf("%q breaks the file: %v %q", value, err, rows)
		}
		if got := rows[1][7]; got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n\x00") {
			t.Fatalf("%q is read back as %q", value, got)
		}
	})
}
