# The widget. Under /v/<version>/ a file never changes, and browsers keep it; /collab-sdk.js is the newest, which they ask for again
# after five minutes. Any page may load it: it is public, and pages check it by its hash (SRI).
locals {
  origin = "widget"
  keeps = {
    versions = "public, max-age=31536000, immutable"
    newest   = "public, max-age=300, stale-while-revalidate=86400"
  }
}

resource "aws_cloudfront_origin_access_control" "widget" {
  name                              = "${var.name}-widget"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_cache_policy" "widget" {
  name        = "${var.name}-widget"
  min_ttl     = 0
  default_ttl = 300
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "widget" {
  for_each = local.keeps

  name = "${var.name}-widget-${each.key}"

  cors_config {
    access_control_allow_credentials = false
    access_control_max_age_sec       = 86400
    origin_override                  = true

    access_control_allow_headers {
      items = ["*"]
    }
    access_control_allow_methods {
      items = ["GET", "HEAD"]
    }
    access_control_allow_origins {
      items = ["*"]
    }
  }

  custom_headers_config {
    items {
      header   = "Cache-Control"
      value    = each.value
      override = true
    }
    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "cross-origin"
      override = true
    }
  }

  security_headers_config {
    content_type_options {
      override = true
    }
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }
  }
}

resource "aws_cloudfront_distribution" "widget" {
  comment         = "${var.name}: the widget"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = "PriceClass_100"
  aliases         = [local.hosts.cdn.name]
  web_acl_id      = aws_wafv2_web_acl.this["cdn"].arn

  origin {
    origin_id                = local.origin
    domain_name              = var.widget_bucket.domain
    origin_access_control_id = aws_cloudfront_origin_access_control.widget.id
  }

  default_cache_behavior {
    target_origin_id           = local.origin
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.widget.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.widget["newest"].id
  }

  ordered_cache_behavior {
    path_pattern               = "/v/*"
    target_origin_id           = local.origin
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.widget.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.widget["versions"].id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.this["cdn"].certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
