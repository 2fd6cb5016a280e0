package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

type fields = map[string]any

// one is a resource named "it".
func one(kind string, values fields) *tfjson.StateResource {
	return &tfjson.StateResource{Address: kind + ".it", Mode: tfjson.ManagedResourceMode, Type: kind, Name: "it", AttributeValues: values}
}

// list is a block, or a list of values.
func list(all ...any) []any { return all }

func tree(environment string, resources ...*tfjson.StateResource) Tree {
	return Tree{Environment: environment, Values: &tfjson.StateValues{RootModule: &tfjson.StateModule{Resources: resources}}}
}

// found returns what breaks one rule.
func found(t Tree, rule string) string {
	var out []string
	for _, f := range Check(t) {
		if f.Rule == rule {
			out = append(out, f.String())
		}
	}
	return strings.Join(out, "\n")
}

func role(policy string) *tfjson.StateResource {
	return one("aws_iam_role_policy", fields{"policy": policy})
}

func allow(action, resource string) *tfjson.StateResource {
	return role(`{"Statement":[{"Effect":"Allow","Action":` + action + `,"Resource":` + resource + `}]}`)
}

// network is a VPC with a public and a private subnet in each of three zones.
func network(replaced ...*tfjson.StateResource) []*tfjson.StateResource {
	all := []*tfjson.StateResource{
		one("aws_vpc", fields{"id": "vpc", "cidr_block": "10.0.0.0/16"}),
		one("aws_flow_log", fields{"vpc_id": "vpc"}),
		one("aws_internet_gateway", fields{"id": "igw"}),
		one("aws_route", fields{"route_table_id": "out", "gateway_id": "igw"}),
	}
	for i, zone := range []string{"a", "b", "c"} {
		third := string(rune('0' + i))
		all = append(all,
			one("aws_nat_gateway", fields{"id": "nat" + zone}),
			one("aws_subnet", fields{"id": "public-" + zone, "vpc_id": "vpc", "availability_zone": "eu-central-1" + zone, "cidr_block": "10.0." + third + ".0/24"}),
			one("aws_route_table_association", fields{"subnet_id": "public-" + zone, "route_table_id": "out"}),
			one("aws_subnet", fields{"id": "private-" + zone, "vpc_id": "vpc", "availability_zone": "eu-central-1" + zone, "cidr_block": "10.0.1" + third + ".0/24"}),
			one("aws_route_table_association", fields{"subnet_id": "private-" + zone, "route_table_id": "in"}))
	}
	return append(all, replaced...)
}

func listener(values fields) *tfjson.StateResource { return one("aws_lb_listener", values) }

func task(definition string) *tfjson.StateResource {
	return one("aws_ecs_task_definition", fields{"cpu": "1024", "memory": "2048", "container_definitions": definition})
}

func locked(mode string, years int) []*tfjson.StateResource {
	return []*tfjson.StateResource{
		one("aws_s3_bucket", fields{"id": "archive", "object_lock_enabled": true}),
		one("aws_s3_bucket_versioning", fields{"bucket": "archive", "versioning_configuration": list(fields{"status": "Enabled"})}),
		one("aws_s3_bucket_object_lock_configuration", fields{"bucket": "archive",
			"rule": list(fields{"default_retention": list(fields{"mode": mode, "years": years})})}),
	}
}

func ingress(port any, cidr string) *tfjson.StateResource {
	return one("aws_vpc_security_group_ingress_rule", fields{"security_group_id": "sg", "ip_protocol": "tcp", "from_port": port, "to_port": port, "cidr_ipv4": cidr})
}

func with(kind string, values fields, more ...*tfjson.StateResource) []*tfjson.StateResource {
	return append(more, one(kind, values))
}

// verdicts has, for each rule, trees that break it and trees that keep it.
var verdicts = []struct {
	rule, name string
	bad        []*tfjson.StateResource
	want       string
	good       []*tfjson.StateResource
	in         string // environment; empty: dev
}{
	{"no wildcard actions", "an action", with("aws_vpc", nil, allow(`"s3:*"`, `"arn:aws:s3:::a"`)), "allows s3:*",
		with("aws_vpc", nil, allow(`["s3:GetObject"]`, `"arn:aws:s3:::a"`)), ""},
	{"no wildcard actions", "part of an action", with("aws_vpc", nil, allow(`["s3:Get*"]`, `"arn:aws:s3:::a"`)), "allows s3:Get*",
		with("aws_vpc", nil, role(`{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)), ""},
	{"no wildcard actions", "all but some", with("aws_vpc", nil, role(`{"Statement":[{"Effect":"Allow","NotAction":"iam:PassRole","Resource":"a"}]}`)),
		"all but what it names", nil, ""},
	{"no wildcard actions", "a key of anybody", with("aws_kms_key", fields{"policy": `{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"*"}}]}`}),
		"allows kms:*", with("aws_kms_key", fields{"policy": `{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}]}`}), ""},
	{"no wildcard actions", "a managed policy", with("aws_iam_role_policy_attachment", fields{"policy_arn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}),
		"AmazonS3FullAccess", with("aws_iam_role_policy_attachment", fields{"policy_arn": "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"}), ""},
	{"who is trusted is named", "a bucket for all", with("aws_s3_bucket_policy", fields{"policy": `{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"a","Principal":"*"}]}`}),
		"trusts everybody", with("aws_s3_bucket_policy", fields{"policy": `{"Statement":[{"Effect":"Deny","Action":"s3:GetObject","Resource":"a","Principal":"*"}]}`}), ""},
	{"all is encrypted", "a database", with("aws_db_instance", fields{"storage_encrypted": false, "kms_key_id": "k"}), "has no storage_encrypted",
		with("aws_db_instance", fields{"storage_encrypted": true, "kms_key_id": "k"}), ""},
	{"all is encrypted", "a queue", with("aws_sqs_queue", fields{}), "and no sqs_managed_sse_enabled", with("aws_sqs_queue", fields{"sqs_managed_sse_enabled": true}), ""},
	{"all is encrypted", "a bucket", with("aws_s3_bucket", fields{"id": "b"}), "no server-side encryption",
		with("aws_s3_bucket", fields{"id": "b"}, one("aws_s3_bucket_server_side_encryption_configuration", fields{"bucket": "b"})), ""},
	{"all ways are encrypted", "plain HTTP", with("aws_vpc", nil, listener(fields{"protocol": "HTTP", "default_action": list(fields{"type": "forward"})})), "without a redirect",
		with("aws_vpc", nil, listener(fields{"protocol": "HTTP", "default_action": list(fields{"redirect": list(fields{"protocol": "HTTPS"})})})), ""},
	{"all ways are encrypted", "old TLS", with("aws_vpc", nil, listener(fields{"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"})), "TLS below 1.2",
		with("aws_vpc", nil, listener(fields{"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"})), ""},
	{"all ways are encrypted", "Redis", with("aws_elasticache_replication_group", fields{"transit_encryption_enabled": true}), "asks for no password",
		with("aws_elasticache_replication_group", fields{"transit_encryption_enabled": true, "auth_token": "t"}), ""},
	{"all ways are encrypted", "PostgreSQL", with("aws_db_instance", fields{"parameter_group_name": "g"}), "rds.force_ssl",
		with("aws_db_instance", fields{"parameter_group_name": "g"}, one("aws_db_parameter_group", fields{"name": "g", "parameter": list(fields{"name": "rds.force_ssl", "value": "1"})})), ""},
	{"all ways are encrypted", "the widget", with("aws_cloudfront_distribution", fields{"viewer_certificate": list(fields{"minimum_protocol_version": "TLSv1.2_2021"}),
		"default_cache_behavior": list(fields{"viewer_protocol_policy": "allow-all"})}), "allow-all",
		with("aws_cloudfront_distribution", fields{"viewer_certificate": list(fields{"minimum_protocol_version": "TLSv1.2_2021"}),
			"default_cache_behavior": list(fields{"viewer_protocol_policy": "redirect-to-https"})}), ""},
	{"networks are whole and apart", "no flow log", with("aws_vpc", fields{"id": "other", "cidr_block": "10.0.0.0/16"}), "no flow log", network(), "production"},
	{"networks are whole and apart", "an overlap", network(one("aws_subnet", fields{"vpc_id": "vpc", "cidr_block": "10.0.1.128/25"})), "addresses of another", nil, ""},
	{"networks are whole and apart", "outside", network(one("aws_subnet", fields{"vpc_id": "vpc", "cidr_block": "10.1.0.0/24"})), "outside of its VPC", nil, ""},
	{"networks are whole and apart", "no network", network(one("aws_subnet", fields{"vpc_id": "vpc", "cidr_block": "10.0.3.4/24"})), "is no network", nil, ""},
	{"networks are whole and apart", "one NAT gateway too many", network(one("aws_nat_gateway", fields{})), "4 NAT gateways", nil, "production"},
	{"private things are in private subnets", "a public database", network(one("aws_db_subnet_group", fields{"subnet_ids": list("private-a", "public-b")})), "public subnet, public-b",
		network(one("aws_db_subnet_group", fields{"subnet_ids": list("private-a", "private-b")})), ""},
	{"private things are in private subnets", "a subnet that gives addresses", network(one("aws_subnet", fields{"id": "private-a", "map_public_ip_on_launch": true}),
		one("aws_mq_broker", fields{"subnet_ids": list("private-a")})), "public subnet, private-a", nil, ""},
	{"private things are in private subnets", "a public address", network(one("aws_ecs_service", fields{"network_configuration": list(fields{"subnets": list("private-a"), "assign_public_ip": true})})),
		"public addresses", nil, ""},
	{"private things are in private subnets", "no subnet", with("aws_lambda_function", fields{}), "in no subnet", nil, ""},
	{"only needed ports are open", "everybody", with("aws_ecs_service", fields{"network_configuration": list(fields{"security_groups": list("sg")})}, ingress(8080, "0.0.0.0/0")), "lets everybody in",
		with("aws_lb", fields{"security_groups": list("sg")}, ingress(443, "0.0.0.0/0")), ""},
	{"only needed ports are open", "a port of nobody", with("aws_db_instance", fields{"vpc_security_group_ids": list("sg")}, ingress(22, "10.0.0.0/16")), "opens port 22",
		with("aws_db_instance", fields{"vpc_security_group_ids": list("sg")}, ingress(5432, "10.0.0.0/16")), ""},
	{"only needed ports are open", "all ports", with("aws_security_group", fields{"id": "sg", "ingress": list(fields{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": list("10.0.0.0/16")})}),
		"more than one port", nil, ""},
	{"only needed ports are open", "out by any port", with("aws_security_group_rule", fields{"type": "egress", "protocol": "tcp", "from_port": 25, "to_port": 25, "cidr_blocks": list("0.0.0.0/0")}),
		"lets out to everywhere on port 25", nil, ""},
	{"all is tagged", "another environment", with("aws_vpc", fields{"tags_all": fields{"Environment": "staging", "Project": "corsia"}}), `Environment = "staging"`,
		with("aws_vpc", fields{"tags_all": fields{"Environment": "dev", "Project": "corsia"}}), ""},
	{"all is tagged", "no tags", with("aws_vpc", fields{"tags_all": nil}), "no tag Project", with("aws_route", fields{}), ""},
	{"AWS knows the value", "an enum", with("aws_lambda_function", fields{"runtime": "go1.21"}), "go1.21", with("aws_lambda_function", fields{"runtime": "provided.al2023"}), ""},
	{"AWS knows the value", "inside a block", with("aws_s3_bucket_lifecycle_configuration", fields{"rule": list(fields{"transition": list(fields{"storage_class": "COLD"})})}), "COLD",
		with("aws_s3_bucket_lifecycle_configuration", fields{"rule": list(fields{"transition": list(fields{"storage_class": "GLACIER_IR"})})}), ""},
	{"AWS knows the value", "a class", with("aws_db_instance", fields{"instance_class": "t3.medium", "engine_version": "15.8"}), `instance_class is "t3.medium"`,
		with("aws_db_instance", fields{"instance_class": "db.t3.medium", "engine_version": "15.8"}), ""},
	{"AWS knows the value", "a task's size", with("aws_ecs_task_definition", fields{"cpu": "256", "memory": "4096"}), "Fargate has no task",
		with("aws_ecs_task_definition", fields{"cpu": "1024", "memory": "2048"}), ""},
	{"schedules are valid", "a cron of five fields", with("aws_cloudwatch_event_rule", fields{"schedule_expression": "cron(0 2 * * *)"}), "6 fields",
		with("aws_cloudwatch_event_rule", fields{"schedule_expression": "cron(0 2 * * ? *)"}), ""},
	{"logs are kept, and not for ever", "for ever", with("aws_cloudwatch_log_group", fields{"retention_in_days": 0}), "kept 0 days",
		with("aws_cloudwatch_log_group", fields{"retention_in_days": 400}), ""},
	{"buckets are not public", "no block", with("aws_s3_bucket", fields{"id": "b"}), "no public access block",
		with("aws_s3_bucket", fields{"id": "b"}, one("aws_s3_bucket_public_access_block", fields{"bucket": "b", "block_public_acls": true,
			"block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true})), ""},
	{"buckets are not public", "half a block", with("aws_s3_bucket", fields{"id": "b"}, one("aws_s3_bucket_public_access_block", fields{"bucket": "b"})), "does not block_public_policy", nil, ""},
	{"the archive cannot be changed for ten years", "a shorter time", locked("COMPLIANCE", 7), "no bucket is locked", locked("COMPLIANCE", 10), ""},
	{"the archive cannot be changed for ten years", "an administrator's lock", locked("GOVERNANCE", 10), "can lift", nil, ""},
	{"databases survive", "one zone", with("aws_db_instance", fields{"backup_retention_period": 7, "multi_az": false, "deletion_protection": true}), "in one zone",
		with("aws_db_instance", fields{"backup_retention_period": 7, "multi_az": true, "deletion_protection": true}), "production"},
	{"databases survive", "few backups", with("aws_db_instance", fields{"backup_retention_period": 3}), "backups for 3 days", with("aws_db_instance", fields{"backup_retention_period": 7}), ""},
	{"databases survive", "one broker", with("aws_mq_broker", fields{"deployment_mode": "SINGLE_INSTANCE"}), "no cluster", with("aws_mq_broker", fields{"deployment_mode": "CLUSTER_MULTI_AZ"}), "production"},
	{"databases survive", "one Redis", with("aws_elasticache_replication_group", fields{"automatic_failover_enabled": true}), "no replica", nil, "production"},
	{"databases survive", "a secret that stays", with("aws_secretsmanager_secret_rotation", fields{"rotation_rules": list(fields{"automatically_after_days": 90})}), "after 90 days",
		with("aws_secretsmanager_secret_rotation", fields{"rotation_rules": list(fields{"automatically_after_days": 30})}), ""},
	{"secrets are references", "a URL with a password", with("aws_vpc", nil, task(`[{"name":"corsia","environment":[{"name":"X","value":"amqps://u:p@mq"}]}]`)), "X in plain text",
		with("aws_vpc", nil, task(`[{"name":"corsia","environment":[{"name":"STORE_URL","value":"arn:aws:secretsmanager:eu-central-1:1:secret:a"}],"secrets":[{"name":"K","valueFrom":"arn:aws:secretsmanager:a"}]}]`)), ""},
	{"secrets are references", "a name", with("aws_vpc", nil, task(`[{"name":"corsia","secrets":[{"name":"CLUSTER_KEY","valueFrom":"plain"}]}]`)), "no ARN", nil, ""},
	{"secrets are references", "a function", with("aws_lambda_function", fields{"environment": list(fields{"variables": fields{"WEBHOOK_SOURCES": "{}"}})}), "WEBHOOK_SOURCES in plain text",
		with("aws_lambda_function", fields{"environment": list(fields{"variables": fields{"LOG_LEVEL": "info"}})}), ""},
	{"containers can change nothing", "root", with("aws_vpc", nil, task(`[{"name":"corsia","user":"0","readonlyRootFilesystem":true}]`)), `runs as "0"`,
		with("aws_vpc", nil, task(`[{"name":"corsia","user":"65532:65532","readonlyRootFilesystem":true,"logConfiguration":{"logDriver":"awslogs"},"mountPoints":[{"containerPath":"/tmp"}]}]`)), ""},
	{"containers can change nothing", "an agent with capabilities", with("aws_vpc", nil, task(`[{"name":"agent","essential":false}]`)), "container agent can write",
		with("aws_vpc", nil, task(`[{"name":"agent","essential":false,"linuxParameters":{"capabilities":{"drop":["ALL"]}}}]`)), ""},
	{"containers can change nothing", "no volume", with("aws_vpc", nil, task(`[{"name":"corsia","user":"65532","mountPoints":[{"containerPath":"/tmp"}],"environment":[{"name":"TMPDIR","value":"/scratch"}]}]`)), "no volume",
		with("aws_vpc", nil, task(`[{"name":"corsia","user":"65532","readonlyRootFilesystem":true,"logConfiguration":{},"mountPoints":[{"containerPath":"/scratch"}],"environment":[{"name":"TMPDIR","value":"/scratch"}]}]`)), ""},
	{"containers can change nothing", "a root that is written to", with("aws_vpc", nil, task(`[{"name":"corsia","user":"65532"}]`)), "can write", nil, ""},
}

func TestEachRuleFindsWhatBreaksIt(t *testing.T) {
	judged := map[string]bool{"wildcard resources have a reason": true} // below: its reasons are in files
	for _, v := range verdicts {
		judged[v.rule] = true
		environment := v.in
		if environment == "" {
			environment = "dev"
		}
		t.Run(v.rule+"/"+v.name, func(t *testing.T) {
			if got := found(tree(environment, v.bad...), v.rule); !strings.Contains(got, v.want) {
				t.Errorf("found %q, want %q", got, v.want)
			}
			if v.good != nil {
				if got := found(tree(environment, v.good...), v.rule); got != "" {
					t.Errorf("found in what keeps the rule: %s", got)
				}
			}
		})
	}
	for _, r := range rules {
		if !judged[r.name] {
			t.Errorf("no tree breaks the rule %q", r.name)
		}
	}
}

func TestAWildcardNeedsAReasonBesideIt(t *testing.T) {
	for _, tt := range []struct{ name, source, want string }{
		{"none", "statement {\n  resources = [\"*\"]\n}\n", "line 2 has a wildcard"},
		{"of JSON", "Statement = [{ Resource = \"*\" }]\n", "line 1 has a wildcard"},
		{"one", "statement {\n  # wildcard: xray has no resources\n  resources = [\"*\"]\n}\n", ""},
		{"far away", "# wildcard: because\n\n\n\n\n\nresources = [\"*\"]\n", "line 7 has a wildcard"},
		{"hidden in a variable", "resources = var.everything\n", "no reason is written in its module"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "compute")
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "roles.tf"), []byte(tt.source), 0o600); err != nil {
				t.Fatal(err)
			}
			policy := allow(`"xray:PutTraceSegments"`, `"*"`)
			policy.Address = `module.compute["blue"].aws_iam_role_policy.it`
			in := tree("dev", policy)
			in.Sources = []string{folder}
			if got := found(in, "wildcard resources have a reason"); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSchedulesAreJudgedAsEventBridgeDoes(t *testing.T) {
	for _, good := range []string{"rate(1 minute)", "rate(6 hours)", "cron(0 2 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 3 1 * ? *)", "cron(0 0 L * ? *)",
		"cron(0 0 ? * 6#3 *)", "cron(5,35 14 * * ? *)", "cron(0 0 1 JAN ? 2030)"} {
		if err := schedule(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "rate(1 minutes)", "rate(2 hour)", "rate(0 minutes)", "rate(5 weeks)", "cron(0 2 * * *)", "cron(60 2 * * ? *)", "cron(0 24 * * ? *)",
		"cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(0 2 32 * ? *)", "cron(0 2 ? * 8 *)", "cron(0/0 2 * * ? *)", "0 2 * * *", "cron(0 2 * FOO ? *)"} {
		if err := schedule(bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}
