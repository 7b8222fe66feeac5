package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// markerTTL is how long a marker is kept: longer than the 14 days that a queue
// and its dead letters keep a record, with time left for a redrive by hand.
const markerTTL = 30 * 24 * time.Hour

// States of a marker, as stored.
const (
	stateClaimed  = "claimed"
	stateReleased = "released"
	stateSent     = "sent"
	stateRejected = "rejected"
)

// ErrNoMarker says that an outcome was given for a key that nobody claimed.
var ErrNoMarker = errors.New("mail: no marker was claimed for this key")

// Updater is what DynamoMarkers uses of the client of DynamoDB.
type Updater interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// DynamoMarkers keeps markers in the keys table, one item each:
//
//	pk  MAIL#<event id, or the id of an invitation's link>#<user id, or "billing">    sk  M#<kind>
//	state       claimed, released, sent or rejected
//	claimant    random token of the newest claim
//	claimed_at  milliseconds since 1970, wall clock
//	message_id  SES's id, once sent
//	reason      why it was rejected
//	ttl         seconds since 1970; an expired item counts as absent
//
// A mail costs two write units: claim and outcome.
type DynamoMarkers struct {
	client Updater
	table  string
}

// NewDynamoMarkers returns the markers in the keys table of that name.
func NewDynamoMarkers(client Updater, table string) *DynamoMarkers {
	return &DynamoMarkers{client: client, table: table}
}

// Claim takes the key by one conditional write.
func (m *DynamoMarkers) Claim(ctx context.Context, key Key, now time.Time) (Claim, error) {
	token := rand.Text()
	old, err := m.update(ctx, key,
		"SET #state = :claimed, claimant = :token, claimed_at = :now, #ttl = :ttl REMOVE message_id, reason",
		"attribute_not_exists(pk) OR #ttl <= :seconds OR #state = :released OR (#state = :claimed AND claimed_at <= :stale)",
		map[string]string{"#state": "state", "#ttl": "ttl"},
		map[string]types.AttributeValue{
			":claimed": text(stateClaimed), ":released": text(stateReleased), ":token": text(token),
			":now": number(now.UnixMilli()), ":stale": number(now.Add(-ClaimStale).UnixMilli()),
			":seconds": number(now.Unix()), ":ttl": number(now.Add(markerTTL).Unix()),
		})
	if err != nil {
		return Claim{}, err
	}
	if old == nil {
		return Claim{State: Claimed, Token: token}, nil
	}
	switch old["state"] {
	case stateSent:
		return Claim{State: Confirmed}, nil
	case stateRejected:
		return Claim{State: Failed}, nil
	case stateClaimed:
		if old["claimant"] == token {
			// The first answer to this very call was lost and the SDK repeated it.
			return Claim{State: Claimed, Token: token}, nil
		}
		return Claim{State: Held}, nil
	}
	return Claim{}, fmt.Errorf("mail: the marker %s has the unknown state %q", key, old["state"])
}

// Confirm records that the mail was sent, whoever holds the claim by now: it is
// out.
func (m *DynamoMarkers) Confirm(ctx context.Context, key Key, messageID string) error {
	old, err := m.update(ctx, key,
		"SET #state = :sent, message_id = :id REMOVE reason",
		"attribute_exists(pk) AND #state <> :sent",
		map[string]string{"#state": "state"},
		map[string]types.AttributeValue{":sent": text(stateSent), ":id": text(messageID)})
	return settled(key, old, err)
}

// Fail records the refusal unless the mail was sent.
func (m *DynamoMarkers) Fail(ctx context.Context, key Key, reason string) error {
	old, err := m.update(ctx, key,
		"SET #state = :rejected, reason = :reason",
		"attribute_exists(pk) AND #state IN (:claimed, :released)",
		map[string]string{"#state": "state"},
		map[string]types.AttributeValue{
			":rejected": text(stateRejected), ":claimed": text(stateClaimed), ":released": text(stateReleased), ":reason": text(reason),
		})
	return settled(key, old, err)
}

// Release gives the claim of the token up.
func (m *DynamoMarkers) Release(ctx context.Context, key Key, token string) error {
	_, err := m.update(ctx, key,
		"SET #state = :released",
		"#state = :claimed AND claimant = :token",
		map[string]string{"#state": "state"},
		map[string]types.AttributeValue{":released": text(stateReleased), ":claimed": text(stateClaimed), ":token": text(token)})
	return err
}

// settled reads a failed condition on an outcome: there must be a marker, and one
// that has an outcome keeps it.
func settled(key Key, old map[string]string, err error) error {
	if err != nil {
		return err
	}
	if old != nil && old["state"] == "" {
		return fmt.Errorf("%w: %s", ErrNoMarker, key)
	}
	return nil
}

// update writes under a condition. It returns nil if the condition held, else the
// item's strings as they are, none where there is no item.
func (m *DynamoMarkers) update(ctx context.Context, key Key, update, condition string,
	names map[string]string, values map[string]types.AttributeValue) (map[string]string, error) {
	_, err := m.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String(m.table),
		Key: map[string]types.AttributeValue{
			"pk": text("MAIL#" + key.EventID + "#" + key.Recipient),
			"sk": text("M#" + string(key.Kind)),
		},
		UpdateExpression:                    aws.String(update),
		ConditionExpression:                 aws.String(condition),
		ExpressionAttributeNames:            names,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &failed):
		return nil, err
	}
	old := make(map[string]string, len(failed.Item))
	for name, value := range failed.Item {
		if s, ok := value.(*types.AttributeValueMemberS); ok {
			old[name] = s.Value
		}
	}
	return old, nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
