# What a provider that makes nothing says of the account, and of what it was asked to make.

mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws" }
}
mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/made" }
}
mock_resource "aws_lambda_layer_version" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:111122223333:layer:made:1" }
}
mock_resource "aws_lambda_function" {
  defaults = { version = "7" }
}
mock_data "aws_lambda_function" {
  defaults = { code_sha256 = "2K8M/XXaSvMIh5dFEcX0/GOx/QuBpF0Nhois6IJ0Gyw=", version = "7" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:made" }
}
mock_resource "aws_api_gateway_rest_api" {
  defaults = { id = "abc123def4", execution_arn = "arn:aws:execute-api:eu-central-1:111122223333:abc123def4" }
}
mock_resource "aws_api_gateway_stage" {
  defaults = { invoke_url = "https://abc123def4.execute-api.eu-central-1.amazonaws.com/prod" }
}
