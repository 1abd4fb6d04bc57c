# What API Gateway itself answers, in the organisation's own form: `{"error", "message", "request_id"}`, as the gateway has it (docs/errors.md).

locals {
  # Codes that only AWS has beside those of docs/errors.md: API Gateway does not say which credential was wrong, nor how a target failed.
  messages = {
    authorizer_failed     = "The request could not be authorized. Send it again in a moment."
    body_too_large        = "The request body is larger than this path takes. Send less."
    gateway_failed        = "The gateway failed. Send the request again in a moment."
    media_type_refused    = "This path does not take this media type. Send application/json."
    plan_missing          = "The client has no usage plan here yet. Ask the API's team to apply the current policy."
    quota_exceeded        = "The quota of the client's plan is used up."
    rate_limit_exceeded   = "Too many requests. Wait a moment, then send the request again."
    request_malformed     = "The request is malformed."
    request_refused       = "The request was refused."
    route_not_found       = "No route serves this host and path. Check both."
    signature_unsupported = "Requests signed for AWS are not accepted here. Show a token or an API key."
    unauthorized          = "No valid credential was shown for this operation."
    upstream_failed       = "The service could not be reached, or failed."
    upstream_timeout      = "The service behind the gateway did not answer in time. Whether it acted is not known."
    waf_refused           = "The request was refused."
    access_denied         = "The client may not call this operation."
  }

  # The code and the sentence of a refusal come with the authorizer's answer. One that is kept says what the client may call, not why not something else.
  denied = var.result_ttl_s > 0 ? { error = "access_denied", message = local.messages.access_denied } : { error = "$context.authorizer.code", message = "$context.authorizer.message" }

  gateway_errors = {
    ACCESS_DENIED                  = merge({ status = "403" }, local.denied)
    API_CONFIGURATION_ERROR        = { status = "500", error = "gateway_failed" }
    AUTHORIZER_CONFIGURATION_ERROR = { status = "500", error = "authorizer_failed" }
    AUTHORIZER_FAILURE             = { status = "500", error = "authorizer_failed" }
    BAD_REQUEST_BODY               = { status = "400", error = "request_malformed" }
    BAD_REQUEST_PARAMETERS         = { status = "400", error = "request_malformed" }
    DEFAULT_4XX                    = { status = null, error = "request_refused" }
    DEFAULT_5XX                    = { status = null, error = "gateway_failed" }
    EXPIRED_TOKEN                  = { status = "403", error = "signature_unsupported" }
    INTEGRATION_FAILURE            = { status = "502", error = "upstream_failed" }
    INTEGRATION_TIMEOUT            = { status = "504", error = "upstream_timeout" }
    INVALID_API_KEY                = { status = "403", error = "plan_missing" }
    INVALID_SIGNATURE              = { status = "403", error = "signature_unsupported" }
    # What API Gateway says of a path or a method that is not there.
    MISSING_AUTHENTICATION_TOKEN = { status = "404", error = "route_not_found" }
    QUOTA_EXCEEDED               = { status = "429", error = "quota_exceeded" }
    REQUEST_TOO_LARGE            = { status = "413", error = "body_too_large" }
    RESOURCE_NOT_FOUND           = { status = "404", error = "route_not_found" }
    THROTTLED                    = { status = "429", error = "rate_limit_exceeded" }
    UNAUTHORIZED                 = { status = "401", error = "unauthorized" }
    UNSUPPORTED_MEDIA_TYPE       = { status = "415", error = "media_type_refused" }
    WAF_FILTERED                 = { status = "403", error = "waf_refused" }
  }

  gateway_responses = { for type, error in local.gateway_errors : type => merge(
    error.status == null ? {} : { statusCode = error.status },
    {
      responseParameters = merge(
        # Nothing that refuses may be kept for the next one.
        { "gatewayresponse.header.Cache-Control" = "'no-store'" },
        type == "UNAUTHORIZED" ? { "gatewayresponse.header.WWW-Authenticate" = "'${join(", ", local.challenges)}'" } : {},
        type == "THROTTLED" ? { "gatewayresponse.header.Retry-After" = "'1'" } : {},
        local.refusal_origin == null ? {} : { "gatewayresponse.header.Access-Control-Allow-Origin" = local.refusal_origin, "gatewayresponse.header.Vary" = "'Origin'" },
      )
      # No `$` of a message or code is a variable: they are words of this file, but for what the authorizer sends.
      responseTemplates = { "application/json" = "{\"error\":\"${error.error}\",\"message\":\"${try(error.message, local.messages[error.error])}\",\"request_id\":\"$context.requestId\"}" }
    },
  ) }

  # One for each kind of credential (RFC 9110 §11.6.1). The realm is this gateway: which API was meant is not known where API Gateway answers.
  challenges = distinct(flatten([for id, api in local.apis_known : [for kind in api.credentials : kind == "jwt" ? "Bearer realm=\"${local.full_name}\"" : "ApiKey realm=\"${local.full_name}\"" if kind != "certificate"]]))

  # A browser shows a script no answer without it. Of several origins the one that asks is given back: a refusal holds nothing that another page could not ask for itself.
  refusal_origin = var.cors == null ? null : length(var.cors.allow_origins) == 1 ? "'${var.cors.allow_origins[0]}'" : "method.request.header.Origin"
}

# Preflights (Fetch §3.2): answered by API Gateway itself, without the authorizer, because a browser shows no credential with them.
locals {
  preflight_methods = { for path in local.paths : path => sort(distinct(flatten([for key, operation in local.operations :
  operation.method == "ANY" ? ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"] : [operation.method] if operation.path == path]))) }

  preflights = { for path in local.preflight_paths : path => {
    parameters = [for part in local.segments[path] : { name = trim(part, "{}+"), in = "path", required = true, schema = { type = "string" } } if startswith(part, "{")]
    security   = []
    responses = { "204" = { description = "What a browser may send", headers = { for name in [
      "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age", "Vary",
    ] : name => { schema = { type = "string" } } } } }
    "x-amazon-apigateway-integration" = {
      type                = "mock"
      passthroughBehavior = "when_no_match"
      contentHandling     = "CONVERT_TO_TEXT"
      requestTemplates    = { "application/json" = "{\"statusCode\":204}" }
      responses = { default = {
        contentHandling = "CONVERT_TO_TEXT"
        statusCode      = "204"
        responseParameters = merge(
          {
            "method.response.header.Access-Control-Allow-Methods" = "'${join(",", local.preflight_methods[path])}'"
            "method.response.header.Access-Control-Allow-Headers" = "'${join(",", var.cors.allow_headers)}'"
            "method.response.header.Access-Control-Max-Age"       = "'${var.cors.max_age_s}'"
            "method.response.header.Vary"                         = "'Origin'"
          },
          length(var.cors.allow_origins) > 1 ? {} : { "method.response.header.Access-Control-Allow-Origin" = "'${var.cors.allow_origins[0]}'" },
        )
        responseTemplates = { "application/json" = length(var.cors.allow_origins) == 1 ? "" : join("", concat(
          ["#set($origin = $input.params().header.get('Origin'))#if(!$origin)#set($origin = $input.params().header.get('origin'))#end"],
          ["#if(${join(" || ", [for origin in var.cors.allow_origins : "$origin == '${origin}'"])})#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end"],
        )) }
      } }
    }
  } }
}
