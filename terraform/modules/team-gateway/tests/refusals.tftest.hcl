# Every wrong input, and that it fails in the plan. What is wrong is the run's name.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

variables {
  name               = "orders"
  team               = "commerce"
  environment        = "prod"
  floor              = "tests/given/prod.floor"
  authorizer_package = "tests/given/authorizer.zip"
  authorizer_sha256  = "d8af0cfd75da4af30887974511c5f4fc63b1fd0b81a45d0d8688ace882741b2c"
  routes             = [{ path = "/api/orders/**", target = { http = { url = "https://orders.example.com/v2/" } } }]
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "Orders"
  }

  expect_failures = [var.name]
}

run "name_too_long" {
  command = plan

  variables {
    name = "a23456789012345678901234567890123456789012"
  }

  expect_failures = [var.name]
}

run "names_that_are_too_long_together" {
  command = plan

  variables {
    name = "a2345678901234567890123456789012"
  }

  expect_failures = [var.name]
}

run "team_with_a_blank" {
  command = plan

  variables {
    team = "the team"
  }

  expect_failures = [var.team]
}

run "environment_with_underscore" {
  command = plan

  variables {
    environment = "prod_1"
  }

  expect_failures = [var.environment]
}

run "no_routes" {
  command = plan

  variables {
    routes = []
  }

  expect_failures = [var.routes]
}

run "path_relative_path" {
  command = plan

  variables {
    routes = [
      { path = "api/orders", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_trailing_slash" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_dots" {
  command = plan

  variables {
    routes = [
      { path = "/api/../orders", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_wildcard_in_the_middle" {
  command = plan

  variables {
    routes = [
      { path = "/api/**/orders", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_star" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/*", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_capital_parameter" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/{Id}", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_query_in_path" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders?x", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_empty_segment" {
  command = plan

  variables {
    routes = [
      { path = "/api//orders", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "path_empty_path" {
  command = plan

  variables {
    routes = [
      { path = "", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "unknown_method" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", methods = ["FETCH"], target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "lower_case_method" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", methods = ["get"], target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "any_beside_others" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", methods = ["ANY", "GET"], target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "no_method" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", methods = [], target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "no_target" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = {} },
    ]
  }

  expect_failures = [var.routes]
}

run "two_targets" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://a.example.com" }, mock = {} } },
    ]
  }

  expect_failures = [var.routes]
}

run "url_plain_http" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "http://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_loopback" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://127.0.0.1/" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_metadata" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://169.254.169.254/" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_localhost" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://localhost:8443" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_internal_name" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://metadata.google.internal" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_single_label" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://orders" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_user_in_url" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://user:pw@orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "url_query_in_url" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://orders.example.com/?a=b" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "url_no_scheme" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "url_other_scheme" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "ftp://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "url_with_user_behind_a_link" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "http://user@orders.internal", vpc_link_id = "abc" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "strip_prefix_elsewhere" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", strip_prefix = "/other", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "strip_prefix_within_a_segment" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", strip_prefix = "/ap", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "strip_prefix_without_http" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", strip_prefix = "/api", target = { mock = {} } },
    ]
  }

  expect_failures = [var.routes]
}

run "timeout_too_short" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", timeout_ms = 49, target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "timeout_too_long" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", timeout_ms = 300001, target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "function_by_name" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { lambda = { function_arn = "orders" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "state_machine_by_name" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { step_functions = { state_machine_arn = "order" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "state_machine_mode" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { step_functions = { state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:o", mode = "later" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "mock_status" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { mock = { status = 99 } } },
    ]
  }

  expect_failures = [var.routes]
}

run "mock_body_that_ends_its_block" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { mock = { body = "]]#$context.identity.apiKey" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "mock_content_type" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { mock = { content_type = "text/html' + alert" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "cors_star_beside_origin" {
  command = plan

  variables {
    cors = { allow_origins = ["*", "https://a.example.com"] }
  }

  expect_failures = [var.cors]
}

run "cors_origin_with_path" {
  command = plan

  variables {
    cors = { allow_origins = ["https://a.example.com/"] }
  }

  expect_failures = [var.cors]
}

run "cors_no_origin" {
  command = plan

  variables {
    cors = { allow_origins = [] }
  }

  expect_failures = [var.cors]
}

run "cors_age" {
  command = plan

  variables {
    cors = { allow_origins = ["*"], max_age_s = 86401 }
  }

  expect_failures = [var.cors]
}

run "cors_header" {
  command = plan

  variables {
    cors = { allow_origins = ["*"], allow_headers = ["X-A', *"] }
  }

  expect_failures = [var.cors]
}

run "endpoint_without_its_dns_name" {
  command = plan

  variables {
    vpc_endpoints = [{ id = "vpce-0123456789abcdef0", dns_name = "example.com" }]
  }

  expect_failures = [var.vpc_endpoints]
}

run "endpoint_by_name" {
  command = plan

  variables {
    vpc_endpoints = [{ id = "execute-api", dns_name = "execute-api-x" }]
  }

  expect_failures = [var.vpc_endpoints]
}

run "floor_that_is_not_there" {
  command = plan

  variables {
    floor = "tests/given/none.floor"
  }

  expect_failures = [var.floor]
}

run "floor_without_layer" {
  command = plan

  variables {
    floor = "tests/given/policy.yaml"
  }

  expect_failures = [var.floor]
}

run "bundle_url_is_not_in_this_version" {
  command = plan

  variables {
    bundle_url = "https://relay.example.com/policy.bundle"
  }

  expect_failures = [var.bundle_url]
}

run "cell_with_a_slash" {
  command = plan

  variables {
    cell = "eu/1"
  }

  expect_failures = [var.cell]
}

run "variant_unknown" {
  command = plan

  variables {
    authorizer_variant = "go"
  }

  expect_failures = [var.authorizer_variant]
}

run "package_that_is_not_there" {
  command = plan

  variables {
    authorizer_package = "tests/given/none.zip"
  }

  expect_failures = [var.authorizer_package]
}

run "digest_in_capitals" {
  command = plan

  variables {
    authorizer_package = "s3://releases/authorizer.zip"
    authorizer_sha256  = "D8AF0CFD75DA4AF30887974511C5F4FC63B1FD0B81A45D0D8688ACE882741B2C"
  }

  expect_failures = [var.authorizer_sha256]
}

run "package_that_was_changed" {
  command = plan

  variables {
    authorizer_sha256 = "00af0cfd75da4af30887974511c5f4fc63b1fd0b81a45d0d8688ace882741b2c"
  }

  expect_failures = [var.authorizer_sha256]
}

run "ttl_too_long" {
  command = plan

  variables {
    result_ttl_s = 3601
  }

  expect_failures = [var.result_ttl_s]
}

run "ttl_fraction" {
  command = plan

  variables {
    result_ttl_s = 0.5
  }

  expect_failures = [var.result_ttl_s]
}

run "throttling_of_nothing" {
  command = plan

  variables {
    throttling = { rate_per_s = 0, burst = 10 }
  }

  expect_failures = [var.throttling]
}

run "stage_variable_name" {
  command = plan

  variables {
    stage_variables = { "a-b" = "x" }
  }

  expect_failures = [var.stage_variables]
}

run "stage_variable_that_is_missing" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://$${stageVariables.orders}.example.com" } } },
    ]
  }

  expect_failures = [var.stage_variables]
}

run "canary_percent" {
  command = plan

  variables {
    stage_variables = { a = "x" }
    canary          = { percent = 101, stage_variables = { a = "y" } }
  }

  expect_failures = [var.canary]
}

run "canary_of_nothing" {
  command = plan

  variables {
    canary = { percent = 10, stage_variables = { a = "y" } }
  }

  expect_failures = [var.canary]
}

run "retention" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "topic_by_name" {
  command = plan

  variables {
    alarm_topic_arns = ["team"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "tag_of_the_module" {
  command = plan

  variables {
    tags = { "switchboard:team" = "other" }
  }

  expect_failures = [var.tags]
}

run "a_route_outside_of_every_api" {
  command = plan

  variables {
    routes = [
      { path = "/api/other/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_route_above_the_base_path" {
  command = plan

  variables {
    routes = [
      { path = "/api/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "an_api_of_another_team" {
  command = plan

  variables {
    team = "finance"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_nested_api_of_another_team" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/returns/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "an_api_that_the_policy_lacks" {
  command = plan

  variables {
    apis = ["orders", "none"]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_route_whose_api_is_left_out" {
  command = plan

  variables {
    apis = ["catalog"]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_floor_of_another_environment" {
  command = plan

  variables {
    floor = "tests/given/test.floor"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_layer_of_another_floor" {
  command = plan

  variables {
    floor = "tests/given/torn.floor"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_floor_without_commit" {
  command = plan

  variables {
    floor = "tests/given/empty.floor"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "one_method_twice" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/orders", methods = ["ANY"], target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "two_names_of_one_parameter" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/{id}", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/orders/{order}/lines", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_parameter_beside_everything" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/**", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/orders/{id}", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "options_beside_cors" {
  command = plan

  variables {
    cors = { allow_origins = ["*"] }
    routes = [
      { path = "/api/orders", methods = ["OPTIONS"], target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_with_two_kinds_of_credential" {
  command = plan

  variables {
    result_ttl_s = 60
    routes = [
      { path = "/api/orders/items", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_for_two_apis" {
  command = plan

  variables {
    result_ttl_s = 60
    routes = [
      { path = "/api/catalog/products", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/stock/x", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_with_a_parameter" {
  command = plan

  variables {
    result_ttl_s = 60
    routes = [
      { path = "/api/stock/x", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_and_a_public_operation_without_route" {
  command = plan

  variables {
    result_ttl_s = 60
    routes = [
      { path = "/api/catalog/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "plans_and_a_public_operation_without_route" {
  command = plan

  variables {
    usage_plans = true
    routes = [
      { path = "/api/catalog/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "plans_and_public_operations_that_are_many" {
  command = plan

  variables {
    usage_plans = true
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "plans_and_clients_that_nobody_registered" {
  command = plan

  variables {
    usage_plans = true
    floor       = "tests/given/any-client.floor"
    routes = [
      { path = "/api/catalog/products/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_capitals_of_local" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://router.LOCAL" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_name_with_a_last_dot" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://metadata.internal." } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_address_in_hexadecimal" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://0x7f.0x0.0x0.0x1" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_climbing" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "https://orders.example.com/v2/../admin" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_filled_in_with_an_address" {
  command = plan

  variables {
    stage_variables = { host = "169.254.169.254" }
    routes = [
      { path = "/api/orders", target = { http = { url = "https://$${stageVariables.host}" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "url_filled_in_by_the_canary" {
  command = plan

  variables {
    stage_variables = { host = "orders.example.com" }
    canary          = { percent = 1, stage_variables = { host = "localhost" } }
    routes = [
      { path = "/api/orders", target = { http = { url = "https://$${stageVariables.host}" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "empty_vpc_link" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "http://localhost", vpc_link_id = "" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "endpoint_of_somebody_else" {
  command = plan

  variables {
    vpc_endpoints = [{ id = "vpce-0123456789abcdef0", dns_name = "vpce-0123456789abcdef0-x.evil.example.com" }]
  }

  expect_failures = [var.vpc_endpoints]
}

run "mock_body_that_is_filled_in" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { mock = { body = "$${AWS::AccountId}" } } },
    ]
  }

  expect_failures = [var.routes]
}

run "no_apis" {
  command = plan

  variables {
    apis = []
  }

  expect_failures = [var.apis]
}

run "throttling_by_halves" {
  command = plan

  variables {
    throttling = { rate_per_s = 1, burst = 1.5 }
  }

  expect_failures = [var.throttling]
}

run "media_type" {
  command = plan

  variables {
    binary_media_types = ["images"]
  }

  expect_failures = [var.binary_media_types]
}

run "one_parameter_twice" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/{id}/lines/{id}", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_parameter_of_the_name_of_the_rest" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/{proxy}/x/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_state_machine_beside_bytes" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders/start", methods = ["POST"], target = { step_functions = { state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:o" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_before_a_service" {
  command = plan

  variables {
    result_ttl_s = 60
    routes = [
      { path = "/api/catalog/products/**", methods = ["GET"], target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/catalog/health", methods = ["GET"], target = { mock = {} } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_layer_with_more_than_the_floor" {
  command = plan

  variables {
    floor = "tests/given/twice.floor"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_floor_that_goes_on_behind_its_commit" {
  command = plan

  variables {
    floor = "tests/given/behind.floor"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "an_api_of_another_epoch" {
  command = plan

  variables {
    floor = "tests/given/epoch.floor"
    routes = [
      { path = "/api/ghost/**", target = { http = { url = "https://orders.example.com" } } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}
