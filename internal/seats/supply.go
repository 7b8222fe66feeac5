package seats

import (
	"errors"
	"maps"
	"slices"
)

// Purchase is the agreement to buy the seats that a command lacks, where the plan
// sells seats on the way: the quote of its dry run. Without one nothing is bought.
type Purchase struct {
	Quote QuoteID
	// Agreed says that the license agreement was accepted, where the plan asks for it.
	Agreed bool
}

// check demands an idempotency key where money moves.
func (p Purchase) check(key string) error {
	switch {
	case p.Quote == "":
		return nil
	case !p.Quote.Valid():
		return ErrNotFound.With("There is no quote %s. Ask for one with dry_run: true.", p.Quote)
	case key == "":
		return ErrIdempotencyKeyRequired
	}
	return nil
}

// buying is what one part of a command may buy.
type buying struct {
	Purchase
	// mint makes the purchase's event in a command of several parts: the same one
	// whenever the command is resumed, so that it knows its own purchase again.
	mint *Minter
	// later are the seats, by product, that the parts to come ask for.
	later map[string]int64
	// would are seats that a dry run takes for bought, and refused why it cannot
	// have them, by product.
	would   map[string]int64
	refused map[string]*Error
}

// supply hands out the seats of one decision: those that are free, and those that it
// has bought.
type supply struct {
	t       *turn
	free    map[string]int64
	given   map[string]int64
	short   map[string]int64
	refused map[string]*Error
}

func newSupply(t *turn, extra map[string]int64, refused map[string]*Error) *supply {
	s := &supply{t: t, free: maps.Clone(extra), given: map[string]int64{}, short: map[string]int64{}, refused: refused}
	if s.free == nil {
		s.free = map[string]int64{}
	}
	for product, sub := range t.Subscriptions {
		s.free[product] += sub.Free
	}
	return s
}

// take hands out one seat of a product, or says why there is none.
func (s *supply) take(product string) *Error {
	if s.free[product] > 0 {
		s.free[product]--
		s.given[product]++
		return nil
	}
	s.short[product]++
	if refused := s.refused[product]; refused != nil {
		return refused
	}
	if refused := s.t.mayNotBuy(product); refused != nil {
		return refused
	}
	return ErrNoFreeSeats
}

// mayNotBuy says why the command may buy no further seat of a product on the way, or
// nothing.
func (t *turn) mayNotBuy(product string) *Error {
	sub, plan := t.Subscriptions[product], t.Plans[product]
	switch {
	case !plan.Policies.AutoSeats:
		return ErrNoFreeSeats
	case !t.spends(plan):
		return ErrForbidden.With("No seat is free, and your role may not buy seats of %s. Ask the owner or a billing admin.", plan.Name)
	case t.Account.Status == AccountParked:
		return ErrAccountParked
	}
	return t.mayNotSell(sub, plan, sub.Seats+1)
}

// mayNotSell says why customers may not have n seats by themselves, or nothing.
func (t *turn) mayNotSell(sub *Subscription, plan *Plan, n int64) *Error {
	var refused *Error
	if errors.As(seatLimits(sub, plan, t.renewal(sub, plan), moneyWant{seats: n}), &refused) {
		return refused
	}
	return nil
}

// lacks reports whether seats of a product are short: for what was asked, or for what
// the parts to come ask.
func (s *supply) lacks(product string, later int64) bool {
	return s.short[product] > 0 || s.free[product] < later
}

// lacking is the first product by name that is short and could be bought on the way.
func (s *supply) lacking() (product string, found bool) {
	for _, product := range slices.Sorted(maps.Keys(s.short)) {
		if s.t.mayNotBuy(product) == nil {
			return product, true
		}
	}
	return "", false
}

// tried is what keeps a command of several transactions from beginning, by a decision
// about all of it that is thrown away.
func (t *turn) tried(first bool, decide func() (*supply, error)) error {
	again := *t.Mint
	t.Mint = &again
	s, err := decide()
	if err != nil {
		return err
	}
	return s.refusal(first, true)
}

// refusal is what keeps a decision from being written where seats are short: that the
// lapsed invitations were not ended first, or, where it asks for a quote, that there is
// none of the seats that it would have to buy.
func (s *supply) refusal(first, asks bool) error {
	product, lacking := s.lacking()
	switch {
	case len(s.short) > 0 && first:
		return &shortage{s.t.Now}
	case lacking && asks:
		return s.quoteRequired(product)
	}
	return nil
}

// quoteRequired is the refusal of a command that lacks seats which cost money.
func (s *supply) quoteRequired(product string) error {
	return ErrQuoteRequired.With("%s of %s must be bought for this, and that costs money. Ask for the price with dry_run: true and send its quote_id.",
		capitalSeats(s.short[product]), s.t.Plans[product].Name)
}

func capitalSeats(n int64) string {
	if n == 1 {
		return "One more seat"
	}
	return itoa(n) + " more seats"
}

// serve runs a decision that takes seats. Where they are short and the command came
// with a quote, the quoted seats are bought in the same change, all of them, and the
// decision is made again with them.
func serve[R any](t *turn, buy buying, decide func(*supply) (*Change, []R)) (*Change, []R, *supply, error) {
	s := newSupply(t, buy.would, buy.refused)
	change, results := decide(s)
	product, err := t.quoted(buy)
	if err != nil {
		return nil, nil, nil, err
	}
	if product == "" || !s.lacks(product, buy.later[product]) {
		s.settle(change, nil, "")
		return change, results, s, nil
	}
	bought, err := t.purchase(buy, product)
	switch {
	case err != nil:
		return nil, nil, nil, err
	case bought == nil:
		s.settle(change, nil, "")
		return change, results, s, nil
	}
	s = newSupply(t, map[string]int64{product: t.Quote.Seats - t.Quote.From}, nil)
	change, results = decide(s)
	s.settle(change, bought, product)
	return change, results, s, nil
}

// quoted is the product whose seats the quote of the command buys on the way; "" where
// there is no quote, or one of a subscription that the command is not about or whose
// plan sells no seats on the way.
func (t *turn) quoted(buy buying) (string, error) {
	q := t.Quote
	switch {
	case buy.Quote == "":
		return "", nil
	case q == nil || q.Account != t.Account.ID:
		return "", ErrNotFound.With("There is no quote %s. Ask for one with dry_run: true.", buy.Quote)
	}
	product, err := q.Subscription.Product()
	if err != nil || t.Plans[product] == nil || !t.Plans[product].Policies.AutoSeats {
		return "", nil
	}
	return product, nil
}

// purchase buys what the quote says, or nothing where the command has done so before
// it was interrupted.
func (t *turn) purchase(buy buying, product string) (*moneyChange, error) {
	q := t.Quote
	if buy.mint != nil {
		own := *buy.mint
		if q.UsedBy != "" && q.UsedBy == own.Event() {
			return nil, nil
		}
		again, mint := *buy.mint, t.Mint
		t.Mint = &again
		defer func() { t.Mint = mint }()
	}
	sub, plan := t.Subscriptions[product], t.Plans[product]
	if q.Seats <= q.From || q.Plan != q.FromPlan {
		return nil, ErrInvalid.With("The quote %s buys no seats. Ask for one with dry_run: true.", q.ID)
	}
	effect, err := t.buySeats(sub, plan, q.Seats, q)
	switch {
	case err != nil:
		return nil, err
	case plan.Policies.AgreementRequired && !buy.Agreed:
		return nil, ErrAgreementRequired
	}
	return effect, effect.charges(q)
}

// settle writes what was handed out and bought into a change: one write for each
// pool.
func (s *supply) settle(change *Change, bought *moneyChange, product string) {
	for _, p := range slices.Sorted(maps.Keys(s.given)) {
		if bought == nil || p != product {
			change.Free = append(change.Free, FreeMove{Product: p, Delta: -s.given[p]})
		}
	}
	if bought != nil {
		bought.into(s.t, change, s.given[product])
	}
}
