# The secrets of an installation. Terraform makes the places; of the values it knows only those that it makes itself (data module).
locals {
  secrets = {
    store-url            = "STORE_URL of the gateway and of the functions: the role that grant_application was called for"
    store-url-archiver   = "STORE_URL of the function auditarchive: the role that grant_archiver was called for, and never the gateway's"
    store-url-operations = "STORE_URL of backup, restore and drill: a role that may read all and make databases"
    state-url            = "STATE_URL: rediss:// with the token"
    bus-url              = "BUS_URL: amqps:// with name and password"
    cluster-key          = "CLUSTER_KEY: what instances sign with that pass requests on to each other"
    audit-key            = "AUDIT_KEY: private half of the key that signs checkpoints"
    webhook-sources      = "WEBHOOK_SOURCES: the systems that may send, with their secrets"
    grafana-admin        = "password of Grafana's administrator"
    pagerduty-key        = "routing key of Alertmanager at PagerDuty"
    slack-url            = "incoming webhook of Alertmanager at Slack"
  }

  rotated  = toset([for name in keys(local.secrets) : name if contains(keys(var.rotation_functions), name)])
  by_hand  = sort([for name in keys(local.secrets) : name if !contains(keys(var.rotation_functions), name)])
  reminder = { for names in [join(", ", local.by_hand)] : "these" => names if names != "" }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.this["data"].arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = local.rotated

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = var.rotation_functions[each.key]

  rotation_rules {
    automatically_after_days = var.rotation_days
  }
}

# Gateways read a secret when they start: renewing one by hand ends with a deployment.
resource "aws_scheduler_schedule" "reminder" {
  for_each = local.reminder

  name                = "${var.name}-renew-secrets"
  description         = "says which secrets are due"
  schedule_expression = "rate(${var.rotation_days} days)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.reminder_topic_arn
    role_arn = aws_iam_role.reminder.arn
    input    = "Secrets of ${var.name} to renew, then deploy: ${each.value}"
  }
}

resource "aws_iam_role" "reminder" {
  name = "${var.name}-renew-secrets"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "reminder" {
  name = "publish"
  role = aws_iam_role.reminder.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "sns:Publish", Resource = var.reminder_topic_arn },
      { Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = aws_kms_key.this["logs"].arn },
    ]
  })
}
