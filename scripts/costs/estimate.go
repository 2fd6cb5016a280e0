package main

import (
	"fmt"
	"strconv"

	tfjson "github.com/hashicorp/terraform-json"
)

// prices is prices.json.
type prices struct {
	Region, Currency, AsOf string
	HoursPerMonth          float64
	Classes                map[string]float64 // an hour of a database, a cache node, a broker
	Hourly, Monthly, Each  map[string]float64
	Assumptions            map[string]usage // by environment
}

// usage is what nobody can read in a plan: what a month uses.
type usage struct {
	NatGB             float64 `json:"natGB"`
	LoadBalancerUnits float64 `json:"loadBalancerUnits"` // LCU, on average
	LogGB             float64 `json:"logGB"`
	BucketGB          float64 `json:"bucketGB"` // of all buckets, on average
	CdnGB             float64 `json:"cdnGB"`
	BrokerGB          float64 `json:"brokerGB"` // of all brokers
	Metrics           float64 `json:"metrics"`  // that are no metrics of AWS itself
	Invocations       float64 `json:"invocations"`
	TaskHours         float64 `json:"taskHours"` // of backups, drills and restores
}

// estimate is what an environment costs in a month, by what it is for.
type estimate struct {
	environment string
	by          map[string]float64
	usage       usage
}

// What is paid for, in the order in which it is shown.
const (
	tasks     = "Fargate: gateways, monitoring, operations"
	database  = "RDS PostgreSQL"
	cache     = "ElastiCache Redis"
	broker    = "Amazon MQ RabbitMQ"
	networks  = "NAT gateways, addresses, endpoints"
	balancers = "Load balancer"
	buckets   = "S3"
	functions = "Lambda"
	logs      = "CloudWatch: logs, metrics, alarms, dashboards"
	guards    = "KMS, Secrets Manager, WAF"
	delivery  = "CloudFront, Route 53"
)

var shown = []string{tasks, database, cache, broker, networks, balancers, buckets, functions, logs, guards, delivery}

// functionGBSeconds is what an invocation takes: 256 MB for half a second.
const functionGBSeconds = 0.125

// perUnit are resources of which each costs the same.
var perUnit = map[string]struct {
	group, price string
	hourly       bool
}{
	"aws_nat_gateway":             {networks, "natGateway", true},
	"aws_eip":                     {networks, "publicIPv4", true},
	"aws_lb":                      {balancers, "loadBalancer", true},
	"aws_kms_key":                 {guards, "key", false},
	"aws_secretsmanager_secret":   {guards, "secret", false},
	"aws_wafv2_web_acl":           {guards, "webACL", false},
	"aws_route53_zone":            {delivery, "zone", false},
	"aws_cloudwatch_metric_alarm": {logs, "alarm", false},
	"aws_cloudwatch_dashboard":    {logs, "dashboard", false},
}

type resource struct {
	address, kind string
	values        map[string]any
}

func gather(m *tfjson.StateModule) (all []resource) {
	if m == nil {
		return nil
	}
	for _, r := range m.Resources {
		if r.Mode == tfjson.ManagedResourceMode {
			all = append(all, resource{r.Address, r.Type, r.AttributeValues})
		}
	}
	for _, child := range m.ChildModules {
		all = append(all, gather(child)...)
	}
	return all
}

func (r resource) str(name string) string {
	if r.values[name] == nil {
		return ""
	}
	return fmt.Sprint(r.values[name])
}

func (r resource) number(name string) float64 {
	n, err := strconv.ParseFloat(r.str(name), 64)
	if err != nil {
		return 0
	}
	return n
}

// size is how many elements a list has.
func (r resource) size(name string) float64 {
	list, _ := r.values[name].([]any)
	return float64(len(list))
}

// estimate adds up what is in a state.
func (p prices) estimate(environment string, values *tfjson.StateValues) (estimate, error) {
	u, known := p.Assumptions[environment]
	if !known || values == nil {
		return estimate{}, fmt.Errorf("it has no assumptions in prices.json, or no state")
	}
	e := estimate{environment, map[string]float64{}, u}
	all := gather(values.RootModule)
	definitions := map[string]resource{}
	for _, r := range all {
		if r.kind == "aws_ecs_task_definition" {
			definitions[r.str("arn")] = r
		}
	}
	for _, r := range all {
		if unit, ok := perUnit[r.kind]; ok {
			if unit.hourly {
				e.by[unit.group] += p.Hourly[unit.price] * p.HoursPerMonth
			} else {
				e.by[unit.group] += p.Monthly[unit.price]
			}
		}
		if err := p.add(e, r, definitions); err != nil {
			return estimate{}, fmt.Errorf("%s: %w", r.address, err)
		}
	}
	p.use(e)
	return e, nil
}

// add adds what depends on how large a resource is.
func (p prices) add(e estimate, r resource, definitions map[string]resource) error {
	switch r.kind {
	case "aws_ecs_service":
		task, ok := definitions[r.str("task_definition")]
		if !ok {
			return fmt.Errorf("its task definition is not in the state")
		}
		e.by[tasks] += r.number("desired_count") * p.task(task) * p.HoursPerMonth
	case "aws_db_instance":
		hour, err := p.class(r.str("instance_class"))
		if err != nil {
			return err
		}
		copies := 1.0
		if r.str("multi_az") == "true" {
			copies = 2
		}
		e.by[database] += copies * (hour*p.HoursPerMonth + r.number("allocated_storage")*p.Monthly["databaseGB"])
	case "aws_elasticache_replication_group":
		hour, err := p.class(r.str("node_type"))
		if err != nil {
			return err
		}
		nodes := r.number("num_cache_clusters")
		if nodes == 0 {
			return fmt.Errorf("it has no num_cache_clusters")
		}
		e.by[cache] += nodes * hour * p.HoursPerMonth
	case "aws_mq_broker":
		hour, err := p.class(r.str("host_instance_type"))
		if err != nil {
			return err
		}
		nodes := 1.0
		if r.str("deployment_mode") == "CLUSTER_MULTI_AZ" {
			nodes = 3
		}
		e.by[broker] += nodes * hour * p.HoursPerMonth
	case "aws_vpc_endpoint":
		if r.str("vpc_endpoint_type") == "Interface" {
			e.by[networks] += r.size("subnet_ids") * p.Hourly["interfaceEndpoint"] * p.HoursPerMonth
		}
	case "aws_wafv2_web_acl":
		e.by[guards] += r.size("rule") * p.Monthly["webACLRule"]
	}
	return nil
}

func (p prices) class(name string) (float64, error) {
	hour, ok := p.Classes[name]
	if !ok {
		return 0, fmt.Errorf("prices.json has no price of %q", name)
	}
	return hour, nil
}

// unitsPerVCPU and mbPerGB are the measures of a task definition.
const (
	unitsPerVCPU = 1024
	mbPerGB      = 1024
)

// task is what an hour of a task costs.
func (p prices) task(definition resource) float64 {
	return definition.number("cpu")/unitsPerVCPU*p.Hourly["fargateVCPU"] + definition.number("memory")/mbPerGB*p.Hourly["fargateGB"]
}

// operation is the task that the hours of backups and drills are of.
var operation = resource{values: map[string]any{"cpu": 1024, "memory": 4096}}

// use adds what is used.
func (p prices) use(e estimate) {
	u := e.usage
	e.by[tasks] += u.TaskHours * p.task(operation)
	e.by[networks] += u.NatGB * p.Each["natGB"]
	e.by[balancers] += u.LoadBalancerUnits * p.Hourly["loadBalancerUnit"] * p.HoursPerMonth
	e.by[buckets] += u.BucketGB * p.Monthly["bucketGB"]
	e.by[broker] += u.BrokerGB * p.Monthly["brokerGB"]
	e.by[functions] += u.Invocations * (p.Each["millionInvocations"]/1e6 + functionGBSeconds*p.Each["functionGBSecond"])
	e.by[logs] += u.LogGB*p.Each["logGB"] + u.Metrics*p.Monthly["metric"]
	e.by[delivery] += u.CdnGB * p.Each["cdnGB"]
}
