package store

import (
	"fmt"
	"strings"

	"github.com/usher-seats/usher/internal/seats"
)

// pools adds the subscriptions and the moves of free seats. A product's pool stands
// in a change once: a decision that moves it twice is wrong whatever is stored.
func (t *transaction) pools(account seats.AccountID, c *seats.Change) {
	for i := range c.Subscriptions {
		w := &c.Subscriptions[i]
		failed := seats.Failed{Kind: seats.ItemSubscription, Index: i}
		if w.Subscription.Account != account {
			t.fail(fmt.Errorf("store: a change of %s writes a subscription of %s", account, w.Subscription.Account))
		}
		k := subscriptionKey(account, w.Subscription.Product)
		it := subscriptionItem(account, w.Subscription)
		if w.From == 0 {
			if w.Subscription.Free != w.FreeDelta {
				t.fail(fmt.Errorf("store: a new subscription begins with %d free seats, not %d", w.FreeDelta, w.Subscription.Free))
			}
			t.putNew(k, it, failed)
			continue
		}
		t.update(k, subscriptionUpdate(it, w), failed)
	}
	for i, m := range c.Free {
		t.update(subscriptionKey(account, m.Product), moveUpdate(m), seats.Failed{Kind: seats.ItemFree, Index: i})
	}
}

// subscriptionUpdate sets everything that Rev covers, and moves the free counter by
// arithmetic: assigns move it too and leave Rev alone.
func subscriptionUpdate(it item, w *seats.SubscriptionWrite) expression {
	e := expression{
		condition: "#v = :from AND #id = :id",
		names:     map[string]string{"#fr": freeName, "#v": revName, "#id": subscriptionIDName},
		values:    item{":from": number(w.From), ":id": it[subscriptionIDName], ":delta": number(w.FreeDelta)},
	}
	set, remove := []string{"#fr = #fr + :delta"}, []string(nil)
	if w.Replaces != "" {
		e.condition = "#v = :from AND #id = :was"
		e.values[":was"] = text(shortSubscription(w.Replaces, w.Subscription.Product))
		set = append(set, "#id = :id")
	}
	for _, name := range revisedAttributes() {
		e.names["#"+name] = name
		if v, ok := it[name]; ok {
			e.values[":"+name] = v
			set = append(set, "#"+name+" = :"+name)
		} else {
			remove = append(remove, "#"+name)
		}
	}
	e.update = "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		e.update += " REMOVE " + strings.Join(remove, ", ")
	}
	if w.FreeIs {
		e.condition += " AND #fr = :free"
		e.values[":free"] = number(w.Subscription.Free - w.FreeDelta)
	}
	return e
}

// moveUpdate gives seats back to a pool that is there, or is short of as many, or
// takes them from one that is active and has them.
func moveUpdate(m seats.FreeMove) expression {
	e := expression{
		update: "SET #fr = #fr + :delta", condition: "attribute_exists(#fr)",
		names: map[string]string{"#fr": freeName}, values: item{":delta": number(m.Delta)},
	}
	if m.Delta < 0 {
		e.condition = "#fr >= :need AND #st = :active"
		e.names["#st"] = subscriptionStatusName
		e.values[":need"] = number(-m.Delta)
		e.values[":active"] = text(string(seats.SubscriptionActive))
	}
	if m.Short {
		e.condition += " AND #fr <= :short"
		e.values[":short"] = number(-m.Delta)
	}
	return e
}
