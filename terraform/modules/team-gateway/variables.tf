# Who it is

variable "name" {
  description = "What the team calls this gateway: 1 to 40 of a-z, 0-9 and `-`, a letter first. With team and environment it names everything that is made."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name has 1 to 40 of a-z, 0-9 and \"-\", a letter first; write for example \"orders\"."
  }

  # Names of roles and functions have at most 64; the longest that is put behind these three has 20.
  validation {
    condition     = length("${var.team}-${var.name}-${var.environment}") <= 44
    error_message = "team, name and environment have at most 42 characters together, because AWS's names of roles and functions are made of them; these have ${length("${var.team}${var.name}${var.environment}")}. Write a shorter name."
  }
}

variable "team" {
  description = "The team that owns it, as the policy spells it: every API that the routes lie in has to be this team's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]{1,64}$", var.team))
    error_message = "team is the team's id in the policy: 1 to 64 of letters, digits, \".\" and \"-\"; write for example \"commerce\"."
  }
}

variable "environment" {
  description = "The stage, and the feed that the floor has to be of: 1 to 64 of a-z, 0-9 and `-`. A floor of another environment is refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{1,64}$", var.environment))
    error_message = "environment has 1 to 64 of a-z, 0-9 and \"-\"; write for example \"prod\"."
  }
}

# What it serves

variable "routes" {
  description = <<-EOT
    What is served, each with exactly one target. The more specific path wins, never the order.

    - `path`: literal segments of `[A-Za-z0-9._:-]`, `{param}` segments, at most one `/**` at the end; `/p/**` is `/p` and everything below. The whole
      path, as the policy has it: `/api/orders/**`.
    - `methods`: default every method. GET brings HEAD.
    - `strip_prefix`: taken off the front of the path before it is forwarded (`http` only).
    - `timeout_ms`: how long the target may take, 50 to 300,000, default 29,000; more than 29,000 needs a raised quota.
    - `target.http`: `{ url, vpc_link_id }`: a public `https` URL, or `http` and `https` behind a VPC link. A path in the URL is put before the request's;
      `$${stageVariables.NAME}` may stand in it.
    - `target.lambda`: `{ function_arn }`: an AWS_PROXY integration; the permission to invoke it is made too.
    - `target.step_functions`: `{ state_machine_arn, mode }`: `start` (default; answers 202) or `sync` (express state machines; answers with the output).
    - `target.mock`: `{ status, content_type, body }`: a fixed answer; 200 to 599.
  EOT

  type = list(object({
    path         = string
    methods      = optional(list(string), ["ANY"])
    strip_prefix = optional(string)
    timeout_ms   = optional(number, 29000)
    target = object({
      http           = optional(object({ url = string, vpc_link_id = optional(string) }))
      lambda         = optional(object({ function_arn = string }))
      step_functions = optional(object({ state_machine_arn = string, mode = optional(string, "start") }))
      mock           = optional(object({ status = optional(number, 200), content_type = optional(string, "application/json"), body = optional(string, "") }))
    })
  }))
  nullable = false

  validation {
    condition     = length(var.routes) > 0
    error_message = "routes is empty; write at least one, for example { path = \"/api/orders/**\", target = { http = { url = \"https://orders.example.com\" } } }."
  }

  validation {
    condition = alltrue([for route in var.routes :
      can(regex("^(/|(/([A-Za-z0-9._:-]+|\\{[a-z][a-z0-9_]{0,63}\\}))*(/\\*\\*)?)$", route.path)) && route.path != "" && !can(regex("/\\.{1,2}(/|$)", route.path))
    ])
    error_message = "A route's path begins with \"/\" and has literal segments of A-Z a-z 0-9 . _ : -, \"{param}\" segments (lower case), and at most one \"/**\" at its end, no \".\" or \"..\" and no trailing slash; write for example \"/api/orders/{id}\". Not so: ${join(", ", [for route in var.routes : jsonencode(route.path) if !can(regex("^(/|(/([A-Za-z0-9._:-]+|\\{[a-z][a-z0-9_]{0,63}\\}))*(/\\*\\*)?)$", route.path)) || route.path == "" || can(regex("/\\.{1,2}(/|$)", route.path))])}."
  }

  validation {
    condition = alltrue([for route in var.routes :
      length(route.methods) > 0
      && alltrue([for method in route.methods : contains(["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"], method)])
      && (!contains(route.methods, "ANY") || length(route.methods) == 1)
    ])
    error_message = "methods has what API Gateway carries: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, in capitals; or [\"ANY\"] alone, or nothing for every method."
  }

  validation {
    condition     = alltrue([for route in var.routes : length([for kind in [route.target.http, route.target.lambda, route.target.step_functions, route.target.mock] : kind if kind != null]) == 1])
    error_message = "A route has exactly one target: http, lambda, step_functions or mock. Not so: ${join(", ", [for route in var.routes : route.path if length([for kind in [route.target.http, route.target.lambda, route.target.step_functions, route.target.mock] : kind if kind != null]) != 1])}."
  }

  validation {
    condition = alltrue([for route in var.routes : route.target.http == null ? true :
      can(regex("^https?://([A-Za-z0-9.-]|\\$\\{stageVariables\\.[A-Za-z0-9_]+\\})+(:[0-9]{1,5})?(/([A-Za-z0-9._~!$&'()+,;=:@/-]|\\$\\{stageVariables\\.[A-Za-z0-9_]+\\})*)?$", route.target.http.url))
    ])
    error_message = "target.http.url is scheme, host, maybe a port and a path, without user, query and fragment; write for example \"https://orders.example.com\"."
  }

  validation {
    condition     = alltrue([for route in var.routes : try(route.target.http.vpc_link_id, null) == null ? true : can(regex("^([a-z0-9]+|\\$\\{stageVariables\\.[A-Za-z0-9_]+\\})$", route.target.http.vpc_link_id))])
    error_message = "target.http.vpc_link_id is the id of a VPC link, such as \"abc123\", or a stage variable."
  }

  validation {
    condition     = alltrue([for route in var.routes : route.strip_prefix == null ? true : route.target.http != null && startswith("${trimsuffix(route.path, "/**")}/", "${route.strip_prefix}/") && can(regex("^(/[A-Za-z0-9._:-]+)+$", route.strip_prefix))])
    error_message = "strip_prefix is the literal front of the route's own path, whole segments, and only for target.http; for path \"/api/orders/**\" write for example \"/api\"."
  }

  validation {
    condition     = alltrue([for route in var.routes : route.timeout_ms >= 50 && route.timeout_ms <= 300000 && floor(route.timeout_ms) == route.timeout_ms])
    error_message = "timeout_ms is a whole number of milliseconds from 50 to 300000 (above 29000 only where the account's quota was raised)."
  }

  validation {
    condition     = alltrue([for route in var.routes : route.target.lambda == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$", route.target.lambda.function_arn))])
    error_message = "target.lambda.function_arn is the ARN of a function, maybe with an alias; write for example \"arn:aws:lambda:eu-central-1:111122223333:function:orders:live\"."
  }

  validation {
    condition     = alltrue([for route in var.routes : route.target.step_functions == null ? true : can(regex("^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_-]+$", route.target.step_functions.state_machine_arn)) && contains(["start", "sync"], route.target.step_functions.mode)])
    error_message = "target.step_functions has state_machine_arn, the ARN of a state machine, and mode \"start\" (answers at once) or \"sync\" (express state machines; waits for the output)."
  }

  # `]]#` would end the unparsed block in which the body stands in the response template; `$${AWS::…}` is filled in when the document is taken.
  validation {
    condition     = alltrue([for route in var.routes : route.target.mock == null ? true : route.target.mock.status >= 200 && route.target.mock.status <= 599 && floor(route.target.mock.status) == route.target.mock.status && !strcontains(route.target.mock.body, "]]#") && !strcontains(route.target.mock.body, "$${AWS::") && can(regex("^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?charset=[A-Za-z0-9-]+)?$", route.target.mock.content_type))])
    error_message = "target.mock has a status from 200 to 599, a content_type such as \"application/json\", and a body without \"]]#\" and \"$${AWS::\"."
  }
}

variable "binary_media_types" {
  description = <<-EOT
    Media types whose bodies pass as bytes. Default all of them: API Gateway reads every other body as UTF-8, and what is none is destroyed. Functions get what is binary in base64,
    with `isBase64Encoded`. A state machine needs JSON to be text: with one, name only the types that are binary, or none.
  EOT
  type        = list(string)
  default     = ["*/*"]
  nullable    = false

  validation {
    condition     = alltrue([for type in var.binary_media_types : can(regex("^[A-Za-z0-9*!#&^_.+-]+/[A-Za-z0-9*!#&^_.+-]+$", type))])
    error_message = "binary_media_types are media types such as \"image/*\" or \"application/octet-stream\"."
  }
}

variable "cors" {
  description = <<-EOT
    Who may call from a browser; null for nobody. Preflights are answered without the authorizer, and refusals carry the origin too. What a service answers has to carry
    `Access-Control-Allow-Origin` itself: API Gateway passes its answers on as they are.

    - `allow_origins`: `["*"]`, or origins such as `https://app.example.com`.
    - `allow_headers`: default Authorization, Content-Type, X-Api-Key and traceparent.
    - `max_age_s`: how long a browser may keep a preflight, 0 to 86,400, default 600.
  EOT

  type = object({
    allow_origins = list(string)
    allow_headers = optional(list(string), ["Authorization", "Content-Type", "X-Api-Key", "traceparent"])
    max_age_s     = optional(number, 600)
  })
  default = null

  validation {
    condition     = var.cors == null ? true : length(var.cors.allow_origins) > 0 && (contains(var.cors.allow_origins, "*") ? length(var.cors.allow_origins) == 1 : alltrue([for origin in var.cors.allow_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", origin))]))
    error_message = "cors.allow_origins is [\"*\"], or origins without path and trailing slash; write for example [\"https://app.example.com\"]."
  }

  validation {
    condition     = var.cors == null ? true : alltrue([for name in var.cors.allow_headers : can(regex("^[A-Za-z0-9-]+$", name))]) && var.cors.max_age_s >= 0 && var.cors.max_age_s <= 86400
    error_message = "cors.allow_headers are header names, and cors.max_age_s is 0 to 86400."
  }
}

variable "vpc_endpoints" {
  description = <<-EOT
    The `execute-api` interface endpoints through which alone it can be reached. Empty: a regional API, reachable from everywhere. The first is the one that the route descriptor
    names. `dns_name` is the endpoint's own DNS name: its id does not give the suffix.
  EOT

  type     = list(object({ id = string, dns_name = string }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for endpoint in var.vpc_endpoints : can(regex("^vpce-[0-9a-f]{8,17}$", endpoint.id)) && can(regex("^${endpoint.id}-[a-z0-9-]+\\.execute-api\\.[a-z0-9-]+\\.vpce\\.amazonaws\\.com(\\.cn)?$", endpoint.dns_name))])
    error_message = "Each of vpc_endpoints has id, such as \"vpce-0123456789abcdef0\", and dns_name, the DNS name that begins with that id (`aws ec2 describe-vpc-endpoints`, first of DnsEntries)."
  }
}

# Who may call

variable "floor" {
  description = "Path of the floor that is baked in (`switchboard policy build POLICY --feed ENVIRONMENT --out policy.floor --lambda-layer`). Beside it lies the same as a Lambda layer, under the same name with `.zip` behind it."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.floor) && fileexists("${var.floor}.zip")
    error_message = "There is no floor at ${var.floor}, or no ${var.floor}.zip beside it; make both with: switchboard policy build POLICY --feed ${var.environment} --out ${var.floor} --lambda-layer"
  }
}

variable "apis" {
  description = "Ids of the policy's APIs that it serves. Null: those that the routes lie in. Only needed where hosts alone tell two APIs of the team apart."
  type        = list(string)
  default     = null

  validation {
    condition     = var.apis == null ? true : length(var.apis) > 0 && alltrue([for id in var.apis : id != null && can(regex("^[A-Za-z0-9.-]{1,128}$", id))])
    error_message = "apis are ids of the policy's APIs, at least one; or leave it out."
  }
}

variable "cell" {
  description = "The cell that it stands in; a tenant of another one is refused. Null where there are no cells."
  type        = string
  default     = null

  validation {
    condition     = var.cell == null ? true : can(regex("^[A-Za-z0-9.-]{1,128}$", var.cell))
    error_message = "cell is the cell's id in the policy: letters, digits, \".\" and \"-\"."
  }
}

variable "authorizer_variant" {
  description = "`rust` (the least latency and memory) or `typescript`. Both decide the same."
  type        = string
  default     = "rust"
  nullable    = false

  validation {
    condition     = contains(["rust", "typescript"], var.authorizer_variant)
    error_message = "authorizer_variant is \"rust\" or \"typescript\"."
  }
}

variable "authorizer_package" {
  description = "The authorizer's zip as it was released: a path, or `s3://BUCKET/KEY` in this region."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.authorizer_package, "s3://") ? can(regex("^s3://[a-z0-9.-]{3,63}/.+$", var.authorizer_package)) : fileexists(var.authorizer_package)
    error_message = "authorizer_package is the path of a file that is there, or s3://BUCKET/KEY; `cargo xtask package` makes the files."
  }
}

variable "authorizer_sha256" {
  description = "SHA-256 of that zip, 64 lower-case hexadecimal digits, as `release.json` has it. Another file is refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.authorizer_sha256))
    error_message = "authorizer_sha256 has 64 lower-case hexadecimal digits; take it from release.json."
  }

  validation {
    condition     = startswith(var.authorizer_package, "s3://") ? true : try(filesha256(var.authorizer_package), "") == var.authorizer_sha256
    error_message = "${var.authorizer_package} has another SHA-256 (${try(filesha256(var.authorizer_package), "unreadable")}) than authorizer_sha256: it is not the file that was released."
  }
}

variable "result_ttl_s" {
  description = "For how long API Gateway keeps an answer of the authorizer, 0 to 3,600 seconds. Default 0: every request is decided. Above 0 saves invocations, and a revocation holds only after it."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.result_ttl_s >= 0 && var.result_ttl_s <= 3600 && floor(var.result_ttl_s) == var.result_ttl_s
    error_message = "result_ttl_s is a whole number of seconds from 0 to 3600."
  }
}

# How much

variable "throttling" {
  description = "The most that it takes in all: requests a second, and how many at once above that. Best effort, as AWS says of it."
  type        = object({ rate_per_s = number, burst = number })
  default     = { rate_per_s = 1000, burst = 500 }
  nullable    = false

  validation {
    condition     = var.throttling.rate_per_s > 0 && var.throttling.burst >= 1 && floor(var.throttling.burst) == var.throttling.burst
    error_message = "throttling has rate_per_s above 0 and a whole burst of at least 1; write for example { rate_per_s = 1000, burst = 500 }."
  }
}

variable "usage_plans" {
  description = <<-EOT
    Enforce the plans of the policy with usage plans of AWS, best effort: a usage plan for each plan, and one API key for each client with a grant. Off by default, because every
    caller then needs one of those keys: a client that the policy gains later is refused until the next apply.
  EOT
  type        = bool
  default     = false
  nullable    = false
}

variable "stage_variables" {
  description = "Variables that `$${stageVariables.NAME}` in a target's URL stands for."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, value in var.stage_variables : can(regex("^[A-Za-z0-9_]{1,64}$", name)) && can(regex("^[A-Za-z0-9._~:/?#&=,-]{1,512}$", value))])
    error_message = "stage_variables have names of letters, digits and \"_\" (up to 64) and values of 1 to 512 of letters, digits and - . _ ~ : / ? # & = ,."
  }

  validation {
    condition     = length(setsubtract(flatten([for route in var.routes : route.target.http == null ? [] : [for found in regexall("\\$\\{stageVariables\\.([A-Za-z0-9_]+)\\}", route.target.http.url) : found[0]]]), keys(var.stage_variables))) == 0
    error_message = "A target's URL names a stage variable that stage_variables does not have: ${join(", ", setsubtract(flatten([for route in var.routes : route.target.http == null ? [] : [for found in regexall("\\$\\{stageVariables\\.([A-Za-z0-9_]+)\\}", route.target.http.url) : found[0]]]), keys(var.stage_variables)))}."
  }
}

variable "canary" {
  description = "A share of the requests, 0 to 100 percent and random for each, that sees other stage variables: how a new version of a service is tried. Null: none."
  type        = object({ percent = number, stage_variables = map(string) })
  default     = null

  validation {
    condition     = var.canary == null ? true : var.canary.percent >= 0 && var.canary.percent <= 100
    error_message = "canary.percent is 0 to 100."
  }

  validation {
    condition     = var.canary == null ? true : length(var.canary.stage_variables) > 0 && length(setsubtract(keys(var.canary.stage_variables), keys(var.stage_variables))) == 0
    error_message = "canary.stage_variables overrides at least one of stage_variables, and nothing else: a variable that is not there already has no effect."
  }
}

# What is seen of it

variable "log_retention_days" {
  description = "How long access log and authorizer log are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the values that CloudWatch Logs takes: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096 and up to 3653."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms and of their end. The alarms exist without any."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", arn))])
    error_message = "alarm_topic_arns are ARNs of SNS topics."
  }
}

variable "tracing" {
  description = "Record requests with X-Ray, by the account's sampling rules. The rule that holds where nobody wrote one takes the first request of each second, which can be half of a small gateway's bill (docs/aws-cost.md)."
  type        = bool
  default     = true
  nullable    = false
}

variable "manage_account_logging_role" {
  description = "Make the role with which API Gateway writes logs, and set it for the whole account and region. That setting is one for all APIs, so no team's gateway owns it by default; without it the first apply fails and says so."
  type        = bool
  default     = false
  nullable    = false
}

variable "waf_acl_arn" {
  description = "A regional web ACL of AWS WAF to put before it; null for none. A budget of failed credentials is to be had only there."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The permissions boundary of the roles that are made, where the account asks for one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything, beside those that the bill is split by (`switchboard:team`, `switchboard:gateway`, `switchboard:environment`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length([for key in keys(var.tags) : key if startswith(key, "switchboard:")]) == 0
    error_message = "Tags that begin with \"switchboard:\" are the module's own: the bill is split by them."
  }
}
