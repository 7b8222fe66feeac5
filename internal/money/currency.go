package money

import (
	"errors"
	"fmt"
)

// ErrCurrency reports a code that is not in the table of currencies.
var ErrCurrency = errors.New("money: unknown currency")

// Currency is an ISO 4217 alphabetic code, such as EUR.
type Currency string

// ParseCurrency returns the currency of a three-letter code in capitals, or
// ErrCurrency.
func ParseCurrency(code string) (Currency, error) {
	if _, ok := exponent(code); !ok {
		return "", fmt.Errorf("%w %q: give an ISO 4217 code in capitals, such as EUR", ErrCurrency, code)
	}
	return Currency(code), nil
}

// Exponent returns the number of decimal places between the minor and the major
// unit: 2 for EUR, 0 for JPY, 3 for KWD. It is 0 for a code that ParseCurrency
// refuses, so that such an amount is shown in the units in which it is held.
func (c Currency) Exponent() int {
	places, _ := exponent(string(c))
	return places
}

// exponent is ISO 4217 list one as published on 1 January 2026 (amendment 180, by
// which BGN left), funds codes included. The metals, the bond units, XDR, XSU, XUA,
// XTS and XXX are not in it: the list gives them no minor unit, so there are no whole
// amounts of them. Codes are added as ISO adds them and never removed, because issued
// invoices must stay readable.
func exponent(code string) (places int, ok bool) {
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF",
		"UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0, true
	case "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM",
		"BBD", "BDT", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN",
		"BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP",
		"COU", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN",
		"ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ",
		"GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD",
		"KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD",
		"LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
		"MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK",
		"NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON",
		"RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE",
		"SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
		"TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS",
		"VED", "VES", "WST", "XAD", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG":
		return 2, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "CLF", "UYW":
		return 4, true
	}
	return 0, false
}
