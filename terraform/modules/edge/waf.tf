# The same rules before the load balancer and before CloudFront. Bodies sent to the gateway are what people type and Yjs in binary: rules
# that look into bodies or limit their size only count there, as they would refuse a note about a script or a long one.
locals {
  lists = {
    alb = { scope = "REGIONAL", region = data.aws_region.current.region, text = "before the load balancer" }
    cdn = { scope = "CLOUDFRONT", region = "us-east-1", text = "before CloudFront" }
  }

  managed = {
    reputation = { priority = 10, group = "AWSManagedRulesAmazonIpReputationList", counted = [] }
    common     = { priority = 20, group = "AWSManagedRulesCommonRuleSet", counted = ["SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY"] }
    inputs     = { priority = 30, group = "AWSManagedRulesKnownBadInputsRuleSet", counted = ["JavaDeserializationRCE_BODY"] }
    sql        = { priority = 40, group = "AWSManagedRulesSQLiRuleSet", counted = ["SQLi_BODY"] }
  }
}

resource "aws_wafv2_web_acl" "this" {
  for_each = local.lists

  region      = each.value.region
  name        = "${var.name}-${each.key}"
  description = each.value.text
  scope       = each.value.scope

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 0

    action {
      block {}
    }
    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.requests_per_address
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-${each.key}-rate"
      sampled_requests_enabled   = false # samples have query strings (T6)
    }
  }

  dynamic "rule" {
    for_each = local.managed

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }
      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.group

          dynamic "rule_action_override" {
            for_each = each.key == "alb" ? rule.value.counted : []

            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${each.key}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-${each.key}"
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "load_balancer" {
  resource_arn = var.load_balancer.arn
  web_acl_arn  = aws_wafv2_web_acl.this["alb"].arn
}

# Who asked for what path, and what became of it; without query strings, tokens and cookies (T6).
resource "aws_wafv2_web_acl_logging_configuration" "load_balancer" {
  resource_arn            = aws_wafv2_web_acl.this["alb"].arn
  log_destination_configs = [aws_cloudwatch_log_group.waf.arn]

  redacted_fields {
    query_string {}
  }

  dynamic "redacted_fields" {
    for_each = toset(["authorization", "cookie", "webhook-signature", "x-hub-signature-256"])

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "waf" {
  name              = "aws-waf-logs-${var.name}" # WAF takes no other beginning
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}
