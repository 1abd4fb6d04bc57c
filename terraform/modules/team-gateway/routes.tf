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

  # API Gateway takes one variable segment below a parent, whatever is behind it.
  segments = { for path in local.paths : path => path == "/" ? [] : split("/", trimprefix(path, "/")) }
  variable_children = { for child in distinct(flatten([for path, parts in local.segments : [for at, part in parts : "/${join("/", slice(parts, 0, at))} ${part}" if startswith(part, "{")]])) :
  split(" ", child)[0] => split(" ", child)[1]... }
  torn_parents = [for parent, children in local.variable_children : "${parent} (${join(", ", children)})" if length(children) > 1]

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
  unauthorized = toset([for key in local.public_keys : key if contains(keys(local.operations), key) && var.result_ttl_s > 0])
  # What needs no key of a usage plan: public operations, whose callers have none.
  unmetered = toset([for key in local.public_keys : key if contains(keys(local.operations), key)])

  preflight_paths = var.cors == null ? [] : local.paths
}
