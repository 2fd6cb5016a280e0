package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"corsia/gateway/app"
	"corsia/shared/obs"
)

// profileFolder is the environment variable that makes this program a gateway that profiles itself. The gateway proper
// has no such thing, and needs none: this is its code under another main.
const profileFolder = "CORSIA_LOAD_PROFILE"

// Signals to a gateway that profiles itself.
const (
	startProfile = syscall.SIGUSR1 // of the processor
	writeProfile = syscall.SIGUSR2 // of the processor since then, and of the heap, both numbered
)

// heapProfileBytes is how many bytes of allocation one sample of the heap profile stands for.
const heapProfileBytes = 64 << 10

// runProfiled runs the gateway and writes its profiles to folder as it is told. It returns the exit status.
func runProfiled(folder string) int {
	runtime.MemProfileRate = heapProfileBytes
	orders := make(chan os.Signal, 4)
	signal.Notify(orders, startProfile, writeProfile, syscall.SIGTERM)
	if err := serveProfiled(folder, orders); err != nil {
		fmt.Fprintln(os.Stderr, "load: profiled gateway:", err)
		return 1
	}
	return 0
}

func serveProfiled(folder string, orders <-chan os.Signal) error {
	config, err := app.Load(os.Getenv)
	if err != nil {
		return err
	}
	ctx := context.Background()
	gateway, err := app.New(ctx, config, obs.NewLogger(os.Stdout, slog.LevelInfo))
	if err != nil {
		return err
	}
	if err := gateway.Start(ctx); err != nil {
		gateway.Abandon()
		return err
	}
	p := profiler{folder: folder}
	for order := range orders {
		switch order {
		case startProfile:
			err = p.start()
		case writeProfile:
			err = p.write()
		default:
			stopping, cancel := context.WithTimeout(ctx, stopTimeout-2*time.Second)
			defer cancel()
			return errors.Join(p.close(), gateway.Stop(stopping))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "load: profile:", err)
		}
	}
	return nil
}

// profiler writes numbered profiles.
type profiler struct {
	folder string
	n      int
	cpu    *os.File // the processor's profile under way
}

func (p *profiler) start() error {
	if err := p.close(); err != nil {
		return err
	}
	f, err := p.create("cpu")
	if err != nil {
		return err
	}
	p.cpu = f
	return pprof.StartCPUProfile(f)
}

// write ends the processor's profile, collects garbage and gives its memory back, and writes what lives.
func (p *profiler) write() error {
	err := p.close()
	debug.FreeOSMemory()
	heap, createErr := p.create("heap")
	if createErr != nil {
		return errors.Join(err, createErr)
	}
	err = errors.Join(err, pprof.WriteHeapProfile(heap), heap.Close())
	goroutines, createErr := p.create("goroutine")
	if createErr != nil {
		return errors.Join(err, createErr)
	}
	p.n++
	return errors.Join(err, pprof.Lookup("goroutine").WriteTo(goroutines, 0), goroutines.Close())
}

func (p *profiler) close() error {
	if p.cpu == nil {
		return nil
	}
	pprof.StopCPUProfile()
	f := p.cpu
	p.cpu = nil
	return f.Close()
}

func (p *profiler) create(kind string) (*os.File, error) {
	return os.Create(filepath.Join(p.folder, fmt.Sprintf("%s-%d.pprof", kind, p.n)))
}
