# One table: what is looked at, over how long, from what value on, how grave. What only the gateway itself knows has rules in
# Prometheus (files/prometheus/rules); these are about what is around it, and for when Prometheus is away.
# statistic of the form p99 is a percentile. A count without data is none; a service without data is not well.
locals {
  w = var.watched

  single = {
    latency-high = { ns = "AWS/ApplicationELB", metric = "TargetResponseTime", stat = "p99", over = 0.5, periods = 5, missing = "notBreaching", severity = "warning", runbook = "latency-high"
    dims = { LoadBalancer = local.w.load_balancer }, text = "Answers of more than half a second: one in a hundred, for five minutes." }
    load-balancer-errors = { ns = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", stat = "Sum", over = 10, periods = 3, missing = "notBreaching", severity = "critical", runbook = "health-checks-failing"
    dims = { LoadBalancer = local.w.load_balancer }, text = "The load balancer itself answers with errors: it has nobody to ask." }
    database-cpu = { ns = "AWS/RDS", metric = "CPUUtilization", stat = "Average", over = 80, periods = 5, missing = "breaching", severity = "warning", runbook = "database-errors"
    dims = { DBInstanceIdentifier = local.w.database }, text = "PostgreSQL has no time left." }
    database-disk = { ns = "AWS/RDS", metric = "FreeStorageSpace", stat = "Minimum", under = 10737418240, periods = 5, missing = "breaching", severity = "critical", runbook = "database-errors"
    dims = { DBInstanceIdentifier = local.w.database }, text = "Less than 10 GiB are left for PostgreSQL." }
    database-connections = { ns = "AWS/RDS", metric = "DatabaseConnections", stat = "Maximum", over = 300, periods = 5, missing = "breaching", severity = "warning", runbook = "database-errors"
    dims = { DBInstanceIdentifier = local.w.database }, text = "PostgreSQL has more connections than gateways and functions should need." }
    broker-cpu = { ns = "AWS/AmazonMQ", metric = "SystemCpuUtilization", stat = "Average", over = 80, periods = 5, missing = "breaching", severity = "warning", runbook = "breaker-open"
    dims = { Broker = local.w.broker }, text = "RabbitMQ has no time left." }
    broker-waiting = { ns = "AWS/AmazonMQ", metric = "MessageReadyCount", stat = "Maximum", over = 10000, periods = 5, missing = "notBreaching", severity = "warning", runbook = "breaker-open"
    dims = { Broker = local.w.broker }, text = "Messages wait in RabbitMQ that nobody fetches." }
    firewall-blocks = { ns = "AWS/WAFV2", metric = "BlockedRequests", stat = "Sum", over = 1000, periods = 5, missing = "notBreaching", severity = "warning", runbook = "firewall-blocks"
    dims = { WebACL = local.w.web_acl, Region = local.region, Rule = "ALL" }, text = "More than a thousand requests a minute are refused: an attack, or a hospital behind one address." }
  }

  by_colour = merge([for colour, service in local.w.services : {
    "cpu-high-${colour}" = { ns = "AWS/ECS", metric = "CPUUtilization", stat = "Average", over = 80, periods = 5, missing = "notBreaching", severity = "warning", runbook = "cpu-high"
    dims = { ClusterName = local.w.cluster, ServiceName = service }, text = "Gateways use more than 80 % of their processors for five minutes." }
    "memory-high-${colour}" = { ns = "AWS/ECS", metric = "MemoryUtilization", stat = "Average", over = 85, periods = 5, missing = "notBreaching", severity = "warning", runbook = "cpu-high"
    dims = { ClusterName = local.w.cluster, ServiceName = service }, text = "Gateways use more than 85 % of their memory." }
    "health-checks-failing-${colour}" = { ns = "AWS/ApplicationELB", metric = "UnHealthyHostCount", stat = "Maximum", over = 0, periods = 3, missing = "notBreaching", severity = "critical", runbook = "health-checks-failing"
    dims = { LoadBalancer = local.w.load_balancer, TargetGroup = local.w.target_groups[colour] }, text = "A gateway fails its health checks for three minutes." }
  }]...)

  by_node = merge([for n in range(local.w.cache_nodes) : {
    "redis-cpu-${n + 1}" = { ns = "AWS/ElastiCache", metric = "EngineCPUUtilization", stat = "Average", over = 80, periods = 5, missing = "breaching", severity = "warning", runbook = "redis-failing"
    dims = { CacheClusterId = format("%s-%03d", local.w.cache, n + 1) }, text = "Redis has no time left." }
    "redis-memory-${n + 1}" = { ns = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", stat = "Maximum", over = 75, periods = 5, missing = "breaching", severity = "critical", runbook = "redis-failing"
    dims = { CacheClusterId = format("%s-%03d", local.w.cache, n + 1) }, text = "Redis evicts nothing: when it is full, nobody connects." }
  }]...)

  by_host = { for host, arn in local.w.certificate_arns : "certificate-${host}" => { ns = "AWS/CertificateManager", metric = "DaysToExpiry", stat = "Minimum", under = 30, periods = 1, missing = "notBreaching", severity = "warning", runbook = "health-checks-failing"
  dims = { CertificateArn = arn }, text = "The certificate of ${host} was not renewed." } if host != "cdn" } # that one's metric is in us-east-1

  alarms = merge(local.single, local.by_colour, local.by_node, local.by_host)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} ${var.runbooks}/docs/runbooks/${each.value.runbook}.md"
  namespace           = each.value.ns
  metric_name         = each.value.metric
  statistic           = startswith(each.value.stat, "p") ? null : each.value.stat
  extended_statistic  = startswith(each.value.stat, "p") ? each.value.stat : null
  dimensions          = each.value.dims
  comparison_operator = can(each.value.under) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.under, each.value.over)
  period              = startswith(each.key, "certificate-") ? 86400 : 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this[each.value.severity].arn]
  ok_actions          = [aws_sns_topic.this[each.value.severity].arn]
}

# Per cent of requests that gateways answer with 5xx. The higher one ends a deployment (O2).
resource "aws_cloudwatch_metric_alarm" "error_rate" {
  for_each = { error-rate-high = { over = 1, severity = "warning" }, error-rate-very-high = { over = 5, severity = "critical" } }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "More than ${each.value.over} % of requests fail for five minutes. ${var.runbooks}/docs/runbooks/error-rate-high.md"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.value.severity].arn]
  ok_actions          = [aws_sns_topic.this[each.value.severity].arn]

  metric_query {
    id          = "rate"
    expression  = "IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)"
    label       = "failed requests in per cent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failed = "HTTPCode_Target_5XX_Count", requests = "RequestCount" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        stat        = "Sum"
        period      = 60
        dimensions  = { LoadBalancer = local.w.load_balancer }
      }
    }
  }
}
