//go:build integration

package rabbitmq

import (
	"os"
	"testing"

	"corsia/shared/driver/drivertest/rabbittest"
)

func TestMain(m *testing.M) { os.Exit(rabbittest.Run(m)) }
