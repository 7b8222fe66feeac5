package api

import "github.com/usher-seats/usher/internal/seats"

// Buying is what a command carries that may have to buy seats on the way.
type Buying struct {
	DryRun   bool   `json:"dry_run,omitempty" doc:"Answers what would become of each row, and a quote where seats would have to be bought; changes nothing"`
	QuoteID  string `json:"quote_id,omitempty" maxLength:"40" doc:"Of a dry run: buys its seats in the same step. Needs an Idempotency-Key"`
	Accepted bool   `json:"agreement_accepted,omitempty" doc:"That the license agreement was read and accepted, where the plan has one"`
}

func (b Buying) purchase() seats.Purchase {
	return seats.Purchase{Quote: seats.QuoteID(b.QuoteID), Agreed: b.Accepted}
}

// Priced is the part of a dry run's answer that says what the seats cost.
type Priced struct {
	Quote *Quote `json:"quote,omitempty" doc:"Of a dry run, where seats would have to be bought: what they cost. Send its quote_id to agree"`
}

// tried is the answer of a dry run.
func tried[R, B any](trial seats.Trial[R], err error, body func([]R, Priced) B) (*written[B], error) {
	if err != nil {
		return nil, err
	}
	var price Priced
	if trial.Quote != nil {
		q := quoteBody(trial.Quote, trial.Currency)
		price.Quote = &q
	}
	return &written[B]{Body: body(trial.Results, price)}, nil
}
