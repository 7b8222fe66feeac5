package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// freeName is the attribute of the counter that every assign moves.
const freeName = "fr"

// Attributes that stand in conditions: the status in that of taking seats, the id in
// that of replacing, since a product may be subscribed to again.
const (
	subscriptionStatusName = "st"
	subscriptionIDName     = "id"
)

// Attributes of a subscription: id, v revision, st status, pl plan, pv its version,
// s seats, fr free, pe pending (s seats, b by, t at, e event), pi index, pa and pb
// dates, ps and pt instants of the period, z zone, sa started at, un unbilled
// increases (lists: event, from, to, delta, numerator, denominator), fm forecast.
func subscriptionItem(account seats.AccountID, sub *seats.Subscription) item {
	it := newItem(subscriptionKey(account, sub.Product))
	it.text(subscriptionIDName, shortSubscription(sub.ID, sub.Product))
	it.number("v", sub.Rev)
	it.text(subscriptionStatusName, string(sub.Status))
	it.text("pl", sub.Plan.ID)
	it.number("pv", int64(sub.Plan.Version))
	it.number("s", sub.Seats)
	it[freeName] = number(sub.Free)
	if p := sub.Pending; p != nil {
		m := item{}
		m["s"] = number(p.Seats)
		m.id("b", "usr_", string(p.By))
		m.instant("t", p.At)
		m.id("e", "evt_", string(p.Event))
		it.nested("pe", m)
	}
	it.number("pi", int64(sub.Period.Index))
	it.date("pa", sub.Period.StartDate)
	it.date("pb", sub.Period.EndDate)
	it.instant("ps", sub.Period.Start)
	it.instant("pt", sub.Period.End)
	it.text("z", sub.Zone)
	it.instant("sa", sub.StartedAt)
	if len(sub.Unbilled) > 0 {
		it["un"] = unbilledList(sub.Unbilled)
	}
	it.number("fm", sub.ForecastMinor)
	return it
}

// revisedAttributes are what Rev covers: everything but the id and the free counter.
func revisedAttributes() []string {
	return []string{revName, subscriptionStatusName, "pl", "pv", "s", "pe", "pi", "pa", "pb", "ps", "pt", "z", "sa", "un", "fm"}
}

func (it item) date(name string, d billing.Date) {
	if !d.IsZero() {
		it.text(name, d.String())
	}
}

func unbilledList(parts []seats.Unbilled) types.AttributeValue {
	all := make([]types.AttributeValue, len(parts))
	for i, p := range parts {
		all[i] = &types.AttributeValueMemberL{Value: []types.AttributeValue{
			text(shortID("evt_", string(p.Event))), number(p.FromSeats), number(p.ToSeats),
			number(p.DeltaMinor), number(p.Num), number(p.Den),
		}}
	}
	return &types.AttributeValueMemberL{Value: all}
}

func (r reader) unbilled(name string) []seats.Unbilled {
	var all []seats.Unbilled
	for _, v := range r.list(name) {
		l, ok := v.(*types.AttributeValueMemberL)
		if !ok || len(l.Value) != 6 {
			r.fail(name)
			return nil
		}
		// A list's values read like attributes that are named by their place.
		part := r.inside(name, item{"0": l.Value[0], "1": l.Value[1], "2": l.Value[2], "3": l.Value[3], "4": l.Value[4], "5": l.Value[5]})
		all = append(all, seats.Unbilled{
			Event: seats.EventID(part.id("0", "evt_")), FromSeats: part.number("1"), ToSeats: part.number("2"),
			DeltaMinor: part.number("3"), Num: part.number("4"), Den: part.number("5"),
		})
	}
	return all
}

func readSubscription(it item) (*seats.Subscription, error) {
	r := read(it)
	product := r.keyed(skName, subPrefix)
	sub := &seats.Subscription{
		ID: longSubscription(r.text(subscriptionIDName), product), Account: seats.AccountID(r.keyed(pkName, "A#")), Product: product,
		Rev: r.number("v"), Status: seats.SubscriptionStatus(r.text(subscriptionStatusName)),
		Plan:  seats.PlanRef{ID: r.text("pl"), Version: int(r.number("pv"))},
		Seats: r.number("s"), Free: r.number(freeName),
		Period: billing.Period{
			Index: int(r.number("pi")), StartDate: r.date("pa"), EndDate: r.date("pb"), Start: r.instant("ps"), End: r.instant("pt"),
		},
		Zone: r.text("z"), StartedAt: r.instant("sa"), Unbilled: r.unbilled("un"), ForecastMinor: r.number("fm"),
	}
	if p, ok := r.nested("pe"); ok {
		sub.Pending = &seats.Pending{
			Seats: p.number("s"), By: seats.UserID(p.id("b", "usr_")), At: p.instant("t"), Event: seats.EventID(p.id("e", "evt_")),
		}
	}
	return sub, r.failure()
}

// shortSubscription leaves out of a subscription's id what is known beside it: its
// prefix and its product.
func shortSubscription(id seats.SubscriptionID, product string) string {
	if product != "" {
		if head, ok := strings.CutSuffix(string(id), "_"+product); ok {
			return shortID("sub_", head)
		}
	}
	if id == "" {
		return ""
	}
	return "=" + string(id)
}

func longSubscription(s, product string) seats.SubscriptionID {
	if id, ok := strings.CutPrefix(s, "="); ok || s == "" {
		return seats.SubscriptionID(id)
	}
	return seats.SubscriptionID("sub_" + s + "_" + product)
}

// Subscriptions reads every subscription of the account, consistently.
func (s *Store) Subscriptions(ctx context.Context, account seats.AccountID) ([]*seats.Subscription, error) {
	var all []*seats.Subscription
	err := s.each(ctx, prefixQuery(accountPK(account), subPrefix), func(it item) error {
		sub, err := readSubscription(it)
		all = append(all, sub)
		return err
	})
	return all, err
}
