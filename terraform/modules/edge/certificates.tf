resource "aws_acm_certificate" "this" {
  for_each = local.hosts

  region            = each.value.region
  domain_name       = each.value.name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# A certificate for one name is validated by one record.
resource "aws_route53_record" "validation" {
  for_each = local.hosts

  zone_id         = aws_route53_zone.this.zone_id
  name            = join("", [for option in aws_acm_certificate.this[each.key].domain_validation_options : option.resource_record_name])
  type            = join("", [for option in aws_acm_certificate.this[each.key].domain_validation_options : option.resource_record_type])
  records         = [for option in aws_acm_certificate.this[each.key].domain_validation_options : option.resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  for_each = local.hosts

  region                  = each.value.region
  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.validation[each.key].fqdn]
}
