package testkit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"corsia/shared/driver/drivertest/rabbittest"
)

// vhosts is how many a private broker has from its start: making one later takes seconds.
const vhosts = 32

func vhost(i int) string { return "v" + strconv.Itoa(i) }

// startRabbitMQ starts a broker with its vhosts. It ends with the test.
func startRabbitMQ(t testing.TB) *rabbittest.Server {
	t.Helper()
	type object = map[string]any
	var hosts, permissions []object
	for i := range vhosts {
		hosts = append(hosts, object{"name": vhost(i)})
		permissions = append(permissions, object{"user": "guest", "vhost": vhost(i), "configure": ".*", "write": ".*", "read": ".*"})
	}
	definitions, err := json.Marshal(object{"vhosts": hosts, "permissions": permissions,
		"users": []object{{"name": "guest", "password": "guest", "tags": []string{}}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "definitions.json")
	if err := os.WriteFile(path, definitions, 0o600); err != nil {
		t.Fatal(err)
	}
	return rabbittest.Start(t, "load_definitions = "+path)
}
