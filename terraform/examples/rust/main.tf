# A private gateway with the Rust authorizer: only reachable through a VPC endpoint, before a service inside of the VPC, with usage plans, a canary and alarms. A router (the
# gateway of Switchboard, say) forwards to it by the route descriptor.

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

variable "vpc_endpoint" {
  description = "The execute-api interface endpoint: id, and its own DNS name."
  type        = object({ id = string, dns_name = string })
}

variable "vpc_link_id" {
  description = "The VPC link to the network load balancer before the service."
  type        = string
}

variable "orders" {
  description = "The service behind the VPC link, and its next version, each as host and maybe port."
  type        = object({ current = string, next = string })
}

variable "alarm_topic_arn" {
  description = "The SNS topic that wakes the team."
  type        = string
}

module "gateway" {
  source = "../../modules/team-gateway"

  name          = "orders"
  team          = "commerce"
  environment   = "prod"
  vpc_endpoints = [var.vpc_endpoint]

  routes = [
    {
      path       = "/api/orders/**"
      timeout_ms = 10000
      target     = { http = { url = "http://$${stageVariables.orders}", vpc_link_id = var.vpc_link_id } }
    },
    # Public in the policy. With usage plans it needs a route of its own: whoever asks has no plan.
    {
      path    = "/api/orders/health"
      methods = ["GET"]
      target  = { http = { url = "http://$${stageVariables.orders}", vpc_link_id = var.vpc_link_id } }
    },
  ]

  # A tenth of the requests goes to the next version of the service.
  stage_variables = { orders = var.orders.current }
  canary          = { percent = 10, stage_variables = { orders = var.orders.next } }

  floor              = "${path.root}/policy.floor"
  authorizer_variant = "rust"
  authorizer_package = var.authorizer_package
  authorizer_sha256  = var.authorizer_sha256

  throttling         = { rate_per_s = 500, burst = 200 }
  usage_plans        = true
  log_retention_days = 90
  alarm_topic_arns   = [var.alarm_topic_arn]
  tags               = { cost-centre = "4711" }
}

output "gateway" {
  description = "Everything that is known of it afterwards."
  value       = module.gateway
}
