output "name_servers" {
  description = "Name servers that the parent domain delegates to."
  value       = aws_route53_zone.this.name_servers
}

output "names" {
  description = "Host names: gateway, grafana, hooks, cdn."
  value       = { for host, at in local.hosts : host => at.name }
}

output "certificate_arns" {
  description = "Validated certificates by host."
  value       = { for host, validation in aws_acm_certificate_validation.this : host => validation.certificate_arn }
}

output "distribution_id" {
  description = "Distribution of the widget, for invalidating /collab-sdk.js after a release."
  value       = aws_cloudfront_distribution.widget.id
}

output "web_acl_names" {
  description = "Web ACLs, as their metrics name them: alb, cdn."
  value       = { for list, acl in aws_wafv2_web_acl.this : list => acl.name }
}
