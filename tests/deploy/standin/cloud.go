// Package standin is as much of ECS, ELBv2 and CloudWatch as a release needs, behind the protocols that their SDKs speak: JSON
// 1.1, the query protocol with XML answers, and CBOR. What a real account does beyond it, such as throttling, it does not.
package standin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Names of what the cloud has.
const (
	Cluster    = "corsia-test"
	Operations = "corsia-test-operations" // family of the tasks of operations
	Listener   = "arn:aws:elasticloadbalancing:eu-south-1:000000000000:listener/app/corsia/1/2"
	account    = "arn:aws:ecs:eu-south-1:000000000000:"
	groups     = "arn:aws:elasticloadbalancing:eu-south-1:000000000000:targetgroup/corsia-"
)

// TargetGroup returns the ARN of the target group of a colour.
func TargetGroup(colour string) string { return groups + colour + "/1" }

// Family returns the family of task definitions of a colour, Target what scales it.
func Family(colour string) string { return "corsia-test-" + colour }

// Target returns the id of what scales a service.
func Target(colour string) string { return "service/" + Cluster + "/" + Service(colour) }

// Service returns the name of the service of a colour.
func Service(colour string) string { return "corsia-test-" + colour }

// Cloud is the account. Its fields may be changed while it serves by Do alone.
type Cloud struct {
	URL string

	mu       sync.Mutex
	Services map[string]*ServiceState  // by colour
	Tasks    map[string]map[string]any // task definitions by ARN, as they were registered
	Newest   map[string]string         // ARN of the newest of each colour
	Least    map[string]int            // number of tasks of each colour, by its scaling
	Exit     int                       // status of tasks of operations
	Ran      [][]string                // commands of tasks of operations
	Weights  map[string]int            // by colour
	Alarms   map[string]string         // states by name
	Log      []string                  // the calls that changed something, in order
	Sticky   string                    // seconds of the listener's stickiness, which nobody should change

	// Rolled is told when a service is to run other tasks, Shifted when the weights were changed, with mu held. Healthy says how
	// many targets of a colour are; without it all that are wanted.
	Rolled  func(colour string, task map[string]any, wanted int)
	Shifted func(weights map[string]int)
	Healthy func(colour string) int
}

// ServiceState is a service.
type ServiceState struct {
	Task   string
	Wanted int
	Tags   map[string]string
	Failed string // why its tasks do not start; empty: they do
}

// New starts a cloud in which blue runs two tasks of an image and has all clients. It ends with the test.
func New(t testing.TB, image string) *Cloud {
	t.Helper()
	c := &Cloud{Services: map[string]*ServiceState{}, Tasks: map[string]map[string]any{}, Newest: map[string]string{},
		Least:   map[string]int{"blue": 2, "green": 0},
		Weights: map[string]int{"blue": 100, "green": 0}, Alarms: map[string]string{"corsia-test-error-rate": "OK", "corsia-test-latency": "INSUFFICIENT_DATA"},
		Sticky: "86400",
	}
	for _, colour := range []string{"blue", "green"} {
		first := account + "task-definition/" + Family(colour) + ":1"
		c.Services[colour] = &ServiceState{Task: first, Tags: map[string]string{"Project": "corsia"}}
		c.Newest[colour], c.Tasks[first] = first, definition(first, colour, image)
	}
	c.Services["blue"].Wanted = 2
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// definition returns a task definition as Terraform registers it.
func definition(arn, colour, image string) map[string]any {
	return map[string]any{"taskDefinitionArn": arn, "family": Family(colour), "revision": 1, "status": "ACTIVE", "cpu": "1024", "memory": "2048",
		"networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "runtimePlatform": map[string]any{"cpuArchitecture": "ARM64"},
		"taskRoleArn": "arn:aws:iam::000000000000:role/corsia-task", "executionRoleArn": "arn:aws:iam::000000000000:role/corsia-execution",
		"containerDefinitions": []any{
			map[string]any{"name": "corsia", "image": image, "readonlyRootFilesystem": true, "stopTimeout": 30,
				"secrets": []any{map[string]any{"name": "STORE_URL", "valueFrom": "arn:aws:secretsmanager:eu-south-1:000000000000:secret:store"}}},
			map[string]any{"name": "xray", "image": "xray:3"}}}
}

// Do changes or reads the cloud.
func (c *Cloud) Do(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// Env is the environment of a program that uses the cloud.
func (c *Cloud) Env() []string {
	return []string{"AWS_ENDPOINT_URL=" + c.URL, "AWS_REGION=eu-south-1", "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true"}
}

// Image returns the image of a container in a task definition.
func Image(task map[string]any, container string) string {
	for _, d := range list(task["containerDefinitions"]) {
		if d := d.(map[string]any); d["name"] == container {
			return fmt.Sprint(d["image"])
		}
	}
	return ""
}

// ServeHTTP answers a call by its protocol.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		c.ecs(w, r, target[strings.LastIndex(target, ".")+1:])
	case strings.Contains(r.URL.Path, "/operation/"):
		c.cloudWatch(w, r)
	default:
		c.elb(w, r)
	}
}

// colour returns the colour of a service by its name or ARN.
func colour(service any) string {
	name := fmt.Sprint(service)
	return name[strings.LastIndex(name, "-")+1:]
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}
