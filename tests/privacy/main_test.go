//go:build integration

package privacy

import (
	"os"
	"testing"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
