# Other inputs that are wrong by themselves, and that each fails in the plan. What is wrong is the run's name.

mock_provider "aws" {
  source = "./tests/mocks"
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

run "bundle_url_plain_http" {
  command = plan

  variables {
    bundle_url = "http://relay.example.com/bundle"
  }

  expect_failures = [var.bundle_url]
}

run "bundle_url_other_name" {
  command = plan

  variables {
    bundle_url = "https://relay.example.com/policy.bundle"
  }

  expect_failures = [var.bundle_url]
}

run "bundle_url_user" {
  command = plan

  variables {
    bundle_url = "https://me@relay.example.com/bundle"
  }

  expect_failures = [var.bundle_url]
}

run "bundle_url_query" {
  command = plan

  variables {
    bundle_url = "https://relay.example.com/bundle?a=b"
  }

  expect_failures = [var.bundle_url]
}

run "bundle_url_path" {
  command = plan

  variables {
    bundle_url = "/mnt/policy/bundle"
  }

  expect_failures = [var.bundle_url]
}

run "bundle_token_with_a_blank" {
  command = plan

  variables {
    floor        = "tests/given/signed.floor"
    bundle_url   = "https://relay.example.com/bundle"
    bundle_token = "two words"
  }

  expect_failures = [var.bundle_token]
}

run "bundle_token_without_bundle" {
  command = plan

  variables {
    bundle_token = "sbg_1"
  }

  expect_failures = [var.bundle_token]
}

run "sync_after_a_fraction" {
  command = plan

  variables {
    floor         = "tests/given/signed.floor"
    bundle_url    = "https://relay.example.com/bundle"
    sync_after_ms = 0.5
  }

  expect_failures = [var.sync_after_ms]
}

run "sync_after_too_long" {
  command = plan

  variables {
    floor           = "tests/given/signed.floor"
    bundle_url      = "https://relay.example.com/bundle"
    sync_after_ms   = 60000
    max_staleness_s = 60
  }

  expect_failures = [var.sync_after_ms]
}

run "max_staleness_of_nothing" {
  command = plan

  variables {
    floor           = "tests/given/signed.floor"
    bundle_url      = "https://relay.example.com/bundle"
    sync_after_ms   = 0
    max_staleness_s = 0
  }

  expect_failures = [var.max_staleness_s]
}

run "on_stale_of_another_word" {
  command = plan

  variables {
    floor      = "tests/given/signed.floor"
    bundle_url = "https://relay.example.com/bundle"
    on_stale   = "ignore"
  }

  expect_failures = [var.on_stale]
}

run "deny_without_bundle" {
  command = plan

  variables {
    on_stale        = "deny"
    floor_max_age_s = 60
  }

  expect_failures = [var.on_stale]
}

run "deny_without_floor_age" {
  command = plan

  variables {
    floor      = "tests/given/signed.floor"
    bundle_url = "https://relay.example.com/bundle"
    on_stale   = "deny"
  }

  expect_failures = [var.on_stale]
}

run "floor_age_without_deny" {
  command = plan

  variables {
    floor           = "tests/given/signed.floor"
    bundle_url      = "https://relay.example.com/bundle"
    floor_max_age_s = 60
  }

  expect_failures = [var.on_stale]
}

run "floor_age_of_nothing" {
  command = plan

  variables {
    floor           = "tests/given/signed.floor"
    bundle_url      = "https://relay.example.com/bundle"
    on_stale        = "deny"
    floor_max_age_s = 0
  }

  expect_failures = [var.floor_max_age_s]
}

run "portal_url_plain_http" {
  command = plan

  variables {
    portal_url   = "http://portal.example.com"
    portal_token = "sbg_1"
  }

  expect_failures = [var.portal_url]
}

run "portal_url_without_token" {
  command = plan

  variables {
    portal_url = "https://portal.example.com"
  }

  expect_failures = [var.portal_token]
}

run "portal_token_without_url" {
  command = plan

  variables {
    portal_token = "sbg_1"
  }

  expect_failures = [var.portal_token]
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

run "endpoint_of_somebody_else" {
  command = plan

  variables {
    vpc_endpoints = [{ id = "vpce-0123456789abcdef0", dns_name = "vpce-0123456789abcdef0-x.evil.example.com" }]
  }

  expect_failures = [var.vpc_endpoints]
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
