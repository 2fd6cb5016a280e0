# Grafana alone is opened by people: by its name, from their networks, with the password of its administrator.
resource "aws_lb_target_group" "grafana" {
  name                 = "${var.name}-grafana"
  vpc_id               = var.network.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = local.tools.grafana.port
  deregistration_delay = 10

  health_check {
    path                = "/api/health"
    matcher             = "200"
    interval            = 30
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener_certificate" "grafana" {
  listener_arn    = var.grafana.listener_arn
  certificate_arn = var.grafana.certificate_arn
}

resource "aws_lb_listener_rule" "grafana" {
  listener_arn = var.grafana.listener_arn
  priority     = 5

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.grafana.arn
  }

  condition {
    host_header {
      values = [var.grafana.host]
    }
  }

  condition {
    source_ip {
      values = var.grafana.allowed_cidrs
    }
  }
}

# From elsewhere the name leads nowhere: not to the gateway either.
resource "aws_lb_listener_rule" "closed" {
  listener_arn = var.grafana.listener_arn
  priority     = 6

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "403"
    }
  }

  condition {
    host_header {
      values = [var.grafana.host]
    }
  }
}
