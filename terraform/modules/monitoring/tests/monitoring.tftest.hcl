mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name        = "corsia-test"
  environment = "staging"
  runbooks    = "https://github.com/example/corsia/blob/main"
  endpoints   = { pagerduty = "https://events.pagerduty.com/integration/x/enqueue", slack = "alarms@example.slack.com" }
  watched = {
    load_balancer    = "app/corsia-test/1"
    target_groups    = { blue = "targetgroup/corsia-test-blue/1", green = "targetgroup/corsia-test-green/1" }
    cluster          = "corsia-test"
    services         = { blue = "corsia-test-blue", green = "corsia-test-green" }
    database         = "corsia-test"
    cache            = "corsia-test"
    cache_nodes      = 2
    broker           = "corsia-test"
    web_acl          = "corsia-test-alb"
    certificate_arns = { gateway = "arn:aws:acm:eu-central-1:123456789012:certificate/1", cdn = "arn:aws:acm:us-east-1:123456789012:certificate/2" }
    namespace        = "Corsia/corsia-test"
    functions        = { webhook = "corsia-test-webhook" }
  }
  network     = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], security_group_id = "sg-1", namespace_id = "ns-1", cluster_arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/corsia-test" }
  images      = { prometheus = "corsia/prometheus:1", alertmanager = "corsia/alertmanager:1", grafana = "corsia/grafana:1" }
  grafana     = { host = "grafana.corsia.example", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/3", listener_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/corsia-test/1/1", allowed_cidrs = ["192.0.2.0/24"] }
  secret_arns = { grafana-admin = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:grafana", pagerduty-key = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:pagerduty", slack-url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack" }
  key_arns    = { data = "arn:aws:kms:eu-central-1:123456789012:key/data", logs = "arn:aws:kms:eu-central-1:123456789012:key/logs" }
  budget      = 1500
}

run "every_alarm_tells_somebody_and_names_its_runbook" {
  assert {
    condition     = alltrue([for a in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.error_rate)) : length(a.alarm_actions) == 1 && can(regex("https://github.com/example/corsia/blob/main/docs/runbooks/[a-z-]+\\.md$", a.alarm_description))])
    error_message = "An alarm tells nobody, or not what to do."
  }
  assert {
    condition     = alltrue([for name in ["health-checks-failing-blue", "database-disk", "redis-memory-1"] : contains(aws_cloudwatch_metric_alarm.this[name].alarm_actions, aws_sns_topic.this["critical"].arn)])
    error_message = "What cannot wait wakes nobody."
  }
}

run "a_full_disk_alarms_from_below_and_all_else_from_above" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-disk"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["database-cpu"].comparison_operator == "GreaterThanThreshold"
    error_message = "An alarm is the wrong way round."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["latency-high"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.this["latency-high"].statistic == null && aws_cloudwatch_metric_alarm.this["database-cpu"].statistic == "Average"
    error_message = "A percentile is asked for as a statistic, or the other way."
  }
}

run "every_node_of_redis_is_watched_by_the_name_that_it_has" {
  assert {
    condition     = [for n in ["1", "2"] : aws_cloudwatch_metric_alarm.this["redis-memory-${n}"].dimensions.CacheClusterId] == ["corsia-test-001", "corsia-test-002"]
    error_message = "A node is watched under a name that it does not have."
  }
}

run "a_deployment_ends_at_five_per_cent_of_errors" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.error_rate["error-rate-very-high"].threshold == 5 && aws_cloudwatch_metric_alarm.error_rate["error-rate-very-high"].evaluation_periods == 5 && contains(output.deployment_alarms, aws_cloudwatch_metric_alarm.error_rate["error-rate-very-high"].alarm_name)
    error_message = "A bad version is not rolled back (O2)."
  }
  assert {
    condition     = length([for q in aws_cloudwatch_metric_alarm.error_rate["error-rate-high"].metric_query : q if q.return_data == true]) == 1 && alltrue([for q in aws_cloudwatch_metric_alarm.error_rate["error-rate-high"].metric_query : q.return_data == true || length(q.metric) == 1])
    error_message = "The rate is not what is compared."
  }
}

run "grafana_is_opened_from_named_networks_alone" {
  assert {
    condition     = anytrue([for c in aws_lb_listener_rule.grafana.condition : toset(flatten(c.source_ip[*].values)) == toset(["192.0.2.0/24"])]) && aws_lb_listener_rule.closed.priority > aws_lb_listener_rule.grafana.priority && aws_lb_listener_rule.closed.action[0].fixed_response[0].status_code == "403"
    error_message = "Everybody may open Grafana."
  }
}

run "what_a_tool_writes_is_a_volume_and_its_secrets_are_secrets" {
  assert {
    condition     = alltrue([for name, task in aws_ecs_task_definition.this : toset([for m in jsondecode(task.container_definitions)[0].mountPoints : m.sourceVolume]) == toset([for v in task.volume : v.name]) && jsondecode(task.container_definitions)[0].readonlyRootFilesystem])
    error_message = "A tool writes where it cannot, or its root can be written."
  }
  assert {
    condition     = [for s in jsondecode(aws_ecs_task_definition.this["alertmanager"].container_definitions)[0].secrets : s.name] == ["PAGERDUTY_KEY", "SLACK_URL"] && [for s in jsondecode(aws_ecs_task_definition.this["grafana"].container_definitions)[0].secrets : s.name] == ["GF_SECURITY_ADMIN_PASSWORD"]
    error_message = "A tool starts without its secrets."
  }
}

run "names_are_those_that_prometheus_asks_for" {
  assert {
    condition     = toset([for s in values(aws_service_discovery_service.this) : s.name]) == toset(["prometheus", "alertmanager", "grafana"])
    error_message = "Nobody finds Alertmanager."
  }
}

run "the_budget_is_that_of_the_environment" {
  assert {
    condition     = [for f in aws_budgets_budget.this.cost_filter : one(f.values)] == ["user:Environment$staging"] && { for n in aws_budgets_budget.this.notification : n.notification_type => n.threshold } == { ACTUAL = 80, FORECASTED = 100 }
    error_message = "The budget is another environment's, or nobody hears of it in time."
  }
}

run "messages_go_by_the_way_that_their_address_has" {
  assert {
    condition     = nonsensitive(aws_sns_topic_subscription.this["pagerduty"].protocol) == "https" && nonsensitive(aws_sns_topic_subscription.this["slack-warning"].protocol) == "email"
    error_message = "A message is sent by a way that its address does not have."
  }
}

run "grafana_for_the_whole_internet_is_refused" {
  command = plan
  variables {
    grafana = { host = "grafana.corsia.example", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/3", listener_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/corsia-test/1/1", allowed_cidrs = ["0.0.0.0/0"] }
  }
  expect_failures = [var.grafana]
}

run "an_environment_without_a_name_of_ours_is_refused" {
  command = plan
  variables {
    environment = "test"
  }
  expect_failures = [var.environment]
}
