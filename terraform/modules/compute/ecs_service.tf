# Blue and green: one has the traffic, the other none or the next version. `scripts/deploy` moves tasks and weights between them; Terraform
# begins with blue and leaves both alone afterwards.
resource "aws_ecs_service" "gateway" {
  for_each = local.colours

  name             = "${var.name}-${each.key}"
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.gateway[each.key].arn
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  desired_count    = each.key == "blue" ? var.tasks.wanted : 0

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  availability_zone_rebalancing      = "ENABLED"
  enable_execute_command             = false
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.network.private_subnet_ids
    security_groups  = [var.network.security_group_ids.gateway]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.gateway[each.key].arn
    container_name   = "corsia"
    container_port   = local.port
  }

  service_registries {
    registry_arn = aws_service_discovery_service.gateway.arn
  }

  depends_on = [aws_lb_listener.https, aws_iam_role_policy.execution, aws_iam_role_policy.gateway]

  lifecycle {
    ignore_changes = [desired_count, task_definition]

    precondition {
      condition     = !var.protected || var.tasks.least >= 3
      error_message = "Where records are kept three tasks run at least, one in each zone."
    }
  }
}
