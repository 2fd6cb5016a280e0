locals {
  # What to do, by function: docs/runbooks/<name>.md.
  runbooks = {
    webhook      = "webhook-source-misbehaves"
    locksweep    = "lock-stuck"
    auditarchive = "audit-archive-missing"
    backupverify = "backup-verification-failed"
  }

  alarms = merge(
    { for name in keys(local.functions) : "${name}-failed" => {
      namespace = "AWS/Lambda", metric = "Errors", statistic = "Sum", over = 0, periods = name == "locksweep" ? 5 : 1, period = 60, missing = "notBreaching"
      severity  = "warning", dimensions = { FunctionName = "${var.name}-${name}" }
      of        = name, text = "The function ${name} failed."
    } },
    { for name in keys(local.functions) : "${name}-gave-up" => {
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", over = 0, periods = 1, period = 300, missing = "notBreaching"
      severity  = "warning", dimensions = { QueueName = "${var.name}-${name}-dead" }
      of        = name, text = "Events of ${name} were given up: they lie in its queue."
    } if name != "locksweep" },
    {
      webhook-throttled = {
        namespace = "AWS/Lambda", metric = "Throttles", statistic = "Sum", over = 0, periods = 3, period = 60, missing = "notBreaching"
        severity  = "warning", dimensions = { FunctionName = "${var.name}-webhook" }
        of        = "webhook", text = "Webhooks are refused because too many come at once."
      }
      webhook-api-errors = {
        namespace = "AWS/ApiGateway", metric = "5xx", statistic = "Sum", over = 5, periods = 1, period = 300, missing = "notBreaching"
        severity  = "warning", dimensions = { ApiId = aws_apigatewayv2_api.webhooks.id }
        of        = "webhook", text = "Webhooks are answered with 5xx."
      }
      backup-not-verified = {
        namespace = "Corsia/Backup", metric = "BackupFailed", statistic = "Maximum", over = 0, periods = 1, period = 86400, missing = "breaching"
        severity  = "critical", dimensions = {}
        of        = "backupverify", text = "Last night's backup is not good, or nobody looked at it for a day."
      }
      backup-too-old = {
        namespace = "Corsia/Backup", metric = "BackupAgeSeconds", statistic = "Maximum", over = 93600, periods = 1, period = 86400, missing = "notBreaching"
        severity  = "critical", dimensions = {}
        of        = "backupverify", text = "The newest backup is older than 26 hours."
      }
    },
  )

  silent = { locksweep = 600, auditarchive = 86400, backupverify = 86400 } # seconds in which a schedule must have called
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} ${var.runbooks}/docs/runbooks/${local.runbooks[each.value.of]}.md"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  dimensions          = each.value.dimensions
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arns[each.value.severity]]
  ok_actions          = [var.alarm_topic_arns[each.value.severity]]
}

# A schedule that calls nobody makes no errors.
resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each = local.silent

  alarm_name          = "${var.name}-${each.key}-silent"
  alarm_description   = "The function ${each.key} was not called. ${var.runbooks}/docs/runbooks/${local.runbooks[each.key]}.md"
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  statistic           = "Sum"
  dimensions          = { FunctionName = "${var.name}-${each.key}" }
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = each.value
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic_arns.warning]
  ok_actions          = [var.alarm_topic_arns.warning]
}
