# Webhooks of other systems. What is wrong with a request the function says (W3): all methods reach it.
locals {
  route = "ANY /api/webhooks/{source}"
}

resource "aws_apigatewayv2_api" "webhooks" {
  name                         = "${var.name}-webhooks"
  description                  = "what EMR and PACS systems send"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = true # one name, one certificate
}

resource "aws_apigatewayv2_integration" "webhook" {
  api_id                 = aws_apigatewayv2_api.webhooks.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.this["webhook"].arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 12000 # the function's ten seconds, and its start
}

resource "aws_apigatewayv2_route" "webhook" {
  api_id    = aws_apigatewayv2_api.webhooks.id
  route_key = local.route
  target    = "integrations/${aws_apigatewayv2_integration.webhook.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.webhooks.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.api.rate
    throttling_burst_limit   = var.api.burst
    detailed_metrics_enabled = true
  }

  # No body, no header, no query string: what was sent is the store's alone.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      requestId = "$context.requestId"
      time      = "$context.requestTimeEpoch"
      address   = "$context.identity.sourceIp"
      method    = "$context.httpMethod"
      route     = "$context.routeKey"
      status    = "$context.status"
      bytes     = "$context.responseLength"
      latency   = "$context.responseLatency"
      problem   = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/corsia/${var.name}/webhooks"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arns.logs
}

resource "aws_apigatewayv2_domain_name" "this" {
  domain_name = var.api.domain

  domain_name_configuration {
    certificate_arn = var.api.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  api_id      = aws_apigatewayv2_api.webhooks.id
  domain_name = aws_apigatewayv2_domain_name.this.id
  stage       = aws_apigatewayv2_stage.this.id
}

resource "aws_lambda_permission" "api" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["webhook"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.webhooks.execution_arn}/*/*/api/webhooks/{source}" # wildcard: any stage and method of one route
}
