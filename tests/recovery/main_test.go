//go:build integration

package recovery

import (
	"os"
	"testing"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
