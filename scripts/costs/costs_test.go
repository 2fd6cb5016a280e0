package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

type fields = map[string]any

func one(kind string, values fields) *tfjson.StateResource {
	return &tfjson.StateResource{Address: kind + ".it", Mode: tfjson.ManagedResourceMode, Type: kind, Name: "it", AttributeValues: values}
}

func state(resources ...*tfjson.StateResource) *tfjson.StateValues {
	child := &tfjson.StateModule{Address: "module.it", Resources: resources}
	return &tfjson.StateValues{RootModule: &tfjson.StateModule{ChildModules: []*tfjson.StateModule{child}}}
}

// cheap has prices with which one can calculate.
func cheap() prices {
	return prices{Region: "here", Currency: "USD", AsOf: "then", HoursPerMonth: 100,
		Classes: map[string]float64{"db.t3.medium": 1, "cache.t3.medium": 2, "mq.m5.large": 3},
		Hourly:  map[string]float64{"fargateVCPU": 1, "fargateGB": 0.5, "natGateway": 0.1, "interfaceEndpoint": 0.01},
		Monthly: map[string]float64{"databaseGB": 1, "key": 7, "webACL": 5, "webACLRule": 1, "bucketGB": 2}, Each: map[string]float64{"natGB": 3},
		Assumptions: map[string]usage{"dev": {NatGB: 10, BucketGB: 4}}}
}

func TestWhatIsLargeCostsMore(t *testing.T) {
	e, err := cheap().estimate("dev", state(
		one("aws_ecs_task_definition", fields{"arn": "task", "cpu": "2048", "memory": "4096"}),
		one("aws_ecs_service", fields{"task_definition": "task", "desired_count": 3}),
		one("aws_ecs_service", fields{"task_definition": "task", "desired_count": 0}),
		one("aws_db_instance", fields{"instance_class": "db.t3.medium", "allocated_storage": 100, "multi_az": true}),
		one("aws_db_instance", fields{"instance_class": "db.t3.medium", "allocated_storage": 20, "multi_az": false}),
		one("aws_elasticache_replication_group", fields{"node_type": "cache.t3.medium", "num_cache_clusters": 2}),
		one("aws_mq_broker", fields{"host_instance_type": "mq.m5.large", "deployment_mode": "CLUSTER_MULTI_AZ"}),
		one("aws_nat_gateway", nil), one("aws_nat_gateway", nil), one("aws_kms_key", nil),
		one("aws_vpc_endpoint", fields{"vpc_endpoint_type": "Interface", "subnet_ids": []any{"a", "b", "c"}}),
		one("aws_vpc_endpoint", fields{"vpc_endpoint_type": "Gateway"}),
		one("aws_wafv2_web_acl", fields{"rule": []any{1, 2, 3}}),
	))
	if err != nil {
		t.Fatal(err)
	}
	for group, want := range map[string]float64{
		tasks:    3 * (2*1 + 4*0.5) * 100,
		database: 2*(1*100+100) + 1*100 + 20,
		cache:    2 * 2 * 100,
		broker:   3 * 3 * 100,
		networks: 2*0.1*100 + 3*0.01*100 + 10*3,
		guards:   7 + 5 + 3,
		buckets:  4 * 2,
	} {
		if got := e.by[group]; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s costs %v, want %v", group, got, want)
		}
	}
}

func TestWhatHasNoPriceIsNotForgotten(t *testing.T) {
	for want, values := range map[string]*tfjson.StateValues{
		`no price of "db.x9.huge"`: state(one("aws_db_instance", fields{"instance_class": "db.x9.huge"})),
		`no price of "cache.none"`: state(one("aws_elasticache_replication_group", fields{"node_type": "cache.none", "num_cache_clusters": 1})),
		"no num_cache_clusters":    state(one("aws_elasticache_replication_group", fields{"node_type": "cache.t3.medium"})),
		`no price of "mq.none"`:    state(one("aws_mq_broker", fields{"host_instance_type": "mq.none"})),
		"task definition":          state(one("aws_ecs_service", fields{"task_definition": "gone", "desired_count": 1})),
	} {
		if _, err := cheap().estimate("dev", values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := cheap().estimate("moon", state()); err == nil {
		t.Error("an environment without assumptions has costs")
	}
}

func TestEveryPriceIsSet(t *testing.T) {
	var p prices
	if err := json.Unmarshal(list, &p); err != nil {
		t.Fatal(err)
	}
	for kind, unit := range perUnit {
		table := p.Monthly
		if unit.hourly {
			table = p.Hourly
		}
		if table[unit.price] <= 0 {
			t.Errorf("%s has no price %s", kind, unit.price)
		}
	}
	for name, table := range map[string]map[string]float64{"classes": p.Classes, "hourly": p.Hourly, "monthly": p.Monthly, "each": p.Each} {
		for what, price := range table {
			if price <= 0 {
				t.Errorf("%s: %s costs %v", name, what, price)
			}
		}
	}
	for _, environment := range []string{"dev", "staging", "production"} {
		if p.Assumptions[environment].LogGB <= 0 {
			t.Errorf("%s has no assumptions", environment)
		}
	}
}

func TestThePageHasEveryEnvironmentAndItsSum(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev.json")
	const written = `{"format_version":"1.0","terraform_version":"1.11.4","values":{"root_module":{"resources":[` +
		`{"address":"aws_nat_gateway.a","mode":"managed","type":"aws_nat_gateway","name":"a","values":{}}]}}}`
	if err := os.WriteFile(path, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run([]string{"dev=" + path}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| | dev |", "| NAT gateways, addresses, endpoints | 39 |", "eu-central-1", "| GB of logs | 5 |", "| **all** | **"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page has no %q:\n%s", want, out.String())
		}
	}
	for _, wrong := range [][]string{nil, {"dev"}, {"dev=" + path + ".none"}, {"moon=" + path}} {
		if err := run(wrong, &out); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
