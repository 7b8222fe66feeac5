package store

import (
	"context"
	"strconv"
	"strings"
	"time"

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
// s seats, fr free, pe pending (s seats, b by, t at, e event, r reminded), pp pending
// plan (p plan, v version, else as pe), pc cancel (as pe), pi index, pa and pb
// dates, ps and pt instants of the period, tr trial, rn reminders, z zone, sa started at, te trial ended, un unbilled
// changes (lists: event, from, to, delta, numerator, denominator, and the plan with its
// version where it is not the subscription's), se settle at, nb not billed, fm
// forecast.
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
		m := pendingItem(p.By, p.At, p.Event, p.Reminded)
		m["s"] = number(p.Seats)
		it.nested("pe", m)
	}
	if p := sub.PendingPlan; p != nil {
		m := pendingItem(p.By, p.At, p.Event, p.Reminded)
		m.text("p", p.Plan.ID)
		m.number("v", int64(p.Plan.Version))
		it.nested("pp", m)
	}
	if p := sub.Cancel; p != nil {
		it.nested("pc", pendingItem(p.By, p.At, p.Event, p.Reminded))
	}
	it.flag("tr", sub.Trial)
	it.number("rn", sub.Reminders)
	it.instant("se", sub.SettleAt)
	it.number("pi", int64(sub.Period.Index))
	it.date("pa", sub.Period.StartDate)
	it.date("pb", sub.Period.EndDate)
	it.instant("ps", sub.Period.Start)
	it.instant("pt", sub.Period.End)
	it.text("z", sub.Zone)
	it.instant("sa", sub.StartedAt)
	it.instant("te", sub.TrialEnded)
	if len(sub.Unbilled) > 0 {
		it["un"] = unbilledList(sub.Unbilled, sub.Plan)
	}
	it.number("nb", sub.NotBilledMinor)
	it.number("fm", sub.ForecastMinor)
	return it
}

// revisedAttributes are what Rev covers: everything but the id and the free counter.
func revisedAttributes() []string {
	return []string{revName, subscriptionStatusName, "pl", "pv", "s", "pe", "pp", "pc", "pi", "pa", "pb", "ps", "pt", "tr", "rn", "z", "sa", "te", "un", "se", "nb", "fm"}
}

func pendingItem(by seats.UserID, at time.Time, event seats.EventID, reminded bool) item {
	m := item{}
	m.id("b", "usr_", string(by))
	m.instant("t", at)
	m.id("e", "evt_", string(event))
	m.flag("r", reminded)
	return m
}

func (it item) date(name string, d billing.Date) {
	if !d.IsZero() {
		it.text(name, d.String())
	}
}

func unbilledList(parts []seats.Unbilled, plan seats.PlanRef) types.AttributeValue {
	all := make([]types.AttributeValue, len(parts))
	for i, p := range parts {
		list := []types.AttributeValue{
			text(shortID("evt_", string(p.Event))), number(p.FromSeats), number(p.ToSeats),
			number(p.DeltaMinor), number(p.Num), number(p.Den),
		}
		if p.Plan != plan {
			list = append(list, text(p.Plan.ID), number(int64(p.Plan.Version)))
		}
		all[i] = &types.AttributeValueMemberL{Value: list}
	}
	return &types.AttributeValueMemberL{Value: all}
}

func (r reader) unbilled(name string, plan seats.PlanRef) []seats.Unbilled {
	var all []seats.Unbilled
	for _, v := range r.list(name) {
		l, ok := v.(*types.AttributeValueMemberL)
		if !ok || len(l.Value) != 6 && len(l.Value) != 8 {
			r.fail(name)
			return nil
		}
		// A list's values read like attributes that are named by their place.
		places := item{}
		for i, v := range l.Value {
			places[strconv.Itoa(i)] = v
		}
		part, of := r.inside(name, places), plan
		if len(l.Value) == 8 {
			of = seats.PlanRef{ID: part.text("6"), Version: int(part.number("7"))}
		}
		all = append(all, seats.Unbilled{
			Event: seats.EventID(part.id("0", "evt_")), Plan: of, FromSeats: part.number("1"), ToSeats: part.number("2"),
			DeltaMinor: part.number("3"), Num: part.number("4"), Den: part.number("5"),
		})
	}
	return all
}

func readSubscription(it item) (*seats.Subscription, error) {
	r := read(it)
	product := r.keyed(skName, subPrefix)
	plan := seats.PlanRef{ID: r.text("pl"), Version: int(r.number("pv"))}
	sub := &seats.Subscription{
		ID: longSubscription(r.text(subscriptionIDName), product), Account: seats.AccountID(r.keyed(pkName, "A#")), Product: product,
		Rev: r.number("v"), Status: seats.SubscriptionStatus(r.text(subscriptionStatusName)),
		Plan: plan, Seats: r.number("s"), Free: r.number(freeName),
		Period: billing.Period{
			Index: int(r.number("pi")), StartDate: r.date("pa"), EndDate: r.date("pb"), Start: r.instant("ps"), End: r.instant("pt"),
		},
		Trial: r.flag("tr"), Reminders: r.number("rn"), Zone: r.text("z"), StartedAt: r.instant("sa"), TrialEnded: r.instant("te"),
		Unbilled: r.unbilled("un", plan), SettleAt: r.instant("se"), NotBilledMinor: r.number("nb"), ForecastMinor: r.number("fm"),
	}
	if p, ok := r.nested("pe"); ok {
		sub.Pending = &seats.Pending{
			Seats: p.number("s"), By: p.by(), At: p.instant("t"), Event: p.event(), Reminded: p.flag("r"),
		}
	}
	if p, ok := r.nested("pp"); ok {
		sub.PendingPlan = &seats.PendingPlan{
			Plan: seats.PlanRef{ID: p.text("p"), Version: int(p.number("v"))}, By: p.by(), At: p.instant("t"), Event: p.event(), Reminded: p.flag("r"),
		}
	}
	if p, ok := r.nested("pc"); ok {
		sub.Cancel = &seats.PendingCancel{By: p.by(), At: p.instant("t"), Event: p.event(), Reminded: p.flag("r")}
	}
	return sub, r.failure()
}

func (r reader) by() seats.UserID { return seats.UserID(r.id("b", "usr_")) }

func (r reader) event() seats.EventID { return seats.EventID(r.id("e", "evt_")) }

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
