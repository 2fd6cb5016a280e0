package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// Config is what Terraform says of an environment: its output "deploy", as `terraform output -json deploy` prints it.
type Config struct {
	Environment  string            `json:"environment"`
	Cluster      string            `json:"cluster"`
	Services     map[Colour]string `json:"services"`
	Families     map[Colour]string `json:"families"` // of task definitions
	Targets      map[Colour]string `json:"scalable_targets"`
	Least        int               `json:"least_tasks"` // of the side that has the clients
	Listener     string            `json:"listener_arn"`
	TargetGroups map[Colour]string `json:"target_groups"`
	Alarms       []string          `json:"alarms"`        // that stop a release
	URL          string            `json:"url"`           // by which clients come
	Header       string            `json:"colour_header"` // that leads a request to the side that it names
	Profile      string            `json:"profile"`       // standard or fast
	Operations   Operations        `json:"operations"`
}

// Operations is how a task of operations runs, such as a drill.
type Operations struct {
	Family  string   `json:"task"`
	Subnets []string `json:"subnets"`
	Groups  []string `json:"security_groups"`
}

// container is the one in a task definition that runs our image.
const container = "corsia"

func readConfig(path string) (c Config, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(content, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, c.check()
}

// check names everything that is wrong.
func (c *Config) check() error {
	var wrong []error
	for name, value := range map[string]string{"environment": c.Environment, "cluster": c.Cluster, "listener_arn": c.Listener, "url": c.URL,
		"colour_header": c.Header} {
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s is missing", name))
		}
	}
	for _, colour := range Colours {
		if c.Services[colour] == "" || c.TargetGroups[colour] == "" || c.Families[colour] == "" || c.Targets[colour] == "" {
			wrong = append(wrong, fmt.Errorf("services, families, scalable_targets and target_groups need %s", colour))
		}
	}
	if c.Least < 1 {
		wrong = append(wrong, errors.New("least_tasks is less than one"))
	}
	if c.Services[Blue] == c.Services[Green] || c.TargetGroups[Blue] == c.TargetGroups[Green] {
		wrong = append(wrong, errors.New("blue and green are the same"))
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		wrong = append(wrong, fmt.Errorf("%q is no URL of a site", c.URL))
	}
	if _, known := profiles[c.Profile]; !known {
		wrong = append(wrong, fmt.Errorf("there is no profile %q: it is standard or fast", c.Profile))
	}
	return errors.Join(wrong...)
}

var profiles = map[string]Profile{"standard": Standard, "fast": Fast}

// hideURL takes the URL from an error of an HTTP client: a webhook's is a secret.
func hideURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
