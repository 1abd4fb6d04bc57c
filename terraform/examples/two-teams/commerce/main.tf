# Two teams, two gateways, nothing between them: this is commerce's. It has its own state, its own API, its own authorizer (in Rust) and its own bill; ../returns has the other team's.

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
  description = "Path of switchboard-authorizer-rust.zip, as it was released, or s3://BUCKET/KEY."
  type        = string
}

variable "authorizer_sha256" {
  description = "Its SHA-256, as release.json has it."
  type        = string
}

variable "service_url" {
  description = "The team's service behind the VPC link."
  type        = string
}

variable "vpc_link_id" {
  description = "The VPC link to the network load balancer before the service."
  type        = string
}

module "gateway" {
  source = "../../../modules/team-gateway"

  name        = "orders"
  team        = "commerce"
  environment = "prod"

  routes = [
    { path = "/api/orders/**", target = { http = { url = var.service_url, vpc_link_id = var.vpc_link_id } } },
  ]

  floor              = "${path.root}/policy.floor"
  authorizer_variant = "rust"
  authorizer_package = var.authorizer_package
  authorizer_sha256  = var.authorizer_sha256
}

output "invoke_url" {
  description = "Where the routes' paths stand behind."
  value       = module.gateway.invoke_url
}
