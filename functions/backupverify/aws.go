package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	metricSpace = "Corsia/Backup"
	container   = "corsia" // in the task definition
)

// cloudWatch keeps metrics in CloudWatch.
type cloudWatch struct{ client *cloudwatch.Client }

// Put keeps the values of one moment.
func (c *cloudWatch) Put(ctx context.Context, at time.Time, values map[string]float64) error {
	var data []cloudwatchtypes.MetricDatum
	for _, name := range slices.Sorted(maps.Keys(values)) {
		data = append(data, cloudwatchtypes.MetricDatum{MetricName: aws.String(name), Value: aws.Float64(values[name]), Timestamp: aws.Time(at)})
	}
	_, err := c.client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String(metricSpace), MetricData: data})
	if err != nil {
		return fmt.Errorf("put metrics: %w", err)
	}
	return nil
}

// task runs a drill as a task of ECS: the gateway's image, with `corsia drill` for its command.
type task struct {
	ecs                 *ecs.Client
	cluster, definition string
	subnets, groups     []string
}

// Start runs the task. ECS starts none for a token that it has seen within a day.
func (t *task) Start(ctx context.Context, id string) error {
	if t.definition == "" {
		return errors.New("DRILL_TASK names no task definition")
	}
	out, err := t.ecs.RunTask(ctx, &ecs.RunTaskInput{
		Cluster: aws.String(t.cluster), TaskDefinition: aws.String(t.definition), LaunchType: ecstypes.LaunchTypeFargate,
		ClientToken: aws.String("drill-" + id), StartedBy: aws.String("backupverify"),
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: t.subnets, SecurityGroups: t.groups, AssignPublicIp: ecstypes.AssignPublicIpDisabled}},
		Overrides: &ecstypes.TaskOverride{ContainerOverrides: []ecstypes.ContainerOverride{{Name: aws.String(container),
			Command: []string{"drill", "-id", id, "-quiet"}}}},
	})
	if err != nil {
		return fmt.Errorf("run task: %w", err)
	}
	for _, f := range out.Failures {
		return fmt.Errorf("run task: %s", aws.ToString(f.Reason))
	}
	return nil
}
