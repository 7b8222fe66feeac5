package seats

import (
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// AccountStatus says whether money may move.
type AccountStatus string

// Account statuses. A parked account refuses money movements only.
const (
	AccountOpen   AccountStatus = "open"
	AccountParked AccountStatus = "parked"
)

// Account is one customer company.
type Account struct {
	ID       AccountID
	Rev      int64
	Name     string
	Currency money.Currency
	// Zone is the IANA name of the zone whose days the account lives by.
	Zone string
	// Anchor is the local date of the first subscription; zero before it. Every
	// boundary is computed from it.
	Anchor billing.Date
	Owner  UserID
	// Invoices is the number of the last invoice; numbers are gapless.
	Invoices int64
	// CreditMinor is what later invoices use up.
	CreditMinor int64
	Status      AccountStatus
	// ParkedFor says why the account is parked, for the vendor's staff.
	ParkedFor string
	// Due is the next instant at which something must be closed; zero if nothing.
	Due time.Time
	// Test accounts have a Clock of their own that only operators move.
	Test     bool
	Clock    time.Time
	OpenedAt time.Time

	// Plan is that of the newest subscription: whose customer the account is, for
	// mails that are about no subscription.
	Plan           PlanRef
	BillingContact string
	Customer       billing.Party
	TaxPPM         int64
	ReverseCharge  bool
	// Epoch is carried by license tokens; tokens of an earlier epoch are refused by
	// who asks. A transfer of the ownership moves it, or an operator.
	Epoch int64
	// CountedTo is until when it is settled who was active, where users are billed by
	// that; zero where none ever were. Nobody becomes active, or stops being so, at an
	// instant before it.
	CountedTo time.Time
	// ErasedAt is when, by the wall clock, the personal data of a user was last replaced:
	// what was answered before it may name them.
	ErasedAt time.Time
	// MailsOff lists the kinds of mail that the vendor turned off.
	MailsOff []string
}

// Now is the account's instant: the wall clock, or the clock of a test account. Where
// another machine's clock is ahead and has counted who was active, it is the end of
// that.
func (a *Account) Now(wall time.Time) time.Time {
	if a.Test {
		wall = a.Clock
	}
	return latest(wall, a.CountedTo)
}

// Location loads the account's zone. Zones are checked when they are set, so an
// error means that the zone data of this build is older than the account.
func (a *Account) Location() (*time.Location, error) { return time.LoadLocation(a.Zone) }

// Limits of an account's text. They keep an ordinary account's item in one write
// unit; one at all of its limits takes two.
const (
	MaxAccountNameRunes = 100
	MaxAddressLines     = 5
	MaxAddressLineRunes = 60
	MaxTaxIDBytes       = 32
	// MaxUsersPerAccount is how many a list can sort and search in memory.
	MaxUsersPerAccount = 10_000
	// MaxProductsPerAccount keeps a close of all of them in one transaction.
	MaxProductsPerAccount = 20
)
