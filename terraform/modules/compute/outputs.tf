output "deployment" {
  description = "What `scripts/deploy` needs: cluster, services, scalable targets, task families, listener, target groups by colour, least number of tasks, role."
  value = {
    cluster          = aws_ecs_cluster.this.name
    services         = { for colour, service in aws_ecs_service.gateway : colour => service.name }
    scalable_targets = { for colour, target in aws_appautoscaling_target.gateway : colour => target.resource_id }
    families         = { for colour, task in aws_ecs_task_definition.gateway : colour => task.family }
    listener_arn     = aws_lb_listener.https.arn
    target_groups    = { for colour, group in aws_lb_target_group.gateway : colour => group.arn }
    least_tasks      = var.tasks.least
    colour_header    = "X-Corsia-Colour"
    role_arn         = one(aws_iam_role.deploy[*].arn)
  }
}

output "deploy_role" {
  description = "Name of the role that deploys; null when there is none."
  value       = one(aws_iam_role.deploy[*].name)
}

output "load_balancer" {
  description = "The load balancer: ARN, what its metrics are named by, name and zone for DNS, the listener for HTTPS."
  value = {
    arn          = aws_lb.this.arn
    suffix       = aws_lb.this.arn_suffix
    dns_name     = aws_lb.this.dns_name
    zone_id      = aws_lb.this.zone_id
    listener_arn = aws_lb_listener.https.arn
    group_suffix = { for colour, group in aws_lb_target_group.gateway : colour => group.arn_suffix }
  }
}

output "cluster" {
  description = "The cluster, and the private zone of its tasks."
  value = {
    arn          = aws_ecs_cluster.this.arn
    name         = aws_ecs_cluster.this.name
    namespace_id = aws_service_discovery_private_dns_namespace.this.id
  }
}

output "drill" {
  description = "What the function backupverify needs to start drills, and the statements of a policy that let it."
  value = {
    cluster         = aws_ecs_cluster.this.arn
    task            = aws_ecs_task_definition.operations.family
    subnets         = var.network.private_subnet_ids
    security_groups = [var.network.security_group_ids.operations]
    statements      = local.runner
  }
}

output "metric_namespace" {
  description = "Namespace of CloudWatch in which the agents write the gateway's metrics."
  value       = local.namespace
}
