# What the plan has to know of the policy: whose the routes are, what is public, which plans there are. It is read out of the floor itself, as the authorizer
# reads it; whether the floor holds (its digest, its signatures) is for the authorizer to judge.

locals {
  floor_lines = split("\n", file(var.floor))

  # Line 1 of a signed floor pins the roots (contract §7).
  floor_is_signed = can(jsondecode(local.floor_lines[0]).roots)

  # An archive of one stored file is 122 bytes longer than the file: nothing else can be in it.
  floor_base64 = filebase64(var.floor)
  layer_base64 = try(filebase64("${var.floor}.zip"), "")
  floor_bytes  = length(local.floor_base64) / 4 * 3 - length(regexall("=", local.floor_base64))
  layer_bytes  = length(local.layer_base64) / 4 * 3 - length(regexall("=", local.layer_base64))

  # Only what is looked at is decoded: a floor may have many thousand clients. A client's text may hold such words too, so `kind` decides afterwards.
  floor_kinds = var.usage_plans ? "api|issuer|client|plan" : "api"
  floor_records = [for line in local.floor_lines : try(jsondecode(line), {})
  if can(regex("\"kind\"\\s*:\\s*\"(${local.floor_kinds})\"|\"deleted\"\\s*:\\s*true|\"digest\"\\s*:", line))]
  # What has a `kind` is an entity, whatever else it has (contract §7).
  floor_commits = [for record in local.floor_records : record if can(record.digest) && !can(record.kind) && !can(record.deleted)]
  floor_commit  = try(local.floor_commits[length(local.floor_commits) - 1], null)

  # Of each key the last line counts, and a deletion takes away what stood before it; lines of another feed, epoch or a later revision are not live.
  floor_by_key = { for record in local.floor_records : try("${record.kind}/${record.id}", record.key) => record...
    if !can(record.kind) ? can(record.deleted) : try(record.feed == local.floor_commit.feed && record.epoch == local.floor_commit.epoch && record.revision <= local.floor_commit.revision, false)
  }
  floor_last = { for key, records in local.floor_by_key : key => records[length(records) - 1] }
  entities   = { for key, record in local.floor_last : key => record.body if can(record.body) }

  # Members that say what holds anyway are left out of a floor (policy §1).
  policy_apis = { for key, body in local.entities : split("/", key)[1] => {
    team           = try(body.team, null)
    base_path      = try(body.base_path, "/")
    credentials    = try(body.credentials, ["jwt", "api_key"])
    api_key_header = try(body.api_key_header, "X-Api-Key")
    forward_token  = try(body.forward_token, false)
    public         = try(body.public, [])
    patterns       = concat(try(body.public, []), try([for operation in body.operations : operation.match], []))
  } if startswith(key, "api/") }

  policy_clients = { for key, body in local.entities : trimprefix(key, "client/") => body if startswith(key, "client/") }
  policy_plans   = { for key, body in local.entities : trimprefix(key, "plan/") => body if startswith(key, "plan/") }
  policy_issuers = { for key, body in local.entities : trimprefix(key, "issuer/") => body if startswith(key, "issuer/") }

  # For each route the APIs with the longest base path that it lies in, the team's own before others.
  route_owners = [for route in var.routes : [
    for found in reverse(sort([for id, api in local.policy_apis : format("%05d %d %s", length(api.base_path), api.team == var.team ? 1 : 0, id)
      if api.base_path == "/" || startswith("${trimsuffix(route.path, "/**")}/", "${api.base_path}/")
    ])) : split(" ", found)[2]
  ]]
  routes_without_api = [for index, route in var.routes : route.path if length(local.route_owners[index]) == 0]
  apis               = var.apis == null ? sort(distinct([for owners in local.route_owners : owners[0] if length(owners) > 0])) : sort(distinct(var.apis))
  apis_known         = { for id in local.apis : id => local.policy_apis[id] if can(local.policy_apis[id]) }

  # Public operations that are asked for without any credential: only where they are told apart by API Gateway itself does it matter which they are.
  public_operations = distinct(flatten([for id, api in local.apis_known : api.public]))
  public_are_split  = var.result_ttl_s > 0 || var.usage_plans
  policy_patterns   = flatten([for id, api in local.apis_known : api.patterns])
  public_keys       = local.public_are_split ? local.public_operations : []

  # Where answers are kept, API Gateway asks for every identity source, and tells callers apart by nothing else.
  identity_sources = distinct(flatten([for id, api in local.apis_known : [for kind in api.credentials :
    kind == "jwt" ? "method.request.header.Authorization" : kind == "api_key" ? "method.request.header.${api.api_key_header}" : "context.identity.clientCert"
  ]]))

  forwards_token  = anytrue([for id, api in local.apis_known : api.forward_token])
  api_key_headers = distinct([for id, api in local.apis_known : api.api_key_header if contains(api.credentials, "api_key")])
}
