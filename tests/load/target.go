package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"corsia/tests/load/measure"
	"corsia/tests/rig"
)

// progress is where people read how far it is.
type progress = io.Writer

const stopTimeout = 26 * time.Second // SPEC C6: a gateway exits within 25 s

// target is what is loaded: one gateway, or the instances of a cluster.
type target struct {
	urls      []string           // of the gateways
	keys      string             // folder of their development keys
	store     store              // to count rows in
	processes []measure.Process  // of the gateways; empty: unknown
	services  []measure.Consumer // what else of the cluster takes processor time

	// Of gateways that were started.
	folder   string
	keep     bool
	gateways []*rig.Gateway
	cluster  *rig.Cluster // nil: there is one gateway alone
}

// store names a database for database/sql. Without a driver it is unknown.
type store struct{ driver, source string }

// sqliteStore is the store in a file; without one it is unknown.
func sqliteStore(file string) store {
	if file == "" {
		return store{}
	}
	return store{"sqlite", "file:" + file + "?mode=ro&_pragma=busy_timeout(5000)"}
}

// openTarget returns the gateway that the settings name, or starts one, or several.
func openTarget(ctx context.Context, s settings, log progress) (*target, error) {
	if s.URL != "" {
		t := &target{urls: []string{s.URL}, keys: s.Keys, store: sqliteStore(s.Store)}
		if s.PID != 0 {
			t.processes = []measure.Process{measure.Process(s.PID)}
		}
		return t, nil
	}
	folder, err := os.MkdirTemp("", "corsia-load-")
	if err != nil {
		return nil, err
	}
	t := &target{folder: folder, keep: s.Keep, keys: folder}
	if err := t.start(ctx, s, log); err != nil {
		return nil, errors.Join(err, t.stop())
	}
	for i, g := range t.gateways {
		t.urls, t.processes = append(t.urls, g.URL), append(t.processes, measure.Process(g.PID))
		fmt.Fprintf(log, "gateway %d: %s, process %d, folder %s\n", i+1, g.URL, g.PID, folder)
	}
	return t, nil
}

func (t *target) start(ctx context.Context, s settings, log progress) error {
	binary, err := t.binary(ctx, s)
	if err != nil {
		return err
	}
	command := []string{binary, "serve"}
	if s.CPUs != "" {
		command = append([]string{"taskset", "-c", s.CPUs}, command...) // becomes the gateway: the process stays the same
	}
	if s.Instances == 0 {
		return t.startAlone(ctx, s, command)
	}
	fmt.Fprintf(log, "starting PostgreSQL, Redis, RabbitMQ and %d gateways\n", s.Instances)
	t.cluster, err = rig.OpenCluster(ctx, rig.ClusterOptions{Folder: t.folder, Command: command, Instances: s.Instances,
		Settings: func(i int) []string { return settingsOf(s, i) }})
	if err != nil {
		return err
	}
	c := t.cluster
	t.gateways, t.store = c.Gateways, store{"pgx", c.Postgres.URL()}
	t.services = []measure.Consumer{{Name: "PostgreSQL", CPU: c.Postgres.CPU}, {Name: "Redis", CPU: measure.Process(c.Redis.PID()).CPU},
		{Name: "RabbitMQ", CPU: measure.Process(c.RabbitMQ.PID()).CPU}}
	return nil
}

// startAlone starts one gateway on its embedded drivers.
func (t *target) startAlone(ctx context.Context, s settings, command []string) error {
	file := filepath.Join(t.folder, "corsia.db")
	t.store = sqliteStore(file)
	gateway, err := rig.StartGateway(ctx, t.folder, "gateway.log", command,
		append([]string{"ADDR=127.0.0.1:0", "STORE_URL=sqlite:" + file}, settingsOf(s, 0)...))
	if err != nil {
		return err
	}
	t.gateways = []*rig.Gateway{gateway}
	return nil
}

// settingsOf returns what the command line says of a gateway. Each writes its profiles to a folder of its own.
func settingsOf(s settings, instance int) []string {
	all := slices.Clone([]string(s.Set))
	if s.Profile != "" {
		all = append(all, profileFolder+"="+profilesOf(s, instance))
	}
	return all
}

// profilesOf returns the folder for the profiles of a gateway.
func profilesOf(s settings, instance int) string {
	if s.Instances == 0 {
		return s.Profile
	}
	return filepath.Join(s.Profile, fmt.Sprintf("instance-%d", instance+1))
}

// binary returns the program to start: the one that was named, this one for profiles, or one that is built now.
func (t *target) binary(ctx context.Context, s settings) (string, error) {
	switch {
	case s.Profile != "":
		for i := range max(1, s.Instances) {
			if err := os.MkdirAll(profilesOf(s, i), 0o750); err != nil {
				return "", err
			}
		}
		return os.Executable()
	case s.Gateway != "":
		return s.Gateway, nil
	}
	return rig.Build(ctx, t.folder)
}

// stop ends what was started, and removes its folder.
func (t *target) stop() error {
	if t.folder == "" {
		return nil
	}
	var err error
	if t.cluster != nil {
		err = t.cluster.Close()
	} else {
		for _, g := range t.gateways {
			err = errors.Join(err, g.Stop())
		}
	}
	if !t.keep {
		err = errors.Join(err, os.RemoveAll(t.folder))
	}
	return err
}

// signal tells gateways that profile themselves what to do; others are left alone.
func (t *target) signal(s settings, sig syscall.Signal) error {
	if s.Profile == "" {
		return nil
	}
	var err error
	for _, g := range t.gateways {
		err = errors.Join(err, g.Signal(sig))
	}
	return err
}

// resident returns the memory of all gateways.
func (t *target) resident() int64 {
	sum := int64(0)
	for _, p := range t.processes {
		sum += p.Resident()
	}
	return sum
}
