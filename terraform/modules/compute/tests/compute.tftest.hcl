mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name      = "corsia-test"
  protected = true
  network = {
    vpc_id             = "vpc-1"
    cidr               = "10.0.0.0/16"
    public_subnet_ids  = ["subnet-1", "subnet-2", "subnet-3"]
    private_subnet_ids = ["subnet-4", "subnet-5", "subnet-6"]
    security_group_ids = { load_balancer = "sg-1", gateway = "sg-2", operations = "sg-3" }
  }
  images = {
    gateway    = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/corsia/gateway:1"
    operations = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/corsia/operations:1"
    agent      = "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1"
  }
  settings = { JWKS_URL = "https://idp.example/keys", JWT_ISSUER = "https://idp.example", JWT_AUDIENCE = "corsia", ALLOWED_ORIGINS = "https://emr.example" }
  secret_arns = {
    store-url            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:store-url"
    store-url-archiver   = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:store-url-archiver"
    store-url-operations = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:store-url-operations"
    state-url            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:state-url"
    bus-url              = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bus-url"
    cluster-key          = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cluster-key"
    audit-key            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:audit-key"
    webhook-sources      = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhook-sources"
  }
  buckets         = { archive = "archive", backups = "backups", logs = "logs" }
  key_arns        = { data = "arn:aws:kms:eu-central-1:123456789012:key/data", archive = "arn:aws:kms:eu-central-1:123456789012:key/archive", logs = "arn:aws:kms:eu-central-1:123456789012:key/logs" }
  replica_region  = "eu-west-1"
  certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
}

run "plain_http_is_sent_to_https" {
  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.http.default_action[0].redirect[0].port == "443"
    error_message = "Port 80 does something else than send to HTTPS."
  }
  assert {
    condition     = startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2")
    error_message = "Less than TLS 1.2 is spoken."
  }
}

run "blue_begins_with_all_traffic_and_all_tasks" {
  assert {
    condition     = { for group in aws_lb_listener.https.default_action[0].forward[0].target_group : group.arn => group.weight } == { (aws_lb_target_group.gateway["blue"].arn) = 100, (aws_lb_target_group.gateway["green"].arn) = 0 }
    error_message = "Traffic goes to where no task is."
  }
  assert {
    condition     = aws_ecs_service.gateway["blue"].desired_count == 3 && aws_ecs_service.gateway["green"].desired_count == 0 && aws_appautoscaling_target.gateway["green"].min_capacity == 0 && aws_appautoscaling_target.gateway["blue"].min_capacity == 3
    error_message = "The colour at rest has tasks, or the other too few."
  }
}

run "secrets_are_nowhere_in_plain_text" {
  assert {
    condition     = alltrue(flatten([for task in values(aws_ecs_task_definition.gateway) : [for s in jsondecode(task.container_definitions)[0].secrets : startswith(s.valueFrom, "arn:aws:secretsmanager:")]]))
    error_message = "A secret is not taken from Secrets Manager."
  }
  assert {
    condition     = length(setintersection([for e in jsondecode(aws_ecs_task_definition.gateway["blue"].container_definitions)[0].environment : e.name], ["STORE_URL", "STATE_URL", "BUS_URL", "CLUSTER_KEY", "AUDIT_KEY", "WEBHOOK_SOURCES"])) == 0
    error_message = "A secret is in the environment."
  }
}

run "a_task_is_confined_and_asked_for_its_health" {
  assert {
    condition = alltrue([for c in [jsondecode(aws_ecs_task_definition.gateway["blue"].container_definitions)[0], jsondecode(aws_ecs_task_definition.operations.container_definitions)[0]] :
    c.readonlyRootFilesystem && !c.privileged && c.user != "0" && c.user != "root" && c.linuxParameters.capabilities.drop == ["ALL"]])
    error_message = "A container may write its root, or more."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.gateway["blue"].container_definitions)[0].healthCheck.command == ["CMD", "/corsia", "health", "-live"] && aws_lb_target_group.gateway["blue"].health_check[0].path == "/health/live"
    error_message = "Nobody notices a gateway that is ill."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.gateway["blue"].container_definitions)[0].stopTimeout >= 25
    error_message = "A gateway is killed before it has sent its sockets away."
  }
}

run "what_a_task_writes_is_a_volume" {
  assert {
    condition     = [for v in aws_ecs_task_definition.gateway["green"].volume : v.name] == [for m in jsondecode(aws_ecs_task_definition.gateway["green"].container_definitions)[0].mountPoints : m.sourceVolume] && jsondecode(aws_ecs_task_definition.gateway["green"].container_definitions)[0].mountPoints[0].containerPath == "/tmp"
    error_message = "The gateway has nowhere to keep what is on its way to the archive."
  }
}

run "the_agent_writes_the_metric_that_services_scale_by" {
  assert {
    condition = alltrue([for colour, policy in aws_appautoscaling_policy.connections :
      anytrue([for selector in jsondecode([for e in jsondecode(aws_ecs_task_definition.gateway[colour].container_definitions)[1].environment : e.value if e.name == "CW_CONFIG_CONTENT"][0]).logs.metrics_collected.prometheus.emf_processor.metric_declaration[0].metric_selectors :
      length(regexall(selector, policy.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metric_name)) == 1])
      && yamldecode([for e in jsondecode(aws_ecs_task_definition.gateway[colour].container_definitions)[1].environment : e.value if e.name == "PROMETHEUS_CONFIG_CONTENT"][0]).scrape_configs[0].static_configs[0].labels.colour == colour
    && jsondecode([for e in jsondecode(aws_ecs_task_definition.gateway[colour].container_definitions)[1].environment : e.value if e.name == "CW_CONFIG_CONTENT"][0]).logs.metrics_collected.prometheus.emf_processor.metric_namespace == policy.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].namespace])
    error_message = "Scaling waits for a metric that nobody writes."
  }
}

run "no_task_may_delete_or_do_anything" {
  assert {
    condition     = alltrue([for p in [aws_iam_role_policy.gateway.policy, aws_iam_role_policy.operations.policy, aws_iam_role_policy.execution.policy, aws_iam_role_policy.scheduler.policy] : !strcontains(p, ":Delete")])
    error_message = "A role may delete (T5)."
  }
  assert {
    condition     = alltrue(flatten([for p in [aws_iam_role_policy.gateway.policy, aws_iam_role_policy.operations.policy, aws_iam_role_policy.execution.policy, aws_iam_role_policy.scheduler.policy] : [for s in jsondecode(p).Statement : [for a in flatten([s.Action]) : !strcontains(a, "*")]]]))
    error_message = "A role has a wildcard for an action."
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.gateway.policy, "s3:PutObjectRetention") && !strcontains(aws_iam_role_policy.gateway.policy, "arn:aws:s3:::backups") && !strcontains(aws_iam_role_policy.operations.policy, "arn:aws:s3:::archive")
    error_message = "The gateway cannot lock what it archives, or a role reaches the other's bucket."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.execution.policy, "store-url-archiver")
    error_message = "A task gets the archiver's role in the store."
  }
}

run "backups_are_made_at_two_and_monthly_ones_go_elsewhere" {
  assert {
    condition     = aws_scheduler_schedule.backup["daily"].schedule_expression == "cron(0 2 * * ? *)" && aws_scheduler_schedule.backup["daily"].schedule_expression_timezone == "UTC"
    error_message = "The backup is not at 02:00 UTC (O4)."
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.backup["monthly"].target[0].input).containerOverrides[0].environment[0].value == "s3://backups/monthly?region=eu-central-1" && jsondecode(aws_scheduler_schedule.backup["monthly"].target[0].input).containerOverrides[0].name == jsondecode(aws_ecs_task_definition.operations.container_definitions)[0].name
    error_message = "Monthly backups lie where daily ones are deleted (O4)."
  }
}

run "metrics_are_not_for_the_internet" {
  assert {
    condition     = aws_lb_listener_rule.metrics.action[0].fixed_response[0].status_code == "404" && anytrue([for c in aws_lb_listener_rule.metrics.condition : contains(c.path_pattern[0].values, "/metrics")])
    error_message = "/metrics is open."
  }
}

run "one_environment_of_one_repository_deploys" {
  variables {
    deploy = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", repository = "example/corsia", environment = "production" }
  }

  assert {
    condition     = jsondecode(aws_iam_role.deploy[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/corsia:environment:production"
    error_message = "Others may deploy."
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_role_policy.deploy[0].policy).Statement : try(s.Resource, "") != "*" if s.Action == "iam:PassRole"])
    error_message = "A deployment may hand out any role."
  }
}

run "an_idle_time_out_below_the_heartbeat_is_refused" {
  command = plan
  variables {
    idle_timeout = 60
  }
  expect_failures = [var.idle_timeout]
}

run "production_refuses_two_tasks" {
  command = plan
  variables {
    tasks = { wanted = 2, least = 2 }
  }
  expect_failures = [aws_ecs_service.gateway]
}

run "a_secret_as_a_setting_is_refused" {
  command = plan
  variables {
    settings = { JWKS_URL = "https://idp.example/keys", JWT_ISSUER = "i", JWT_AUDIENCE = "a", ALLOWED_ORIGINS = "https://emr.example", STORE_URL = "postgres://u:p@h/d" }
  }
  expect_failures = [var.settings]
}

run "an_image_that_is_only_the_latest_is_refused" {
  command = plan
  variables {
    images = { gateway = "corsia/gateway:latest", operations = "corsia/operations:1", agent = "agent:1" }
  }
  expect_failures = [var.images]
}
