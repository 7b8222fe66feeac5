//go:build torture

package faulttest

// Full says that tests have their full size.
const Full = true
