# What API Gateway cannot carry where it keeps answers, or counts by usage plans. What is wrong is the run's name.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "kept_answers_with_two_kinds_of_credential" {
  command = plan

  variables {
    result_ttl_s = 60
    routes       = [{ path = "/api/orders/items", target = { mock = {} } }]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_for_two_apis" {
  command = plan

  variables {
    floor        = "tests/given/twins.floor"
    result_ttl_s = 60
    routes = [
      { path = "/api/shelf/all", target = { mock = {} } },
      { path = "/api/lamps/all", target = { mock = {} } },
    ]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_with_a_parameter" {
  command = plan

  variables {
    result_ttl_s = 60
    routes       = [{ path = "/api/stock/x", target = { mock = {} } }]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "kept_answers_and_a_public_operation_without_route" {
  command = plan

  variables {
    result_ttl_s = 60
    routes       = [{ path = "/api/catalog/**", target = { mock = {} } }]
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
    routes = [
      { path = "/api/orders/**", target = { http = { url = "https://orders.example.com" } } },
      { path = "/api/orders/health", methods = ["GET"], target = { mock = {} } },
    ]
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

run "more_open_operations_than_a_resource_policy_has_room_for" {
  command = plan

  variables {
    floor         = "tests/given/twins.floor"
    result_ttl_s  = 60
    vpc_endpoints = [{ id = "vpce-0123456789abcdef0", dns_name = "vpce-0123456789abcdef0-abcd.execute-api.eu-central-1.vpce.amazonaws.com" }]
    routes        = [for number in range(100) : { path = "/api/shelf/item-of-the-month-${number}", methods = ["GET"], target = { mock = {} } }]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}
