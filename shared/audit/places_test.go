//go:build !integration

package audit

// places is how often each kind of tampering is tried, at a random place each time; the race detector is slow.
const places = 25
