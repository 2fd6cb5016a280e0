data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# What each function is given: seconds, MiB, how many may run at once (null: as many as the account has), settings, secrets, and which
# buckets it keeps objects in. The names of settings are those that functions/*/main.go reads.
locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region

  archive_url = "s3://${var.buckets.archive}?region=${local.region}"
  backup_url  = "s3://${var.buckets.backups}?region=${local.region}"

  functions = {
    webhook = {
      timeout  = 10, memory = 256, at_once = null, bucket = null
      settings = {}
      secrets  = { STORE_URL = "store-url", BUS_URL = "bus-url", WEBHOOK_SOURCES = "webhook-sources" }
    }
    locksweep = {
      timeout  = 60, memory = 256, at_once = 1, bucket = null
      settings = {}
      secrets  = { STORE_URL = "store-url", STATE_URL = "state-url", BUS_URL = "bus-url" }
    }
    auditarchive = {
      timeout  = 900, memory = 1024, at_once = 1, bucket = var.buckets.archive
      settings = { ARCHIVE_URL = local.archive_url, AUDIT_RETENTION = var.audit_retention }
      secrets  = { STORE_URL = "store-url-archiver" }
    }
    backupverify = {
      timeout = 900, memory = 1024, at_once = 1, bucket = var.buckets.backups
      settings = {
        ARCHIVE_URL           = local.backup_url
        DRILL_CLUSTER         = var.drill.cluster
        DRILL_TASK            = var.drill.task
        DRILL_SUBNETS         = join(",", var.drill.subnets)
        DRILL_SECURITY_GROUPS = join(",", var.drill.security_groups)
      }
      secrets = { STORE_URL = "store-url" }
    }
  }
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name                  = "${var.name}-${each.key}"
  role                           = aws_iam_role.this[each.key].arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = ["arm64"]
  s3_bucket                      = var.code.bucket
  s3_key                         = "${var.code.prefix}/${each.key}.zip"
  timeout                        = each.value.timeout
  memory_size                    = each.value.memory
  reserved_concurrent_executions = each.value.at_once == null ? -1 : each.value.at_once
  kms_key_arn                    = var.key_arns.data

  # A secret's ARN is its value here: the function reads it when it starts.
  environment {
    variables = merge({ ENV = "production" }, each.value.settings, { for setting, name in each.value.secrets : setting => var.secret_arns[name] })
  }

  vpc_config {
    subnet_ids         = var.network.subnet_ids
    security_group_ids = [var.network.security_group_id]
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead[each.key].arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text" # the functions write NDJSON themselves (T6)
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }

  depends_on = [aws_iam_role_policy.this]
}

# A sweep that failed is made up for by the next one, a minute later. Of the others two more tries.
resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = { for name in keys(local.functions) : name => name == "locksweep" ? 0 : 2 if name != "webhook" }

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_retry_attempts       = each.value
  maximum_event_age_in_seconds = each.key == "locksweep" ? 60 : 21600
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arns.logs
}

# Events that were given up. They have no text of patients: a schedule's event is its time, and webhooks are called directly.
resource "aws_sqs_queue" "dead" {
  for_each = local.functions

  name                       = "${var.name}-${each.key}-dead"
  message_retention_seconds  = 1209600
  kms_master_key_id          = var.key_arns.logs
  visibility_timeout_seconds = 60
}
