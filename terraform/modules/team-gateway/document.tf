# The API as one OpenAPI document. API Gateway takes it whole (`put_rest_api_mode = "overwrite"`), so that a route that was removed is gone before the deployment
# that follows is made: with a resource for each method, Terraform deploys first and removes afterwards, and the removed route stays live.
#
# Everything in it is known when it is planned, so that a plan shows what changes: names of what is made beside it are written out, not looked up.

locals {
  # What a service is told, from what the authorizer found out. Each is set on every request: that is what takes a caller's own copy away, of
  # exactly these names: the authorizer refuses a request with another spelling of one. It leaves none of them out of a permit; empty is nobody.
  identity_fields = {
    "X-User-Id"   = "user"
    "X-User-Role" = "role"
    "X-Client-Id" = "client"
    "X-Tenant-Id" = "tenant"
    "X-Cell-Id"   = "cell"
  }

  # A credential is for the gateway, not for the service behind it.
  dropped_fields = concat(local.forwards_token ? [] : ["Authorization"], local.api_key_headers)

  http_parameters = { for key, operation in local.operations : key => merge(
    { for field, member in local.identity_fields : "integration.request.header.${field}" => "context.authorizer.${member}" },
    { for field in local.dropped_fields : "integration.request.header.${field}" => "''" },
    { for name in distinct([for part in local.segments[operation.path] : trim(part, "{}+") if startswith(part, "{")]) : "integration.request.path.${name}" => "method.request.path.${name}" },
  ) }

  # The service's URL, and behind it the path as it came, less what the route strips.
  http_uris = { for key, operation in local.operations : key => format("%s%s",
    trimsuffix(var.routes[operation.route].target.http.url, "/"),
    replace(trimprefix(operation.path, coalesce(var.routes[operation.route].strip_prefix, " ")), "{proxy+}", "{proxy}"),
  ) if var.routes[operation.route].target.http != null }

  http_integrations = { for key, uri in local.http_uris : key => merge(
    {
      type                = "http_proxy"
      httpMethod          = local.operations[key].method
      uri                 = uri
      timeoutInMillis     = var.routes[local.operations[key].route].timeout_ms
      passthroughBehavior = "when_no_match"
      requestParameters   = local.http_parameters[key]
    },
    var.routes[local.operations[key].route].target.http.vpc_link_id == null ? { connectionType = "INTERNET" } : {
      connectionType                                                                           = "VPC_LINK"
      connectionId                                                                             = var.routes[local.operations[key].route].target.http.vpc_link_id
    },
  ) }

  lambda_integrations = { for key, operation in local.operations : key => {
    type                = "aws_proxy"
    httpMethod          = "POST"
    uri                 = "arn:${local.partition}:apigateway:${local.region}:lambda:path/2015-03-31/functions/${var.routes[operation.route].target.lambda.function_arn}/invocations"
    timeoutInMillis     = var.routes[operation.route].timeout_ms
    passthroughBehavior = "when_no_match"
  } if var.routes[operation.route].target.lambda != null }

  mock_integrations = { for key, operation in local.operations : key => {
    type                = "mock"
    passthroughBehavior = "never"
    contentHandling     = "CONVERT_TO_TEXT"
    requestTemplates    = { "application/json" = jsonencode({ statusCode = var.routes[operation.route].target.mock.status }) }
    responses = { default = {
      contentHandling    = "CONVERT_TO_TEXT"
      statusCode         = tostring(var.routes[operation.route].target.mock.status)
      responseParameters = { "method.response.header.Content-Type" = "'${var.routes[operation.route].target.mock.content_type}'" }
      # Between `#[[` and `]]#` nothing is a variable or a directive.
      responseTemplates = { "application/json" = var.routes[operation.route].target.mock.body == "" ? "" : "#[[${var.routes[operation.route].target.mock.body}]]#" }
    } }
  } if var.routes[operation.route].target.mock != null }

  integrations = merge(local.http_integrations, local.lambda_integrations, local.mock_integrations, local.step_functions)

  # A value in a JSON string that itself stands in a JSON string. escapeJavaScript writes `\'`, which JSON does not know.
  in_input = { for field, source in {
    client = "$context.authorizer.client", user = "$context.authorizer.user", role = "$context.authorizer.role", tenant = "$context.authorizer.tenant", cell = "$context.authorizer.cell",
    method = "$context.httpMethod", path = "$context.path", request_id = "$context.requestId",
  } : field => "$util.escapeJavaScript($util.escapeJavaScript(${source}).replaceAll(\"\\\\'\", \"'\")).replaceAll(\"\\\\'\", \"'\")" }

  step_functions = { for key, operation in local.operations : key => {
    type                = "aws"
    httpMethod          = "POST"
    uri                 = "arn:${local.partition}:apigateway:${local.region}:states:action/${var.routes[operation.route].target.step_functions.mode == "sync" ? "StartSyncExecution" : "StartExecution"}"
    credentials         = "arn:${local.partition}:iam::${local.account}:role/${local.step_functions_role_name}"
    timeoutInMillis     = var.routes[operation.route].timeout_ms
    passthroughBehavior = "never"
    contentHandling     = "CONVERT_TO_TEXT"
    requestTemplates = { "application/json" = join("", [
      "{\"stateMachineArn\":\"${var.routes[operation.route].target.step_functions.state_machine_arn}\",\"input\":\"{",
      "\\\"identity\\\":{${join(",", [for field in ["client", "user", "role", "tenant", "cell"] : "\\\"${field}\\\":\\\"${contains(local.unauthorized, key) ? "" : local.in_input[field]}\\\""])}},",
      "\\\"request\\\":{${join(",", [for field in ["method", "path", "request_id"] : "\\\"${field}\\\":\\\"${local.in_input[field]}\\\""])}},",
      "\\\"body\\\":$util.escapeJavaScript($input.json('$')).replaceAll(\"\\\\'\", \"'\")}\"}",
    ]) }
    responses = {
      # One pattern for both: API Gateway keeps integration responses by their status, so that two with 502 would be one.
      "[45]\\d{2}" = {
        statusCode        = "502"
        responseTemplates = { "application/json" = "{\"error\":\"upstream_failed\",\"message\":\"${local.messages.upstream_failed}\",\"request_id\":\"$context.requestId\"}" }
      }
      default = {
        statusCode = var.routes[operation.route].target.step_functions.mode == "sync" ? "200" : "202"
        responseTemplates = { "application/json" = var.routes[operation.route].target.step_functions.mode == "sync" ? join("\n", [
          "#if($input.path('$.status') == 'SUCCEEDED')$input.path('$.output')#else#set($context.responseOverride.status = 502)",
          "{\"error\":\"upstream_failed\",\"message\":\"${local.messages.upstream_failed}\",\"request_id\":\"$context.requestId\"}#end",
        ]) : "{\"execution\":$input.json('$.executionArn')}" }
    } }
  } if var.routes[operation.route].target.step_functions != null }

  # What a method may answer. Proxies answer what they like; templates only what is named.
  answers = { for key, operation in local.operations : key => distinct(concat(["200"], [for pattern, response in try(local.integrations[key].responses, {}) : response.statusCode])) }

  document_operations = { for key, operation in local.operations : key => merge(
    {
      parameters = [for part in local.segments[operation.path] : { name = trim(part, "{}+"), in = "path", required = true, schema = { type = "string" } } if startswith(part, "{")]
      responses = { for status in local.answers[key] : status => merge({ description = "What the target answers" },
      { for member, value in { headers = { "Content-Type" = { schema = { type = "string" } } } } : member => value if can(local.integrations[key].responses.default.responseParameters) }) }
      security = concat(contains(local.unauthorized, key) ? [] : [{ switchboard = [] }], var.usage_plans && !contains(local.unmetered, key) ? [{ usage_plan = [] }] : [])
    },
    { "x-amazon-apigateway-integration" = local.integrations[key] },
  ) }

  document_paths = { for path in local.paths : path => merge(
    contains(local.preflight_paths, path) ? { options = local.preflights[path] } : {},
    { for key, operation in local.operations : operation.method == "ANY" ? "x-amazon-apigateway-any-method" : lower(operation.method) => local.document_operations[key] if operation.path == path },
  ) }

  document = merge(
    {
      openapi = "3.0.1"
      info = {
        title       = local.full_name
        version     = "1"
        description = "The gateway ${var.name} of team ${var.team} (${var.environment}). Made by Terraform; what is changed by hand is overwritten."
      }
      paths = local.document_paths
      components = { securitySchemes = merge(
        { switchboard = {
          type                           = "apiKey"
          in                             = "header"
          name                           = "Unused"
          "x-amazon-apigateway-authtype" = "custom"
          "x-amazon-apigateway-authorizer" = merge(
            { type = "request", authorizerUri = local.authorizer_uri, authorizerResultTtlInSeconds = var.result_ttl_s },
            # Without one, and with nothing kept, it is asked about every request, also about one that shows nothing.
            var.result_ttl_s > 0 ? { identitySource = join(",", local.identity_sources) } : {},
          )
        } },
        var.usage_plans ? { usage_plan = { type = "apiKey", in = "header", name = "x-api-key" } } : {},
      ) }
      "x-amazon-apigateway-api-key-source"     = "AUTHORIZER"
      "x-amazon-apigateway-binary-media-types" = var.binary_media_types
      "x-amazon-apigateway-gateway-responses"  = local.gateway_responses
    },
    { for member, value in {
      "x-amazon-apigateway-policy" = local.resource_policy
      # Where OpenAPI 3 has it; elsewhere the endpoints would be taken away and given back with each change.
      servers = [{ url = "/", "x-amazon-apigateway-endpoint-configuration" = { vpcEndpointIds = [for endpoint in var.vpc_endpoints : endpoint.id] } }]
    } : member => value if local.is_private },
  )
}
