# The policy's plans, as AWS can enforce them: counted by API key, and the key is the one that the authorizer names for a client. No client ever shows it.

locals {
  # Which clients may call at all, and by which plan. The first grant for an API that this gateway serves decides: a key is in one plan of a stage.
  metered_clients = { for id, client in local.policy_clients : id => coalesce([for grant in try(client.grants, []) : try(grant.plan, "") == "" ? "(none)" : grant.plan if contains(local.apis, grant.api)]...)
  if var.usage_plans && anytrue([for grant in try(client.grants, []) : contains(local.apis, grant.api)]) }

  # A plan that the policy does not have restricts nothing.
  plans = { for name in distinct(values(local.metered_clients)) : name => try(local.policy_plans[name], {}) }

  seconds = { s = 1, m = 60, h = 3600 }
}

resource "aws_api_gateway_usage_plan" "this" {
  for_each = local.plans

  name        = each.key == "(none)" ? "${local.full_name} without plan" : "${local.full_name}-${each.key}"
  description = each.key == "(none)" ? "Clients whose grant names no plan: the stage's limit alone" : "The policy's plan ${each.key}"
  tags        = local.tags

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  dynamic "throttle_settings" {
    for_each = can(each.value.rate) ? [each.value] : []
    content {
      rate_limit  = tonumber(split("/", throttle_settings.value.rate)[0]) / local.seconds[split("/", throttle_settings.value.rate)[1]]
      burst_limit = try(throttle_settings.value.burst, max(1, ceil(tonumber(split("/", throttle_settings.value.rate)[0]) / local.seconds[split("/", throttle_settings.value.rate)[1]])))
    }
  }

  dynamic "quota_settings" {
    for_each = can(each.value.quota) ? [each.value.quota] : []
    content {
      limit  = tonumber(split("/", quota_settings.value)[0])
      period = upper(split("/", quota_settings.value)[1])
    }
  }
}

resource "aws_api_gateway_api_key" "client" {
  for_each = local.metered_clients

  name        = "${local.full_name}-${each.key}"
  description = "Counts what the client ${each.key} calls; it is no credential"
  # `usageIdentifierKey` of the authorizer's answer. The gateway is in it, because a value is taken once in an account and region.
  value = sha256("${try(local.floor_commit.feed, "")}\n${local.full_name}\n${each.key}")
  tags  = local.tags
}

resource "aws_api_gateway_usage_plan_key" "client" {
  for_each = local.metered_clients

  key_id        = aws_api_gateway_api_key.client[each.key].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this[each.value].id
}
