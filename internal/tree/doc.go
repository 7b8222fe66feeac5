// Package tree holds the rules about the code as a whole, as ordinary tests: who
// may import whom and why, what the domain must not know, where packages are
// explained, how long a file may be. A rule that is broken on purpose gets an
// exception here, with its reason, or the rule goes.
package tree
