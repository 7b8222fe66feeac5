package seats_test

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// model is an account as a clerk would keep it in a book: people by name, seats by
// counting, amounts as fractions. It shares no code with what it is held against.
type model struct {
	loc      *time.Location
	anchor   naiveDate
	months   int // of a period
	price    billing.Price
	policies seats.Policies
	test     bool
	clock    time.Time // of a test account
	wall     time.Time

	seats    int64
	pending  *int64
	unbilled []*big.Rat
	period   naivePeriod
	// version counts changes of money, which make quotes stale.
	version int
	people  map[string]*person
	quotes  []*modelQuote
	// billed are the amounts of every invoice's lines.
	billed [][]int64
}

// person is somebody in the book. Who is removed is struck out.
type person struct {
	id       seats.UserID
	role     seats.Role
	status   seats.UserStatus
	licensed bool
	since    time.Time

	invited    bool // by a link; the first owner was not
	state      seats.InvitationState
	generation int
	sent       time.Time
	expires    time.Time
	wants      bool // a license comes with the link
	reserved   bool
}

type modelQuote struct {
	id       seats.QuoteID
	n        int64
	version  int
	priced   time.Time
	expires  time.Time
	used     bool
	dueLines []int64
}

func (m *model) now() time.Time {
	if m.test {
		return m.clock
	}
	return m.wall
}

func (m *model) used() int64 {
	n := int64(0)
	for _, p := range m.people {
		if p.licensed || p.reserved {
			n++
		}
	}
	return n
}

func (m *model) free() int64 { return m.seats - m.used() }

func (m *model) lapsed(p *person, at time.Time) bool {
	return p.status == seats.UserInvited && p.state == seats.InvitationOpen && !at.Before(p.expires)
}

// expire ends what lapsed by an instant.
func (m *model) expire(at time.Time) {
	for _, p := range m.people {
		if m.lapsed(p, at) {
			p.state, p.reserved = seats.InvitationExpired, false
		}
	}
}

// catchUp closes every boundary up to an instant. Invitations that lapsed are
// looked at where they would keep a seat from being trimmed.
func (m *model) catchUp(to time.Time) {
	for !m.period.end.After(to) {
		m.close()
	}
}

func (m *model) close() {
	boundary := m.period.end
	if m.pending != nil && *m.pending < m.used() {
		m.expire(boundary)
	}
	m.bill(m.nextLines())
	if m.pending != nil {
		m.seats = m.renewal()
		m.pending = nil
	}
	m.unbilled = nil
	m.period = m.periodAt(m.period.index+m.months, boundary)
	m.version++
	for m.free() < 0 {
		m.releaseOne()
	}
	if m.test && m.clock.Before(boundary) {
		m.clock = boundary
	}
}

// periodAt is the period that starts at a boundary.
func (m *model) periodAt(index int, start time.Time) naivePeriod {
	p := naivePeriod{index: index, startDay: naiveBoundary(m.anchor, index), endDay: naiveBoundary(m.anchor, index+m.months), start: start}
	p.end = naiveStart(p.endDay, m.loc)
	return p
}

// renewal is how many seats the next period starts with.
func (m *model) renewal() int64 {
	switch {
	case m.pending == nil:
		return m.seats
	case m.policies.OverAssigned == seats.ReleaseNewest:
		return *m.pending
	}
	return max(*m.pending, m.used())
}

// nextLines are the lines of the next invoice if nothing else happens.
func (m *model) nextLines() []int64 {
	var lines []int64
	sum := new(big.Rat)
	for _, part := range m.unbilled {
		sum.Add(sum, part)
	}
	for _, amount := range []int64{max(0, naiveRound(sum)), naivePrice(&m.price, m.renewal())} {
		if amount != 0 {
			lines = append(lines, amount)
		}
	}
	return lines
}

func (m *model) bill(lines []int64) {
	if len(lines) > 0 {
		m.billed = append(m.billed, lines)
	}
}

// releaseOne takes the seat of who loses it first: the newest reservation, else the
// newest license, of equals the one with the highest id.
func (m *model) releaseOne() {
	var all []*person
	for _, p := range m.people {
		if p.licensed || p.reserved {
			all = append(all, p)
		}
	}
	loser := slices.MaxFunc(all, func(a, b *person) int {
		if a.reserved != b.reserved {
			if a.reserved {
				return 1
			}
			return -1
		}
		x, y := a.since, b.since
		if a.reserved {
			x, y = a.sent, b.sent
		}
		if c := x.Compare(y); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
	loser.licensed, loser.reserved = false, false
}

// admitted reports whether somebody may enter; then what is due is closed first.
func (m *model) admitted(who string) (*person, bool) {
	p := m.people[who]
	if p == nil || p.status != seats.UserActive {
		return nil, false
	}
	m.catchUp(m.now())
	return p, true
}

func managesUsers(r seats.Role) bool { return r != seats.Member }

func managesLicenses(r seats.Role) bool { return r == seats.Owner || r == seats.Admin }

func (m *model) spends(r seats.Role) bool {
	return r == seats.Owner || r == seats.BillingAdmin || r == seats.Admin && m.policies.AdminsMaySpend
}

func mayGrant(by, role seats.Role) bool { return slices.Contains(grants()[by], role) }

// inviteRow is a row of an invite command.
type modelRow struct {
	who   string
	role  seats.Role
	wants bool
}

// invite gives the codes of the rows; "" is invited. Whose email is taken is told
// only where the row would have been written.
func (m *model) invite(by string, rows []modelRow) (string, []string) {
	me, ok := m.admitted(by)
	if !ok {
		return "not_found", nil
	}
	if !managesUsers(me.role) {
		return "forbidden", nil
	}
	taken := map[string]bool{}
	for {
		codes, clash := m.inviteOnce(me, rows, taken)
		if slices.Contains(codes, "no_free_seats") {
			// What lapsed keeps no seat from anybody.
			m.expire(m.now())
			codes, clash = m.inviteOnce(me, rows, taken)
		}
		if len(clash) == 0 {
			for i, row := range rows {
				if codes[i] == "" {
					m.people[row.who] = &person{
						role: row.role, status: seats.UserInvited, invited: true, state: seats.InvitationOpen, generation: 1,
						sent: m.now(), expires: m.now().Add(7 * 24 * time.Hour), wants: row.wants, reserved: row.wants,
					}
				}
			}
			return "", codes
		}
		for _, who := range clash {
			taken[who] = true
		}
	}
}

func (m *model) inviteOnce(me *person, rows []modelRow, taken map[string]bool) (codes, clash []string) {
	free, seen := m.free(), map[string]bool{}
	for _, row := range rows {
		code := ""
		switch {
		case taken[row.who], seen[row.who]:
			code = "email_taken"
		case !mayGrant(me.role, row.role):
			code = "forbidden"
		case row.wants && !managesLicenses(me.role):
			code = "forbidden"
		case row.wants && free < 1:
			code = "no_free_seats"
		default:
			seen[row.who] = true
			if row.wants {
				free--
			}
			if m.people[row.who] != nil {
				clash = append(clash, row.who)
			}
		}
		codes = append(codes, code)
	}
	return codes, clash
}

// onInvitation checks what resend and cancel have in common.
func (m *model) onInvitation(by, who string) (*person, *person, string) {
	me, ok := m.admitted(by)
	if !ok {
		return nil, nil, "not_found"
	}
	p := m.people[who]
	switch {
	case !managesUsers(me.role):
		return nil, nil, "forbidden"
	case !p.invited:
		return nil, nil, "not_found"
	case p.status != seats.UserInvited:
		return nil, nil, "invitation_used"
	case !mayGrant(me.role, p.role):
		return nil, nil, "forbidden"
	}
	return me, p, ""
}

func (m *model) resend(by, who string) string {
	me, p, code := m.onInvitation(by, who)
	switch {
	case code != "":
		return code
	case p.wants && !p.reserved && !managesLicenses(me.role):
		return "forbidden"
	case p.wants && !p.reserved && m.free() < 1:
		return "no_free_seats"
	}
	p.reserved = p.wants
	p.state, p.generation = seats.InvitationOpen, p.generation+1
	p.sent, p.expires = m.now(), m.now().Add(7*24*time.Hour)
	return ""
}

func (m *model) cancel(by, who string) string {
	_, _, code := m.onInvitation(by, who)
	if code == "" {
		delete(m.people, who)
	}
	return code
}

func (m *model) accept(who string, generation int) string {
	m.catchUp(m.now())
	p := m.people[who]
	switch {
	case p.status != seats.UserInvited:
		return "invitation_used"
	case generation != p.generation:
		return "invitation_superseded"
	case p.state == seats.InvitationExpired || m.lapsed(p, m.now()):
		return "invitation_expired"
	}
	p.status, p.state = seats.UserActive, seats.InvitationAccepted
	p.licensed, p.since, p.reserved = p.reserved || p.wants && m.free() > 0, m.now(), false
	return ""
}

// assign gives the codes of the users in the order given; "already" is success.
func (m *model) assign(by string, users []string) (string, []string) {
	me, ok := m.admitted(by)
	if !ok {
		return "not_found", nil
	}
	if !managesLicenses(me.role) {
		return "forbidden", nil
	}
	var codes []string
	for _, who := range users {
		p := m.people[who]
		code := ""
		if !p.licensed && p.status == seats.UserActive && m.free() < 1 {
			m.expire(m.now()) // what lapsed keeps no seat from anybody
		}
		switch {
		case p.licensed:
			code = "already"
		case p.status != seats.UserActive:
			code = "state_conflict"
		case m.free() < 1:
			code = "no_free_seats"
		default:
			p.licensed, p.since = true, m.now()
		}
		codes = append(codes, code)
	}
	return "", codes
}

func (m *model) revoke(by, who string) string {
	me, ok := m.admitted(by)
	switch {
	case !ok:
		return "not_found"
	case !managesLicenses(me.role):
		return "forbidden"
	}
	m.people[who].licensed = false
	return ""
}
