# What AWS itself measures, on one page. What the gateways measure is in Grafana.
locals {
  panels = [
    { title = "Sockets, average of a task", stat = "Average", metrics = [for colour in sort(keys(local.w.services)) : [local.w.namespace, "websocket_connections_total", "colour", colour]] },
    { title = "Requests and errors", stat = "Sum", metrics = [for metric in ["RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"] : ["AWS/ApplicationELB", metric, "LoadBalancer", local.w.load_balancer]] },
    { title = "Seconds to an answer, P99", stat = "p99", metrics = [["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", local.w.load_balancer]] },
    { title = "Open connections", stat = "Sum", metrics = [["AWS/ApplicationELB", "ActiveConnectionCount", "LoadBalancer", local.w.load_balancer]] },
    { title = "Processors of gateways, per cent", stat = "Average", metrics = [for colour in sort(keys(local.w.services)) : ["AWS/ECS", "CPUUtilization", "ClusterName", local.w.cluster, "ServiceName", local.w.services[colour]]] },
    { title = "Memory of gateways, per cent", stat = "Average", metrics = [for colour in sort(keys(local.w.services)) : ["AWS/ECS", "MemoryUtilization", "ClusterName", local.w.cluster, "ServiceName", local.w.services[colour]]] },
    { title = "PostgreSQL: processor, connections", stat = "Average", metrics = [for metric in ["CPUUtilization", "DatabaseConnections"] : ["AWS/RDS", metric, "DBInstanceIdentifier", local.w.database]] },
    { title = "PostgreSQL: seconds of a commit's write", stat = "Average", metrics = [for metric in ["WriteLatency", "ReadLatency"] : ["AWS/RDS", metric, "DBInstanceIdentifier", local.w.database]] },
    { title = "Redis: processor, memory, per cent", stat = "Average", metrics = flatten([for n in range(local.w.cache_nodes) : [for metric in ["EngineCPUUtilization", "DatabaseMemoryUsagePercentage"] : { m = ["AWS/ElastiCache", metric, "CacheClusterId", format("%s-%03d", local.w.cache, n + 1)] }]])[*].m },
    { title = "RabbitMQ: published, waiting", stat = "Average", metrics = [for metric in ["PublishRate", "MessageReadyCount"] : ["AWS/AmazonMQ", metric, "Broker", local.w.broker]] },
    { title = "Functions: errors", stat = "Sum", metrics = [for name in sort(keys(local.w.functions)) : ["AWS/Lambda", "Errors", "FunctionName", local.w.functions[name]]] },
    { title = "Firewall: refused", stat = "Sum", metrics = [["AWS/WAFV2", "BlockedRequests", "WebACL", local.w.web_acl, "Region", local.region, "Rule", "ALL"]] },
    { title = "Backups: level, age in seconds", stat = "Maximum", metrics = [for metric in ["BackupLevel", "BackupAgeSeconds"] : ["Corsia/Backup", metric]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for i, panel in local.panels : {
      type   = "metric"
      x      = (i % 3) * 8
      y      = floor(i / 3) * 6
      width  = 8
      height = 6
      properties = {
        title   = panel.title
        region  = local.region
        view    = "timeSeries"
        stat    = panel.stat
        period  = 60
        metrics = panel.metrics
      }
    }]
  })
}
