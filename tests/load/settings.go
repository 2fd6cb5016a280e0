package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are what the command line says.
type settings struct {
	Scenario string

	Sockets  int
	Rooms    int
	Rate     float64       // messages a second of each socket
	Rates    rates         // of a cluster: messages a second of all sockets, one after the other
	Warm     time.Duration // before anything is measured
	Duration time.Duration // measured
	Within   time.Duration // in which the sockets of a storm connect
	Settle   time.Duration // memory that has not shrunk for so long shrinks no more
	Samples  int           // repetitions of what is measured one by one
	Replicas int           // rooms whose clients hold the whole document and are compared in the end

	MaxP99       time.Duration // of the scenario's first latency; 0: no limit
	UpTo         float64       // messages a second up to which a cluster must keep it; 0: always
	MaxJoin      time.Duration // of the 99th percentile of a join of a room that is open elsewhere; 0: no limit
	MaxSeen      time.Duration // of that of what others see of a member; 0: no limit
	MaxSocketKiB float64       // resident memory of an idle socket; 0: no limit

	URL, Keys, Store string // of a gateway that runs; empty URL: start one
	PID              int    // likewise
	Instances        int    // gateways to start on PostgreSQL, Redis and RabbitMQ; 0: one alone
	Gateway          string // binary to start; empty: build it
	CPUs             string // cores of the started gateway, as taskset takes them
	Set              assignments
	Profile          string // folder for profiles of the started gateway
	Keep             bool   // the temporary folder
}

// scenario is something that is measured.
type scenario struct {
	about string
	set   func(s *settings) // what it has unless the command line says otherwise
	run   func(ctx context.Context, b *bench) error
}

// scenarios by name. Filled by init, since scenarios look at settings, which look here.
var scenarios map[string]scenario

func init() {
	scenarios = map[string]scenario{
		"rate": {"sockets that send at a fixed rate: loss, latency, deliveries, processor time", func(s *settings) {
			s.Sockets, s.Rooms, s.Rate = 1000, 200, 5
		}, rate},
		"hot": {"the same in one room of 200", func(s *settings) {
			s.Sockets, s.Rooms, s.Rate = 200, 1, 0.5
		}, rate},
		"idle": {"sockets at rest: memory, and what is left when they are gone", func(s *settings) {
			s.Sockets, s.Rooms, s.Duration = 10_000, 2000, 10*time.Second
		}, idle},
		"storm": {"many connections at once: from dialling to CONNECTED", func(s *settings) {
			s.Sockets = 1000
		}, storm},
		"lock": {"locks, joins and presence one by one, without load", func(s *settings) {
			s.Sockets, s.Rooms = 20, 4
		}, locks},
		"cluster": {"rates on several instances: the members of each room are spread over them", func(s *settings) {
			s.Sockets, s.Rooms, s.Instances, s.Rates = 500, 100, 3, rates{1000, 2000, 5000, 10_000}
		}, clusterRates},
	}
}

// assignments are settings of the started gateway: -set NAME=VALUE, again and again.
type assignments []string

// String joins them.
func (a *assignments) String() string { return strings.Join(*a, " ") }

// Set adds one.
func (a *assignments) Set(s string) error {
	if name, _, ok := strings.Cut(s, "="); !ok || name == "" {
		return fmt.Errorf("%q is not NAME=VALUE", s)
	}
	*a = append(*a, s)
	return nil
}

// rates are messages a second, with commas between them.
type rates []float64

// String joins them.
func (r *rates) String() string {
	texts := make([]string, len(*r))
	for i, rate := range *r {
		texts[i] = strconv.FormatFloat(rate, 'f', -1, 64)
	}
	return strings.Join(texts, ",")
}

// Set reads them.
func (r *rates) Set(s string) error {
	*r = nil
	for text := range strings.SplitSeq(s, ",") {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || !(rate > 0) {
			return fmt.Errorf("%q is no rate", text)
		}
		*r = append(*r, rate)
	}
	return nil
}

func parseSettings(args []string, out io.Writer) (settings, error) {
	var s settings
	if name, ok := scenarioIn(args); ok {
		scenarios[name].set(&s)
	}
	set := flag.NewFlagSet("load", flag.ContinueOnError)
	set.SetOutput(out)
	set.Usage = func() { usage(set) }
	set.StringVar(&s.Scenario, "scenario", "rate", "what to measure")
	set.IntVar(&s.Sockets, "sockets", s.Sockets, "sessions")
	set.IntVar(&s.Rooms, "rooms", s.Rooms, "records that they share")
	set.Float64Var(&s.Rate, "rate", s.Rate, "messages a second of each socket")
	set.Var(&s.Rates, "rates", "messages a second of all sockets of a cluster, one after the other, with commas between")
	set.IntVar(&s.Instances, "instances", s.Instances, "gateways to start, on a PostgreSQL, a Redis and a RabbitMQ of their own; 0: one on its embedded drivers")
	set.DurationVar(&s.Warm, "warm", 3*time.Second, "time before anything is measured")
	set.DurationVar(&s.Duration, "duration", or(s.Duration, 60*time.Second), "time that is measured; of idle: the rest between two looks")
	set.DurationVar(&s.Within, "within", 2*time.Second, "time in which the sockets of a storm connect")
	set.DurationVar(&s.Settle, "settle", 3*time.Second, "time after which the gateway's memory is taken to shrink no more")
	set.IntVar(&s.Samples, "samples", 500, "repetitions of what is measured one by one")
	set.IntVar(&s.Replicas, "replicas", 10, "rooms whose clients hold the whole document, to compare them in the end")
	set.DurationVar(&s.MaxP99, "max-p99", 0, "fail when the 99th percentile of the latency is longer; 0: no limit")
	set.Float64Var(&s.UpTo, "up-to", 0, "messages a second up to which a cluster must keep -max-p99; 0: at every rate")
	set.DurationVar(&s.MaxJoin, "max-join", 0, "fail when the 99th percentile of a join takes longer; 0: no limit")
	set.DurationVar(&s.MaxSeen, "max-seen", 0, "fail when the 99th percentile of what others see of a member takes longer; 0: no limit")
	set.Float64Var(&s.MaxSocketKiB, "max-socket-kib", 0, "fail when an idle socket takes more memory; 0: no limit")
	set.StringVar(&s.URL, "url", "", "a gateway that runs, http://127.0.0.1:port; without it one is started")
	set.IntVar(&s.PID, "pid", 0, "its process, for processor time and memory")
	set.StringVar(&s.Keys, "keys", "", "its folder of development keys, to sign tokens with")
	set.StringVar(&s.Store, "store", "", "its SQLite file, to count rows in")
	set.StringVar(&s.Gateway, "gateway", "", "the binary to start; without it ./gateway is built")
	set.StringVar(&s.CPUs, "cpus", "", "cores for the started gateway, as taskset takes them; start load itself with taskset for the others")
	set.Var(&s.Set, "set", "a setting of the started gateway, NAME=VALUE; may be repeated")
	set.StringVar(&s.Profile, "profile", "", "write profiles of the gateway's code to this folder, as a process of its own that load starts from itself")
	set.BoolVar(&s.Keep, "keep", false, "keep the started gateway's folder")
	if err := set.Parse(args); err != nil {
		return s, err
	}
	return s, s.check(set.Args())
}

// scenarioIn looks for the scenario before the flags are read: their defaults depend on it.
func scenarioIn(args []string) (string, bool) {
	name := "rate"
	for i, arg := range args {
		flagName, value, inline := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if flagName != "scenario" || !strings.HasPrefix(arg, "-") {
			continue
		}
		if inline {
			name = value
		} else if i+1 < len(args) {
			name = args[i+1]
		}
	}
	_, ok := scenarios[name]
	return name, ok
}

func (s settings) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("there is no argument %q", rest[0])
	}
	if _, ok := scenarios[s.Scenario]; !ok {
		return fmt.Errorf("there is no scenario %q: there are %s", s.Scenario, strings.Join(scenarioNames(), ", "))
	}
	if s.Sockets < 1 || s.Rooms < 0 || s.Rooms > s.Sockets || s.Rate < 0 || s.Duration <= 0 || s.Samples < 1 || s.Instances < 0 {
		return fmt.Errorf("-sockets, -rooms, -rate, -duration, -samples or -instances has a value that makes no sense")
	}
	if s.URL == "" {
		return nil
	}
	if s.Instances > 0 {
		return fmt.Errorf("-url and -instances exclude each other")
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return fmt.Errorf("-url: %w", err)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-url: only a gateway of this machine is loaded")
	}
	if s.Keys == "" {
		return fmt.Errorf("-url needs -keys: the folder of the gateway's development keys")
	}
	return nil
}

func scenarioNames() []string {
	names := make([]string, 0, len(scenarios))
	for name := range scenarios {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func usage(set *flag.FlagSet) {
	fmt.Fprintln(set.Output(), "usage: load [flags]\n\nscenarios:")
	for _, name := range scenarioNames() {
		fmt.Fprintf(set.Output(), "  %-7s %s\n", name, scenarios[name].about)
	}
	fmt.Fprintln(set.Output(), "\nflags:")
	set.PrintDefaults()
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
