package store

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// Names of keys.
const (
	pkName  = "pk"
	skName  = "sk"
	gpkName = "gpk"
	gskName = "gsk"
	ttlName = "ttl"

	// indexName is the sparse index by time.
	indexName = "due"

	// revName is the revision of an account, a user or a subscription.
	revName = "v"

	accountSK    = "A"
	userPrefix   = "U#"
	subPrefix    = "S#"
	invPrefix    = "I#"
	directoryPK  = "ACCOUNTS"
	quoteSK      = "Q"
	receiptSK    = "R"
	invitationPK = "SECRET#invitation"
	secretSK     = "K"
	parkedPK     = "PARKED"
	requestsPK   = "REQUESTS"
	plansPK      = "PLANS"
)

// key is the primary key of an item in one of the two tables.
type key struct {
	keys   bool // in the keys table
	pk, sk string
}

func accountKey(a seats.AccountID) key { return key{pk: accountPK(a), sk: accountSK} }

func directoryKey(a seats.AccountID) key { return key{pk: directoryPK, sk: string(a)} }

func userKey(a seats.AccountID, u seats.UserID) key {
	return key{pk: accountPK(a), sk: userPrefix + string(u)}
}

func subscriptionKey(a seats.AccountID, product string) key {
	return key{pk: accountPK(a), sk: subPrefix + product}
}

func invoiceKey(a seats.AccountID, number int64) key {
	return key{pk: accountPK(a), sk: invoiceSK(number)}
}

func invoiceSK(number int64) string { return fmt.Sprintf("%s%010d", invPrefix, number) }

func requestKey(a seats.AccountID, r seats.RequestID) key {
	return key{pk: requestedPK(a), sk: string(r)}
}

func requestedPK(a seats.AccountID) string { return "RQ#" + string(a) }

func emailKey(email string, a seats.AccountID) key { return key{pk: "M#" + email, sk: accountPK(a)} }

func signInKey(subject string, a seats.AccountID) key {
	return key{pk: "P#" + subject, sk: accountPK(a)}
}

func eventKey(e *seats.Event) key {
	return key{pk: eventsPK(e.Account, e.At.UTC().Format("2006-01")), sk: string(e.ID)}
}

func planKey(ref seats.PlanRef) key {
	return key{pk: planPK(ref.ID), sk: fmt.Sprintf("V#%06d", ref.Version)}
}

func listedPlanKey(id string) key { return key{pk: plansPK, sk: id} }

func quoteKey(id seats.QuoteID) key { return key{keys: true, pk: "Q#" + string(id), sk: quoteSK} }

func receiptKey(k string) key { return key{keys: true, pk: "R#" + k, sk: receiptSK} }

func counterKey(k string, start time.Time) key {
	return key{keys: true, pk: "N#" + k, sk: strconv.FormatInt(start.Unix(), 10)}
}

func invitationKeyKey() key { return key{keys: true, pk: invitationPK, sk: secretSK} }

// invitationMailKey is where package mail keeps the send marker of the mail with the
// link of a user's newest invitation.
func invitationMailKey(u *seats.User) key {
	return key{keys: true, pk: "MAIL#" + seats.InvitationMailID(u.ID, u.Invitation.Generation) + "#" + string(u.ID), sk: "M#invitation"}
}

func accountPK(a seats.AccountID) string { return "A#" + string(a) }

func eventsPK(a seats.AccountID, month string) string { return "E#" + string(a) + "#" + month }

func planPK(id string) string { return "PLAN#" + id }

// shards of the index by time: 16,000 writes a second at the first midnight of a
// month, which is more than the closes behind it do.
const shards = 16

func shard(prefix, id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return prefix + strconv.FormatUint(uint64(h.Sum32()%shards), 10)
}

func duePK(a seats.AccountID) string { return shard("DUE#", string(a)) }

func expiryPK(u seats.UserID) string { return shard("EXP#", string(u)) }

// indexSK orders by whole seconds. What is due within a second is found a moment
// early and looked at again anyhow.
func indexSK(at time.Time, id string) string { return indexInstant(at) + "#" + id }

func indexInstant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// idIn cuts the prefix off a key that holds an id.
func idIn(value, prefix string) (string, error) {
	id, ok := strings.CutPrefix(value, prefix)
	if !ok || id == "" {
		return "", fmt.Errorf("store: key %q does not begin with %q", value, prefix)
	}
	return id, nil
}
