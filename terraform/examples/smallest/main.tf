# The smallest gateway of a team: one route to a public service, and the organisation's authentication before it.

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
  description = "Path of switchboard-authorizer-rust.zip, as it was released."
  type        = string
}

variable "authorizer_sha256" {
  description = "Its SHA-256, as release.json has it."
  type        = string
}

module "gateway" {
  source = "../../modules/team-gateway"

  name        = "orders"
  team        = "commerce"
  environment = "prod"

  routes = [
    { path = "/api/orders/**", target = { http = { url = "https://orders.example.com" } } },
  ]

  floor              = "${path.root}/policy.floor"
  authorizer_package = var.authorizer_package
  authorizer_sha256  = var.authorizer_sha256
}

output "invoke_url" {
  description = "Where the routes' paths stand behind."
  value       = module.gateway.invoke_url
}
