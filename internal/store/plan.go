package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// newestPlanTTL is how long the newest version of a plan is remembered. A plan
// published elsewhere is offered so much later; subscriptions name their version.
const newestPlanTTL = 5 * time.Second

// itemPlan names a plan in a *seats.ConditionError.
const itemPlan seats.ItemKind = "plan"

// documentName is the attribute that holds a plan as JSON: plans are read far more
// often than written, remembered, and looked at by people.
const documentName = "d"

// planWire is a plan as it is stored. Fields may be added; none may change its
// meaning, since subscriptions keep their version for years.
type planWire struct {
	Name         string               `json:"name"`
	Rank         int                  `json:"rank,omitempty"`
	Product      productWire          `json:"product"`
	Vendor       vendorWire           `json:"vendor"`
	Interval     billing.Interval     `json:"interval"`
	Prices       map[string]priceWire `json:"prices"`
	Policies     policiesWire         `json:"policies"`
	AgreementURL string               `json:"agreement_url,omitempty"`
	PublishedAt  time.Time            `json:"published_at"`
}

type productWire struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Entitlements []entitlementWire `json:"entitlements,omitempty"`
}

type entitlementWire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type vendorWire struct {
	Name         string   `json:"name"`
	AddressLines []string `json:"address_lines,omitempty"`
	TaxID        string   `json:"tax_id,omitempty"`
	Country      string   `json:"country,omitempty"`
	SupportEmail string   `json:"support_email,omitempty"`
	SalesContact string   `json:"sales_contact,omitempty"`
	SignInURL    string   `json:"sign_in_url,omitempty"`
	LegalLines   []string `json:"legal_lines,omitempty"`
	LogoPNG      []byte   `json:"logo_png,omitempty"`
}

type priceWire struct {
	Model         billing.PriceModel `json:"model"`
	UnitMinor     int64              `json:"unit_minor,omitempty"`
	BaseMinor     int64              `json:"base_minor,omitempty"`
	IncludedSeats int64              `json:"included_seats,omitempty"`
	Tiers         []tierWire         `json:"tiers,omitempty"`
}

type tierWire struct {
	UpTo      int64 `json:"up_to,omitempty"`
	UnitMinor int64 `json:"unit_minor"`
}

type policiesWire struct {
	Billing                seats.Billing            `json:"billing,omitempty"`
	Proration              billing.Proration        `json:"proration"`
	Settle                 seats.Settle             `json:"settle"`
	Decrease               seats.Decrease           `json:"decrease"`
	OverAssigned           seats.OverAssigned       `json:"over_assigned"`
	AutoSeats              bool                     `json:"auto_seats,omitempty"`
	InvitationReservesSeat bool                     `json:"invitation_reserves_seat,omitempty"`
	MinSeats               int64                    `json:"min_seats,omitempty"`
	MaxSelfServeSeats      int64                    `json:"max_self_serve_seats,omitempty"`
	SelfServe              seats.SelfServe          `json:"self_serve"`
	AdminsMaySpend         bool                     `json:"admins_may_spend,omitempty"`
	AdminMonthlyCap        map[money.Currency]int64 `json:"admin_monthly_cap_minor,omitempty"`
	AgreementRequired      bool                     `json:"agreement_required,omitempty"`
	ActiveCount            seats.ActiveCount        `json:"active_count,omitempty"`
	TrialDays              int                      `json:"trial_days,omitempty"`
}

func planItem(p *seats.Plan) (item, error) {
	w := planWire{
		Name: p.Name, Rank: p.Rank, Vendor: vendorWire(p.Vendor), Interval: p.Interval, Prices: map[string]priceWire{},
		Policies: policiesWire(p.Policies), AgreementURL: p.AgreementURL, PublishedAt: p.PublishedAt.UTC(),
		Product: productWire{ID: p.Product.ID, Name: p.Product.Name},
	}
	for _, e := range p.Product.Entitlements {
		w.Product.Entitlements = append(w.Product.Entitlements, entitlementWire(e))
	}
	for currency, price := range p.Prices {
		pw := priceWire{Model: price.Model, UnitMinor: price.UnitMinor, BaseMinor: price.BaseMinor, IncludedSeats: price.IncludedSeats}
		for _, t := range price.Tiers {
			pw.Tiers = append(pw.Tiers, tierWire(t))
		}
		w.Prices[string(currency)] = pw
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("store: plan %s: %w", p.ID, err)
	}
	it := newItem(planKey(p.Ref()))
	it.text(documentName, string(b))
	it.number(revName, int64(p.Version))
	return it, nil
}

func readPlan(it item) (*seats.Plan, error) {
	r := read(it)
	p := &seats.Plan{ID: r.keyed(pkName, "PLAN#"), Version: int(r.number(revName)), Prices: map[money.Currency]billing.Price{}}
	document := r.text(documentName)
	if err := r.failure(); err != nil {
		return nil, err
	}
	var w planWire
	if err := json.Unmarshal([]byte(document), &w); err != nil {
		return nil, fmt.Errorf("store: plan %s version %d: %w", p.ID, p.Version, err)
	}
	p.Name, p.Rank, p.Vendor, p.Interval = w.Name, w.Rank, seats.Vendor(w.Vendor), w.Interval
	p.Policies, p.AgreementURL, p.PublishedAt = seats.Policies(w.Policies), w.AgreementURL, w.PublishedAt.UTC()
	p.Product = seats.Product{ID: w.Product.ID, Name: w.Product.Name}
	for _, e := range w.Product.Entitlements {
		p.Product.Entitlements = append(p.Product.Entitlements, seats.Entitlement(e))
	}
	for currency, pw := range w.Prices {
		price := billing.Price{Model: pw.Model, UnitMinor: pw.UnitMinor, BaseMinor: pw.BaseMinor, IncludedSeats: pw.IncludedSeats}
		for _, t := range pw.Tiers {
			price.Tiers = append(price.Tiers, billing.Tier(t))
		}
		p.Prices[money.Currency(currency)] = price
	}
	return p, nil
}

// planCache remembers versions for ever and newest versions for seconds. There are
// as many plans as a vendor publishes, so it is not bounded.
type planCache struct {
	mu       sync.Mutex
	versions map[seats.PlanRef]*seats.Plan
	newest   map[string]newestPlan
}

type newestPlan struct {
	plan  *seats.Plan
	until time.Time
}

func (c *planCache) find(ref seats.PlanRef, now time.Time) *seats.Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref.Version != 0 {
		return c.versions[ref]
	}
	if n := c.newest[ref.ID]; n.plan != nil && now.Before(n.until) {
		return n.plan
	}
	return nil
}

// keep remembers a version, and as the newest one until then where that is set.
func (c *planCache) keep(p *seats.Plan, newestUntil time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.versions == nil {
		c.versions, c.newest = map[seats.PlanRef]*seats.Plan{}, map[string]newestPlan{}
	}
	c.versions[p.Ref()] = p
	if !newestUntil.IsZero() {
		c.newest[p.ID] = newestPlan{p, newestUntil}
	}
}

func (c *planCache) forgetNewest(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.newest, id)
}

// Plan reads a plan version; version 0 is the newest, as it was some seconds ago at
// most. ErrNotFound if absent. The plan is shared: callers must not change it.
func (s *Store) Plan(ctx context.Context, ref seats.PlanRef) (*seats.Plan, error) {
	if p := s.plans.find(ref, s.opts.Now()); p != nil {
		return p, nil
	}
	use := &Usage{Operation: "plan"}
	defer s.report(ctx, use)
	var found item
	var err error
	if ref.Version != 0 {
		found, err = s.get(ctx, use, planKey(ref))
	} else {
		err = s.pages(ctx, use, query{pk: planPK(ref.ID), descending: true, limit: 1}, func(items []map[string]types.AttributeValue) (bool, error) {
			if len(items) > 0 {
				found = items[0]
			}
			return true, nil
		})
	}
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, seats.ErrNotFound.With("There is no such plan. Publish it first, or choose another.")
	}
	p, err := readPlan(found)
	if err != nil {
		return nil, err
	}
	var newestUntil time.Time
	if ref.Version == 0 {
		newestUntil = s.opts.Now().Add(newestPlanTTL)
	}
	s.plans.keep(p, newestUntil)
	return p, nil
}

// Plans reads the newest version of every plan, in the order of their ids. The plans
// are shared: callers must not change them.
func (s *Store) Plans(ctx context.Context) ([]*seats.Plan, error) {
	use := &Usage{Operation: "plans"}
	defer s.report(ctx, use)
	var refs []seats.PlanRef
	err := s.pages(ctx, use, query{pk: plansPK}, func(items []map[string]types.AttributeValue) (bool, error) {
		for _, it := range items {
			r := read(it)
			refs = append(refs, seats.PlanRef{ID: r.text(skName), Version: int(r.number(revName))})
			if err := r.failure(); err != nil {
				return true, err
			}
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return s.planVersions(ctx, use, refs)
}

// planVersions reads versions, those that are not remembered.
func (s *Store) planVersions(ctx context.Context, use *Usage, refs []seats.PlanRef) ([]*seats.Plan, error) {
	plans := make([]*seats.Plan, len(refs))
	var missing []key
	for i, ref := range refs {
		if plans[i] = s.plans.find(ref, time.Time{}); plans[i] == nil {
			missing = append(missing, planKey(ref))
		}
	}
	found, err := s.getAll(ctx, use, missing)
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		if plans[i] != nil {
			continue
		}
		it, ok := found[planKey(ref)]
		if !ok {
			return nil, fmt.Errorf("store: plan %s version %d is listed and not there", ref.ID, ref.Version)
		}
		if plans[i], err = readPlan(it); err != nil {
			return nil, err
		}
		s.plans.keep(plans[i], time.Time{})
	}
	return plans, nil
}

// PutPlan writes a new version, and in the same transaction lists it as the newest of
// its plan. A version that is there already and says the same is listed and no error,
// so that whoever lost an answer can try again; one that says something else is a
// *seats.ConditionError.
func (s *Store) PutPlan(ctx context.Context, plan *seats.Plan) error {
	if plan.Version < 1 || plan.Version > maxPlanVersion {
		return fmt.Errorf("store: plan %s: version %d is not from 1 to %d", plan.ID, plan.Version, maxPlanVersion)
	}
	it, err := planItem(plan)
	if err != nil {
		return err
	}
	use := &Usage{Operation: "put plan"}
	defer s.report(ctx, use)
	defer s.plans.forgetNewest(plan.ID)
	listed := newItem(listedPlanKey(plan.ID))
	listed.number(revName, int64(plan.Version))
	version := item{":x": number(int64(plan.Version))}

	t := &transaction{store: s, seen: map[key]bool{}}
	t.putNew(planKey(plan.Ref()), it, seats.Failed{Kind: itemPlan})
	t.put(listedPlanKey(plan.ID), listed, expression{
		condition: "attribute_not_exists(#pk) OR #x <= :x", names: map[string]string{"#pk": pkName, "#x": revName}, values: version,
	}, seats.Failed{Kind: itemPlan})
	err = s.write(ctx, use, t)
	var refused *seats.ConditionError
	if !errors.As(err, &refused) {
		return err
	}
	was, failure := s.get(ctx, use, planKey(plan.Ref()))
	if failure != nil {
		return failure
	}
	if !samePlan(was, it) {
		return refused
	}
	_, err = s.putNew(ctx, use, listedPlanKey(plan.ID), listed, revName, version)
	return err
}

// samePlan reports whether two items are one plan, also where they were written by
// versions of this package that order or leave out fields otherwise.
func samePlan(a, b item) bool {
	if a == nil {
		return false
	}
	x, err := readPlan(a)
	if err != nil {
		return false
	}
	y, err := readPlan(b)
	return err == nil && reflect.DeepEqual(x, y)
}

// maxPlanVersion is what six digits hold.
const maxPlanVersion = 999_999
