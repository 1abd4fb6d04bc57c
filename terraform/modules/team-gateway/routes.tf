# From routes, as people write them, to the paths and methods that API Gateway knows.

locals {
  # `/p/**` is `/p` and everything below it; API Gateway's `{proxy+}` is only what is below.
  route_paths = [for route in var.routes : !endswith(route.path, "/**") ? [route.path] : [
    route.path == "/**" ? "/" : trimsuffix(route.path, "/**"),
    "${trimsuffix(route.path, "/**")}/{proxy+}",
  ]]

  # GET brings HEAD, unless a route says otherwise.
  written = toset(flatten([for index, route in var.routes : [for path in local.route_paths[index] : [for method in route.methods : "${method} ${path}"]]]))
  spelled = flatten([for index, route in var.routes : [for path in local.route_paths[index] : [
    for method in distinct(concat(route.methods, contains(route.methods, "GET") && !contains(local.written, "HEAD ${path}") ? ["HEAD"] : [])) :
    { key = "${method} ${path}", method = method, path = path, route = index }
  ]]])
  served     = { for operation in local.spelled : operation.key => operation... }
  operations = { for key, all in local.served : key => all[0] }
  paths      = distinct([for operation in local.spelled : operation.path])

  served_twice = [for key, all in local.served : key if length(all) > 1]

  # Where a request can go: each URL with its stage variables filled in, as they are and as the canary has them.
  variables_in_use = [var.stage_variables, tomap(merge(var.stage_variables, try(var.canary.stage_variables, {})))]
  filled_urls = distinct(flatten([for route in var.routes : route.target.http == null ? [] : [for variables in local.variables_in_use : {
    path      = route.path
    is_public = route.target.http.vpc_link_id == null
    url = join("", [for at, part in split("$${stageVariables.", route.target.http.url) :
      at == 0 ? part : "${lookup(variables, split("}", part)[0], "")}${substr(part, length(split("}", part)[0]) + 1, -1)}"
    ])
  }]]))

  # Without a VPC link API Gateway connects from AWS's own network: only public names make sense there, and only encrypted.
  private_urls = [for filled in local.filled_urls : filled.url if filled.is_public && (
    !startswith(filled.url, "https://")
    || !can(regex("^https://[a-z0-9-]+(\\.[a-z0-9-]+)*\\.[a-z][a-z0-9-]*\\.?(:[0-9]{1,5})?(/|$)", lower(filled.url)))
    || can(regex("^https://([^/:]*\\.)?(local|localhost|internal)\\.?(:|/|$)", lower(filled.url)))
  )]
  climbing_urls = [for filled in local.filled_urls : filled.url if can(regex("/\\.{1,2}(/|$)", filled.url)) || !can(regex("^https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/|$)", filled.url))]

  # API Gateway takes one variable segment below a parent, whatever is behind it.
  segments = { for path in local.paths : path => path == "/" ? [] : split("/", trimprefix(path, "/")) }
  variable_children = { for child in distinct(flatten([for path, parts in local.segments : [for at, part in parts : "/${join("/", slice(parts, 0, at))} ${part}" if startswith(part, "{")]])) :
  split(" ", child)[0] => split(" ", child)[1]... }
  torn_parents = [for parent, children in local.variable_children : "${parent} (${join(", ", children)})" if length(children) > 1]

  repeated_parameters = [for path, parts in local.segments : path if length([for part in parts : part if startswith(part, "{")]) > length(distinct([for part in parts : trim(part, "{}+") if startswith(part, "{")]))]

  resource_count = length(distinct(flatten([for path, parts in local.segments : [for at, part in parts : join("/", slice(parts, 0, at + 1))]])))

  # A public operation that API Gateway has to tell from the others needs a method of its own, on exactly its path.
  public_unsayable = [for operation in local.public_keys : operation if startswith(operation, "ANY ") || strcontains(operation, "{") || endswith(operation, "/**")]
  public_unserved  = [for operation in local.public_keys : operation if !contains(local.public_unsayable, operation) && !contains(keys(local.operations), operation) && contains(flatten(values(local.public_reach)), operation)]

  # Which public operations a route reaches at all: the others are other gateways' business.
  public_reach = { for index, route in var.routes : index => [for operation in local.public_keys : operation
    if split(" ", operation)[1] == route.path
    || (endswith(route.path, "/**") && startswith("${trimsuffix(split(" ", operation)[1], "/**")}/", "${trimsuffix(route.path, "/**")}/"))
  || can(regex("^${replace(replace(route.path, "/\\{[a-z0-9_]+\\}/", "[^/]+"), "/**", "(/.*)?")}$", split(" ", operation)[1]))] }

  # What is asked for without authorizer: nothing, unless answers are kept, because API Gateway then refuses whoever shows nothing before it asks.
  unauthorized = var.result_ttl_s > 0 ? local.unmetered : toset([])
  # What needs no key of a usage plan: public operations, whose callers have none.
  # GET covers HEAD, unless the policy has an operation for HEAD itself.
  unmetered = toset([for key in flatten([for operation in local.public_keys : concat([operation],
    startswith(operation, "GET ") && !contains(local.policy_patterns, replace(operation, "/^GET /", "HEAD ")) ? [replace(operation, "/^GET /", "HEAD ")] : [])]) :
  key if contains(keys(local.operations), key)])

  preflight_paths = var.cors == null ? [] : local.paths
}
