package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// Files draws what is downloaded. It is handed in so that only the function that
// serves files links typeface and PDF.
type Files interface {
	// PDF is an invoice or credit note as PDF; the logo is a PNG or nil.
	PDF(inv *billing.Invoice, logoPNG []byte) ([]byte, error)
	// CSV lists the people that an invoice bills.
	CSV(inv *billing.Invoice, people []seats.BilledUser) []byte
}

const (
	pdfType = "application/pdf"
	csvType = "text/csv; charset=utf-8"
)

type listInvoicesInput struct {
	AccountPath
	apigw.Paging
}

type upcomingInput struct {
	AccountPath
}

// Upcoming is the next invoice if nothing else happens.
type Upcoming struct {
	IssuedAt *time.Time `json:"issued_at,omitempty" doc:"When it will be issued; absent where nothing will be billed"`
	Invoice  *Invoice   `json:"invoice,omitempty" doc:"Absent where nothing will be billed"`
}

// InvoicePath is embedded in inputs below …/invoices/{number}.
type InvoicePath struct {
	AccountPath
	Number int64 `path:"number" minimum:"1" maximum:"9999999999" doc:"Number of the invoice or credit note"`
}

type invoiceInput struct {
	AccountPath
	Number string `path:"number" maxLength:"14" pattern:"^[1-9][0-9]{0,9}(\\.pdf|\\.csv)?$" doc:"Number of the invoice or credit note; with .pdf the document, with .csv the people that it bills: active users, or who held a license when it was issued; 404 where there are none" example:"12.pdf"`
}

// document is an answer of one of several media types.
type document struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// Invoices registers what concerns invoices, credit notes and their files.
func Invoices(api huma.API, svc *seats.Service, files Files) {
	listInvoices(api, svc)
	upcomingInvoice(api, svc)
	getInvoice(api, svc, files)
	explainInvoice(api, svc)
	verifyInvoice(api, svc)
}

func listInvoices(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/invoices", "list-invoices", "Invoices", "Invoices and credit notes, newest first"),
		func(ctx context.Context, in *listInvoicesInput) (*read[apigw.Page[Invoice]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return pageOfInvoices(in, "invoices", func(page seats.Page) ([]*seats.IssuedInvoice, string, error) {
				return svc.ListInvoices(ctx, caller, in.id(), page)
			})
		})
}

// pageOfInvoices answers with the invoices that find gives for the page asked for.
func pageOfInvoices(in *listInvoicesInput, list string, find func(seats.Page) ([]*seats.IssuedInvoice, string, error)) (*read[apigw.Page[Invoice]], error) {
	scope := apigw.CursorScope{Account: in.id(), List: list}
	page, err := storePage(scope, in.Paging)
	if err != nil {
		return nil, err
	}
	stored, cursor, err := find(page)
	if err != nil {
		return nil, err
	}
	items := make([]Invoice, len(stored))
	for i := range stored {
		inv, err := storedInvoice(stored[i])
		if err != nil {
			return nil, err
		}
		items[i] = *inv
	}
	return &read[apigw.Page[Invoice]]{apigw.NewPage(items, nextPage(scope, cursor))}, nil
}

func upcomingInvoice(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/invoices/upcoming", "get-upcoming-invoice", "Invoices", "The next invoice if nothing else happens"),
		func(ctx context.Context, in *upcomingInput) (*read[Upcoming], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			inv, at, err := svc.Upcoming(ctx, caller, in.id())
			if err != nil {
				return nil, err
			}
			return &read[Upcoming]{Upcoming{IssuedAt: instant(at), Invoice: invoiceBody(inv)}}, nil
		})
}

func getInvoice(api huma.API, svc *seats.Service, files Files) {
	get := op(http.MethodGet, "/v1/accounts/{account}/invoices/{number}", "get-invoice", "Invoices", "One invoice or credit note: as JSON, as PDF, or the people that it bills as CSV")
	registry := api.OpenAPI().Components.Schemas
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	get.Responses = map[string]*huma.Response{"200": {
		Description: "The invoice, or its file where the path ends in .pdf or .csv",
		Headers: map[string]*huma.Param{"Content-Disposition": {
			Description: "The file's name", Schema: &huma.Schema{Type: huma.TypeString},
		}},
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: registry.Schema(reflect.TypeFor[Invoice](), true, "Invoice")},
			pdfType:            {Schema: file},
			csvType:            {Schema: file},
		},
	}}
	apigw.Register(api, get, func(ctx context.Context, in *invoiceInput) (*document, error) {
		caller, err := person(ctx)
		if err != nil {
			return nil, err
		}
		text, kind, _ := strings.Cut(in.Number, ".")
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "pdf":
			return invoicePDF(ctx, svc, files, caller, in.id(), number)
		case "csv":
			return invoiceCSV(ctx, svc, files, caller, in.id(), number)
		}
		stored, err := svc.GetInvoice(ctx, caller, in.id(), number)
		if err != nil {
			return nil, err
		}
		inv, err := storedInvoice(stored)
		if err != nil {
			return nil, err
		}
		var body bytes.Buffer
		if err := plainJSON(&body, inv); err != nil {
			return nil, err
		}
		return &document{ContentType: "application/json", Body: body.Bytes()}, nil
	})
}

// plainJSON writes JSON as every other answer has it.
func plainJSON(w *bytes.Buffer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func invoicePDF(ctx context.Context, svc *seats.Service, files Files, caller seats.Caller, account seats.AccountID, number int64) (*document, error) {
	file, err := svc.File(ctx, caller, account, number)
	if err != nil {
		return nil, err
	}
	body, err := files.PDF(&file.Invoice, file.LogoPNG)
	if err != nil {
		return nil, err
	}
	return &document{ContentType: pdfType, ContentDisposition: attachment(file.Invoice.Kind, number, "pdf"), Body: body}, nil
}

func invoiceCSV(ctx context.Context, svc *seats.Service, files Files, caller seats.Caller, account seats.AccountID, number int64) (*document, error) {
	inv, people, err := svc.BilledPeople(ctx, caller, account, number)
	if err != nil {
		return nil, err
	}
	return &document{ContentType: csvType, ContentDisposition: attachment(inv.Kind, number, "csv"), Body: files.CSV(inv, people)}, nil
}

// attachment names a download; its parts are ASCII without quotes.
func attachment(kind string, number int64, extension string) string {
	return fmt.Sprintf(`attachment; filename="%s-%d.%s"`, strings.ReplaceAll(kind, "_", "-"), number, extension)
}

// Explanation says why an invoice says what it says.
type Explanation struct {
	Number int64           `json:"number"`
	Lines  []ExplainedLine `json:"lines"`
	Issued []ExplainedItem `json:"issued" doc:"The events that issued the document"`
}

// ExplainedLine is a line with how its amount comes about.
type ExplainedLine struct {
	Description string          `json:"description"`
	Amount      apigw.Money     `json:"amount"`
	Arithmetic  string          `json:"arithmetic" doc:"How the amount comes about"`
	Events      []ExplainedItem `json:"events" doc:"What led to it"`
}

// ExplainedItem is an entry of the ledger as a sentence.
type ExplainedItem struct {
	EventID string    `json:"event_id"`
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	Text    string    `json:"text"`
}

func explainedItems(events []seats.ExplainedEvent) []ExplainedItem {
	items := make([]ExplainedItem, len(events))
	for i, e := range events {
		items[i] = ExplainedItem{EventID: string(e.ID), Type: e.Type, At: e.At.UTC(), Text: e.Text}
	}
	return items
}

func explainInvoice(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/invoices/{number}/explain", "explain-invoice", "Invoices", "Each line's arithmetic and ledger events in sentences"),
		func(ctx context.Context, in *InvoicePath) (*read[Explanation], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			x, err := svc.ExplainInvoice(ctx, caller, in.id(), in.Number)
			if err != nil {
				return nil, err
			}
			b := Explanation{Number: in.Number, Lines: make([]ExplainedLine, len(x.Lines)), Issued: explainedItems(x.Issued)}
			c := currencyOf(&x.Invoice)
			for i, l := range x.Lines {
				b.Lines[i] = ExplainedLine{
					Description: l.Line.Description, Amount: amount(l.Line.AmountMinor, c), Arithmetic: l.Arithmetic, Events: explainedItems(l.Events),
				}
			}
			return &read[Explanation]{b}, nil
		})
}

// Verification is an issued document held against ledger, plans and calendar.
type Verification struct {
	Number         int64        `json:"number"`
	Verified       bool         `json:"verified" doc:"Whether it was computed anew to the same bytes"`
	Hash           string       `json:"hash" doc:"SHA-256 of the issued document"`
	RecomputedHash string       `json:"recomputed_hash,omitempty" doc:"SHA-256 of the one computed anew"`
	Differences    []Difference `json:"differences" doc:"What the two do not agree on; empty where it is verified"`
}

// Difference is one thing that the issued document says and the recomputed one does not.
type Difference struct {
	Field      string `json:"field" example:"lines[0].amount_minor"`
	Issued     string `json:"issued"`
	Recomputed string `json:"recomputed"`
}

func verifyInvoice(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/invoices/{number}/verify", "verify-invoice", "Invoices", "Compute an invoice anew from ledger and plan, and compare the bytes"),
		func(ctx context.Context, in *InvoicePath) (*read[Verification], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			v, err := svc.VerifyInvoice(ctx, caller, in.id(), in.Number)
			if err != nil {
				return nil, err
			}
			b := Verification{Number: v.Number, Verified: v.OK(), Hash: v.Hash, RecomputedHash: v.Recomputed, Differences: make([]Difference, len(v.Differences))}
			for i, d := range v.Differences {
				b.Differences[i] = Difference(d)
			}
			return &read[Verification]{b}, nil
		})
}
