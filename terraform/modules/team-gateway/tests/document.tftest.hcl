# What is easy to forget, in the document that API Gateway takes.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "public_operations_ask_it_too_where_nothing_is_kept" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/orders/health", methods = ["GET"], target = { mock = {} } },
    ]
  }

  assert {
    condition = alltrue(flatten([for path, item in jsondecode(aws_api_gateway_rest_api.this.body).paths : [
      for verb, operation in item : operation.security == [{ switchboard = [] }]
    ]]))
    error_message = "An operation goes without the authorizer."
  }
  assert {
    condition     = keys(jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/health"]) == ["get", "head"]
    error_message = "GET brings HEAD."
  }
  assert {
    condition     = keys(jsondecode(aws_api_gateway_rest_api.this.body).paths) == ["/api/orders", "/api/orders/health", "/api/orders/{proxy+}"]
    error_message = "`/p/**` is `/p` and what is below."
  }
}

run "a_service_gets_identity_and_no_credential" {
  command = plan

  assert {
    condition = alltrue([for path in ["/api/orders", "/api/orders/{proxy+}"] : { for name, source in
      jsondecode(aws_api_gateway_rest_api.this.body).paths[path]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].requestParameters : name => source if startswith(name, "integration.request.header.") } == {
      "integration.request.header.X-User-Id"     = "context.authorizer.user"
      "integration.request.header.X-User-Role"   = "context.authorizer.role"
      "integration.request.header.X-Client-Id"   = "context.authorizer.client"
      "integration.request.header.X-Tenant-Id"   = "context.authorizer.tenant"
      "integration.request.header.X-Cell-Id"     = "context.authorizer.cell"
      "integration.request.header.Authorization" = "''"
      "integration.request.header.X-Api-Key"     = "''"
    }])
    error_message = "Identity fields or credentials are not as a gateway sets them."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/{proxy+}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].uri == "https://orders.example.com/v2/api/orders/{proxy}"
    error_message = "The path behind the URL is wrong."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/{proxy+}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].requestParameters["integration.request.path.proxy"] == "method.request.path.proxy"
    error_message = "The path is not passed on."
  }
}

run "a_token_is_forwarded_where_the_policy_says_so" {
  command = plan

  variables {
    team   = "returns"
    routes = [{ path = "/api/orders/returns/**", target = { http = { url = "https://returns.example.com" } } }]
  }

  assert {
    condition     = !can(jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/returns"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].requestParameters["integration.request.header.Authorization"])
    error_message = "forward_token has no effect."
  }
  assert {
    condition     = output.apis == tolist(["returns"])
    error_message = "A nested API is its own."
  }
}

run "a_prefix_is_stripped" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", strip_prefix = "/api/orders", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/stock/{sku}", strip_prefix = "/api", target = { http = { url = "http://stock.internal:8080", vpc_link_id = "abc123" } } },
    ]
  }

  assert {
    condition = [for path, verb in { "/api/orders" = 0, "/api/orders/{proxy+}" = 0, "/api/stock/{sku}" = 0 } :
      jsondecode(aws_api_gateway_rest_api.this.body).paths[path]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].uri
    ] == ["https://orders.example.com", "https://orders.example.com/{proxy}", "http://stock.internal:8080/stock/{sku}"]
    error_message = "strip_prefix is not applied as the gateway applies it."
  }
  assert {
    condition = { for member in ["connectionType", "connectionId"] : member => jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/stock/{sku}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"][member]
    } == { connectionType = "VPC_LINK", connectionId = "abc123" }
    error_message = "The VPC link is not used."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].requestParameters["integration.request.header.X-Stock-Key"] == "''"
    error_message = "A key header that the policy names is a credential too."
  }
}

run "refusals_are_the_organisations_own" {
  command = plan

  assert {
    condition = alltrue([for type, response in jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-gateway-responses"] :
      keys(jsondecode(response.responseTemplates["application/json"])) == ["error", "message", "request_id"]
    ])
    error_message = "A refusal is not in the organisation's form."
  }
  assert {
    condition = jsondecode(jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-gateway-responses"].ACCESS_DENIED.responseTemplates["application/json"]) == {
      error = "$context.authorizer.code", message = "$context.authorizer.message", request_id = "$context.requestId"
    }
    error_message = "The authorizer's code does not reach the caller."
  }
  assert {
    condition     = { for type, response in jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-gateway-responses"] : type => response.statusCode if contains(["MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "INTEGRATION_FAILURE"], type) } == { MISSING_AUTHENTICATION_TOKEN = "404", THROTTLED = "429", INTEGRATION_FAILURE = "502" }
    error_message = "A status is not the gateway's."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-gateway-responses"].UNAUTHORIZED.responseParameters["gatewayresponse.header.WWW-Authenticate"] == "'Bearer realm=\"commerce-orders-prod\", ApiKey realm=\"commerce-orders-prod\"'"
    error_message = "A 401 has no challenge for each kind of credential."
  }
  assert {
    condition     = !can(jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-gateway-responses"].UNAUTHORIZED.responseParameters["gatewayresponse.header.Access-Control-Allow-Origin"])
    error_message = "Without cors no page may read an answer."
  }
}

run "browsers_are_answered" {
  command = plan

  variables {
    cors = { allow_origins = ["https://app.example.com"] }
  }

  assert {
    condition     = alltrue([for path, item in jsondecode(aws_api_gateway_rest_api.this.body).paths : item.options.security == [] && item.options["x-amazon-apigateway-integration"].type == "mock"])
    error_message = "A preflight asks the authorizer."
  }
  assert {
    condition = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders"].options["x-amazon-apigateway-integration"].responses.default.responseParameters == {
      "method.response.header.Access-Control-Allow-Origin"  = "'https://app.example.com'"
      "method.response.header.Access-Control-Allow-Methods" = "'DELETE,GET,HEAD,PATCH,POST,PUT'"
      "method.response.header.Access-Control-Allow-Headers" = "'Authorization,Content-Type,X-Api-Key,traceparent'"
      "method.response.header.Access-Control-Max-Age"       = "'600'"
      "method.response.header.Vary"                         = "'Origin'"
    }
    error_message = "A preflight's answer is wrong."
  }
  assert {
    condition     = alltrue([for type, response in jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-gateway-responses"] : response.responseParameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://app.example.com'"])
    error_message = "A page cannot read why it was refused."
  }
}

run "of_several_origins_the_one_that_asks" {
  command = plan

  variables {
    cors = { allow_origins = ["https://app.example.com", "https://admin.example.com"] }
  }

  assert {
    condition     = strcontains(jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders"].options["x-amazon-apigateway-integration"].responses.default.responseTemplates["application/json"], "$origin == 'https://app.example.com' || $origin == 'https://admin.example.com'")
    error_message = "The list of origins is not asked."
  }
  assert {
    condition     = !can(jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders"].options["x-amazon-apigateway-integration"].responses.default.responseParameters["method.response.header.Access-Control-Allow-Origin"])
    error_message = "Every origin gets the first one's permission."
  }
}

run "targets" {
  command = plan

  variables {
    binary_media_types = []
    routes = [
      { path = "/api/orders/functions", methods = ["POST"], target = { lambda = { function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:orders:live" } } },
      { path = "/api/orders/start", methods = ["POST"], timeout_ms = 5000, target = { step_functions = { state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:order" } } },
      { path = "/api/orders/run", methods = ["POST"], target = { step_functions = { state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:fast", mode = "sync" } } },
      { path = "/api/orders/gone", methods = ["GET"], target = { mock = { status = 410, body = "{\"price\":\"$5\"}" } } },
    ]
  }

  assert {
    condition     = { for member, value in jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/functions"].post["x-amazon-apigateway-integration"] : member => value if member != "timeoutInMillis" } == { type = "aws_proxy", httpMethod = "POST", passthroughBehavior = "when_no_match", uri = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:orders:live/invocations" }
    error_message = "The function is not called as a proxy."
  }
  assert {
    condition     = aws_lambda_permission.target["arn:aws:lambda:eu-central-1:111122223333:function:orders:live"].principal == "apigateway.amazonaws.com"
    error_message = "The function may not be called."
  }
  assert {
    condition     = [for path in ["start", "run"] : reverse(split("/", jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/${path}"].post["x-amazon-apigateway-integration"].uri))[0]] == ["StartExecution", "StartSyncExecution"]
    error_message = "The mode of a state machine has no effect."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/start"].post["x-amazon-apigateway-integration"].timeoutInMillis == 5000 && jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/start"].post["x-amazon-apigateway-integration"].credentials == "arn:aws:iam::111122223333:role/commerce-orders-prod-step-functions"
    error_message = "Time or role of a state machine is wrong."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.step_functions[0].policy).Statement[0] == {
      Effect   = "Allow", Action = ["states:StartExecution", "states:StartSyncExecution"],
      Resource = ["arn:aws:states:eu-central-1:111122223333:stateMachine:order", "arn:aws:states:eu-central-1:111122223333:stateMachine:fast"]
    }
    error_message = "The role may do other than start these two."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders/gone"].get["x-amazon-apigateway-integration"].responses.default.responseTemplates["application/json"] == "#[[{\"price\":\"$5\"}]]#"
    error_message = "A dollar sign in a fixed answer would be a variable."
  }
}

run "a_private_api_opens_nothing_by_silence" {
  command = plan

  variables {
    cors          = { allow_origins = ["*"] }
    vpc_endpoints = [{ id = "vpce-0123456789abcdef0", dns_name = "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com" }]
  }

  assert {
    condition = jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-policy"].Statement == [
      {
        Sid       = "OnlyThroughTheEndpoints", Effect = "Deny", Principal = "*", Action = "execute-api:Invoke", Resource = "execute-api:/*",
        Condition = { StringNotEquals = { "aws:SourceVpce" = ["vpce-0123456789abcdef0"] } }
      },
      { Sid = "WithoutAuthorizer", Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = ["execute-api:/prod/OPTIONS/*"] },
    ]
    error_message = "The resource policy allows more than preflights."
  }
  assert {
    condition     = aws_api_gateway_rest_api.this.endpoint_configuration[0].types == tolist(["PRIVATE"])
    error_message = "The API is not private."
  }
  assert {
    condition     = output.route_descriptor.private_api.vpc_endpoint == "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com" && output.route_descriptor.private_api.region == "eu-central-1" && output.route_descriptor.private_api.stage == "prod"
    error_message = "A router could not find it."
  }
}

run "kept_answers_are_told_apart" {
  command = plan

  variables {
    name         = "catalog"
    result_ttl_s = 60
    routes = [
      { path = "/api/catalog/products/**", methods = ["GET"], target = { lambda = { function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:catalog" } } },
      { path = "/api/catalog/health", methods = ["GET"], target = { mock = {} } },
    ]
  }

  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).components.securitySchemes.switchboard["x-amazon-apigateway-authorizer"].identitySource == "method.request.header.Authorization"
    error_message = "The identity source is not the credential."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).components.securitySchemes.switchboard["x-amazon-apigateway-authorizer"].authorizerResultTtlInSeconds == 60 && aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_RESULT_TTL_S == "60"
    error_message = "API Gateway and the authorizer do not agree on the TTL."
  }
  # Only the public operation: with an identity source API Gateway refuses whoever shows nothing.
  assert {
    condition = { for path, item in jsondecode(aws_api_gateway_rest_api.this.body).paths : path => [for verb, operation in item : verb if length(operation.security) == 0] if anytrue([for verb, operation in item : length(operation.security) == 0]) } == {
      "/api/catalog/health" = ["get", "head"]
    }
    error_message = "Something else than the public operation is open."
  }
}

run "nothing_kept_asks_about_whoever_shows_nothing" {
  command = plan

  assert {
    condition     = !can(jsondecode(aws_api_gateway_rest_api.this.body).components.securitySchemes.switchboard["x-amazon-apigateway-authorizer"].identitySource) && jsondecode(aws_api_gateway_rest_api.this.body).components.securitySchemes.switchboard["x-amazon-apigateway-authorizer"].authorizerResultTtlInSeconds == 0
    error_message = "With an identity source public operations would be refused."
  }
}
