# Who may talk to whom is one table: from, to, port. Nothing else is open, and each way is opened at both of its ends.
locals {
  groups = {
    load_balancer = "the load balancer, which the internet reaches"
    gateway       = "tasks of the gateway"
    functions     = "Lambda functions"
    operations    = "tasks that back up, restore and drill"
    monitoring    = "Prometheus, Alertmanager and Grafana"
    database      = "PostgreSQL"
    cache         = "Redis"
    broker        = "RabbitMQ"
  }

  ports = { gateway = var.gateway_port, database = 5432, cache = 6379, broker = 5671, prometheus = 9090, alertmanager = 9093, grafana = 3000 }

  flows = { for flow in [
    ["load_balancer", "gateway", local.ports.gateway],
    ["load_balancer", "monitoring", local.ports.grafana],
    ["gateway", "gateway", local.ports.gateway], # requests of another's session (C3)
    ["monitoring", "gateway", local.ports.gateway],
    ["monitoring", "monitoring", local.ports.prometheus],
    ["monitoring", "monitoring", local.ports.alertmanager],
    ["gateway", "database", local.ports.database],
    ["functions", "database", local.ports.database],
    ["operations", "database", local.ports.database],
    ["gateway", "cache", local.ports.cache],
    ["functions", "cache", local.ports.cache],
    ["gateway", "broker", local.ports.broker],
    ["functions", "broker", local.ports.broker],
  ] : "${flow[0]}-${flow[1]}-${flow[2]}" => { from = flow[0], to = flow[1], port = tonumber(flow[2]) } }

  # They call AWS, fetch keys and images: HTTPS, and nothing else, to anywhere.
  callers = toset(["gateway", "functions", "operations", "monitoring"])
}

resource "aws_security_group" "this" {
  for_each = local.groups

  name        = "${var.name}-${replace(each.key, "_", "-")}"
  description = "Corsia: ${each.value}"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${replace(each.key, "_", "-")}" }
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = "from ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = "to ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  for_each = { https = 443, http = 80 } # 80 answers with a redirection and nothing else

  security_group_id = aws_security_group.this["load_balancer"].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "${each.key} from browsers"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = local.callers

  security_group_id = aws_security_group.this[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "https to AWS and to the keys of JWKS_URL"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Whoever forgets to name a group gets one that lets nothing through.
resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-none" }
}
