# What is seen of it: an access log that names client and team, and alarms.

locals {
  # One line of JSON for each request, with the gateway's own names for the same things. Nothing here can hold a quotation mark that a caller chose: no header
  # but the request's own line, whose path API Gateway keeps escaped; and no query, which may hold secrets. Numbers stand in strings: a value that is not there is `-`.
  access_log = {
    time        = "$context.requestTime"
    request_id  = "$context.requestId"
    aws_id      = "$context.extendedRequestId"
    team        = var.team
    gateway     = var.name
    environment = var.environment
    client_ip   = "$context.identity.sourceIp"
    method      = "$context.httpMethod"
    path        = "$context.path"
    route       = "$context.resourcePath"
    client_id   = "$context.authorizer.client"
    status      = "$context.status"
    error       = "$context.authorizer.code"
    refused_by  = "$context.error.responseType"
    bytes_out   = "$context.responseLength"
    duration_ms = "$context.responseLatency"
    upstream_ms = "$context.integration.latency"
    auth_ms     = "$context.authorizer.latency"
    auth_status = "$context.authorizer.status"
    revision    = "$context.authorizer.revision"
    canary      = "$context.isCanaryRequest"
    trace_id    = "$context.xrayTraceId"
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/switchboard/${local.full_name}/access"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_cloudwatch_log_group" "authorizer" {
  name              = "/aws/lambda/${local.authorizer_name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

# API Gateway makes this one itself, under this name, and would keep it for ever.
resource "aws_cloudwatch_log_group" "execution" {
  name              = "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.this.id}/${var.environment}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

locals {
  metric_namespace = "Switchboard"
  failures_metric  = "Failures/${local.full_name}"

  of_stage    = { ApiName = local.full_name, Stage = var.environment }
  of_function = { FunctionName = local.authorizer_name }
  alarms = {
    failed-answers = {
      about     = "More than one request in a hundred was answered with a 5xx for five minutes"
      namespace = "AWS/ApiGateway", metric = "5XXError", dimensions = local.of_stage, statistic = "Average", threshold = 0.01, periods = 5
    }
    authorizer-failures = {
      about     = "The authorizer, or the API's own settings, failed: what was asked was refused with a 500. The authorizer's log says why"
      namespace = local.metric_namespace, metric = local.failures_metric, dimensions = {}, statistic = "Sum", threshold = 0, periods = 1
    }
    authorizer-throttles = {
      about     = "The authorizer was not run, for want of concurrency in the account: requests were refused"
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.of_function, statistic = "Sum", threshold = 0, periods = 1
    }
    authorizer-slow = {
      about     = "The slowest decisions take more than half of the time that they have"
      namespace = "AWS/Lambda", metric = "Duration", dimensions = local.of_function, statistic = "Maximum", threshold = local.authorizer_timeout_s * 500, periods = 3
    }
  }
}

# Lambda's own count of errors is of no use here: on a REST API the answer 401 is one (docs/authorizers.md). So failures are counted in the access log.
resource "aws_cloudwatch_log_metric_filter" "failures" {
  name           = "${local.full_name}-failures"
  log_group_name = aws_cloudwatch_log_group.access.name
  pattern        = "{ $.refused_by = \"AUTHORIZER_FAILURE\" || $.refused_by = \"AUTHORIZER_CONFIGURATION_ERROR\" || $.refused_by = \"API_CONFIGURATION_ERROR\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.failures_metric
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.full_name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags
}

# One for the whole account and region, whoever sets it.
resource "aws_iam_role" "account_logging" {
  count = var.manage_account_logging_role ? 1 : 0

  name                 = "${local.full_name}-api-gateway-logging"
  description          = "With which API Gateway writes the logs of all APIs of this account and region"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "apigateway.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "account_logging" {
  count = length(aws_iam_role.account_logging)

  role       = aws_iam_role.account_logging[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  count = length(aws_iam_role.account_logging)

  cloudwatch_role_arn = aws_iam_role.account_logging[0].arn
  depends_on          = [aws_iam_role_policy_attachment.account_logging]
}
