package seats

import "time"

// RequestKind is what a customer asks the vendor for.
type RequestKind string

// Request kinds.
const (
	// RequestSeats asks for another number of seats.
	RequestSeats RequestKind = "seats"
	// RequestPlan asks for another plan, with or without another number of seats.
	RequestPlan RequestKind = "plan"
	// RequestCancel asks for the end of a subscription with its cycle.
	RequestCancel RequestKind = "cancel"
	// RequestOther asks for something in words.
	RequestOther RequestKind = "other"
)

// RequestStatus is where a request stands.
type RequestStatus string

// Request statuses.
const (
	RequestOpen     RequestStatus = "open"
	RequestApproved RequestStatus = "approved"
	RequestDeclined RequestStatus = "declined"
)

// Request is what a customer asks the vendor's staff for, because the plan does
// not let customers do it themselves.
type Request struct {
	ID      RequestID
	Account AccountID
	Rev     int64
	Kind    RequestKind
	By      UserID
	At      time.Time
	Status  RequestStatus
	// Subscription is what the request is about; empty for RequestOther.
	Subscription SubscriptionID
	// From and Seats are the seats then and those asked for, none of the end of a
	// subscription; PlanID is the plan asked for, or empty.
	From, Seats int64
	PlanID      string
	// DueNowMinor and NextMinor are what it would have cost at once and what the next
	// invoice would have come to, as shown when it was opened.
	DueNowMinor, NextMinor int64
	Message                string
	// Answer is what the staff wrote; AnsweredBy the operator.
	Answer     string
	AnsweredAt time.Time
	AnsweredBy string
}

// RequestWrite replaces a request if its revision is still From; 0 creates it.
type RequestWrite struct {
	Request *Request
	From    int64
}
