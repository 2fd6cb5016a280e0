resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["prometheus", "alertmanager", "grafana"])

  name              = "/corsia/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arns.logs
}

# Of what is healthy one trace in twenty is kept, and at least one a second.
resource "aws_xray_sampling_rule" "this" {
  rule_name      = substr(var.name, 0, 32)
  priority       = 1000
  version        = 1
  reservoir_size = 1
  fixed_rate     = 0.05
  url_path       = "*"
  host           = "*"
  http_method    = "*"
  service_type   = "*"
  service_name   = "*"
  resource_arn   = "*"
}

resource "aws_xray_group" "slow" {
  group_name        = "${var.name}-slow"
  filter_expression = "responsetime > 0.5 OR error = true OR fault = true"
}

resource "aws_xray_encryption_config" "this" {
  type   = "KMS"
  key_id = var.key_arns.logs
}

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:Environment$%s", var.environment)]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 } # per cent of the limit

    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.this["warning"].arn]
    }
  }
}
