package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// task runs a command in the operations image, and returns its exit status when it has ended. A task whose caller goes away goes
// on: a restore that is half done is worse than one that nobody watches.
func (d *deployment) task(ctx context.Context, command []string) (exit int, err error) {
	o := d.Operations
	if o.Family == "" || len(o.Subnets) == 0 {
		return 0, errors.New("the environment has no task of operations")
	}
	started, err := d.fleet.client.RunTask(ctx, &ecs.RunTaskInput{Cluster: aws.String(d.Cluster), TaskDefinition: aws.String(o.Family),
		LaunchType: types.LaunchTypeFargate, StartedBy: aws.String("deploy"),
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: o.Subnets, SecurityGroups: o.Groups,
			AssignPublicIp: types.AssignPublicIpDisabled}},
		Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String(container), Command: command}}}})
	if err != nil {
		return 0, fmt.Errorf("run the task: %w", err)
	}
	if len(started.Tasks) != 1 {
		return 0, fmt.Errorf("run the task: %s", failures(started.Failures))
	}
	arn := aws.ToString(started.Tasks[0].TaskArn)
	d.log.Info("runs", "task", arn, "command", strings.Join(command, " "))
	for {
		if err := pause(ctx, d.profile.Poll); err != nil {
			return 0, err
		}
		out, err := d.fleet.client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(d.Cluster), Tasks: []string{arn}})
		if err != nil {
			return 0, fmt.Errorf("describe the task: %w", err)
		}
		if len(out.Tasks) != 1 {
			return 0, fmt.Errorf("describe the task: %s", failures(out.Failures))
		}
		if aws.ToString(out.Tasks[0].LastStatus) == "STOPPED" {
			return d.ended(&out.Tasks[0])
		}
	}
}

// ended returns the exit status of a task, or why it has none.
func (d *deployment) ended(t *types.Task) (int, error) {
	for i := range t.Containers {
		if c := &t.Containers[i]; aws.ToString(c.Name) == container && c.ExitCode != nil {
			d.log.Info("ended", "status", *c.ExitCode)
			return int(*c.ExitCode), nil
		}
	}
	return 0, fmt.Errorf("the task has ended without a status: %s", aws.ToString(t.StoppedReason))
}

func failures(all []types.Failure) string {
	var reasons []string
	for i := range all {
		reasons = append(reasons, aws.ToString(all[i].Reason))
	}
	return strings.Join(reasons, ", ")
}
