mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_acm_certificate" {
    defaults = { domain_validation_options = [{ domain_name = "x", resource_record_name = "_1.x", resource_record_type = "CNAME", resource_record_value = "_2.acm" }] }
  }
}

variables {
  name          = "corsia-test"
  domain        = "corsia.example"
  load_balancer = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/corsia-test/1", dns_name = "lb.example", zone_id = "Z1" }
  api_domain    = { domain = "api.example", zone_id = "Z2" }
  widget_bucket = { name = "widget", arn = "arn:aws:s3:::widget", domain = "widget.s3.eu-central-1.amazonaws.com" }
  logs_key_arn  = "arn:aws:kms:eu-central-1:123456789012:key/logs"
}

run "what_is_cloudfronts_is_in_the_region_that_it_takes" {
  assert {
    condition     = aws_acm_certificate.this["cdn"].region == "us-east-1" && aws_wafv2_web_acl.this["cdn"].region == "us-east-1" && aws_wafv2_web_acl.this["cdn"].scope == "CLOUDFRONT"
    error_message = "CloudFront takes certificates and rules of us-east-1 alone."
  }
  assert {
    condition     = aws_acm_certificate.this["gateway"].region == "eu-central-1" && aws_wafv2_web_acl.this["alb"].scope == "REGIONAL"
    error_message = "The load balancer takes certificates and rules of its own region."
  }
}

run "every_name_has_a_certificate_and_leads_somewhere" {
  assert {
    condition     = toset([for r in values(aws_route53_record.host) : r.name]) == toset([for c in values(aws_acm_certificate.this) : c.domain_name]) && length(aws_acm_certificate.this) == 4
    error_message = "A name leads nowhere, or has no certificate."
  }
  assert {
    condition     = alltrue([for r in values(aws_route53_record.validation) : r.type == "CNAME" && length(r.records) == 1])
    error_message = "A certificate is not validated by its record."
  }
}

run "both_lists_have_the_groups_of_owasp_and_a_rate" {
  assert {
    condition = alltrue([for acl in values(aws_wafv2_web_acl.this) : setintersection(flatten([for r in acl.rule : [for s in r.statement : [for g in s.managed_rule_group_statement : g.name]]]),
    ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet"]) == toset(["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet"])])
    error_message = "A group of rules is missing."
  }
  assert {
    condition     = alltrue([for acl in values(aws_wafv2_web_acl.this) : anytrue(flatten([for r in acl.rule : [for s in r.statement : [for b in s.rate_based_statement : b.aggregate_key_type == "IP" && length(r.action[0].block) == 1]]]))])
    error_message = "One address may ask without end (F7)."
  }
  assert {
    condition     = length(distinct([for r in aws_wafv2_web_acl.this["alb"].rule : r.priority])) == length(aws_wafv2_web_acl.this["alb"].rule)
    error_message = "Two rules have the same priority."
  }
}

run "what_people_type_is_never_refused_for_its_words" {
  assert {
    condition     = contains(flatten([for r in aws_wafv2_web_acl.this["alb"].rule : [for s in r.statement : [for g in s.managed_rule_group_statement : [for o in g.rule_action_override : o.name if length(o.action_to_use[0].count) == 1]]]]), "SizeRestrictions_BODY")
    error_message = "Polling with more than 8 KB is refused."
  }
  assert {
    condition     = alltrue(flatten([for r in aws_wafv2_web_acl.this["cdn"].rule : [for s in r.statement : [for g in s.managed_rule_group_statement : length(g.rule_action_override) == 0]]]))
    error_message = "Rules are loosened where nobody types."
  }
}

run "logs_of_the_firewall_have_no_query_strings_or_tokens" {
  assert {
    condition     = anytrue([for f in aws_wafv2_web_acl_logging_configuration.load_balancer.redacted_fields : length(f.query_string) == 1]) && setunion(flatten([for f in aws_wafv2_web_acl_logging_configuration.load_balancer.redacted_fields : [for h in f.single_header : h.name]])) == toset(["authorization", "cookie", "webhook-signature", "x-hub-signature-256"])
    error_message = "A log has a token or a query string (T6)."
  }
  assert {
    condition     = alltrue(flatten([for acl in values(aws_wafv2_web_acl.this) : [for r in acl.rule : !r.visibility_config[0].sampled_requests_enabled]]))
    error_message = "Samples have query strings (T6)."
  }
}

run "versions_are_kept_and_the_newest_is_asked_for_again" {
  assert {
    condition     = anytrue([for i in aws_cloudfront_response_headers_policy.widget["versions"].custom_headers_config[0].items : i.header == "Cache-Control" && strcontains(i.value, "immutable")]) && aws_cloudfront_distribution.widget.ordered_cache_behavior[0].path_pattern == "/v/*" && aws_cloudfront_distribution.widget.ordered_cache_behavior[0].response_headers_policy_id == aws_cloudfront_response_headers_policy.widget["versions"].id
    error_message = "A version is fetched again, or the newest is kept for a year."
  }
  assert {
    condition     = aws_cloudfront_cache_policy.widget.parameters_in_cache_key_and_forwarded_to_origin[0].enable_accept_encoding_brotli && aws_cloudfront_distribution.widget.default_cache_behavior[0].compress
    error_message = "It is sent without Brotli."
  }
}

run "the_bucket_is_read_by_this_distribution_alone" {
  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.widget.policy).Statement : s.Condition.StringEquals["aws:SourceArn"] if s.Effect == "Allow"] == [aws_cloudfront_distribution.widget.arn]
    error_message = "Others read the bucket."
  }
}

run "a_release_writes_the_widgets_files_and_deletes_none" {
  variables {
    deploys     = true
    deploy_role = "corsia-test-deploy"
  }

  assert {
    condition     = toset(flatten([for s in jsondecode(aws_iam_role_policy.release[0].policy).Statement : s.Action])) == toset(["s3:PutObject", "cloudfront:CreateInvalidation"])
    error_message = "A release can do more, or cannot be seen."
  }
}

run "a_rate_that_shuts_a_hospital_out_is_refused" {
  command = plan
  variables {
    requests_per_address = 100
  }
  expect_failures = [var.requests_per_address]
}

run "a_domain_with_a_dot_at_its_end_is_refused" {
  command = plan
  variables {
    domain = "corsia.example."
  }
  expect_failures = [var.domain]
}
