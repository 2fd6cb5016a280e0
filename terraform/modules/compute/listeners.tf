resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  routing_http_response_server_enabled                         = false
  routing_http_response_strict_transport_security_header_value = "max-age=63072000; includeSubDomains"
  routing_http_response_x_content_type_options_header_value    = "nosniff"

  default_action {
    type = "forward"

    forward {
      dynamic "target_group" {
        for_each = { blue = 100, green = 0 }

        content {
          arn    = aws_lb_target_group.gateway[target_group.key].arn
          weight = target_group.value
        }
      }

      # Requests of one page stay with one colour while weights move, and no longer.
      stickiness {
        enabled  = true
        duration = 120
      }
    }
  }

  lifecycle {
    ignore_changes = [default_action] # `scripts/deploy` moves the weights
  }
}

# Smoke tests reach a colour before it has traffic by naming it. What they see there is what everybody will.
resource "aws_lb_listener_rule" "colour" {
  for_each = { blue = 10, green = 11 }

  listener_arn = aws_lb_listener.https.arn
  priority     = each.value

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway[each.key].arn
  }

  condition {
    http_header {
      http_header_name = "X-Corsia-Colour"
      values           = [each.key]
    }
  }
}

# Metrics are for Prometheus and the agent, inside. They have no ids (SPEC 10): smoke tests may see them under a colour's name.
resource "aws_lb_listener_rule" "metrics" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 20

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }

  condition {
    path_pattern {
      values = ["/metrics"]
    }
  }
}
