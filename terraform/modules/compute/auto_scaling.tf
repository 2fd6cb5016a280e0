# Each colour scales by its own sockets and processors. The least is that of the colour with the traffic; `scripts/deploy` moves it with
# the traffic, so that a colour at rest stays at none.
resource "aws_appautoscaling_target" "gateway" {
  for_each = local.colours

  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.gateway[each.key].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = each.key == "blue" ? var.tasks.least : 0
  max_capacity       = var.tasks.most

  lifecycle {
    ignore_changes = [min_capacity]
  }
}

resource "aws_appautoscaling_policy" "connections" {
  for_each = local.colours

  name               = "${var.name}-${each.key}-connections"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.gateway[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.gateway[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.gateway[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.connections
    scale_out_cooldown = 60
    scale_in_cooldown  = 600 # sockets that are sent away come back elsewhere at once: slowly

    customized_metric_specification {
      namespace   = local.namespace
      metric_name = "websocket_connections_total"
      statistic   = "Average" # over tasks: each writes its own value

      dimensions {
        name  = "colour"
        value = each.key
      }
    }
  }
}

resource "aws_appautoscaling_policy" "cpu" {
  for_each = local.colours

  name               = "${var.name}-${each.key}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.gateway[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.gateway[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.gateway[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.cpu
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
