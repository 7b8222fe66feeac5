package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

const (
	expiresName = "x"
	doneName    = "d"
	seedName    = "s"
)

// Attributes of a receipt: q hash of the request, d done, c claimed at, s seed, t
// the account's instant of the claim, a answer or z the same deflated, whichever is
// smaller, x expires, ttl.
func (s *Store) receiptItem(r *seats.Receipt) (item, error) {
	it := newItem(receiptKey(r.Key))
	it.binary("q", r.Request[:])
	it.instant("c", r.ClaimedAt)
	if r.Seed != [16]byte{} {
		it.binary(seedName, r.Seed[:])
	}
	it.instant("t", r.At)
	it.flag(doneName, r.Done)
	it[expiresName] = instant(r.ExpiresAt)
	it[ttlName] = number(ttlOf(r.ExpiresAt))
	return it, s.answer(it, r.Answer)
}

func (s *Store) answer(it item, answer []byte) error {
	z, err := s.deflate(answer)
	if len(z) < len(answer) {
		it.binary("z", z)
	} else {
		it.binary("a", answer)
	}
	return err
}

// ttlOf is the first whole second at which the item has expired.
func ttlOf(at time.Time) int64 {
	unix := at.Unix()
	if at.Nanosecond() > 0 {
		unix++
	}
	return unix
}

func readReceipt(it item) (*seats.Receipt, error) {
	r := read(it)
	receipt := &seats.Receipt{
		Key: r.keyed(pkName, "R#"), Done: r.flag(doneName), ClaimedAt: r.instant("c"), At: r.instant("t"),
		Answer: r.binary("a"), ExpiresAt: r.instant(expiresName),
	}
	copy(receipt.Request[:], r.binary("q"))
	copy(receipt.Seed[:], r.binary(seedName))
	if z := r.binary("z"); z != nil {
		var err error
		if receipt.Answer, err = inflate(z); err != nil {
			return nil, err
		}
	}
	return receipt, r.failure()
}

// ClaimReceipt writes an unfinished receipt unless one exists that has not expired
// at the claim's instant, which it returns then.
func (s *Store) ClaimReceipt(ctx context.Context, r *seats.Receipt) (*seats.Receipt, error) {
	it, err := s.receiptItem(r)
	if err != nil {
		return nil, err
	}
	use := &Usage{Operation: "claim receipt"}
	defer s.report(ctx, use)
	was, err := s.putNew(ctx, use, receiptKey(r.Key), it, expiresName, item{":x": instant(r.ClaimedAt)})
	if err != nil || was == nil {
		return nil, err
	}
	found, err := readReceipt(was)
	if err == nil && found.Seed == r.Seed && found.Request == r.Request && !found.Done {
		// Ours: the answer to an earlier try was lost.
		return nil, nil
	}
	return found, err
}

// FinishReceipt stores the answer of a claimed receipt. The first answer stays:
// where the claim is finished already, nothing is written. It fails with a
// *seats.ConditionError where the claim is not this one any more.
func (s *Store) FinishReceipt(ctx context.Context, r *seats.Receipt) error {
	set := item{}
	if err := s.answer(set, r.Answer); err != nil {
		return err
	}
	names := map[string]string{"#d": doneName, "#s": seedName}
	values := item{":d": &types.AttributeValueMemberBOOL{Value: true}, ":s": binary(r.Seed[:])}
	update := "SET #d = :d"
	for name, v := range set {
		names["#a"], values[":a"] = name, v
		update += ", #a = :a"
	}
	use := &Usage{Operation: "finish receipt"}
	defer s.report(ctx, use)
	err := s.attempt(ctx, use, true, func(tries func(*dynamodb.Options)) error {
		out, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(s.opts.KeysTable), Key: receiptKey(r.Key).attributes(),
			UpdateExpression: aws.String(update), ConditionExpression: aws.String("#s = :s AND attribute_not_exists(#d)"),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			ReturnConsumedCapacity:              s.metered(),
		}, tries)
		if err == nil {
			use.wrote(one(out.ConsumedCapacity)...)
		}
		return err
	})
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		was := read(failed.Item)
		if was.flag(doneName) && bytes.Equal(was.binary(seedName), r.Seed[:]) {
			return nil
		}
		return &seats.ConditionError{Failed: []seats.Failed{{Kind: seats.ItemReceipt}}}
	}
	if err != nil {
		return fmt.Errorf("store: finish receipt: %w", err)
	}
	return nil
}
