package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbListener is a listener of an application load balancer whose default action divides the clients between two target
// groups.
type elbListener struct {
	client   *elb.Client
	listener string            // ARN
	groups   map[Colour]string // ARNs of the target groups
}

func (l *elbListener) Weights(ctx context.Context) (Weights, error) {
	_, w, err := l.read(ctx)
	return w, err
}

// read returns the listener's actions, and the weights in the one that forwards.
func (l *elbListener) read(ctx context.Context) ([]elbtypes.Action, Weights, error) {
	out, err := l.client.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{l.listener}})
	if err != nil {
		return nil, Weights{}, fmt.Errorf("describe the listener: %w", err)
	}
	if len(out.Listeners) != 1 {
		return nil, Weights{}, fmt.Errorf("there is no listener %s", l.listener)
	}
	actions := out.Listeners[0].DefaultActions
	forward := forwarding(actions)
	if forward == nil {
		return nil, Weights{}, errors.New("the listener's default action does not forward to weighted target groups")
	}
	sum, of := 0, map[Colour]int{}
	for _, g := range forward.TargetGroups {
		for _, c := range Colours {
			if aws.ToString(g.TargetGroupArn) == l.groups[c] {
				of[c] = int(aws.ToInt32(g.Weight))
				sum += of[c]
			}
		}
	}
	if len(of) != len(Colours) || len(forward.TargetGroups) != len(Colours) || sum == 0 {
		return nil, Weights{}, errors.New("the listener does not divide its clients between the two target groups alone")
	}
	return actions, Weights{Blue: of[Blue] * 100 / sum, Green: 100 - of[Blue]*100/sum}, nil
}

func forwarding(actions []elbtypes.Action) *elbtypes.ForwardActionConfig {
	for i := range actions {
		if actions[i].Type == elbtypes.ActionTypeEnumForward {
			return actions[i].ForwardConfig
		}
	}
	return nil
}

// Shift keeps everything of the listener but the weights. ELB knows no compare-and-set: between reading and writing lies a
// moment in which another could write.
func (l *elbListener) Shift(ctx context.Context, from, to Weights) error {
	actions, now, err := l.read(ctx)
	if err != nil {
		return err
	}
	if now != from {
		return fmt.Errorf("%w: they are %d and %d", ErrMoved, now.Blue, now.Green)
	}
	forward := forwarding(actions)
	for i := range forward.TargetGroups {
		for _, c := range Colours {
			if aws.ToString(forward.TargetGroups[i].TargetGroupArn) == l.groups[c] {
				forward.TargetGroups[i].Weight = aws.Int32(int32(to.Of(c)))
			}
		}
	}
	for i := range actions {
		actions[i].TargetGroupArn = nil // says the same of one group alone, and excludes the configuration
	}
	if _, err := l.client.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: aws.String(l.listener), DefaultActions: actions}); err != nil {
		return fmt.Errorf("modify the listener: %w", err)
	}
	return nil
}

func (l *elbListener) Healthy(ctx context.Context, c Colour) (n int, err error) {
	out, err := l.client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(l.groups[c])})
	if err != nil {
		return 0, fmt.Errorf("describe the targets of %s: %w", c, err)
	}
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth != nil && d.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			n++
		}
	}
	return n, nil
}

// cloudWatchAlarms are alarms by their names.
type cloudWatchAlarms struct {
	client *cloudwatch.Client
	names  []string
}

func (a *cloudWatchAlarms) Ringing(ctx context.Context) (ringing []string, err error) {
	if len(a.names) == 0 {
		return nil, nil
	}
	missing := map[string]bool{}
	for _, name := range a.names {
		missing[name] = true
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(a.client, &cloudwatch.DescribeAlarmsInput{AlarmNames: a.names,
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm}})
	see := func(name *string, state cloudwatchtypes.StateValue) {
		delete(missing, aws.ToString(name))
		if state == cloudwatchtypes.StateValueAlarm {
			ringing = append(ringing, aws.ToString(name))
		}
	}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe the alarms: %w", err)
		}
		for i := range page.MetricAlarms {
			see(page.MetricAlarms[i].AlarmName, page.MetricAlarms[i].StateValue)
		}
		for i := range page.CompositeAlarms {
			see(page.CompositeAlarms[i].AlarmName, page.CompositeAlarms[i].StateValue)
		}
	}
	for name := range missing {
		return nil, fmt.Errorf("there is no alarm %s", name)
	}
	return ringing, nil
}
