package seats_test

import (
	"math/big"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// onPerson checks what all commands about a user have in common.
func (m *model) onPerson(by string) (*person, string) {
	me, ok := m.admitted(by)
	switch {
	case !ok:
		return nil, "not_found"
	case !managesUsers(me.role):
		return nil, "forbidden"
	}
	return me, ""
}

func (m *model) setRole(by, who string, to seats.Role) string {
	me, code := m.onPerson(by)
	p := m.people[who]
	switch {
	case code != "":
		return code
	case p.role == to:
		return ""
	case by == who:
		return "forbidden"
	case p.role == seats.Owner || to == seats.Owner:
		return "owner_required"
	case !mayGrant(me.role, p.role) || !mayGrant(me.role, to):
		return "forbidden"
	}
	p.role = to
	return ""
}

// mayEnd is who may deactivate or remove whom.
func (m *model) mayEnd(by, who string) string {
	me, code := m.onPerson(by)
	p := m.people[who]
	switch {
	case code != "":
		return code
	case p.role == seats.Owner:
		return "owner_required"
	case by == who, !mayGrant(me.role, p.role):
		return "forbidden"
	}
	return ""
}

func (m *model) deactivate(by, who string) string {
	if code := m.mayEnd(by, who); code != "" {
		return code
	}
	p := m.people[who]
	switch {
	case p.status == seats.UserDeactivated:
		return ""
	case p.status == seats.UserInvited:
		return "state_conflict"
	case p.role != seats.Member:
		return "role_must_be_removed_first"
	}
	p.status, p.licensed = seats.UserDeactivated, false
	return ""
}

func (m *model) activate(by, who string) string {
	me, code := m.onPerson(by)
	p := m.people[who]
	switch {
	case code != "":
		return code
	case p.role != seats.Owner && !mayGrant(me.role, p.role):
		return "forbidden"
	case p.status == seats.UserInvited:
		return "state_conflict"
	}
	p.status = seats.UserActive
	return ""
}

func (m *model) remove(by, who string) string {
	code := m.mayEnd(by, who)
	if code == "" {
		delete(m.people, who)
	}
	return code
}

func (m *model) transfer(by, who string) string {
	me, ok := m.admitted(by)
	switch {
	case !ok:
		return "not_found"
	case me.role != seats.Owner:
		return "forbidden"
	case by == who || m.people[who].status != seats.UserActive:
		return "state_conflict"
	}
	me.role, m.people[who].role = seats.Admin, seats.Owner
	return ""
}

// maySpend is who may ask for prices and buy.
func (m *model) maySpend(by string) string {
	me, ok := m.admitted(by)
	switch {
	case !ok:
		return "not_found"
	case !m.spends(me.role):
		return "forbidden"
	}
	return ""
}

// refuses says why a number of seats cannot be asked for.
func (m *model) refuses(n int64) string {
	p := m.policies
	switch {
	case n < 1:
		return "invalid"
	case p.SelfServe == seats.SelfServeNone,
		n < m.seats && p.SelfServe == seats.SelfServeAddOnly,
		n > m.seats && p.MaxSelfServeSeats > 0 && n > p.MaxSelfServeSeats,
		n < m.seats && n < p.MinSeats:
		return "contact_sales"
	case n == m.seats && m.pending == nil:
		return "state_conflict"
	case n < m.seats && p.OverAssigned == seats.RefuseBelow && n < m.used():
		return "seats_in_use"
	}
	return ""
}

// apply makes a change of seats that was priced at an instant, and gives the lines
// of the invoice that it issues now.
func (m *model) apply(n int64, priced time.Time) []int64 {
	var lines []int64
	switch {
	case n > m.seats:
		part := new(big.Rat).SetInt64(naivePrice(&m.price, n) - naivePrice(&m.price, m.seats))
		part.Mul(part, naiveFactor(m.period, m.policies.Proration, priced, m.loc))
		if m.policies.Settle == seats.SettleNextInvoice {
			m.unbilled = append(m.unbilled, part)
		} else if amount := max(0, naiveRound(part)); amount != 0 {
			lines = []int64{amount}
		}
		if m.pending != nil {
			later := *m.pending + n - m.seats
			m.pending = &later
		}
		m.seats = n
	case n == m.seats:
		m.pending = nil
	default:
		m.pending = &n
	}
	m.version++
	return lines
}

// quote gives what is due now and on the next invoice.
func (m *model) quote(by string, n int64) (code string, due, next []int64) {
	if code := m.maySpend(by); code != "" {
		return code, nil, nil
	}
	if code := m.refuses(n); code != "" {
		return code, nil, nil
	}
	// Try it on a copy of the page.
	page := *m
	page.unbilled = append([]*big.Rat(nil), m.unbilled...)
	due = page.apply(n, m.now())
	m.quotes = append(m.quotes, &modelQuote{n: n, version: m.version, priced: m.now(), expires: m.wall.Add(15 * time.Minute), dueLines: due})
	return "", due, page.nextLines()
}

func (m *model) confirm(by string, q *modelQuote) (string, []int64) {
	if code := m.maySpend(by); code != "" {
		return code, nil
	}
	switch {
	case q.used:
		return "quote_stale", nil
	case !m.wall.Before(q.expires):
		return "quote_expired", nil
	case q.version != m.version:
		return "quote_stale", nil
	}
	if code := m.refuses(q.n); code != "" {
		return code, nil
	}
	q.used = true
	lines := m.apply(q.n, q.priced)
	m.bill(lines)
	return "", lines
}

func (m *model) cancelPending(by string) string {
	if code := m.maySpend(by); code != "" {
		return code
	}
	if m.pending == nil {
		return "state_conflict"
	}
	m.pending = nil
	m.version++
	return ""
}

// advance moves a test account's clock from due instant to due instant.
func (m *model) advance(to time.Time) {
	for !m.period.end.After(to) {
		m.expire(m.period.end)
		m.close()
	}
	m.expire(to)
	m.clock = to
}
