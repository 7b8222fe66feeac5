package seats_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

const numberSeed = 27

// Fault 27: invoices are issued by increases and closes and taken back by credit notes,
// by processes that die and by two at once. Their numbers are 1, 2, 3 and so on, each
// once, and none is taken back twice.
func TestInvoiceNumbersHaveNoGapWhateverDies(t *testing.T) {
	accounts, each := faulttest.Size(2, 25), faulttest.Size(100, 400)
	random := rand.New(rand.NewPCG(numberSeed, 0))
	issued, gaps, died, raced, voided := 0, 0, 0, 0, 0
	for range accounts {
		r := seatstest.Open(t)
		// until sends by processes that die until one lives.
		until := func(send func(*seats.Service) error) {
			for {
				process := seatstest.Crash(r.Store, random.IntN(4)*random.IntN(4), random.IntN(2) == 0)
				err := send(r.On(process))
				if err == nil {
					return
				}
				if !errors.Is(err, seatstest.ErrDied) {
					t.Fatal(err)
				}
				died++
			}
		}
		for r.Stored().Invoices < int64(each) {
			more := r.Pool().Seats + 1
			switch random.IntN(8) {
			case 0:
				r.Wall.Set(r.Pool().Period.End)
				until(func(s *seats.Service) error { _, err := s.Close(r.Ctx, r.Account); return err })
				if r.Pool().Seats > 50 { // so that no price grows out of bounds
					r.Change(5)
				}
			case 1:
				raced++
				one, two, number := r.Quote(more), r.Quote(more+1), 1+random.Int64N(r.Stored().Invoices)
				var wg sync.WaitGroup
				for _, q := range []*seats.Quote{one, two} {
					wg.Go(func() { _, _ = confirm(r, "owner", q.ID, true, r.Key()) })
				}
				for range 2 {
					wg.Go(func() { _ = takeBack(r, r.Service, number, r.Key()) })
				}
				wg.Wait()
			case 2:
				number, key := 1+random.Int64N(r.Stored().Invoices), r.Key()
				until(func(s *seats.Service) error { return takeBack(r, s, number, key) })
			default:
				q, key := r.Quote(more), r.Key()
				until(func(s *seats.Service) error {
					_, err := s.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](key, "confirm"))
					return err
				})
			}
		}
		invoices := r.Invoices()
		issued += len(invoices)
		for i := range invoices {
			if invoices[i].Number != int64(i+1) {
				gaps++
			}
		}
		if r.Stored().Invoices != int64(len(invoices)) {
			gaps++
		}
		notes, back := 0, map[int64]bool{}
		for i := range invoices {
			if invoices[i].Kind == billing.KindCreditNote {
				notes++
			}
		}
		for _, e := range r.Events(seats.InvoiceVoided) {
			back[e.Data.InvoiceNumber] = true
		}
		if notes != len(back) {
			gaps++
			t.Errorf("%d credit notes take %d invoices back", notes, len(back))
		}
		voided += len(back)
		r.Clean()
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 27, Did: "invoices issued by increases and closes and taken back, several at once and by processes that die",
		Bad: gaps, Of: issued, What: "numbers missing or double", Seed: numberSeed, More: fmt.Sprintf("%d credit notes, %d processes killed, %d races", voided, died, raced),
	})
}

// takeBack voids an invoice by a credit note, if that can be and was not done before.
func takeBack(r *seatstest.Rig, s *seats.Service, number int64, key string) error {
	_, err := s.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, number, "a mistake", seatstest.Once[*seats.IssuedInvoice](key, "void"))
	if errors.Is(err, seats.ErrStateConflict) {
		return nil
	}
	return err
}
