package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type markPaidInput struct {
	InvoicePath
	apigw.IdempotencyHeader
}

type voidInvoiceInput struct {
	InvoicePath
	apigw.IdempotencyHeader
	Body struct {
		Reason string `json:"reason" maxLength:"200" doc:"For the books; it stays for ever, so name no person"`
	}
}

// operateInvoices are the staff's commands on invoices.
func operateInvoices(api huma.API, svc *seats.Service) {
	body := func(stored *seats.IssuedInvoice) Invoice {
		// It was read from its bytes just before.
		inv, err := storedInvoice(stored)
		if err != nil {
			return Invoice{Number: stored.Number}
		}
		return *inv
	}
	apigw.Register(api, op(http.MethodGet, "/v1/operator/accounts/{account}/invoices", "list-account-invoices", "Operator", "Invoices and credit notes of an account, newest first"),
		func(ctx context.Context, in *listInvoicesInput) (*read[apigw.Page[Invoice]], error) {
			if _, err := staff(ctx); err != nil {
				return nil, err
			}
			return pageOfInvoices(in, "operator-invoices", func(page seats.Page) ([]*seats.IssuedInvoice, string, error) {
				return svc.InvoicesOf(ctx, in.id(), page)
			})
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/accounts/{account}/invoices/{number}/paid", "mark-invoice-paid", "Operator", "Mark an invoice as paid"),
		func(ctx context.Context, in *markPaidInput) (*written[Invoice], error) {
			actor, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.MarkPaid(ctx, actor, in.id(), in.Number, once(ctx, in.Key, body))
			return answer(reply, err, body)
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/accounts/{account}/invoices/{number}/void", "void-invoice", "Operator", "Take an invoice back by a credit note, which is the answer"),
		func(ctx context.Context, in *voidInvoiceInput) (*written[Invoice], error) {
			actor, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.VoidInvoice(ctx, actor, in.id(), in.Number, in.Body.Reason, once(ctx, in.Key, body))
			return answer(reply, err, body)
		})
}
