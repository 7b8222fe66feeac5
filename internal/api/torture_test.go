//go:build torture

package api_test

// accepters is how many try to use one link at once.
const accepters = 1000
