package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"corsia/gateway/app"
)

// composition is the part of compose.yaml that the gateways and the front must agree about.
type composition struct {
	Services map[string]struct {
		Environment map[string]string
		NetworkMode string `yaml:"network_mode"`
		Ports       []string
		Build       struct {
			Dockerfile string `yaml:"dockerfile_inline"`
		}
		DependsOn map[string]any `yaml:"depends_on"`
	}
}

func compose(t *testing.T) composition {
	t.Helper()
	text, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c composition
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheComposedGatewaysAreConfiguredAsTheGatewayReadsIt(t *testing.T) {
	c := compose(t)
	for _, name := range []string{"gateway-1", "gateway-2", "gateway-3"} {
		s, ok := c.Services[name]
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		for setting := range s.Environment {
			if !slices.Contains(app.Settings, setting) {
				t.Errorf("%s has %s, which is no setting", name, setting)
			}
		}
		config, err := app.Load(func(key string) string { return s.Environment[key] })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !config.Development() || config.ClusterKey == "" || string(config.Instance) != "instance-"+strings.TrimPrefix(name, "gateway-") {
			t.Errorf("%s is %q in no cluster, or has no development keys", name, config.Instance)
		}
		if s.NetworkMode != "service:front" || len(s.DependsOn) != 3 || !strings.Contains(s.Build.Dockerfile, "./gateway") {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestTheComposedFrontLeadsToEachGateway(t *testing.T) {
	c := compose(t)
	front := c.Services["front"]
	for _, port := range front.Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("port %s leads out of this machine, with development keys", port)
		}
	}
	for _, n := range []string{"1", "2", "3"} {
		if to, addr := front.Environment["INSTANCE_"+n], c.Services["gateway-"+n].Environment["ADDR"]; to != addr || addr == "" {
			t.Errorf("the front's instance %s is %q, the gateway listens at %q", n, to, addr)
		}
		if !strings.Contains(string(frontConfig), `server instance-`+n+` "${INSTANCE_`+n+`}"`) {
			t.Errorf("haproxy.cfg does not know instance %s", n)
		}
	}
}
