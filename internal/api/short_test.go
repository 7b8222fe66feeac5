//go:build !torture

package api_test

// accepters is how many try to use one link at once. The tag torture makes it 1,000.
const accepters = 200
