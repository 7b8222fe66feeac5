package document_test

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/document"
)

// piece is one text that a page draws, and where, in points from the bottom left.
type piece struct {
	x, y float64
	text string
}

type page []piece

func (p page) text() string {
	var all []string
	for _, piece := range p {
		all = append(all, piece.text)
	}
	return strings.Join(all, "\n")
}

// render makes a document, has pdfcpu check it strictly, and reads its pages back.
func render(t testing.TB, inv *billing.Invoice, logo []byte) ([]byte, []page) {
	t.Helper()
	file, err := document.PDF(inv, logo)
	if err != nil {
		t.Fatal(err)
	}
	return file, pages(t, file)
}

func configuration() *model.Configuration {
	api.DisableConfigDir()
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationStrict
	conf.Offline = true
	return conf
}

func pages(t testing.TB, file []byte) []page {
	t.Helper()
	if err := api.Validate(bytes.NewReader(file), configuration()); err != nil {
		t.Fatalf("not a valid PDF: %v", err)
	}
	var all []page
	err := api.ExtractContent(bytes.NewReader(file), nil, func(r io.Reader, _ int) error {
		content, err := io.ReadAll(r)
		all = append(all, drawn(t, content))
		return err
	}, configuration())
	if err != nil {
		t.Fatalf("its pages cannot be read: %v", err)
	}
	return all
}

// drawn reads the texts of a page's content.
func drawn(t testing.TB, content []byte) page {
	t.Helper()
	operator := regexp.MustCompile(`(?s)BT (-?[0-9.]+) (-?[0-9.]+) Td \(((?:\\.|[^\\)])*)\) Tj ET`)
	var p page
	for _, m := range operator.FindAllSubmatch(content, -1) {
		x, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		y, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			t.Fatal(err)
		}
		p = append(p, piece{x, y, utf16Text(t, unescaped(m[3]))})
	}
	if n := bytes.Count(content, []byte(" Tj ET")); n != len(p) {
		t.Fatalf("%d of %d texts can be read", len(p), n)
	}
	return p
}

func unescaped(s []byte) []byte {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
			if s[i] == 'r' {
				out = append(out, '\r')
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

func utf16Text(t testing.TB, b []byte) string {
	t.Helper()
	if len(b)%2 != 0 {
		t.Fatalf("a text has %d bytes", len(b))
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units))
}
