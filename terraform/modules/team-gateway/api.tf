# The API, its deployment and its stage; and everything that is wrong with the input as a whole.

data "aws_region" "current" {}
data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  # A team's id may have dots, and a function's name may not.
  full_name  = "${replace(var.team, ".", "-")}-${var.name}-${var.environment}"
  is_private = length(var.vpc_endpoints) > 0

  step_functions_role_name = "${local.full_name}-step-functions"

  # What the bill is split by.
  cost_tags = {
    "switchboard:team"        = var.team
    "switchboard:gateway"     = var.name
    "switchboard:environment" = var.environment
  }
  tags = merge(var.tags, local.cost_tags)

  # Without authorizer: what needs an Allow of its own where the resource policy permits nothing else. With CORS every OPTIONS is a preflight, so that one line says it.
  open_methods = concat(
    var.cors == null ? [] : ["execute-api:/${var.environment}/OPTIONS/*"],
    sort([for key in local.unauthorized : "execute-api:/${var.environment}/${local.operations[key].method}${local.operations[key].path}"]),
  )

  # Only Deny, so that an authorizer that says nothing lets nobody in; an Allow for all would turn its silence into a permit (one account, resource policy and authorizer together).
  resource_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyThroughTheEndpoints"
        Effect    = "Deny"
        Principal = "*"
        Action    = "execute-api:Invoke"
        Resource  = "execute-api:/*"
        Condition = { StringNotEquals = { "aws:SourceVpce" = [for endpoint in var.vpc_endpoints : endpoint.id] } }
      }],
      length(local.open_methods) == 0 ? [] : [{
        Sid       = "WithoutAuthorizer"
        Effect    = "Allow"
        Principal = "*"
        Action    = "execute-api:Invoke"
        Resource  = local.open_methods
      }],
    )
  }
}

resource "aws_api_gateway_rest_api" "this" {
  name               = local.full_name
  description        = local.document.info.description
  body               = jsonencode(local.document)
  put_rest_api_mode  = "overwrite"
  fail_on_warnings   = false
  api_key_source     = "AUTHORIZER"
  binary_media_types = var.binary_media_types
  tags               = local.tags

  endpoint_configuration {
    types            = [local.is_private ? "PRIVATE" : "REGIONAL"]
    vpc_endpoint_ids = local.is_private ? [for endpoint in var.vpc_endpoints : endpoint.id] : null
  }

  # What the document names by name has to be there.
  depends_on = [aws_lambda_alias.authorizer, aws_iam_role.step_functions]

  lifecycle {
    replace_triggered_by = [terraform_data.kind]

    precondition {
      condition     = try(jsondecode(reverse(compact(local.floor_lines))[0]).digest == local.floor_commit.digest, false)
      error_message = "${var.floor} does not end with a commit: it is no floor, or it was cut off or added to. Make it anew: switchboard policy build POLICY --feed ${var.environment} --out ${var.floor} --lambda-layer"
    }
    precondition {
      condition     = try(local.floor_commit.feed, var.environment) == var.environment
      error_message = "${var.floor} is of the feed \"${try(local.floor_commit.feed, "")}\", and this gateway's environment is \"${var.environment}\": a key of one environment must open nothing in another. Build it with --feed ${var.environment}."
    }
    precondition {
      condition     = var.bundle_url == null || local.floor_is_signed
      error_message = "bundle_url needs a floor that is signed: ${var.floor} does not begin with roots, so nobody says whose signatures count, and the authorizer would not start. Export the floor from the portal."
    }
    precondition {
      condition     = var.bundle_url == null || length(local.public_keys) == 0
      error_message = "With bundle_url, public operations of the policy can't be baked into API Gateway, which result_ttl_s above 0 and usage_plans do: they would stay open after the policy has closed them. Public here: ${join(", ", local.public_keys)}. Set result_ttl_s = 0 and usage_plans = false, or leave bundle_url out."
    }
    # 42 bytes stand before the floor in the archive (a local header of 30 and the name), so both begin a group of base64 at the same place.
    precondition {
      condition     = local.layer_bytes == local.floor_bytes + 122 && try(substr(local.layer_base64, 56, length(local.floor_base64) - 4) == substr(local.floor_base64, 0, length(local.floor_base64) - 4), false)
      error_message = "${var.floor}.zip is not the layer of ${var.floor}. Make both anew, in one go: switchboard policy build POLICY --feed ${var.environment} --out ${var.floor} --lambda-layer"
    }
    precondition {
      condition     = length(local.private_urls) == 0
      error_message = "Without a VPC link target.http.url is \"https://\" and a public name: no address, no localhost, no .local or .internal name; also with the stage variables filled in. Not so: ${join(", ", local.private_urls)}. Write vpc_link_id for what is inside of a VPC."
    }
    precondition {
      condition     = length(local.climbing_urls) == 0
      error_message = "With its stage variables filled in, target.http.url is still scheme, host, maybe a port and a path without \".\" and \"..\". Not so: ${join(", ", local.climbing_urls)}."
    }
    precondition {
      condition     = length(local.routes_without_api) == 0
      error_message = "No API of the policy has a base path above these routes, so nobody could call them: ${join(", ", local.routes_without_api)}. Correct the path, or have the policy claim it for an API."
    }
    precondition {
      condition     = length(setsubtract(local.apis, keys(local.apis_known))) == 0
      error_message = "The policy has no such API: ${join(", ", setsubtract(local.apis, keys(local.apis_known)))}. It has: ${join(", ", keys(local.policy_apis))}."
    }
    precondition {
      condition     = alltrue([for id, api in local.apis_known : api.team == var.team])
      error_message = "These APIs are not team ${var.team}'s: ${join(", ", [for id, api in local.apis_known : "${id} (${api.team})" if api.team != var.team])}. A base path has one owner; serve your own, or have the policy delegate a part of it."
    }
    precondition {
      condition     = length(distinct([for id, api in local.apis_known : api.base_path])) == length(local.apis_known)
      error_message = "Two of these APIs have one base path and are told apart by hosts, which play no part here: ${join(", ", local.apis)}. Name one of them in `apis`."
    }
    precondition {
      condition     = alltrue([for index, owners in local.route_owners : length(owners) == 0 ? true : length(setintersection(owners, local.apis)) > 0])
      error_message = "`apis` leaves out the API of these routes: ${join(", ", [for index, owners in local.route_owners : "${var.routes[index].path} (${join(", ", owners)})" if length(owners) > 0 && length(setintersection(owners, local.apis)) == 0])}."
    }
    precondition {
      condition     = length(local.served_twice) == 0
      error_message = "Two routes serve the same path and method: ${join(", ", local.served_twice)}. Remove one, or give them different methods."
    }
    precondition {
      condition     = length(local.repeated_parameters) == 0
      error_message = "A path has two parameters of one name (\"proxy\" is the name of what \"/**\" stands for): ${join(", ", local.repeated_parameters)}. Give each its own."
    }
    precondition {
      condition     = length(local.torn_parents) == 0
      error_message = "API Gateway takes one variable segment below a parent: ${join("; ", local.torn_parents)}. Use one name for the parameter, or `/**` in place of both."
    }
    # An ARN of this API is some 60 characters longer than its short form.
    precondition {
      condition     = !local.is_private || length(jsonencode(local.resource_policy)) + 60 * length(local.open_methods) <= 8000
      error_message = "A resource policy has at most 8,192 characters, and the public operations of a private API with result_ttl_s above 0 need more. Set result_ttl_s = 0."
    }
    precondition {
      condition     = local.resource_count <= 300
      error_message = "The routes come to ${local.resource_count} resources, and an API has at most 300. Use `/**` for what has one target, or split the gateway."
    }
    precondition {
      condition     = length(local.step_functions) == 0 || length(setintersection(var.binary_media_types, ["*/*", "application/*", "application/json"])) == 0
      error_message = "A state machine's template cannot read a body that API Gateway takes for bytes: set binary_media_types without \"*/*\" and \"application/json\", such as [], or serve the state machine from a gateway of its own."
    }
    precondition {
      condition     = var.cors == null || !anytrue([for key, operation in local.operations : operation.method == "OPTIONS"])
      error_message = "With `cors` OPTIONS is answered by API Gateway itself; leave it out of the routes' methods."
    }
    precondition {
      condition     = length(local.public_unsayable) == 0 || length([for reach in values(local.public_reach) : true if length(setintersection(reach, local.public_unsayable)) > 0]) == 0
      error_message = "With result_ttl_s above 0, or usage plans, API Gateway itself has to know what is public, and these are no single method on a single path: ${join(", ", local.public_unsayable)}. Have the policy name each, or set result_ttl_s = 0 and usage_plans = false."
    }
    precondition {
      condition     = length(local.public_unserved) == 0
      error_message = "With result_ttl_s above 0, or usage plans, a public operation needs a route of its own with exactly that path and method: ${join(", ", local.public_unserved)}."
    }
    precondition {
      condition     = var.result_ttl_s == 0 || length(local.http_integrations) == 0
      error_message = "Where answers are kept (result_ttl_s above 0) nobody sees a caller's own x-user-id, which a service may read as the X-User-Id that the gateway sets: target.http is not to be had there. Set result_ttl_s = 0, or serve it with target.lambda."
    }
    precondition {
      condition     = var.result_ttl_s == 0 || length(local.apis) == 1
      error_message = "Where answers are kept (result_ttl_s above 0) a gateway serves one API: the scopes of one would be told to another. These are: ${join(", ", local.apis)}."
    }
    precondition {
      condition     = var.result_ttl_s == 0 || length(local.identity_sources) == 1 && !contains(local.identity_sources, "context.identity.clientCert")
      error_message = "Where answers are kept (result_ttl_s above 0) they are told apart by one header: have the policy's API accept `jwt` or `api_key` alone, or set result_ttl_s = 0. It accepts: ${join(", ", flatten([for id, api in local.apis_known : api.credentials]))}."
    }
    precondition {
      condition     = var.result_ttl_s == 0 || !anytrue([for pattern in flatten([for id, api in local.apis_known : api.patterns]) : strcontains(pattern, "{")])
      error_message = "Where answers are kept (result_ttl_s above 0) an operation cannot have a {param}: an ARN could not say it exactly. Check the policy with: switchboard policy build --for-cached-authorizer ${join(" ", local.apis)}"
    }
    precondition {
      condition     = !var.usage_plans || !anytrue([for id, issuer in local.policy_issuers : try(issuer.clients, "registered") == "any"])
      error_message = "Usage plans know registered clients alone, and an issuer of the policy has `clients: any`: its callers would all be refused. Set usage_plans = false."
    }
  }
}

# The same policy once more: the provider patches the former one back over that of a new document (hashicorp/terraform-provider-aws #38515), and a withdrawn
# endpoint would keep its access. In the document too, because from provider 6.48 on a document without a policy takes it away (#49672).
# With whole ARNs: API Gateway writes the short ones out, and a plan would find them changed for ever.
resource "aws_api_gateway_rest_api_policy" "this" {
  count = local.is_private ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.this.id
  policy      = replace(jsonencode(local.resource_policy), "\"execute-api:/", "\"${aws_api_gateway_rest_api.this.execution_arn}/")
}

# A private API that became a regional one would keep its Deny: it is another API.
resource "terraform_data" "kind" {
  input = local.is_private ? "private" : "regional"
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  description = "${local.full_name}, ${substr(local.deployed_content, 0, 12)}"

  # By content: nothing that means the same makes a deployment, and nothing that means something else goes without one, a changed policy among them.
  triggers = { content = local.deployed_content }

  # A policy takes effect with the next deployment, and this is it.
  depends_on = [aws_api_gateway_rest_api_policy.this]

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  deployed_content = sha256(jsonencode([aws_api_gateway_rest_api.this.body, local.is_private]))
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.environment
  description          = "The gateway ${var.name} of team ${var.team}"
  variables            = var.stage_variables
  xray_tracing_enabled = var.tracing
  tags                 = local.tags

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local.access_log)
  }

  dynamic "canary_settings" {
    for_each = var.canary == null ? [] : [var.canary]
    content {
      deployment_id            = aws_api_gateway_deployment.this.id
      percent_traffic          = canary_settings.value.percent
      stage_variable_overrides = canary_settings.value.stage_variables
      use_stage_cache          = false
    }
  }

  depends_on = [aws_api_gateway_account.this, aws_lambda_permission.authorizer, aws_cloudwatch_log_group.execution]
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    # Metrics for each method are billed as custom metrics; those of the stage are not, and the access log has the route.
    metrics_enabled        = false
    logging_level          = "ERROR"
    data_trace_enabled     = false
    throttling_rate_limit  = var.throttling.rate_per_s
    throttling_burst_limit = var.throttling.burst
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.waf_acl_arn == null ? 0 : 1

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = var.waf_acl_arn
}

# Backends

resource "aws_lambda_permission" "target" {
  for_each = toset([for route in var.routes : route.target.lambda.function_arn if route.target.lambda != null])

  statement_id = "switchboard-${local.full_name}"
  action       = "lambda:InvokeFunction"
  # An alias is a qualifier here: within the name the provider loses it when it reads, and makes the permission anew with every apply.
  function_name = regex("^(.*:function:[A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+))?$", each.key)[0]
  qualifier     = regex("^(.*:function:[A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+))?$", each.key)[1]
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.environment}/*"
}

resource "aws_iam_role" "step_functions" {
  count = anytrue([for route in var.routes : route.target.step_functions != null]) ? 1 : 0

  name                 = local.step_functions_role_name
  description          = "Lets the gateway ${local.full_name} start the state machines that its routes name"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "apigateway.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "step_functions" {
  count = length(aws_iam_role.step_functions)

  name = "start"
  role = aws_iam_role.step_functions[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = distinct([for route in var.routes : route.target.step_functions.mode == "sync" ? "states:StartSyncExecution" : "states:StartExecution" if route.target.step_functions != null])
      Resource = distinct([for route in var.routes : route.target.step_functions.state_machine_arn if route.target.step_functions != null])
    }]
  })
}
