# The agent reads /metrics of its own task every 60 s (SPEC O3) and writes what is named here as metrics of CloudWatch, by colour: services
# scale by it. It also takes traces for X-Ray, at the port where X-Ray's library sends them.
locals {
  namespace = "Corsia/${var.name}"

  agent_metrics = ["websocket_connections_total", "websocket_messages_received_total", "websocket_messages_sent_total"]

  agents = { for colour in local.colours : colour => {
    name      = "agent"
    image     = var.images.agent
    essential = false # a gateway without it serves
    memory    = local.agent_mib
    cpu       = 64
    environment = [
      { name = "CW_CONFIG_CONTENT", value = jsonencode({
        agent  = { region = local.region }
        traces = { traces_collected = { xray = { bind_address = "127.0.0.1:2000" } } }
        logs = { metrics_collected = { prometheus = {
          log_group_name         = aws_cloudwatch_log_group.this["metrics"].name
          prometheus_config_path = "env:PROMETHEUS_CONFIG_CONTENT"
          emf_processor = {
            metric_namespace         = local.namespace
            metric_declaration_dedup = true
            metric_declaration = [{
              source_labels    = ["job"]
              label_matcher    = "^gateway$"
              dimensions       = [["colour"]]
              metric_selectors = [for name in local.agent_metrics : "^${name}$"]
            }]
          }
        } } }
      }) },
      { name = "PROMETHEUS_CONFIG_CONTENT", value = yamlencode({
        global = { scrape_interval = "60s", scrape_timeout = "10s" }
        scrape_configs = [{
          job_name       = "gateway"
          static_configs = [{ targets = ["127.0.0.1:${local.port}"], labels = { colour = colour } }]
        }]
      }) },
    ]
    linuxParameters  = { capabilities = { drop = ["ALL"] } }
    logConfiguration = local.log_options["agent"]
  } }
}
