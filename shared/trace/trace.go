// Package trace tells AWS X-Ray how long the stages of a function's work take. It is all that knows X-Ray's library, so that
// OpenTelemetry can take its place, and no part of shared/obs, because that library brings two more and an older AWS SDK, which
// the gateway shall not carry.
package trace

import (
	"context"
	"os"

	"github.com/aws/aws-xray-sdk-go/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/xray"
	"github.com/aws/aws-xray-sdk-go/xraylog"
)

// daemonAddress is the variable by which Lambda says where segments go. Where it is not set nothing is traced.
const daemonAddress = "AWS_XRAY_DAEMON_ADDRESS"

// enabled is asked once: the library reads its settings when the program starts, too.
var enabled = os.Getenv(daemonAddress) != ""

// The library would write lines of its own to standard output, and complain of calls outside an invocation.
var _ = func() struct{} {
	xray.SetLogger(xraylog.NullLogger)
	if enabled {
		_ = xray.Configure(xray.Config{ContextMissingStrategy: ctxmissing.NewDefaultIgnoreErrorStrategy()}) // there is no address in it that could be wrong
	}
	return struct{}{}
}()

// Stage does some work of an invocation and tells how long it took, and whether it failed. Its name is a constant: no id and
// nothing that somebody wrote goes into a trace, and so not the text of the error either.
func Stage(ctx context.Context, name string, work func(context.Context) error) error {
	if !enabled {
		return work(ctx)
	}
	ctx, segment := xray.BeginSubsegment(ctx, name)
	err := work(ctx)
	if segment == nil { // this is no invocation
		return err
	}
	if err != nil {
		segment.Lock()
		segment.Fault = true
		segment.Unlock()
	}
	segment.Close(nil)
	return err
}
