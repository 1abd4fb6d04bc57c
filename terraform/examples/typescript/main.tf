# A gateway with the TypeScript authorizer, whose answers are kept for a minute, before functions, a state machine and a fixed answer; called from a browser.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "authorizer_package" {
  description = "Path of switchboard-authorizer-typescript.zip, as it was released, or s3://BUCKET/KEY."
  type        = string
}

variable "authorizer_sha256" {
  description = "Its SHA-256, as release.json has it."
  type        = string
}

variable "products_function_arn" {
  description = "The function that answers for products."
  type        = string
}

variable "import_state_machine_arn" {
  description = "The state machine that takes an import."
  type        = string
}

module "gateway" {
  source = "../../modules/team-gateway"

  name        = "catalog"
  team        = "catalog"
  environment = "prod"

  routes = [
    { path = "/api/catalog/products/**", methods = ["GET"], target = { lambda = { function_arn = var.products_function_arn } } },
    { path = "/api/catalog/import", methods = ["POST"], target = { step_functions = { state_machine_arn = var.import_state_machine_arn } } },
    # Public in the policy. Where answers are kept it needs a route of its own: API Gateway refuses whoever shows nothing before it asks.
    { path = "/api/catalog/health", methods = ["GET"], target = { mock = { body = jsonencode({ status = "up" }) } } },
  ]

  # A state machine reads JSON, and so has to get it as text.
  binary_media_types = []

  cors = { allow_origins = ["https://shop.example.com", "https://admin.example.com"] }

  floor              = "${path.root}/policy.floor"
  authorizer_variant = "typescript"
  authorizer_package = var.authorizer_package
  authorizer_sha256  = var.authorizer_sha256
  result_ttl_s       = 60
}

output "invoke_url" {
  description = "Where the routes' paths stand behind."
  value       = module.gateway.invoke_url
}

output "propagation" {
  description = "How long a change of policy takes until it holds."
  value       = module.gateway.propagation
}
