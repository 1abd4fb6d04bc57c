output "invoke_url" {
  description = "Where it is reached: the routes' paths stand behind it. Of a private API, through the VPC endpoint alone."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "route_descriptor" {
  description = "What a gateway of Switchboard writes as a route's `upstream`: `{ private_api }` of a private API, `{ url }` of a regional one."
  value = local.is_private ? {
    private_api = {
      region       = local.region
      api_id       = aws_api_gateway_rest_api.this.id
      stage        = aws_api_gateway_stage.this.stage_name
      vpc_endpoint = var.vpc_endpoints[0].dns_name
    }
    url = null
    } : {
    private_api = null
    url         = aws_api_gateway_stage.this.invoke_url
  }
}

output "apis" {
  description = "The policy's APIs that it serves."
  value       = local.apis
}

output "policy" {
  description = "Which policy is baked in: feed, revision, and the digest of its floor."
  value = {
    feed     = try(local.floor_commit.feed, null)
    revision = try(local.floor_commit.revision, null)
    digest   = try(local.floor_commit.digest, null)
  }
}

output "propagation" {
  description = "How long a change of policy takes until it holds here, honestly: how it arrives, and for how long a kept answer outlives it."
  value = {
    arrives      = var.bundle_url == null ? "with terraform apply" : "with the bundle, inside of an invocation"
    sync_after_s = var.bundle_url == null ? null : var.sync_after_ms / 1000
    result_ttl_s = var.result_ttl_s
    note = join(" ", compact([
      var.bundle_url == null ? "Every request is decided by the floor that was applied last." : "Publish, plus relay, plus ${var.sync_after_ms / 1000} s: a request that comes later than that is decided by the new policy, unless the bundle can't be had within 50 ms; then the next one is.",
      var.result_ttl_s == 0 ? "" : "An answer is kept for up to ${var.result_ttl_s} s after the change; FlushStageAuthorizersCache ends that early.",
    ]))
  }
}

output "cost_allocation_tags" {
  description = "Tags by which the bill is split, once they are activated as cost allocation tags in the payer account."
  value       = local.cost_tags
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "stage" {
  description = "Name of the stage."
  value       = aws_api_gateway_stage.this.stage_name
}

output "execution_arn" {
  description = "What permissions for it name: ARNs of its methods begin so."
  value       = aws_api_gateway_rest_api.this.execution_arn
}

output "authorizer" {
  description = "The authorizer's function and the version that is asked."
  value = {
    function_name = aws_lambda_function.authorizer.function_name
    version       = aws_lambda_function.authorizer.version
    variant       = var.authorizer_variant
    sha256        = var.authorizer_sha256
  }
}

output "log_groups" {
  description = "Names of the log groups."
  value = {
    access     = aws_cloudwatch_log_group.access.name
    authorizer = aws_cloudwatch_log_group.authorizer.name
    execution  = aws_cloudwatch_log_group.execution.name
  }
}
