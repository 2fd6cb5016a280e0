# Prometheus, Alertmanager and Grafana, each one task, each found by its name in the private zone. Their configuration (files/) is in their
# images. What they keep ends with the task: Prometheus keeps 35 days as long as it runs (error budgets look back 30); CloudWatch keeps what must last.
locals {
  tools = {
    prometheus = {
      cpu         = 512, memory = 2048, port = 9090, user = "65534", disk = 50, writes = ["/prometheus"]
      command     = ["--config.file=/etc/prometheus/prometheus.yml", "--enable-feature=expand-external-labels", "--storage.tsdb.path=/prometheus", "--storage.tsdb.retention.time=35d"]
      entry       = null
      environment = { ENVIRONMENT = var.environment, RUNBOOKS = var.runbooks }
      secrets     = {}
    }
    alertmanager = {
      cpu         = 256, memory = 512, port = 9093, user = "65534", disk = 21, writes = ["/alertmanager", "/tmp"]
      command     = ["--web.external-url=http://alertmanager.corsia.internal:9093"]
      entry       = ["/bin/sh", "/etc/alertmanager/start.sh"]
      environment = {}
      secrets     = { SLACK_URL = "slack-url", PAGERDUTY_KEY = "pagerduty-key" }
    }
    grafana = {
      cpu     = 256, memory = 1024, port = 3000, user = "472", disk = 21, writes = ["/var/lib/grafana", "/tmp"]
      command = null
      entry   = null
      environment = {
        GF_SERVER_ROOT_URL             = "https://${var.grafana.host}/"
        GF_AUTH_ANONYMOUS_ENABLED      = "false"
        GF_USERS_ALLOW_SIGN_UP         = "false"
        GF_SECURITY_COOKIE_SECURE      = "true"
        GF_ANALYTICS_CHECK_FOR_UPDATES = "false"
      }
      secrets = { GF_SECURITY_ADMIN_PASSWORD = "grafana-admin" }
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.tools

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  ephemeral_storage {
    size_in_gib = each.value.disk
  }

  dynamic "volume" {
    for_each = each.value.writes

    content {
      name = trim(replace(volume.value, "/", "-"), "-")
    }
  }

  container_definitions = jsonencode([merge({
    name                   = each.key
    image                  = var.images[each.key]
    essential              = true
    user                   = each.value.user
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    portMappings           = [{ containerPort = each.value.port, protocol = "tcp" }]
    environment            = [for name in sort(keys(each.value.environment)) : { name = name, value = each.value.environment[name] }]
    secrets                = [for name in sort(keys(each.value.secrets)) : { name = name, valueFrom = var.secret_arns[each.value.secrets[name]] }]
    mountPoints            = [for path in each.value.writes : { sourceVolume = trim(replace(path, "/", "-"), "-"), containerPath = path, readOnly = false }]
    logConfiguration = {
      logDriver = "awslogs"
      options   = { awslogs-group = aws_cloudwatch_log_group.this[each.key].name, awslogs-region = local.region, awslogs-stream-prefix = each.key }
    }
  }, each.value.command == null ? {} : { command = each.value.command }, each.value.entry == null ? {} : { entryPoint = each.value.entry })])
}

resource "aws_service_discovery_service" "this" {
  for_each = local.tools

  name = each.key

  dns_config {
    namespace_id   = var.network.namespace_id
    routing_policy = "MULTIVALUE"

    dns_records {
      ttl  = 10
      type = "A"
    }
  }

  health_check_custom_config {
    failure_threshold = 1 # what ECS finds ill is not named
  }
}

resource "aws_ecs_service" "this" {
  for_each = local.tools

  name                    = "${var.name}-${each.key}"
  cluster                 = var.network.cluster_arn
  task_definition         = aws_ecs_task_definition.this[each.key].arn
  launch_type             = "FARGATE"
  desired_count           = 1
  enable_execute_command  = false
  enable_ecs_managed_tags = true
  propagate_tags          = "SERVICE"

  # Two of them would both page, or both write one disk: the old one ends first.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = [var.network.security_group_id]
    assign_public_ip = false
  }

  service_registries {
    registry_arn = aws_service_discovery_service.this[each.key].arn
  }

  dynamic "load_balancer" {
    for_each = each.key == "grafana" ? [aws_lb_target_group.grafana.arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = each.key
      container_port   = each.value.port
    }
  }

  depends_on = [aws_iam_role_policy.execution, aws_lb_listener_rule.grafana]
}
