package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Tags of a service.
const (
	tagRole  = "corsia:role"
	tagUntil = "corsia:standby-until" // RFC 3339
)

// ecsFleet is the two services in ECS, and what scales them.
type ecsFleet struct {
	client   *ecs.Client
	scaling  *scaling.Client
	cluster  string
	services map[Colour]string // names or ARNs
	families map[Colour]string // of the task definitions
	targets  map[Colour]string // of the scaling
	least    int               // tasks of a side that has clients, or is about to
}

func (f *ecsFleet) Sides(ctx context.Context) (Sides, error) {
	out, err := f.client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(f.cluster),
		Services: []string{f.services[Blue], f.services[Green]}, Include: []types.ServiceField{types.ServiceFieldTags}})
	if err != nil {
		return nil, fmt.Errorf("describe the services: %w", err)
	}
	sides := Sides{}
	for i := range out.Services {
		s := &out.Services[i]
		for _, c := range Colours {
			if name := f.services[c]; name != aws.ToString(s.ServiceName) && name != aws.ToString(s.ServiceArn) {
				continue
			}
			if sides[c], err = f.side(ctx, c, s); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range Colours {
		if _, there := sides[c]; !there {
			return nil, fmt.Errorf("there is no service %s in the cluster %s", f.services[c], f.cluster)
		}
	}
	return sides, nil
}

func (f *ecsFleet) side(ctx context.Context, c Colour, s *types.Service) (Side, error) {
	side := Side{Colour: c, Task: aws.ToString(s.TaskDefinition), Wanted: int(s.DesiredCount)}
	side.Stable = len(s.Deployments) == 1 && s.RunningCount == s.DesiredCount
	for i := range s.Deployments {
		d := &s.Deployments[i]
		if aws.ToString(d.Status) == "PRIMARY" && d.RolloutState == types.DeploymentRolloutStateFailed {
			side.Failed = aws.ToString(d.RolloutStateReason)
		}
		side.Stable = side.Stable && (d.RolloutState == "" || d.RolloutState == types.DeploymentRolloutStateCompleted)
	}
	for _, tag := range s.Tags {
		switch aws.ToString(tag.Key) {
		case tagRole:
			side.Role = Role(aws.ToString(tag.Value))
		case tagUntil:
			var err error
			if side.Until, err = time.Parse(time.RFC3339, aws.ToString(tag.Value)); err != nil {
				return side, fmt.Errorf("tag %s of %s: %w", tagUntil, c, err)
			}
		}
	}
	if side.Task == "" {
		return side, nil
	}
	definition, _, err := f.definition(ctx, side.Task)
	if err != nil {
		return side, err
	}
	side.Image, err = imageOf(definition)
	return side, err
}

// definition returns a task definition, by its ARN or, the newest, by its family.
func (f *ecsFleet) definition(ctx context.Context, name string) (*types.TaskDefinition, []types.Tag, error) {
	out, err := f.client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(name),
		Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	if err != nil {
		return nil, nil, fmt.Errorf("describe the task definition %s: %w", name, err)
	}
	return out.TaskDefinition, out.Tags, nil
}

func imageOf(d *types.TaskDefinition) (string, error) {
	for i := range d.ContainerDefinitions {
		if aws.ToString(d.ContainerDefinitions[i].Name) == container {
			return aws.ToString(d.ContainerDefinitions[i].Image), nil
		}
	}
	return "", fmt.Errorf("the task definition %s has no container %s", aws.ToString(d.TaskDefinitionArn), container)
}

// Prepare copies the newest definition of the family, which Terraform made with all settings, and changes the image alone.
func (f *ecsFleet) Prepare(ctx context.Context, c Colour, image string) (string, error) {
	d, tags, err := f.definition(ctx, f.families[c])
	if err != nil {
		return "", err
	}
	has, err := imageOf(d)
	if err != nil {
		return "", err
	}
	if has == image {
		return aws.ToString(d.TaskDefinitionArn), nil
	}
	for i := range d.ContainerDefinitions {
		if aws.ToString(d.ContainerDefinitions[i].Name) == container {
			d.ContainerDefinitions[i].Image = aws.String(image)
		}
	}
	out, err := f.client.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family: d.Family, ContainerDefinitions: d.ContainerDefinitions, Cpu: d.Cpu, Memory: d.Memory, NetworkMode: d.NetworkMode,
		TaskRoleArn: d.TaskRoleArn, ExecutionRoleArn: d.ExecutionRoleArn, RequiresCompatibilities: d.RequiresCompatibilities,
		RuntimePlatform: d.RuntimePlatform, Volumes: d.Volumes, EphemeralStorage: d.EphemeralStorage, ProxyConfiguration: d.ProxyConfiguration,
		PlacementConstraints: d.PlacementConstraints, PidMode: d.PidMode, IpcMode: d.IpcMode, EnableFaultInjection: d.EnableFaultInjection,
		Tags: tags,
	})
	if err != nil {
		return "", fmt.Errorf("register a task definition: %w", err)
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}

// Roll moves the least number of tasks, too, below which the scaling does not let a side fall: none for a side at rest.
func (f *ecsFleet) Roll(ctx context.Context, c Colour, task string, wanted int) error {
	if wanted == 0 {
		if err := f.scale(ctx, c, 0); err != nil {
			return err
		}
	}
	in := &ecs.UpdateServiceInput{Cluster: aws.String(f.cluster), Service: aws.String(f.services[c]), DesiredCount: aws.Int32(int32(wanted))}
	if task != "" {
		in.TaskDefinition = aws.String(task)
	}
	if _, err := f.client.UpdateService(ctx, in); err != nil {
		return fmt.Errorf("update the service %s: %w", f.services[c], err)
	}
	if wanted > 0 {
		return f.scale(ctx, c, min(f.least, wanted))
	}
	return nil
}

func (f *ecsFleet) scale(ctx context.Context, c Colour, least int) error {
	_, err := f.scaling.RegisterScalableTarget(ctx, &scaling.RegisterScalableTargetInput{ServiceNamespace: scalingtypes.ServiceNamespaceEcs,
		ResourceId: aws.String(f.targets[c]), ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount,
		MinCapacity: aws.Int32(int32(least))})
	if err != nil {
		return fmt.Errorf("set the least number of tasks of %s: %w", c, err)
	}
	return nil
}

func (f *ecsFleet) Mark(ctx context.Context, c Colour, role Role, until time.Time) error {
	out, err := f.client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(f.cluster), Services: []string{f.services[c]}})
	if err == nil && len(out.Services) != 1 {
		err = errors.New("it is not there")
	}
	if err != nil {
		return fmt.Errorf("describe the service %s: %w", f.services[c], err)
	}
	arn := out.Services[0].ServiceArn
	tags := []types.Tag{{Key: aws.String(tagRole), Value: aws.String(string(role))}}
	if until.IsZero() {
		_, err = f.client.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{tagUntil}})
	} else {
		tags = append(tags, types.Tag{Key: aws.String(tagUntil), Value: aws.String(until.UTC().Format(time.RFC3339))})
	}
	if err == nil {
		_, err = f.client.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: arn, Tags: tags})
	}
	if err != nil {
		return fmt.Errorf("tag the service %s: %w", f.services[c], err)
	}
	return nil
}
