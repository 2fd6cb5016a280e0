//go:build integration

// Package api holds what is written of the interfaces, docs/asyncapi.yaml and docs/openapi.yaml, against a running gateway.
package api

import (
	"os"
	"testing"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
