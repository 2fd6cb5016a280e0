package policy

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secretName is a setting whose value is a secret, or has one in it.
var secretName = regexp.MustCompile(`(?i)(password|passwd|secret|token|credential|private_?key|cluster_key|audit_key|(store|state|bus)_url|webhook_sources)`)

// sensitive tells whether a plain setting gives a secret away: neither empty, nor a reference, nor a flag.
func sensitive(name, value string) bool {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return true
		}
	}
	if strings.HasPrefix(value, "arn:aws:secretsmanager:") || strings.HasPrefix(value, "arn:aws:ssm:") || strings.HasPrefix(value, "arn:aws:stand-in:") {
		return false
	}
	return value != "" && secretName.MatchString(name) && !strings.HasSuffix(strings.ToUpper(name), "_ARN")
}

type container struct {
	Name                   string
	User                   string
	Privileged             bool
	Essential              *bool
	LinuxParameters        struct{ Capabilities struct{ Drop []string } } `json:"linuxParameters"`
	ReadonlyRootFilesystem bool                                           `json:"readonlyRootFilesystem"`
	Environment            []struct{ Name, Value string }
	Secrets                []struct{ Name, ValueFrom string }
	MountPoints            []struct {
		ContainerPath string `json:"containerPath"`
		ReadOnly      bool   `json:"readOnly"`
	} `json:"mountPoints"`
	LogConfiguration *struct{ LogDriver string }
}

// definitions returns the containers of each task definition.
func (v *view) definitions(find func(string, string, ...any)) map[string][]container {
	found := map[string][]container{}
	for _, r := range v.of("aws_ecs_task_definition") {
		var all []container
		if err := json.Unmarshal([]byte(r.str("container_definitions")), &all); err != nil || len(all) == 0 {
			find(r.address, "defines no containers: %v", err)
		}
		found[r.address] = all
	}
	return found
}

func secrets(v *view, find func(string, string, ...any)) {
	for address, containers := range v.definitions(func(string, string, ...any) {}) {
		for _, c := range containers {
			for _, e := range c.Environment {
				if sensitive(e.Name, e.Value) {
					find(address, "container %s has %s in plain text", c.Name, e.Name)
				}
			}
			for _, s := range c.Secrets {
				if !strings.HasPrefix(s.ValueFrom, "arn:aws:") {
					find(address, "container %s has %s from %q, which is no ARN", c.Name, s.Name, s.ValueFrom)
				}
			}
		}
	}
	for _, r := range v.of("aws_lambda_function") {
		settings, _ := r.get("environment.0.variables").(map[string]any)
		for name, value := range settings {
			if sensitive(name, str(value)) {
				find(r.address, "has %s in plain text", name)
			}
		}
	}
}

// program is the name of the containers that run corsia. Archiving and backing up want a folder for temporary files.
const program = "corsia"

// agent is AWS's own image, which writes its translated configuration beside itself and names no user. It has no secrets, no
// capabilities, and the gateway goes on without it.
const agent = "agent"

// writes tells whether there is a volume for temporary files.
func (c container) writes() bool {
	folder := "/tmp"
	for _, e := range c.Environment {
		if e.Name == "TMPDIR" {
			folder = e.Value
		}
	}
	for _, m := range c.MountPoints {
		if m.ContainerPath == folder && !m.ReadOnly {
			return true
		}
	}
	return false
}

var numericUser = regexp.MustCompile(`^[1-9][0-9]*(:[0-9]+)?$`)

func containers(v *view, find func(string, string, ...any)) {
	for address, all := range v.definitions(find) {
		for _, c := range all {
			if c.Name == agent && c.Essential != nil && !*c.Essential && !c.Privileged && slices.Contains(c.LinuxParameters.Capabilities.Drop, "ALL") {
				continue
			}
			if !c.ReadonlyRootFilesystem || c.Privileged {
				find(address, "container %s can write to its root, or is privileged", c.Name)
			}
			if !numericUser.MatchString(c.User) {
				find(address, "container %s runs as %q, not as a user with a number that is not root's", c.Name, c.User)
			}
			if c.Name == program && !c.writes() {
				find(address, "container %s has no volume where it keeps what is on its way: TMPDIR, or /tmp", c.Name)
			}
			if c.LogConfiguration == nil {
				find(address, "container %s has no log", c.Name)
			}
		}
	}
}
