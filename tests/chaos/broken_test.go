//go:build integration

package chaos

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"corsia/tests/chaos/broken"
	"corsia/tests/chaos/check"
	"corsia/tests/testkit"
)

// A test that knows no gateway to fail proves nothing: each broken build must be found out, and by the rule that it breaks.
func TestBrokenGatewaysAreFoundOut(t *testing.T) {
	services := testkit.StartServices(t)
	recordCommits(t, services)
	var env []string // of services that are not given to this process already
	if services.Postgres != nil {
		env = append(env, "TEST_POSTGRES_URL="+services.Postgres.URL())
	}
	if services.Redis != nil {
		env = append(env, "TEST_REDIS_URL="+services.Redis.URL)
	}
	if services.RabbitMQ != nil {
		env = append(env, "TEST_AMQP_URL="+services.RabbitMQ.URL)
	}
	for name, tt := range map[string]struct {
		trial string // the test that runs it
		want  check.Rule
	}{
		"acknowledge before commit": {"TestTrialOfAGatewayThatIsKilled", check.Lost},
		"forget clean-up":           {"TestTrialOfAClusterThatHearsLittle", check.Present},
		"ignore the guard of locks": {"TestTrialOfAClusterThatHearsLittle", check.Locked},
		"skip gaps":                 {"TestTrialOfAClusterThatHearsLittle", check.Missed},
	} {
		t.Run(name, func(t *testing.T) {
			binary, err := broken.Build(t.TempDir(), broken.All[name])
			if err != nil {
				t.Fatal(err)
			}
			said := trial(t, tt.trial, append(env, "CORSIA_BINARY="+binary)...)
			if !strings.Contains(said, "VIOLATION "+string(tt.want)) {
				t.Errorf("it was not found out that %q is broken:\n%s", tt.want, said)
			}
		})
	}
}

const trialVariable = "CHAOS_TRIAL" // set where a gateway on trial runs

// trial runs a test of this package in another process, with its own gateway, and returns what it says. It must fail.
func trial(t *testing.T, name string, env ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+name+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), append(env, trialVariable+"=1", "CHAOS_SEED=")...)
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(out)
}

// TestTrialOfAGatewayThatIsKilled is what a broken gateway undergoes; a whole one must pass.
func TestTrialOfAGatewayThatIsKilled(t *testing.T) {
	embedded(t, 11, []FaultKind{KillInstance}, trialTime)
}

// TestTrialOfAClusterThatHearsLittle is what broken gateways undergo; whole ones must pass.
func TestTrialOfAClusterThatHearsLittle(t *testing.T) {
	cluster(t, 12, []FaultKind{CutRabbit, DropRabbit}, trialTime)
}
