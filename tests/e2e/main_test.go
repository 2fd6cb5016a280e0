//go:build integration

package e2e

import (
	"os"
	"testing"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
