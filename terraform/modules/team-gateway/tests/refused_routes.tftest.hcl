# Routes that are wrong by themselves, and that each fails in the plan. What is wrong is the run's name.

mock_provider "aws" {
  source = "./tests/mocks"
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

run "empty_vpc_link" {
  command = plan

  variables {
    routes = [
      { path = "/api/orders", target = { http = { url = "http://localhost", vpc_link_id = "" } } },
    ]
  }

  expect_failures = [var.routes]
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
