// Package billing is the arithmetic of seats, cycles and invoices. It knows no
// accounts, no storage and no clock: every function is a value of its arguments.
package billing
