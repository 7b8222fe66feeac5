package seats

import "context"

// NewUser is somebody to create without an invitation, as typed.
type NewUser struct {
	Invitee
	// Inactive users are there and cannot sign in; they count nowhere.
	Inactive bool
}

// CreateUser creates a user without an invitation: active at once, or inactive until
// somebody activates them. Who signs in with the email, verified, is bound to the user
// once, see Bind. A license comes with it where a subscription is given. Where a seat
// would have to be bought it is refused with ErrQuoteRequired; with the quote of a
// dry run it is bought in the same transaction.
func (s *Service) CreateUser(ctx context.Context, caller Caller, account AccountID, person NewUser, buy Purchase, once Once[*User]) (Reply[*User], error) {
	row, err := readNewUser(person)
	if err != nil {
		return Reply[*User]{}, err
	}
	if err := buy.check(once.Key); err != nil {
		return Reply[*User]{}, err
	}
	cmd := command{caller: caller, account: account, adds: 1, may: (*turn).mayManage}
	rows := []newcomer{row}
	cmd.want.Products, cmd.want.Quote = productsOf(rows), buy.Quote
	reply, err := s.addPart(ctx, cmd, rows, buying{Purchase: buy}, onceAs(once, onlyUser), func(results []added) error {
		// One person alone is created or not: nothing is kept of a refusal.
		if refused := results[0].refused; refused != nil {
			return refused
		}
		return nil
	})
	return replyAs(reply, onlyUser), err
}

// TryCreateUser says whether CreateUser would create the user, and what it would cost
// where a seat would have to be bought. It creates nobody; the user has no id.
func (s *Service) TryCreateUser(ctx context.Context, caller Caller, account AccountID, person NewUser) (Trial[*User], error) {
	var none Trial[*User]
	row, err := readNewUser(person)
	if err != nil {
		return none, err
	}
	trial, err := s.tryAdd(ctx, command{caller: caller, account: account}, []newcomer{row})
	if err != nil {
		return none, err
	}
	if refused := trial.Results[0].refused; refused != nil {
		return none, refused
	}
	return Trial[*User]{Results: []*User{trial.Results[0].user}, Quote: trial.Quote, Currency: trial.Currency}, nil
}

func onlyUser(rows []added) *User {
	if len(rows) == 0 {
		return nil
	}
	return rows[0].user
}

// readNewUser checks the form of a user to create and lists every mistake at once.
func readNewUser(person NewUser) (newcomer, error) {
	row, fields := readNewcomer("body.", person.Invitee)
	row.active = !person.Inactive
	if fields = append(fields, row.inactiveMistakes("body.")...); len(fields) > 0 {
		e := *ErrInvalid
		e.Fields = fields
		return row, &e
	}
	return row, nil
}

// inactiveMistakes is what somebody who is created inactive cannot have: a license,
// or a role, which is taken away before anybody is deactivated.
func (row *newcomer) inactiveMistakes(at string) []Field {
	var fields []Field
	if row.invited || row.active {
		return nil
	}
	if row.role != Member {
		fields = append(fields, Field{Location: at + "role", Message: "must be member for who is not active; grant the role after activating", Value: string(row.role)})
	}
	if row.subscription != "" {
		fields = append(fields, Field{Location: at + "subscription_id", Message: "must be empty for who is not active; give the license after activating", Value: string(row.subscription)})
	}
	return fields
}
