data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# critical wakes somebody; warning is read the same day. Prometheus has its own ways through Alertmanager.
locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region

  topics = toset(["critical", "warning"])

  subscriptions = {
    pagerduty      = { topic = "critical", endpoint = var.endpoints.pagerduty }
    slack-critical = { topic = "critical", endpoint = var.endpoints.slack }
    slack-warning  = { topic = "warning", endpoint = var.endpoints.slack }
  }
}

resource "aws_sns_topic" "this" {
  for_each = local.topics

  name              = "${var.name}-${each.key}"
  display_name      = "${var.name} ${each.key}"
  kms_master_key_id = var.key_arns.logs
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.topics

  arn = aws_sns_topic.this[each.key].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ServicesOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this[each.key].arn
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = toset(["pagerduty", "slack-critical", "slack-warning"])

  topic_arn              = aws_sns_topic.this[local.subscriptions[each.key].topic].arn
  protocol               = startswith(local.subscriptions[each.key].endpoint, "https://") ? "https" : "email"
  endpoint               = local.subscriptions[each.key].endpoint
  endpoint_auto_confirms = startswith(local.subscriptions[each.key].endpoint, "https://")
}
