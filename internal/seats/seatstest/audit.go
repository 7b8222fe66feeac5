package seatstest

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/seats"
)

// Audit audits one account of any store and gives the findings as lines, or none.
// A failure to read is a line too.
func Audit(ctx context.Context, store seats.Store, account seats.AccountID) []string {
	return AuditAt(ctx, store, account, time.Now())
}

// AuditAt is Audit by another wall clock.
func AuditAt(ctx context.Context, store seats.Store, account seats.AccountID, now time.Time) []string {
	findings, err := audit.Account(ctx, store, account, now)
	if err != nil {
		return []string{fmt.Sprintf("not audited: %v", err)}
	}
	var lines []string
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	return lines
}

// AuditAll audits every account of a store and its indexes.
func AuditAll(ctx context.Context, store seats.Store, now time.Time) []string {
	var lines []string
	keep := func(findings []audit.Finding) {
		for _, f := range findings {
			lines = append(lines, f.String())
		}
	}
	_, err := audit.All(ctx, store, now, func(_ seats.AccountID, findings []audit.Finding) error {
		keep(findings)
		return nil
	})
	if err != nil {
		lines = append(lines, fmt.Sprintf("not audited: %v", err))
	}
	findings, err := audit.Indexes(ctx, store)
	if err != nil {
		lines = append(lines, fmt.Sprintf("indexes not audited: %v", err))
	}
	keep(findings)
	return lines
}
