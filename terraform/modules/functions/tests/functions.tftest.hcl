mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name    = "corsia-test"
  code    = { bucket = "artifacts", prefix = "functions/1.0.0" }
  network = { subnet_ids = ["subnet-1", "subnet-2"], security_group_id = "sg-1" }
  secret_arns = {
    store-url            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:store-url"
    store-url-archiver   = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:archiver"
    store-url-operations = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:operations"
    state-url            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:state-url"
    bus-url              = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bus-url"
    webhook-sources      = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhook-sources"
  }
  buckets  = { archive = "archive", backups = "backups" }
  key_arns = { data = "arn:aws:kms:eu-central-1:123456789012:key/data", archive = "arn:aws:kms:eu-central-1:123456789012:key/archive", logs = "arn:aws:kms:eu-central-1:123456789012:key/logs" }
  drill = {
    cluster = "arn:aws:ecs:eu-central-1:123456789012:cluster/corsia-test", task = "corsia-test-operations", subnets = ["subnet-1", "subnet-2"], security_groups = ["sg-2"]
    statements = [
      { Effect = "Allow", Action = "ecs:RunTask", Resource = "arn:aws:ecs:eu-central-1:123456789012:task-definition/corsia-test-operations:*" },
      { Effect = "Allow", Action = "iam:PassRole", Resource = ["arn:aws:iam::123456789012:role/execution"] },
    ]
  }
  api              = { domain = "hooks.corsia.example", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" }
  runbooks         = "https://github.com/example/corsia/blob/main"
  alarm_topic_arns = { critical = "arn:aws:sns:eu-central-1:123456789012:critical", warning = "arn:aws:sns:eu-central-1:123456789012:warning" }
}

run "the_archiver_has_a_role_of_its_own_in_the_store" {
  assert {
    condition     = [for name, f in aws_lambda_function.this : name if f.environment[0].variables.STORE_URL == var.secret_arns["store-url-archiver"]] == ["auditarchive"]
    error_message = "The archiver has the gateway's role, or another function the archiver's (T5)."
  }
  assert {
    condition     = [for name, p in aws_iam_role_policy.this : name if strcontains(p.policy, "secret:archiver")] == ["auditarchive"]
    error_message = "Another function may read the archiver's secret."
  }
}

run "a_role_reads_the_secrets_of_its_function_alone_and_deletes_nothing" {
  assert {
    condition = alltrue([for name, p in aws_iam_role_policy.this : toset(flatten([for s in jsondecode(p.policy).Statement : flatten([s.Resource]) if s.Action == "secretsmanager:GetSecretValue"]))
    == toset([for value in values(aws_lambda_function.this[name].environment[0].variables) : value if startswith(value, "arn:aws:secretsmanager:")])])
    error_message = "A function may read too much or cannot read what it needs."
  }
  assert {
    condition     = alltrue(flatten([for p in values(aws_iam_role_policy.this) : [for s in jsondecode(p.policy).Statement : [for a in flatten([s.Action]) : !strcontains(a, "*") && !startswith(a, "s3:Delete")]]]))
    error_message = "A role deletes, or has a wildcard for an action."
  }
  assert {
    condition     = [for name, p in aws_iam_role_policy.this : name if strcontains(p.policy, "ecs:RunTask") || strcontains(p.policy, "cloudwatch:PutMetricData")] == ["backupverify"]
    error_message = "Another function starts tasks or writes metrics."
  }
  assert {
    condition     = [for name, p in aws_iam_role_policy.this : name if strcontains(p.policy, "arn:aws:s3:::archive/")] == ["auditarchive"] && strcontains(aws_iam_role_policy.this["auditarchive"].policy, "s3:PutObjectRetention")
    error_message = "The archiver cannot lock what it archives, or another reaches the archive."
  }
}

run "locks_are_swept_every_minute_one_at_a_time" {
  assert {
    condition     = aws_cloudwatch_event_rule.this["locksweep"].schedule_expression == "rate(1 minute)" && aws_lambda_function.this["locksweep"].timeout <= 60 && aws_lambda_function.this["locksweep"].reserved_concurrent_executions == 1
    error_message = "Two sweeps may run at once, or one less often (L5)."
  }
  assert {
    condition     = aws_lambda_function.this["webhook"].reserved_concurrent_executions == -1
    error_message = "Webhooks wait for each other."
  }
}

run "what_is_scheduled_may_call_and_its_silence_is_noticed" {
  assert {
    condition     = toset(keys(aws_cloudwatch_event_target.this)) == toset(keys(aws_lambda_permission.schedule)) && toset(keys(aws_cloudwatch_metric_alarm.silent)) == toset(keys(aws_cloudwatch_event_rule.this))
    error_message = "A schedule calls in vain, and nobody notices."
  }
  assert {
    condition     = alltrue([for a in values(aws_cloudwatch_metric_alarm.silent) : a.treat_missing_data == "breaching"]) && aws_cloudwatch_metric_alarm.this["backup-not-verified"].treat_missing_data == "breaching"
    error_message = "Nothing said counts as nothing wrong."
  }
}

run "webhooks_are_throttled_and_logged_without_what_they_say" {
  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit > 0 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit > 0
    error_message = "A storm of webhooks reaches the store (F7)."
  }
  assert {
    condition     = length(regexall("body|header|querystring|path|authorizer|raw", lower(aws_apigatewayv2_stage.this.access_log_settings[0].format))) == 0
    error_message = "A log has what was sent (T6)."
  }
  assert {
    condition     = aws_apigatewayv2_integration.webhook.timeout_milliseconds > aws_lambda_function.this["webhook"].timeout * 1000
    error_message = "A sender is told of a failure while its message is still being kept."
  }
}

run "a_missing_secret_is_refused" {
  command = plan
  variables {
    secret_arns = { store-url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:store-url" }
  }
  expect_failures = [var.secret_arns]
}

run "a_retention_that_the_function_does_not_take_is_refused" {
  command = plan
  variables {
    audit_retention = "400 days"
  }
  expect_failures = [var.audit_retention]
}
