output "function_names" {
  description = "Functions by their folder under functions/."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "api_domain" {
  description = "What the name of webhooks is an alias of: domain and zone."
  value = {
    domain  = join("", aws_apigatewayv2_domain_name.this.domain_name_configuration[*].target_domain_name)
    zone_id = join("", aws_apigatewayv2_domain_name.this.domain_name_configuration[*].hosted_zone_id)
  }
}

output "alarm_names" {
  description = "Alarms of the functions and of the backups."
  value       = sort(concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name], [for alarm in aws_cloudwatch_metric_alarm.silent : alarm.alarm_name]))
}
