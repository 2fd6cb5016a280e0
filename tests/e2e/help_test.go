//go:build integration

package e2e

import "time"

// eventually bounds the wait for what follows by itself, on a busy machine.
const eventually = 10 * time.Second
