//go:build integration

package security

import (
	"os"
	"testing"

	"corsia/tests/testkit"
)

type fields = testkit.Fields

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
