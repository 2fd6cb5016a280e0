resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.network.public_subnet_ids
  security_groups            = [var.network.security_group_ids.load_balancer]
  idle_timeout               = var.idle_timeout
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  xff_header_processing_mode = "append"
  enable_deletion_protection = var.protected

  # Access logs are off: they have query strings, and with them ids of sessions (T6). WAF logs requests without these.
  connection_logs {
    enabled = true
    bucket  = var.buckets.logs
    prefix  = "alb"
  }
}

resource "aws_lb_target_group" "gateway" {
  for_each = local.colours

  name                          = "${var.name}-${each.key}"
  vpc_id                        = var.network.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = local.port
  load_balancing_algorithm_type = "least_outstanding_requests" # an open socket is one: new ones go where there are few
  deregistration_delay          = 30                           # seconds; the gateway sends its sockets away within 25

  # Any instance answers polling for any session (C3); this saves it the way through another.
  stickiness {
    enabled         = true
    type            = "lb_cookie"
    cookie_duration = 3600
  }

  health_check {
    path                = "/health/live" # not /health: it is 503 everywhere while the database is away, and ECS would end all tasks (F4)
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}
