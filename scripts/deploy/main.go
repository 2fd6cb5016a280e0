// Command deploy releases an image of the gateway: it starts it beside the one that runs, tries it, gives it more and more of
// the clients while alarms are quiet, and gives them back at the first sign of trouble (SPEC O2).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

const usage = `usage: deploy <command> -config deploy.json [flags]

  run -image IMAGE   release an image; started again after it was killed, it goes on from where it was
  rollback           give all clients back to the other side
  retire             end the tasks of a side whose standby is over; for a schedule
  status             print both sides
  task COMMAND …     run a task of operations, such as "task drill -quiet", wait for its end, and end with its exit status

The file is what "terraform output -json deploy" prints. Secrets come from the environment: SMOKE_TOKEN (of a test user, for what
is tried before clients come), SLACK_WEBHOOK_URL and PAGERDUTY_ROUTING_KEY (optional).

Exit status: 0 done, or nothing to do; 1 it went wrong and the old side has all clients, or never lost any; 2 asked wrongly;
3 it went wrong and somebody must look at the weights.
`

// Exit statuses.
const (
	statusFailed = 1
	statusAsked  = 2
	statusLook   = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// flags are those of all commands.
type flags struct {
	config, image, version, profile string
	hold, standby, poll, limit      time.Duration
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	asked := func(err error) int {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "deploy: %v\n", err)
			return statusAsked
		}
		return 0
	}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return statusAsked
	}
	var f flags
	set := flag.NewFlagSet("deploy "+args[0], flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() { fmt.Fprint(stderr, usage); set.PrintDefaults() }
	set.StringVar(&f.config, "config", "deploy.json", "what Terraform says of the environment")
	set.StringVar(&f.image, "image", "", "the image, by its digest or by a tag that never moves")
	set.StringVar(&f.version, "version", "", "what the new side's /health must call its version; empty: anything")
	set.StringVar(&f.profile, "profile", "", "standard or fast; default: that of the environment")
	set.DurationVar(&f.hold, "hold", 0, "how long it must go well at each share, instead of the profile's")
	set.DurationVar(&f.standby, "standby", 0, "how long the old side goes on running, instead of the profile's")
	set.DurationVar(&f.poll, "poll", 0, "time between two looks at health and alarms, instead of the profile's")
	set.DurationVar(&f.limit, "limit", 0, "until a side that is started must be healthy, instead of the profile's")
	if err := set.Parse(args[1:]); err != nil {
		return asked(err)
	}
	c, err := readConfig(f.config)
	if err != nil {
		return asked(err)
	}
	d, err := newDeployment(ctx, c, f, getenv, stderr)
	if err != nil {
		return asked(err)
	}
	switch {
	case args[0] == "run" && f.image == "":
		return asked(errors.New("-image says what is released"))
	case args[0] == "run":
		return d.status(d.release(f.image, f.version, getenv).Run(ctx))
	case args[0] == "task" && set.NArg() == 0:
		return asked(errors.New("task needs a command"))
	}
	status, known := d.operate(ctx, args[0], set.Args(), stdout)
	if !known {
		return asked(fmt.Errorf("there is no command %q", args[0]))
	}
	return status
}

// operate does what is not a release, and reports false when there is no such command.
func (d *deployment) operate(ctx context.Context, command string, args []string, stdout io.Writer) (status int, known bool) {
	switch command {
	case "rollback":
		return d.status(d.operator().RollBack(ctx)), true
	case "retire":
		side, err := d.operator().Retire(ctx)
		if err == nil && side == "" {
			fmt.Fprintln(stdout, "nothing to retire")
		}
		return d.status(err), true
	case "status":
		return d.status(d.print(ctx, stdout)), true
	case "task":
		exit, err := d.task(ctx, args)
		if err != nil {
			return d.status(err), true
		}
		return exit, true
	}
	return 0, false
}

// deployment is the parts that all commands share.
type deployment struct {
	Config
	profile  Profile
	fleet    *ecsFleet
	balancer *elbListener
	alarms   *cloudWatchAlarms
	people   *people
	log      *slog.Logger
}

func newDeployment(ctx context.Context, c Config, f flags, getenv func(string) string, stderr io.Writer) (*deployment, error) {
	if f.profile != "" {
		c.Profile = f.profile
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings of AWS: %w", err)
	}
	log := newLog(stderr)
	d := &deployment{Config: c, profile: profiles[c.Profile], log: log,
		fleet: &ecsFleet{client: ecs.NewFromConfig(settings), scaling: scaling.NewFromConfig(settings), cluster: c.Cluster, services: c.Services,
			families: c.Families, targets: c.Targets, least: c.Least},
		balancer: &elbListener{client: elb.NewFromConfig(settings), listener: c.Listener, groups: c.TargetGroups},
		alarms:   &cloudWatchAlarms{client: cloudwatch.NewFromConfig(settings), names: c.Alarms},
		people: &people{slack: getenv("SLACK_WEBHOOK_URL"), pagerDuty: getenv("PAGERDUTY_ROUTING_KEY"), pagerURL: pagerDutyURL,
			source: "corsia " + c.Environment, client: http.DefaultClient, log: log}}
	if f.hold > 0 {
		d.profile.Canary = append([]Step(nil), d.profile.Canary...)
		for i := range d.profile.Canary {
			d.profile.Canary[i].Hold = f.hold
		}
	}
	if f.standby > 0 {
		d.profile.Standby = f.standby
	}
	if f.limit > 0 {
		d.profile.StartLimit = f.limit
	}
	if f.poll > 0 {
		d.profile.Poll, d.profile.SmokePauses = f.poll, f.poll
	}
	return d, nil
}

func (d *deployment) release(image, version string, getenv func(string) string) *Release {
	return &Release{Fleet: d.fleet, Balancer: d.balancer, Alarms: d.alarms, Teller: d.people, Log: d.log, Now: time.Now, Image: image, Profile: d.profile,
		Smoke: &probe{url: d.URL, header: d.Header, token: getenv("SMOKE_TOKEN"), version: version, client: http.DefaultClient}}
}

func (d *deployment) operator() *Operator {
	return &Operator{Fleet: d.fleet, Balancer: d.balancer, Teller: d.people, Now: time.Now, Profile: d.profile}
}

// print writes a line for each side.
func (d *deployment) print(ctx context.Context, to io.Writer) error {
	sides, err := situation(ctx, d.fleet, d.balancer)
	if err != nil {
		return err
	}
	for _, c := range Colours {
		side := sides[c]
		healthy, err := d.balancer.Healthy(ctx, c)
		if err != nil {
			return err
		}
		fmt.Fprintf(to, "%-5s %3d %%  %d of %d tasks healthy  %-9s  %s\n", c, side.Weight, healthy, side.Wanted, side.Role, side.Image)
	}
	return nil
}

// status logs an error and returns the exit status.
func (d *deployment) status(err error) int {
	if err == nil {
		return 0
	}
	d.log.Error("it went wrong", "error", err)
	if errors.Is(err, ErrRollback) || errors.Is(err, ErrMoved) {
		return statusLook
	}
	return statusFailed
}

func newLog(to io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(to, nil)) }
