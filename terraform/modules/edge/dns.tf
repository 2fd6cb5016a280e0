data "aws_region" "current" {}

# The parent domain delegates to the name servers of this zone (output name_servers), once, before certificates can be had.
resource "aws_route53_zone" "this" {
  name    = var.domain
  comment = "names of ${var.name}"
}

locals {
  hosts = {
    gateway = { name = "gateway.${var.domain}", region = data.aws_region.current.region }
    grafana = { name = "grafana.${var.domain}", region = data.aws_region.current.region }
    hooks   = { name = "hooks.${var.domain}", region = data.aws_region.current.region }
    cdn     = { name = "cdn.${var.domain}", region = "us-east-1" } # CloudFront takes certificates of no other region
  }

  aliases = {
    gateway = { name = var.load_balancer.dns_name, zone = var.load_balancer.zone_id, health = true }
    grafana = { name = var.load_balancer.dns_name, zone = var.load_balancer.zone_id, health = false }
    hooks   = { name = var.api_domain.domain, zone = var.api_domain.zone_id, health = false }
    cdn     = { name = aws_cloudfront_distribution.widget.domain_name, zone = aws_cloudfront_distribution.widget.hosted_zone_id, health = false }
  }

  records = merge([for host in keys(local.hosts) : { for type in(contains(["cdn"], host) ? ["A", "AAAA"] : ["A"]) : "${host}-${type}" => { host = host, type = type } }]...)
}

resource "aws_route53_record" "host" {
  for_each = local.records

  zone_id = aws_route53_zone.this.zone_id
  name    = local.hosts[each.value.host].name
  type    = each.value.type

  alias {
    name                   = local.aliases[each.value.host].name
    zone_id                = local.aliases[each.value.host].zone
    evaluate_target_health = local.aliases[each.value.host].health
  }
}

# Who may make certificates for these names.
resource "aws_route53_record" "caa" {
  zone_id = aws_route53_zone.this.zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = 3600
  records = ["0 issue \"amazon.com\"", "0 issuewild \";\""]
}
