package mail_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/mail"
)

func TestMarkerStates(t *testing.T) {
	r := newRig(t, ses.Options{})
	start := noon()
	claim := func(t *testing.T, key mail.Key, after time.Duration) mail.Claim {
		t.Helper()
		c, err := r.markers.Claim(t.Context(), key, start.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		if (c.State == mail.Claimed) != (c.Token != "") {
			t.Errorf("state %d with token %q", c.State, c.Token)
		}
		return c
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name string
		do   func(t *testing.T, key mail.Key)
		// after is when the last claim is made, want what it finds.
		after time.Duration
		want  mail.ClaimState
		state string
	}{
		{
			name: "the first claim sends", do: func(*testing.T, mail.Key) {},
			want: mail.Claimed, state: "claimed",
		},
		{
			name:  "a fresh claim is held against others",
			do:    func(t *testing.T, key mail.Key) { claim(t, key, 0) },
			after: mail.ClaimStale - time.Millisecond, want: mail.Held, state: "claimed",
		},
		{
			name:  "a stale claim is taken over",
			do:    func(t *testing.T, key mail.Key) { claim(t, key, 0) },
			after: mail.ClaimStale, want: mail.Claimed, state: "claimed",
		},
		{
			name: "a released claim is free at once",
			do: func(t *testing.T, key mail.Key) {
				must(t, r.markers.Release(t.Context(), key, claim(t, key, 0).Token))
			},
			want: mail.Claimed, state: "claimed",
		},
		{
			name: "a late release does not free the claim of another",
			do: func(t *testing.T, key mail.Key) {
				late := claim(t, key, 0)
				claim(t, key, mail.ClaimStale)
				must(t, r.markers.Release(t.Context(), key, late.Token))
			},
			after: mail.ClaimStale, want: mail.Held, state: "claimed",
		},
		{
			name: "what was sent stays sent",
			do: func(t *testing.T, key mail.Key) {
				c := claim(t, key, 0)
				must(t, r.markers.Confirm(t.Context(), key, "m-1"))
				must(t, r.markers.Confirm(t.Context(), key, "m-2"))
				must(t, r.markers.Fail(t.Context(), key, "no"))
				must(t, r.markers.Release(t.Context(), key, c.Token))
			},
			after: time.Hour, want: mail.Confirmed, state: "sent",
		},
		{
			name: "what was refused stays refused",
			do: func(t *testing.T, key mail.Key) {
				claim(t, key, 0)
				must(t, r.markers.Fail(t.Context(), key, "no such address"))
			},
			after: time.Hour, want: mail.Failed, state: "rejected",
		},
		{
			name: "a late confirmation outweighs a refusal: the mail is out",
			do: func(t *testing.T, key mail.Key) {
				claim(t, key, 0)
				must(t, r.markers.Fail(t.Context(), key, "no"))
				must(t, r.markers.Confirm(t.Context(), key, "m-1"))
			},
			after: time.Hour, want: mail.Confirmed, state: "sent",
		},
		{
			name: "an expired marker counts as absent",
			do: func(t *testing.T, key mail.Key) {
				claim(t, key, 0)
				must(t, r.markers.Confirm(t.Context(), key, "m-1"))
			},
			after: 30 * 24 * time.Hour, want: mail.Claimed, state: "claimed",
		},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			key := mail.Key{EventID: "evt_" + strconv.Itoa(i), Recipient: "usr_1", Kind: mail.KindInvoice}
			c.do(t, key)
			if got := claim(t, key, c.after); got.State != c.want {
				t.Errorf("claim found state %d, want %d", got.State, c.want)
			}
			if got := r.marker(t, key); got["state"] != c.state {
				t.Errorf("marker %v, want state %s", got, c.state)
			}
		})
	}
}

func TestAMarkerExpiresAfterThirtyDays(t *testing.T) {
	r := newRig(t, ses.Options{})
	key, _ := letter(t)
	if _, err := r.markers.Claim(t.Context(), key, noon()); err != nil {
		t.Fatal(err)
	}
	want := strconv.FormatInt(noon().AddDate(0, 0, 30).Unix(), 10)
	if got := r.marker(t, key)["ttl"]; got != want {
		t.Errorf("ttl %s, want %s", got, want)
	}
}

func TestAnOutcomeNeedsAMarker(t *testing.T) {
	r := newRig(t, ses.Options{})
	key, _ := letter(t)
	if err := r.markers.Confirm(t.Context(), key, "m-1"); !errors.Is(err, mail.ErrNoMarker) {
		t.Errorf("Confirm: %v, want ErrNoMarker", err)
	}
	if err := r.markers.Fail(t.Context(), key, "no"); !errors.Is(err, mail.ErrNoMarker) {
		t.Errorf("Fail: %v, want ErrNoMarker", err)
	}
	if got := r.marker(t, key); len(got) != 0 {
		t.Errorf("marker %v was written", got)
	}
}

// TestAClaimWhoseAnswerIsLostIsTheCallersStill lets the SDK repeat a claim that
// had taken effect.
func TestAClaimWhoseAnswerIsLostIsTheCallersStill(t *testing.T) {
	r := newRig(t, ses.Options{})
	key, _ := letter(t)
	markers := mail.NewDynamoMarkers(repeating{r.db}, keysTable)
	claim, err := markers.Claim(t.Context(), key, noon())
	if err != nil || claim.State != mail.Claimed {
		t.Fatalf("claim %v, %v; want claimed", claim, err)
	}
	if err := markers.Release(t.Context(), key, claim.Token); err != nil {
		t.Fatal(err)
	}
	if got := r.marker(t, key)["state"]; got != "released" {
		t.Errorf("state %s, want released by the token of the repeated claim", got)
	}
}
