// Package logsafe keeps secrets and addresses out of logs, and collects what the
// one line of an invocation says.
//
// Secret and Email print as a mask wherever they are formatted, logged or
// encoded; a value leaves them only by Reveal. NewLogger's handler is the second
// wall: it writes structs it does not know as their type's name alone, and masks
// every word of a text that holds an @ or looks like a token, since errors of
// providers like to quote addresses.
//
// A Line travels in the context of an invocation. Whoever learns something worth
// a field adds it (Set) or counts it (Count); whoever began the line writes it
// once at the end. Counts become metrics of the same name.
package logsafe

import "log/slog"

const (
	maskedSecret = "[secret]"
	maskedEmail  = "[email]"
	maskedToken  = "[token]"
)

// Secret is a key, token or password. It shows itself by Reveal alone.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String masks the secret.
func (s Secret) String() string { return maskedSecret }

// GoString masks the secret for %#v.
func (s Secret) GoString() string { return maskedSecret }

// LogValue masks the secret in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(maskedSecret) }

// MarshalText masks the secret in JSON and wherever else text is made.
func (s Secret) MarshalText() ([]byte, error) { return []byte(maskedSecret), nil }

// Email is an address that may pass through code that logs. It shows itself by
// Reveal alone, so it is not for bodies of answers: use a string there.
type Email string

// Reveal returns the address itself.
func (e Email) Reveal() string { return string(e) }

// String masks the address.
func (e Email) String() string { return maskedEmail }

// GoString masks the address for %#v.
func (e Email) GoString() string { return maskedEmail }

// LogValue masks the address in slog.
func (e Email) LogValue() slog.Value { return slog.StringValue(maskedEmail) }

// MarshalText masks the address in JSON and wherever else text is made.
func (e Email) MarshalText() ([]byte, error) { return []byte(maskedEmail), nil }
