# The authorizer, the deployment, plans, logs and alarms: what stands beside the document.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "the_rust_authorizer" {
  command = plan

  variables {
    cell = "eu-1"
  }

  assert {
    condition     = aws_lambda_function.authorizer.runtime == "provided.al2023" && aws_lambda_function.authorizer.handler == "bootstrap" && aws_lambda_function.authorizer.architectures == tolist(["x86_64"])
    error_message = "The Rust build would not start."
  }
  assert {
    condition = aws_lambda_function.authorizer.environment[0].variables == tomap({
      SWITCHBOARD_FLOOR        = "/opt/policy.floor"
      SWITCHBOARD_APIS         = "orders"
      SWITCHBOARD_RESPONSE     = "policy"
      SWITCHBOARD_RESULT_TTL_S = "0"
      SWITCHBOARD_CELL         = "eu-1"
      SWITCHBOARD_GATEWAY      = "commerce-orders-prod"
    })
    error_message = "The authorizer's settings are wrong."
  }
  # base64 of the same digest, worked out by another program.
  assert {
    condition     = aws_lambda_function.authorizer.source_code_hash == "2K8M/XXaSvMIh5dFEcX0/GOx/QuBpF0Nhois6IJ0Gyw="
    error_message = "The package is not pinned by its digest."
  }
  assert {
    condition     = aws_lambda_function.authorizer.publish && aws_lambda_function.authorizer.tracing_config[0].mode == "Active" && aws_lambda_function.authorizer.timeout == 5
    error_message = "The authorizer is not published, not traced, or waits too long."
  }
}

run "the_typescript_authorizer" {
  command = plan

  variables {
    authorizer_variant = "typescript"
  }

  assert {
    condition     = aws_lambda_function.authorizer.runtime == "nodejs22.x" && aws_lambda_function.authorizer.handler == "index.handler"
    error_message = "The TypeScript build would not start."
  }
  assert {
    condition     = aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_APIS == "orders"
    error_message = "The authorizer's settings are wrong."
  }
}

run "a_package_in_a_bucket" {
  command = plan

  variables {
    authorizer_package = "s3://releases/switchboard/1.0/authorizer-rust.zip"
  }

  assert {
    condition     = aws_lambda_function.authorizer.s3_bucket == "releases" && aws_lambda_function.authorizer.s3_key == "switchboard/1.0/authorizer-rust.zip" && aws_lambda_function.authorizer.filename == null
    error_message = "The package is not taken from the bucket."
  }
  assert {
    condition     = aws_lambda_function.authorizer.source_code_hash == filebase64sha256("tests/given/authorizer.zip")
    error_message = "The digest that was given is not the one that is pinned."
  }
}

run "two_apis_of_one_team" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/stock/{sku}", methods = ["GET"], target = { http = { url = "https://stock.example.com" } } },
    ]
  }

  assert {
    condition     = output.apis == tolist(["orders", "stock"]) && aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_APIS == "orders,stock"
    error_message = "APIs are not those that the routes lie in."
  }
}

run "the_floor_is_a_layer" {
  command = plan

  assert {
    condition     = aws_lambda_layer_version.floor.filename == "tests/given/prod.floor.zip" && aws_lambda_layer_version.floor.source_code_hash == filebase64sha256("tests/given/prod.floor.zip")
    error_message = "The floor is not what the authorizer gets."
  }
  assert {
    condition     = output.policy.feed == "prod" && can(regex("^[0-9a-f]{64}$", output.policy.digest))
    error_message = "It is not said which policy is baked in."
  }
}

run "the_stage" {
  command = plan

  variables {
    stage_variables = { orders = "orders.example.com" }
    canary          = { percent = 10, stage_variables = { orders = "orders-next.example.com" } }
    throttling      = { rate_per_s = 50, burst = 20 }
    routes          = [{ path = "/api/orders/**", target = { http = { url = "https://$${stageVariables.orders}" } } }]
  }

  assert {
    condition     = aws_api_gateway_stage.this.stage_name == "prod" && aws_api_gateway_stage.this.xray_tracing_enabled && aws_api_gateway_stage.this.variables == tomap({ orders = "orders.example.com" })
    error_message = "The stage is not as it was asked for."
  }
  assert {
    condition     = aws_api_gateway_stage.this.canary_settings[0].percent_traffic == 10 && aws_api_gateway_stage.this.canary_settings[0].stage_variable_overrides == tomap({ orders = "orders-next.example.com" })
    error_message = "The canary has no effect."
  }
  assert {
    condition     = aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 50 && aws_api_gateway_method_settings.all.settings[0].throttling_burst_limit == 20 && !aws_api_gateway_method_settings.all.settings[0].data_trace_enabled
    error_message = "Throttling has no effect, or bodies are logged."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body).paths["/api/orders"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].uri == "https://$${stageVariables.orders}/api/orders"
    error_message = "The stage variable does not reach the URL."
  }
}

run "no_traces_where_they_are_not_wanted" {
  command = plan

  variables {
    tracing = false
  }

  assert {
    condition     = !aws_api_gateway_stage.this.xray_tracing_enabled && aws_lambda_function.authorizer.tracing_config[0].mode == "PassThrough"
    error_message = "Traces are paid for all the same."
  }
}

run "no_canary_where_none_is_asked_for" {
  command = plan

  assert {
    condition     = length(aws_api_gateway_stage.this.canary_settings) == 0 && length(aws_wafv2_web_acl_association.this) == 0 && length(aws_api_gateway_account.this) == 0 && length(aws_api_gateway_usage_plan.this) == 0
    error_message = "Something is made that nobody asked for."
  }
}

run "logs_name_client_and_team" {
  command = plan

  variables {
    log_retention_days = 90
  }

  assert {
    condition     = jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format).team == "commerce" && jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format).client_id == "$context.authorizer.client" && jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format).request_id == "$context.requestId"
    error_message = "A line does not say whose it is."
  }
  assert {
    condition     = !strcontains(aws_api_gateway_stage.this.access_log_settings[0].format, "\n") && alltrue([for word in ["querystring", "header", "userAgent", "error.message", "apiKey", "authorizer.user"] : !strcontains(aws_api_gateway_stage.this.access_log_settings[0].format, word)])
    error_message = "A line can hold what a caller chose, or a secret."
  }
  assert {
    condition     = [for group in [aws_cloudwatch_log_group.access, aws_cloudwatch_log_group.authorizer, aws_cloudwatch_log_group.execution] : group.retention_in_days] == [90, 90, 90]
    error_message = "Logs are not kept as long as was asked for."
  }
}

run "alarms_wake_the_team" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-central-1:111122223333:commerce"]
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["authorizer-failures", "authorizer-slow", "authorizer-throttles", "failed-answers"]
    error_message = "An alarm is missing."
  }
  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:111122223333:commerce"])])
    error_message = "An alarm tells nobody."
  }
  # A refusal with 401 is an error of the function on a REST API: an alarm on Lambda's own count would ring for every bad password.
  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : !(alarm.namespace == "AWS/Lambda" && alarm.metric_name == "Errors")])
    error_message = "An alarm rings for every bad credential."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.failures.metric_transformation[0].name == aws_cloudwatch_metric_alarm.this["authorizer-failures"].metric_name && aws_cloudwatch_log_metric_filter.failures.metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.this["authorizer-failures"].namespace
    error_message = "Failures are counted where no alarm looks."
  }
}

run "the_bill_is_split_by_tags" {
  command = plan

  variables {
    tags = { cost-centre = "4711" }
  }

  assert {
    condition = alltrue([for tagged in [aws_api_gateway_rest_api.this.tags, aws_api_gateway_stage.this.tags, aws_lambda_function.authorizer.tags, aws_cloudwatch_log_group.access.tags, aws_iam_role.authorizer.tags] : tagged == tomap({
      cost-centre = "4711", "switchboard:team" = "commerce", "switchboard:gateway" = "orders", "switchboard:environment" = "prod"
    })])
    error_message = "Something is paid for by nobody."
  }
  assert {
    condition     = output.cost_allocation_tags == { "switchboard:team" = "commerce", "switchboard:gateway" = "orders", "switchboard:environment" = "prod" }
    error_message = "The tags to activate are not named."
  }
}

run "plans_are_those_of_the_policy" {
  command = plan

  variables {
    usage_plans = true
    routes = [
      { path = "/api/catalog/**", target = { http = { url = "https://catalog.example.com" } } },
      { path = "/api/catalog/health", methods = ["GET"], target = { mock = {} } },
      { path = "/api/stock/{sku}", methods = ["GET"], target = { http = { url = "https://stock.example.com" } } },
    ]
  }

  assert {
    condition     = keys(aws_api_gateway_usage_plan.this) == ["slow"] && keys(aws_api_gateway_api_key.client) == ["shop-app"]
    error_message = "Plans or keys are not those of the clients that may call."
  }
  assert {
    condition     = aws_api_gateway_usage_plan.this["slow"].throttle_settings[0].rate_limit == 0.5 && aws_api_gateway_usage_plan.this["slow"].throttle_settings[0].burst_limit == 1 && length(aws_api_gateway_usage_plan.this["slow"].quota_settings) == 0
    error_message = "30/m is half a request a second."
  }
  # What the authorizer says of this client: SHA-256("prod" LF "commerce-orders-prod" LF "shop-app"), worked out by another program.
  assert {
    condition     = aws_api_gateway_api_key.client["shop-app"].value == "3012cc3b67a21651fdf7236427e2630c00a4aed2026e574aea8f77ed04bc04c8"
    error_message = "The authorizer names another key."
  }
  assert {
    condition     = jsondecode(aws_api_gateway_rest_api.this.body)["x-amazon-apigateway-api-key-source"] == "AUTHORIZER"
    error_message = "A key would be asked of the caller."
  }
  assert {
    condition = { for path, item in jsondecode(aws_api_gateway_rest_api.this.body).paths : path => [for verb, operation in item : "${verb} ${join(" ", flatten([for scheme in operation.security : keys(scheme)]))}"] } == {
      "/api/catalog"          = ["x-amazon-apigateway-any-method switchboard usage_plan"]
      "/api/catalog/{proxy+}" = ["x-amazon-apigateway-any-method switchboard usage_plan"]
      "/api/catalog/health"   = ["get switchboard", "head switchboard"]
      "/api/stock/{sku}"      = ["get switchboard usage_plan", "head switchboard usage_plan"]
    }
    error_message = "Whoever has no plan is asked for one, or whoever has is not."
  }
}

run "plans_with_quotas_and_clients_without" {
  command = plan

  variables {
    usage_plans = true
    apis        = ["orders"]
    routes = [
      { path = "/api/orders/items/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  assert {
    condition     = keys(aws_api_gateway_usage_plan.this) == ["(none)", "gold"] && { for id, key in aws_api_gateway_usage_plan_key.client : id => key.key_type } == { reporting = "API_KEY", shop-app = "API_KEY" }
    error_message = "A client with a grant has no plan, and would be refused."
  }
  assert {
    condition     = aws_api_gateway_usage_plan.this["gold"].quota_settings[0].limit == 1000000 && aws_api_gateway_usage_plan.this["gold"].quota_settings[0].period == "MONTH" && aws_api_gateway_usage_plan.this["gold"].throttle_settings[0].rate_limit == 100 && aws_api_gateway_usage_plan.this["gold"].throttle_settings[0].burst_limit == 20
    error_message = "The plan is not the policy's."
  }
  assert {
    condition     = length(aws_api_gateway_usage_plan.this["(none)"].throttle_settings) == 0 && length(aws_api_gateway_usage_plan.this["(none)"].quota_settings) == 0
    error_message = "No plan restricts something."
  }
}

run "the_account_is_left_alone_unless_asked" {
  command = plan

  variables {
    manage_account_logging_role = true
    permissions_boundary_arn    = "arn:aws:iam::111122223333:policy/boundary"
    waf_acl_arn                 = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/gateways/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 1 && aws_iam_role_policy_attachment.account_logging[0].policy_arn == "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    error_message = "The account's role is not made."
  }
  assert {
    condition     = [for role in [aws_iam_role.account_logging[0], aws_iam_role.authorizer] : role.permissions_boundary] == ["arn:aws:iam::111122223333:policy/boundary", "arn:aws:iam::111122223333:policy/boundary"]
    error_message = "A role has no boundary."
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this[0].web_acl_arn == "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/gateways/11111111-2222-3333-4444-555555555555"
    error_message = "WAF is not before it."
  }
}

run "how_long_a_change_takes_is_said" {
  command = plan

  assert {
    condition     = output.propagation.result_ttl_s == 0 && output.propagation.arrives == "with terraform apply"
    error_message = "The way of a change is not told as it is."
  }
}

run "a_deployment_follows_every_change" {
  command = plan

  assert {
    condition     = can(regex("^[0-9a-f]{64}$", aws_api_gateway_deployment.this.triggers.content)) && aws_api_gateway_deployment.this.triggers.content == sha256(jsonencode([aws_api_gateway_rest_api.this.body, false]))
    error_message = "What is deployed is not the content."
  }
}

run "a_bundle_is_followed" {
  command = plan

  variables {
    floor           = "tests/given/signed.floor"
    bundle_url      = "https://relay.example.com/bundle"
    bundle_token    = "sbg_secret"
    sync_after_ms   = 2500
    max_staleness_s = 600
    on_stale        = "deny"
    floor_max_age_s = 86400
    portal_url      = "https://portal.example.com"
    portal_token    = "sbg_secret"
  }

  assert {
    condition = nonsensitive(aws_lambda_function.authorizer.environment[0].variables) == tomap({
      SWITCHBOARD_FLOOR           = "/opt/policy.floor"
      SWITCHBOARD_APIS            = "orders"
      SWITCHBOARD_RESPONSE        = "policy"
      SWITCHBOARD_RESULT_TTL_S    = "0"
      SWITCHBOARD_GATEWAY         = "commerce-orders-prod"
      SWITCHBOARD_BUNDLE          = "https://relay.example.com/bundle"
      SWITCHBOARD_BUNDLE_TOKEN    = "sbg_secret"
      SWITCHBOARD_SYNC_AFTER_MS   = "2500"
      SWITCHBOARD_MAX_STALENESS_S = "600"
      SWITCHBOARD_ON_STALE        = "deny"
      SWITCHBOARD_FLOOR_MAX_AGE_S = "86400"
      SWITCHBOARD_PORTAL          = "https://portal.example.com"
      SWITCHBOARD_PORTAL_TOKEN    = "sbg_secret"
    })
    error_message = "The authorizer does not follow the bundle."
  }
  assert {
    condition     = output.propagation.sync_after_s == 2.5 && output.propagation.arrives == "with the bundle, inside of an invocation" && strcontains(output.propagation.note, "2.5 s")
    error_message = "It is not said how long a change takes."
  }
}

run "a_bundle_is_followed_with_the_usual_settings" {
  command = plan

  variables {
    floor      = "tests/given/signed.floor"
    bundle_url = "https://relay.example.com/bundle"
  }

  assert {
    condition     = aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_SYNC_AFTER_MS == "1000" && aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_MAX_STALENESS_S == "3600" && aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_ON_STALE == "serve"
    error_message = "The usual settings are others."
  }
  assert {
    condition     = !can(aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_BUNDLE_TOKEN) && !can(aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_FLOOR_MAX_AGE_S) && !can(aws_lambda_function.authorizer.environment[0].variables.SWITCHBOARD_PORTAL)
    error_message = "Something is set that was left out."
  }
}
