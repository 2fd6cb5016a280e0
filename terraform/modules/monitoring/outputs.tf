output "topic_arns" {
  description = "Topics by severity: critical, warning."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
}

output "deployment_alarms" {
  description = "Alarms that end a deployment and roll it back."
  value = concat(
    [aws_cloudwatch_metric_alarm.error_rate["error-rate-very-high"].alarm_name],
    [for name in sort(concat(["latency-high", "load-balancer-errors"], [for colour in keys(local.w.services) : "health-checks-failing-${colour}"])) : aws_cloudwatch_metric_alarm.this[name].alarm_name],
  )
}

output "alarm_names" {
  description = "All alarms of this module."
  value       = sort(concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name], [for alarm in aws_cloudwatch_metric_alarm.error_rate : alarm.alarm_name]))
}

output "dashboard" {
  description = "Dashboard of CloudWatch."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
