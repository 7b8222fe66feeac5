package api_test

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
)

// question is a request that names somebody who is known to the system, and the same
// of somebody who is not.
type question struct {
	name           string
	known, unknown func() apitest.Response
	// writes leaves something behind, so that it is asked less often.
	writes bool
}

// masked is an answer without what its request named and without ids and instants.
func masked(r apitest.Response) string {
	text := fmt.Sprintf("%d %s", r.Status, r.Body)
	text = regexp.MustCompile(`[a-z]{3}_[0-9a-z]{26}`).ReplaceAllString(text, "id")
	text = regexp.MustCompile(`[^"@ ]+@[^" ]+`).ReplaceAllString(text, "email")
	return regexp.MustCompile(`\d{4}-\d{2}-\d{2}T[0-9:.]+Z`).ReplaceAllString(text, "instant")
}

// questions are what somebody may ask about others, who must not learn from the
// answer whether there is such a user elsewhere.
func questions(t *testing.T, s *apitest.System) []question {
	x, elsewhere := newTenant(t, s, nil), newTenant(t, s, nil)
	g := elsewhere.guest("gina")
	thief := guest{s.As("thief@elsewhere.example"), "", "", ""}
	n := 0
	// fresh is an email of the same length as a known one.
	fresh := func(known string) string {
		n++
		local, domain, _ := strings.Cut(known, "@")
		return fmt.Sprintf("%0*d@%s", len(local), n, strings.Repeat("x", len(domain)-len(".example"))+".example")
	}
	// Everybody known is asked about once: inviting somebody twice is refused, and
	// rightly so.
	var known []string
	for i := range faulttest.Size(4, 60) {
		known = append(known, elsewhere.Invite(elsewhere.Invitee(fmt.Sprintf("known-%03d", i), member, false))[0].Email)
	}
	asked := 0
	next := func() string {
		asked++
		return known[(asked-1)%len(known)]
	}
	invite := func(email string) apitest.Response {
		person := object{"email": email, "first_name": "A", "last_name": "Person"}
		got := x.Owner.Post(x.Path+"/invitations", object{"people": []any{person}})
		if id := regexp.MustCompile(`inv_[0-9a-z]{26}`).FindString(string(got.Body)); id != "" {
			x.Owner.Delete(x.Path+"/invitations/"+id).OK(t, nil)
		}
		return got
	}
	contact := func(email string) apitest.Response { return x.Owner.Patch(x.Path, object{"billing_contact": email}) }
	find := func(email string) apitest.Response { return x.Owner.Get(x.Path + "/users?q=" + email) }
	forged := func(user string) string {
		link := []byte(strings.Replace(g.link, g.user, user, 1))
		// Within the MAC: of the last character not all bits count.
		at := len(link) - 5
		if link[at] == 'A' {
			link[at] = 'B'
		} else {
			link[at] = 'A'
		}
		return string(link)
	}
	return []question{
		{"invite a user of another account", func() apitest.Response { return invite(next()) }, func() apitest.Response { return invite(fresh(known[0])) }, true},
		{"name one as billing contact", func() apitest.Response { return contact(next()) }, func() apitest.Response { return contact(fresh(known[0])) }, false},
		{"search for one", func() apitest.Response { return find(next()) }, func() apitest.Response { return find(fresh(known[0])) }, false},
		{"look up a forged link", func() apitest.Response { return look(s, forged(g.user)) }, func() apitest.Response { return look(s, forged(other(g.user))) }, false},
		{"accept a forged link", func() apitest.Response { return thief.accept(forged(g.user)) }, func() apitest.Response { return thief.accept(forged(other(g.user))) }, false},
		{"look at a user of another account", func() apitest.Response { return x.Owner.Get(x.Path + "/users/" + g.user) }, func() apitest.Response { return x.Owner.Get(x.Path + "/users/" + other(g.user)) }, false},
		{"enter another account", func() apitest.Response { return thief.Get(elsewhere.Path) }, func() apitest.Response { return thief.Get("/v1/accounts/" + other(elsewhere.ID)) }, false},
	}
}

// Fault 38: nobody learns from an answer whether somebody is a user elsewhere: known
// and unknown people have the same status and body. At full size the times of the
// answers are compared too.
func TestAnswersDoNotTellWhoIsKnown(t *testing.T) {
	if !faulttest.Full {
		t.Parallel() // where times are compared nothing else runs
	}
	samples := faulttest.Size(4, 1_000)
	s := newSystem(t)
	told, tried, bands := 0, 0, []string{}
	for _, q := range questions(t, s) {
		var known, unknown []time.Duration
		n := samples
		if q.writes {
			n = (samples + 4) / 5
		}
		for i := range n {
			var a, b apitest.Response
			ask := func(of func() apitest.Response, into *[]time.Duration) apitest.Response {
				began := time.Now()
				got := of()
				*into = append(*into, time.Since(began))
				return got
			}
			// By turns, so that the first of a pair has no part in the difference.
			if i%2 == 0 {
				a, b = ask(q.known, &known), ask(q.unknown, &unknown)
			} else {
				b, a = ask(q.unknown, &unknown), ask(q.known, &known)
			}
			tried++
			if masked(a) != masked(b) {
				told++
				t.Errorf("%s: known is answered\n%s\nunknown\n%s", q.name, masked(a), masked(b))
			}
		}
		if faulttest.Full {
			p, apart := mannWhitney(known, unknown), medianApart(known, unknown)
			bands = append(bands, fmt.Sprintf("%s p=%.3f", q.name, p))
			// Of a thousand samples the least skew of the machine is significant: only one
			// that somebody far away could measure counts.
			if p < 0.0001 && apart > 0.1 {
				told++
				t.Errorf("%s: the times differ by %.0f %% (p = %g)", q.name, apart*100, p)
			}
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 38, Did: "questions about people of another account and about nobody, by turns",
		Bad: told, Of: tried, What: "pairs that differ in status, body or time", More: strings.Join(bands, ", "),
	})
}

// mannWhitney is the probability that two samples of one distribution are as far
// apart as these: the two-sided test with the normal approximation and the correction
// for ties.
func mannWhitney(a, b []time.Duration) float64 {
	type one struct {
		d     time.Duration
		first bool
	}
	var all []one
	for _, d := range a {
		all = append(all, one{d, true})
	}
	for _, d := range b {
		all = append(all, one{d, false})
	}
	slices.SortFunc(all, func(x, y one) int { return cmp.Compare(x.d, y.d) })
	ranks, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].d == all[i].d {
			j++
		}
		for k := i; k < j; k++ {
			if all[k].first {
				ranks += float64(i+1+j) / 2
			}
		}
		n := float64(j - i)
		ties += n*n*n - n
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	spread := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	if spread == 0 {
		return 1
	}
	return math.Erfc(math.Abs(u-n*m/2) / spread / math.Sqrt2)
}

// medianApart is how far two medians are apart, as a part of the smaller.
func medianApart(a, b []time.Duration) float64 {
	slices.Sort(a)
	slices.Sort(b)
	x, y := float64(a[len(a)/2]), float64(b[len(b)/2])
	return math.Abs(x-y) / math.Min(x, y)
}

func TestMannWhitneyTellsSamplesApart(t *testing.T) {
	var low, high, mixed []time.Duration
	for i := range 100 {
		low, high = append(low, time.Duration(i)), append(high, time.Duration(i+60))
		mixed = append(mixed, time.Duration((i*37)%100))
	}
	if p := mannWhitney(low, mixed); p < 0.99 {
		t.Errorf("the same numbers in another order: p = %g", p)
	}
	if p := mannWhitney(low, high); p > 1e-10 {
		t.Errorf("numbers that are 60 apart: p = %g", p)
	}
	// Worked out by hand: ranks 1, 2 and 4 of {1, 2, 4} against {3, 5, 6}: U = 1, mean
	// 4.5, spread √5.25, z = 1.5275.
	if p := mannWhitney([]time.Duration{1, 2, 4}, []time.Duration{3, 5, 6}); math.Abs(p-0.1266) > 0.001 {
		t.Errorf("p = %g, want 0.1266", p)
	}
}
