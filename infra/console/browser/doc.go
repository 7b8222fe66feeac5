// Package browser has the tests of the console in a real browser: what its pages show and do, for each kind of reader, over
// the stack that make run starts. Package browsertest is how they drive it.
package browser
