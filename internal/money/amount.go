package money

import (
	"strconv"
	"strings"
)

// Amount is a whole number of minor units of one currency: 6000 EUR is €60.00,
// 333 JPY is ¥333. Sums and products that do not fit are ErrOverflow.
type Amount struct {
	Minor    int64
	Currency Currency
}

// Add returns a + b. ErrCurrencyMismatch if they are of two currencies.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, ErrCurrencyMismatch
	}
	sum, err := AddInt(a.Minor, b.Minor)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}

// Sub returns a − b. ErrCurrencyMismatch if they are of two currencies.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, ErrCurrencyMismatch
	}
	difference, err := SubInt(a.Minor, b.Minor)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Minor: difference, Currency: a.Currency}, nil
}

// Mul returns n times a.
func (a Amount) Mul(n int64) (Amount, error) {
	product, err := MulInt(a.Minor, n)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Minor: product, Currency: a.Currency}, nil
}

// IsZero reports whether the amount is nothing, in whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// String writes the code and the amount in major units with all the currency's
// places: "EUR 60.00", "JPY 333", "KWD -1.234".
func (a Amount) String() string {
	digits := strconv.FormatUint(magnitude(a.Minor), 10)
	places := a.Currency.Exponent()
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	var b strings.Builder
	b.WriteString(string(a.Currency))
	b.WriteByte(' ')
	if a.Minor < 0 {
		b.WriteByte('-')
	}
	whole := len(digits) - places
	b.WriteString(digits[:whole])
	if places > 0 {
		b.WriteByte('.')
		b.WriteString(digits[whole:])
	}
	return b.String()
}
