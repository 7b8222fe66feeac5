package story

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// names are those of the invited, in the order of the list.
var names = []string{"ann", "ben", "cem", "dora", "eva", "finn"}

type inviteResult struct {
	Email        string `json:"email"`
	UserID       string `json:"user_id"`
	InvitationID string `json:"invitation_id"`
	Error        *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
}

func (p *player) invitee(name string, licensed bool) map[string]string {
	who := map[string]string{"email": p.email(name), "first_name": strings.ToUpper(name[:1]) + name[1:], "last_name": "Brandt"}
	if licensed {
		who["subscription_id"] = p.sub
	}
	return who
}

func (p *player) sendInvitations(ctx context.Context, people ...map[string]string) ([]inviteResult, error) {
	var answer struct {
		Results []inviteResult `json:"results"`
	}
	err := p.owner.call(ctx, http.MethodPost, p.path("/invitations"), map[string]any{"people": people}, &answer)
	return answer.Results, err
}

func (p *player) invite(ctx context.Context) error {
	p.chapter("Olga invites six people in one call, with five seats")
	var people []map[string]string
	for _, name := range names {
		people = append(people, p.invitee(name, true))
	}
	results, err := p.sendInvitations(ctx, people...)
	if err != nil {
		return err
	}
	for i, r := range results {
		name := names[i]
		if i == len(results)-1 {
			if r.Error == nil {
				return expect("the sixth", "invited", "no_free_seats")
			}
			p.say("%s gets %s: %s", name, r.Error.Code, r.Error.Detail)
			return expect("the sixth", r.Error.Code, "no_free_seats")
		}
		if r.Error != nil {
			return expect(name, r.Error.Code, "invited")
		}
		m, err := p.stack.mailTo(ctx, p.email(name), "/accept#", p.seen)
		if err != nil {
			return err
		}
		token, err := m.token()
		if err != nil {
			return err
		}
		p.people[name] = &guest{user: r.UserID, invitation: r.InvitationID, acceptedWith: token}
		p.say("%s gets a mail: %q.", name, m.Subject)
	}
	return nil
}

func (p *player) accept(ctx context.Context) error {
	p.chapter("Four of them sign in and accept through their links")
	for _, name := range names[:4] {
		if err := p.acceptAs(ctx, name); err != nil {
			return err
		}
		p.say("%s is in, with a license.", name)
	}
	at, err := p.pool(ctx, p.owner)
	if err != nil {
		return err
	}
	p.say("Of %d seats %d are in use, %d reserved by an open invitation, %d free.", at.Seats, at.InUse, at.Reserved, at.Available)
	return expect("pool", at, pool{Seats: 5, InUse: 4, Reserved: 1})
}

func (p *player) acceptAs(ctx context.Context, name string) error {
	g := p.people[name]
	if g.session == nil {
		session, err := p.stack.signIn(ctx, p.email(name))
		if err != nil {
			return err
		}
		g.session = session
	}
	return g.session.call(ctx, http.MethodPost, "/v1/invitations/accept",
		map[string]string{"token": g.acceptedWith, "id_token": g.session.tokens.IDToken}, nil)
}

func (p *player) resend(ctx context.Context) error {
	p.chapter("Eva lost her mail, so Olga sends the invitation again")
	eva := p.people["eva"]
	if err := p.owner.call(ctx, http.MethodPost, p.path("/invitations/"+eva.invitation+"/resend"), nil, nil); err != nil {
		return err
	}
	m, err := p.stack.mailTo(ctx, p.email("eva"), "/accept#", p.seen)
	if err != nil {
		return err
	}
	if err := refused(p.acceptAs(ctx, "eva"), "invitation_superseded"); err != nil {
		return err
	}
	p.say("The old link answers invitation_superseded.")
	if eva.acceptedWith, err = m.token(); err != nil {
		return err
	}
	if err := p.acceptAs(ctx, "eva"); err != nil {
		return err
	}
	p.say("The new one lets her in; she was never counted twice.")
	at, err := p.pool(ctx, p.owner)
	if err != nil {
		return err
	}
	return expect("pool", at, pool{Seats: 5, InUse: 5})
}

func (p *player) reassign(ctx context.Context) error {
	p.chapter("Finn joins without a license and gets Ann's")
	results, err := p.sendInvitations(ctx, p.invitee("finn", false))
	if err != nil {
		return err
	}
	m, err := p.stack.mailTo(ctx, p.email("finn"), "/accept#", p.seen)
	if err != nil {
		return err
	}
	token, err := m.token()
	if err != nil {
		return err
	}
	p.people["finn"] = &guest{user: results[0].UserID, invitation: results[0].InvitationID, acceptedWith: token}
	if err := p.acceptAs(ctx, "finn"); err != nil {
		return err
	}
	if err := p.owner.call(ctx, http.MethodDelete, p.subPath("/licenses/"+p.people["ann"].user), nil, nil); err != nil {
		return err
	}
	var given struct {
		Results []struct {
			Status string `json:"status"`
		} `json:"results"`
	}
	if err := p.owner.call(ctx, http.MethodPost, p.subPath("/licenses"), map[string]any{"user_ids": []string{p.people["finn"].user}}, &given); err != nil {
		return err
	}
	if err := expect("assign", given.Results[0].Status, "assigned"); err != nil {
		return err
	}
	for _, told := range []struct{ name, words string }{{"ann", "license"}, {"finn", "license"}} {
		m, err := p.stack.mailTo(ctx, p.email(told.name), told.words, p.seen)
		if err != nil {
			return err
		}
		p.say("%s gets a mail: %q.", told.name, m.Subject)
	}
	invoices, err := p.invoices(ctx)
	if err != nil {
		return err
	}
	p.say("No money moved: there is still %d invoice.", len(invoices))
	return expect("invoices", len(invoices), 1)
}

func (p *player) handOver(ctx context.Context) error {
	p.chapter("Olga hands the account over to Ben")
	ben := p.people["ben"]
	if err := p.owner.call(ctx, http.MethodPut, p.path("/owner"), map[string]string{"user_id": ben.user}, nil); err != nil {
		return err
	}
	if err := refused(p.owner.call(ctx, http.MethodGet, p.path(""), nil, nil), "signed_out"); err != nil {
		return err
	}
	p.say("Olga's token is refused from the same moment on: signed_out.")
	for _, name := range []string{"olga", "ben"} {
		m, err := p.stack.mailTo(ctx, p.email(name), "owner", p.seen)
		if err != nil {
			return err
		}
		p.say("%s gets a mail: %q.", name, m.Subject)
	}
	return p.signedInAgain(ctx, "ben")
}

// signedInAgain signs a person in until the sign-in is later than the transfer:
// issuers tell it in whole seconds.
func (p *player) signedInAgain(ctx context.Context, name string) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for range 50 {
		session, err := p.stack.signIn(ctx, p.email(name))
		if err != nil {
			return err
		}
		err = session.call(ctx, http.MethodGet, p.path(""), nil, nil)
		if err == nil {
			p.say("%s signs in again and is the owner.", name)
			return nil
		}
		if err := refused(err, "signed_out"); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return expect(name, "signed out", "signed in")
}
