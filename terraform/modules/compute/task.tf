# One task is one instance of the gateway, and beside it the agent that tells CloudWatch how many sockets it has. INSTANCE_ADDR is
# found by the gateway itself: the task's address.
locals {
  port      = 8080
  agent_mib = 256

  archive_url = "s3://${var.buckets.archive}?region=${local.region}"

  environment = merge({
    ENV             = "production"
    ADDR            = "0.0.0.0:${local.port}"
    ARCHIVE_URL     = local.archive_url
    TRUSTED_PROXIES = var.network.cidr # the load balancer's addresses are among these, and no others reach the port
    GOMEMLIMIT      = "${floor((var.tasks.memory - local.agent_mib) * 0.85)}MiB"
    AWS_REGION      = local.region
  }, var.settings)

  secrets = {
    STORE_URL       = var.secret_arns["store-url"]
    STATE_URL       = var.secret_arns["state-url"]
    BUS_URL         = var.secret_arns["bus-url"]
    CLUSTER_KEY     = var.secret_arns["cluster-key"]
    AUDIT_KEY       = var.secret_arns["audit-key"]
    WEBHOOK_SOURCES = var.secret_arns["webhook-sources"]
  }

  # Without a root that can be written, without rights of the system, and not as root.
  confined = {
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
  }

  log_options = { for name, group in aws_cloudwatch_log_group.this : name => {
    logDriver = "awslogs"
    options = {
      awslogs-group         = group.name
      awslogs-region        = local.region
      awslogs-stream-prefix = name
      mode                  = "non-blocking" # the trail is in the store: a log that is away must not stop the ward
      max-buffer-size       = "16m"
    }
  } }
}

resource "aws_ecs_task_definition" "gateway" {
  for_each = local.colours

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.tasks.cpu
  memory                   = var.tasks.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.gateway.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([
    merge(local.confined, {
      name         = "corsia"
      image        = var.images.gateway
      essential    = true
      portMappings = [{ containerPort = local.port, protocol = "tcp" }]
      environment  = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
      secrets      = [for name in sort(keys(local.secrets)) : { name = name, valueFrom = local.secrets[name] }]
      mountPoints  = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }] # a day's trail on its way to the archive
      stopTimeout  = 30                                                                   # seconds; the gateway needs up to 25
      ulimits      = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
      healthCheck = {
        command     = ["CMD", "/corsia", "health", "-live"]
        interval    = 10
        timeout     = 5
        retries     = 3
        startPeriod = 30
      }
      logConfiguration = local.log_options["gateway"]
    }),
    local.agents[each.key],
  ])

  lifecycle {
    create_before_destroy = true
  }
}
