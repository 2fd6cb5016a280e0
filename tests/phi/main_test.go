//go:build integration

package phi

import (
	"os"
	"testing"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
