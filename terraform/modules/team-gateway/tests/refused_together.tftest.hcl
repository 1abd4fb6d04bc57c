# What fits its form and is wrong all the same: beside the policy, or beside another input. What is wrong is the run's name.

mock_provider "aws" {
  source = "./tests/mocks"
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

run "two_apis_that_only_hosts_tell_apart" {
  command = plan

  variables {
    floor  = "tests/given/twins.floor"
    apis   = ["shop-de", "shop-fr"]
    routes = [{ path = "/api/shop/**", target = { http = { url = "https://shop.example.com" } } }]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "more_resources_than_an_api_has" {
  command = plan

  variables {
    routes = [for number in range(300) : { path = "/api/orders/${number}", target = { mock = {} } }]
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_bundle_for_a_floor_that_is_not_signed" {
  command = plan

  variables {
    bundle_url = "https://relay.example.com/bundle"
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}

run "a_bundle_beside_public_operations_that_are_baked_in" {
  command = plan

  variables {
    floor       = "tests/given/signed.floor"
    bundle_url  = "https://relay.example.com/bundle"
    usage_plans = true
  }

  expect_failures = [aws_api_gateway_rest_api.this]
}
