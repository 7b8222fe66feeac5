package seats

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// Limits of requests.
const (
	// MaxRequestRunes and MaxRequestBytes bound a message and an answer: a paragraph.
	MaxRequestRunes = 500
	MaxRequestBytes = 2000
	// MaxRequestsPerHour is how many requests one user may open: each is a mail to
	// somebody who reads it.
	MaxRequestsPerHour = 100
)

// Asking is what a customer asks the vendor for.
type Asking struct {
	Kind         RequestKind
	Subscription SubscriptionID
	PlanID       string
	// Seats is the total asked for; with a plan, 0 leaves them as they are.
	Seats   int64
	Message string
}

// OpenRequest asks the vendor's staff for what the plan does not let customers do
// themselves, with what it would cost as of now. ErrForbidden for who may not spend.
func (s *Service) OpenRequest(ctx context.Context, caller Caller, account AccountID, ask Asking, once Once[*Request]) (Reply[*Request], error) {
	var none Reply[*Request]
	message, err := readAsking(&ask)
	if err != nil {
		return none, err
	}
	cmd := command{caller: caller, account: account, may: (*turn).mayAsk}
	first := cmd
	if once.Key != "" {
		first.want.Receipt = string(account) + "#" + once.Key
	}
	t, err := s.read(ctx, first)
	switch {
	case err != nil:
		return none, err
	case t.answered():
		// Sent again it is answered as before, whatever it would cost by now.
		kept, err := t.replay(cmd.may, t.Receipt, once.Request)
		return Reply[*Request]{Replayed: kept}, err
	}
	if err := t.mayAsk(); err != nil {
		return none, err
	}
	var price *Quote
	if ask.Kind != RequestOther {
		if price, _, err = s.priceAsking(ctx, command{caller: caller, account: account, money: true}, ask, ""); err != nil {
			return none, err
		}
	}
	if err := s.Limit(ctx, "request#"+string(t.Me.ID), MaxRequestsPerHour, time.Hour); err != nil {
		return none, err
	}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *Request, error) {
		r := &Request{
			ID: t.Mint.Request(), Account: account, Rev: 1, Kind: ask.Kind, By: t.Me.ID, At: t.Now, Status: RequestOpen,
			Subscription: ask.Subscription, Seats: ask.Seats, PlanID: ask.PlanID, Message: message,
		}
		if price != nil {
			r.From = price.From
			r.DueNowMinor, r.NextMinor = comesTo(price.DueNow), comesTo(price.Next)
		}
		return &Change{Request: &RequestWrite{Request: r}, Events: []Event{t.event(RequestOpenedEvent, requestData(r), Rev{string(r.ID), r.Rev})}}, r, nil
	})
}

// mayAsk checks that the caller may write to the vendor for the account.
func (t *turn) mayAsk() error {
	if !Can(t.Me.Role, SeeAccount, nil) {
		return ErrForbidden.With("Your role does not write to the vendor for the account. Ask an administrator.")
	}
	return nil
}

// comesTo is what a document asks for, negative where it gives credit.
func comesTo(inv *billing.Invoice) int64 {
	switch {
	case inv == nil:
		return 0
	case inv.Kind == billing.KindCreditNote:
		return -inv.TotalMinor
	}
	return inv.AmountDueMinor
}

// readAsking checks that the parts of a request go together.
func readAsking(ask *Asking) (message string, err error) {
	var fields []Field
	wrong := func(location, what string) {
		fields = append(fields, Field{Location: "body." + location, Message: what})
	}
	message, bad := cleanText("body.message", ask.Message, MaxRequestRunes, MaxRequestBytes)
	if bad != nil {
		fields = append(fields, *bad)
	}
	switch ask.Kind {
	case RequestSeats:
		if ask.Seats < 1 || ask.Seats > billing.MaxSeats {
			wrong("seats", "must be from 1 to "+itoa(billing.MaxSeats))
		}
		if ask.PlanID != "" {
			wrong("plan_id", "must be left out; ask for a plan by the kind plan")
		}
	case RequestPlan:
		if ask.PlanID == "" {
			wrong("plan_id", "must say which plan you want")
		}
		if ask.Seats < 0 || ask.Seats > billing.MaxSeats {
			wrong("seats", "must be from 1 to "+itoa(billing.MaxSeats))
		}
	case RequestCancel:
		if ask.PlanID != "" || ask.Seats != 0 {
			wrong("kind", "must be seats or plan where seats or a plan are named")
		}
	case RequestOther:
		if message == "" && bad == nil {
			wrong("message", "must say what you want")
		}
		if ask.Subscription != "" || ask.PlanID != "" || ask.Seats != 0 {
			wrong("kind", "must be seats, plan or cancel where something is named to change")
		}
	default:
		wrong("kind", "must be seats, plan, cancel or other")
	}
	if ask.Kind != RequestOther && ask.Subscription == "" {
		wrong("subscription_id", "must say which subscription is meant")
	}
	if len(fields) > 0 {
		e := *ErrInvalid
		e.Fields = fields
		return "", &e
	}
	return message, nil
}

// priceAsking prices what is asked for as the vendor's staff would do it, and keeps
// the quote. Who is a user may not confirm it: then the plan's limits hold again.
func (s *Service) priceAsking(ctx context.Context, cmd command, ask Asking, request RequestID) (*Quote, money.Currency, error) {
	want := moneyWant{seats: ask.Seats, cancel: ask.Kind == RequestCancel, byVendor: true}
	if ask.Kind == RequestPlan {
		var err error
		if want.plan, err = s.offered(ctx, ask.PlanID); err != nil {
			return nil, "", err
		}
	}
	t, sub, plan, err := s.readSpending(ctx, cmd, ask.Subscription)
	if err != nil {
		return nil, "", err
	}
	after := plan
	if want.plan != nil {
		after = want.plan
	}
	quote := t.newQuote(sub, after, ask.Seats)
	quote.Request = request
	effect, err := decideMoneyChange(t, sub, plan, want, quote)
	if err != nil {
		return nil, "", err
	}
	return quote, t.Account.Currency, s.keepQuote(ctx, t, effect, quote)
}

func requestData(r *Request) EventData {
	d := EventData{RequestID: r.ID, RequestKind: r.Kind, UserID: r.By, Subscription: r.Subscription, From: r.From, To: r.Seats, Plan: PlanRef{ID: r.PlanID}}
	if product, err := r.Subscription.Product(); err == nil {
		d.Product = product
	}
	return d
}

// ListRequests gives the account's requests, the newest first, to who manages it.
func (s *Service) ListRequests(ctx context.Context, caller Caller, account AccountID, page Page) (*Access, []*Request, string, error) {
	access, err := s.enterRequests(ctx, caller, account)
	if err != nil {
		return nil, nil, "", err
	}
	all, cursor, err := s.Store.Requests(ctx, account, page)
	return access, all, cursor, err
}

// GetRequest gives one request to who manages the account.
func (s *Service) GetRequest(ctx context.Context, caller Caller, account AccountID, id RequestID) (*Access, *Request, error) {
	access, err := s.enterRequests(ctx, caller, account)
	if err != nil {
		return nil, nil, err
	}
	if !id.Valid() {
		return nil, nil, ErrNotFound
	}
	r, err := s.Store.GetRequest(ctx, account, id)
	return access, r, err
}

func (s *Service) enterRequests(ctx context.Context, caller Caller, account AccountID) (*Access, error) {
	access, err := s.Enter(ctx, caller, account)
	if err == nil && !Can(access.Me.Role, SeeAccount, nil) {
		err = ErrForbidden
	}
	return access, err
}

// AskedRequest is a request with its account, as the vendor's staff sees it.
type AskedRequest struct {
	Account *Account
	Request *Request
}

// OpenRequests gives the open requests of all accounts, the oldest first.
func (s *Service) OpenRequests(ctx context.Context, page Page) ([]AskedRequest, string, error) {
	refs, cursor, err := s.Store.OpenRequests(ctx, page)
	if err != nil {
		return nil, "", err
	}
	var open []AskedRequest
	for _, ref := range refs {
		view, err := s.Store.Load(ctx, Want{Account: ref.Account, Request: ref.Request})
		if err != nil {
			return nil, "", err
		}
		if view.Account != nil && view.Request != nil && view.Request.Status == RequestOpen {
			open = append(open, AskedRequest{view.Account, view.Request})
		}
	}
	return open, cursor, nil
}

// QuoteRequest prices a request as of now, for the vendor's staff to approve.
func (s *Service) QuoteRequest(ctx context.Context, operator Actor, account AccountID, id RequestID) (*Quote, money.Currency, error) {
	if !account.Valid() || !id.Valid() {
		return nil, "", ErrNotFound
	}
	r, err := s.Store.GetRequest(ctx, account, id)
	switch {
	case err != nil:
		return nil, "", err
	case r.Status != RequestOpen:
		return nil, "", errAnswered(r)
	case r.Kind == RequestOther:
		return nil, "", ErrStateConflict.With("This request has no price: it asks for something in words. Answer it by a message.")
	}
	ask := Asking{Kind: r.Kind, Subscription: r.Subscription, PlanID: r.PlanID, Seats: r.Seats}
	return s.priceAsking(ctx, command{operator: &operator, account: account, money: true}, ask, id)
}

func errAnswered(r *Request) error {
	return ErrStateConflict.With("This request is %s already. Open a new one for something else.", string(r.Status))
}

// AnsweredRequest is an answered request, with the change that it made, if any.
type AnsweredRequest struct {
	Account *Account
	Request *Request
	// Done is nil where nothing was changed.
	Done *SeatChangeResult
}

// ApproveRequest does what a request asks for, exactly as quoted, by the same
// decision as a customer's confirmation and free of the plan's limits on customers.
// A request in words is only answered.
func (s *Service) ApproveRequest(ctx context.Context, operator Actor, account AccountID, id RequestID, quote QuoteID, answer string, once Once[AnsweredRequest]) (Reply[AnsweredRequest], error) {
	reply, err := s.answerRequest(ctx, operator, account, id, quote, answer, once, func(t *turn, r *Request, change *Change) (*SeatChangeResult, error) {
		if r.Kind == RequestOther {
			return nil, nil
		}
		if quote == "" {
			return nil, ErrQuoteRequired.With("Approving this changes what is billed. Ask for its price and send the quote_id.")
		}
		sub, plan, err := t.maySpend(r.Subscription)
		if err != nil {
			return nil, err
		}
		q := t.Quote
		if err := t.quoteHolds(q, sub.ID, sub.PricedRev()); err != nil {
			return nil, err
		}
		if q.Request != id {
			return nil, ErrNotFound.With("This quote is not of this request. Ask for its price first.")
		}
		want := q.want(t)
		want.cancel, want.byVendor = r.Kind == RequestCancel, true
		effect, err := decideMoneyChange(t, sub, plan, want, q)
		if err != nil {
			return nil, err
		}
		if err := effect.charges(q); err != nil {
			return nil, err
		}
		effect.into(t, change, 0)
		done := effect.result()
		return &done, nil
	})
	if err == nil && reply.Result.Done != nil && reply.Result.Done.Subscription.Free < 0 {
		s.releaseAfter(ctx, account)
	}
	return reply, err
}

// DeclineRequest answers a request and changes nothing.
func (s *Service) DeclineRequest(ctx context.Context, operator Actor, account AccountID, id RequestID, answer string, once Once[AnsweredRequest]) (Reply[AnsweredRequest], error) {
	return s.answerRequest(ctx, operator, account, id, "", answer, once, nil)
}

// answerRequest answers an open request in the transaction of what approving it does;
// without approve it is declined.
func (s *Service) answerRequest(ctx context.Context, operator Actor, account AccountID, id RequestID, quote QuoteID, answer string, once Once[AnsweredRequest], approve func(*turn, *Request, *Change) (*SeatChangeResult, error)) (Reply[AnsweredRequest], error) {
	var none Reply[AnsweredRequest]
	if !id.Valid() || quote != "" && !quote.Valid() {
		return none, ErrNotFound
	}
	answer, bad := cleanText("body.message", answer, MaxRequestRunes, MaxRequestBytes)
	if bad != nil {
		e := *ErrInvalid
		e.Fields = []Field{*bad}
		return none, &e
	}
	cmd := command{operator: &operator, account: account, money: approve != nil && quote != ""}
	cmd.want.Request, cmd.want.Quote = id, quote
	if account.Valid() && quote != "" {
		if r, err := s.Store.GetRequest(ctx, account, id); err == nil {
			if product, err := r.Subscription.Product(); err == nil {
				cmd.want.Products = []string{product}
			}
		}
	}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, AnsweredRequest, error) {
		was := t.Request
		switch {
		case was == nil:
			return nil, AnsweredRequest{}, ErrNotFound
		case was.Status != RequestOpen:
			return nil, AnsweredRequest{}, errAnswered(was)
		}
		r := *was
		r.Rev++
		r.Status, r.Answer, r.AnsweredAt, r.AnsweredBy = RequestDeclined, answer, t.Now, t.Actor.ID
		change := &Change{Request: &RequestWrite{Request: &r, From: was.Rev}}
		result := AnsweredRequest{Account: t.Account, Request: &r}
		data := requestData(&r)
		if approve != nil {
			r.Status, data.Approved = RequestApproved, true
			var err error
			if result.Done, err = approve(t, was, change); err != nil {
				return nil, AnsweredRequest{}, err
			}
		}
		change.Events = append(change.Events, t.event(RequestAnswered, data, Rev{string(r.ID), r.Rev}))
		return change, result, nil
	})
}
