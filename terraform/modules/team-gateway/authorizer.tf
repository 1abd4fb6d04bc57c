# The authorizer: the released code, the floor as a layer beside it, and nothing that a team could turn off.

locals {
  authorizer = {
    rust       = { runtime = "provided.al2023", handler = "bootstrap", memory_mb = 256 }
    typescript = { runtime = "nodejs22.x", handler = "index.handler", memory_mb = 512 }
  }[var.authorizer_variant]

  authorizer_name      = "${local.full_name}-authorizer"
  authorizer_alias     = "live"
  authorizer_uri       = "arn:${local.partition}:apigateway:${local.region}:lambda:path/2015-03-31/functions/arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.authorizer_name}:${local.authorizer_alias}/invocations"
  authorizer_timeout_s = 5
  package_is_path      = !startswith(var.authorizer_package, "s3://")
  package_s3           = local.package_is_path ? null : regex("^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", var.authorizer_package)

  # base64 of the digest: 3 hexadecimal digits are 12 bits are 2 characters, and the last digit's 4 bits one more.
  base64_alphabet = split("", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  package_sha256_base64 = join("", concat(
    flatten([for at in range(21) : [for bits in [parseint(substr(var.authorizer_sha256, at * 3, 3), 16)] : [local.base64_alphabet[floor(bits / 64)], local.base64_alphabet[bits % 64]]]]),
    [local.base64_alphabet[parseint(substr(var.authorizer_sha256, 63, 1), 16) * 4], "="],
  ))
}

# A changed floor is a new layer version and a new function version; the code stays as it is.
resource "aws_lambda_layer_version" "floor" {
  layer_name       = "${local.full_name}-floor"
  description      = try("Feed ${local.floor_commit.feed}, revision ${local.floor_commit.revision}", "")
  filename         = "${var.floor}.zip"
  source_code_hash = filebase64sha256("${var.floor}.zip")

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_function" "authorizer" {
  function_name = local.authorizer_name
  description   = "Who may call the gateway ${local.full_name}"
  role          = aws_iam_role.authorizer.arn
  runtime       = local.authorizer.runtime
  handler       = local.authorizer.handler
  architectures = ["x86_64"]
  memory_size   = local.authorizer.memory_mb
  timeout       = local.authorizer_timeout_s
  publish       = true
  layers        = [aws_lambda_layer_version.floor.arn]
  tags          = local.tags

  filename         = local.package_is_path ? var.authorizer_package : null
  s3_bucket        = local.package_is_path ? null : local.package_s3.bucket
  s3_key           = local.package_is_path ? null : local.package_s3.key
  source_code_hash = local.package_sha256_base64

  environment {
    variables = merge(
      {
        SWITCHBOARD_FLOOR        = "/opt/policy.floor"
        SWITCHBOARD_APIS         = join(",", local.apis)
        SWITCHBOARD_RESPONSE     = "policy"
        SWITCHBOARD_RESULT_TTL_S = tostring(var.result_ttl_s)
        SWITCHBOARD_GATEWAY      = local.full_name
      },
      var.cell == null ? {} : { SWITCHBOARD_CELL = var.cell },
      var.bundle_url == null ? {} : {
        SWITCHBOARD_BUNDLE          = var.bundle_url
        SWITCHBOARD_SYNC_AFTER_MS   = tostring(var.sync_after_ms)
        SWITCHBOARD_MAX_STALENESS_S = tostring(var.max_staleness_s)
        SWITCHBOARD_ON_STALE        = var.on_stale
      },
      var.bundle_token == null ? {} : { SWITCHBOARD_BUNDLE_TOKEN = var.bundle_token },
      var.floor_max_age_s == null ? {} : { SWITCHBOARD_FLOOR_MAX_AGE_S = tostring(var.floor_max_age_s) },
      var.portal_url == null ? {} : { SWITCHBOARD_PORTAL = var.portal_url, SWITCHBOARD_PORTAL_TOKEN = var.portal_token },
    )
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.authorizer.name
  }

  depends_on = [aws_iam_role_policy.authorizer]
}

# What was published, as Lambda has it: what is in a bucket can change under its name. Asked before the alias moves, so that other code never answers.
data "aws_lambda_function" "published" {
  function_name = aws_lambda_function.authorizer.function_name
  qualifier     = aws_lambda_function.authorizer.version

  lifecycle {
    postcondition {
      condition     = self.code_sha256 == local.package_sha256_base64
      error_message = "Lambda has code with another SHA-256 than authorizer_sha256: what lies at ${var.authorizer_package} is not the file that was released. Put the right file under another key, name that one, and apply; the former version answers until then."
    }
  }
}

# Code, floor and settings change together: whoever is asked is one published version.
resource "aws_lambda_alias" "authorizer" {
  name             = local.authorizer_alias
  description      = "The version that the API asks"
  function_name    = aws_lambda_function.authorizer.function_name
  function_version = data.aws_lambda_function.published.version
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "switchboard-api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.authorizer.function_name
  qualifier     = aws_lambda_alias.authorizer.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/authorizers/*"
}

resource "aws_iam_role" "authorizer" {
  name                 = local.authorizer_name
  description          = "The authorizer of the gateway ${local.full_name}: writes its log and its traces, and nothing else"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "authorizer" {
  name = "write-log-and-traces"
  role = aws_iam_role.authorizer.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.authorizer.arn}:*" },
      { Effect = "Allow", Action = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource = "*" },
    ]
  })
}
