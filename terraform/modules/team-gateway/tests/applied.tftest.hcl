# What is known only of what was made: by a provider that makes nothing.

mock_provider "aws" {
  source = "./tests/mocks"
}
# What Lambda says of the code that it took is held against the digest.
run "a_package_in_a_bucket_that_was_changed" {
  variables {
    authorizer_package = "s3://releases/switchboard/1.0/authorizer-rust.zip"
    authorizer_sha256  = "00af0cfd75da4af30887974511c5f4fc63b1fd0b81a45d0d8688ace882741b2c"
  }

  expect_failures = [data.aws_lambda_function.published]
}

run "a_package_in_a_bucket" {
  variables {
    authorizer_package = "s3://releases/switchboard/1.0/authorizer-rust.zip"
  }

  assert {
    condition     = output.authorizer.version == "7" && aws_lambda_alias.authorizer.function_version == "7"
    error_message = "The alias is not the version that was published."
  }
}

run "a_regional_gateway_is_reached_by_its_url" {
  assert {
    condition     = output.invoke_url == "https://abc123def4.execute-api.eu-central-1.amazonaws.com/prod" && output.route_descriptor == { private_api = null, url = "https://abc123def4.execute-api.eu-central-1.amazonaws.com/prod" }
    error_message = "A router could not find it."
  }
  assert {
    condition     = aws_lambda_permission.authorizer.source_arn == "arn:aws:execute-api:eu-central-1:111122223333:abc123def4/authorizers/*" && aws_lambda_permission.authorizer.qualifier == "live"
    error_message = "Another API could ask this authorizer."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.authorizer.policy).Statement == [
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "arn:aws:logs:eu-central-1:111122223333:log-group:made:*" },
      { Effect = "Allow", Action = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource = "*" },
    ]
    error_message = "The authorizer may do more than write its log and its traces."
  }
}

run "a_private_gateway_is_reached_through_its_endpoint" {
  variables {
    vpc_endpoints = [{ id = "vpce-0123456789abcdef0", dns_name = "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com" }]
  }

  assert {
    condition     = output.route_descriptor.url == null && output.route_descriptor.private_api == { region = "eu-central-1", api_id = "abc123def4", stage = "prod", vpc_endpoint = "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com" }
    error_message = "A router could not find it."
  }
}
