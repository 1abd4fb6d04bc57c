# Newer policy than the floor's: where the authorizer fetches it, how old it may get, and who is told of it.

variable "bundle_url" {
  description = <<-EOT
    Where the authorizer fetches newer policy: a relay's or the portal's bundle, with its commit beside it (`https://relay.example.com/bundle`). Null: policy changes with the floor
    alone, by `terraform apply`. The floor has to be signed, since it says whose signatures count. The function is in no VPC: the address has to be reachable from the internet.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.bundle_url == null ? true : can(regex("^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*/bundle$", var.bundle_url))
    error_message = "bundle_url is https, a host, maybe a port, and a path that ends in /bundle, without user, query and fragment; write for example \"https://relay.example.com/bundle\"."
  }
}

variable "bundle_token" {
  description = "What the bundle's server wants to be shown: an enrolment token, where that is the portal. It is kept in the function's environment, which AWS encrypts at rest, and in Terraform's state."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.bundle_token == null ? true : can(regex("^[!-~]+$", var.bundle_token)) && length(var.bundle_token) <= 4096
    error_message = "bundle_token has 1 to 4,096 visible ASCII characters and no blank."
  }

  validation {
    condition     = var.bundle_token == null || var.bundle_url != null
    error_message = "bundle_token has no effect without bundle_url. Leave it out, or write where the bundle is."
  }
}

variable "sync_after_ms" {
  description = "How long a look at the bundle's commit is good for, in milliseconds, 0 to 3,600,000. Default 1,000: at most one look a second in each of Lambda's environments."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.sync_after_ms >= 0 && var.sync_after_ms <= 3600000 && floor(var.sync_after_ms) == var.sync_after_ms
    error_message = "sync_after_ms is a whole number of milliseconds from 0 to 3600000."
  }

  validation {
    condition     = var.sync_after_ms < var.max_staleness_s * 1000
    error_message = "sync_after_ms is less than max_staleness_s, or policy would be too old before anybody looked."
  }
}

variable "max_staleness_s" {
  description = "How old what the bundle said may get, in seconds, before `on_stale` holds."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.max_staleness_s >= 1 && var.max_staleness_s <= 31536000 && floor(var.max_staleness_s) == var.max_staleness_s
    error_message = "max_staleness_s is a whole number of seconds from 1 to 31536000."
  }
}

variable "on_stale" {
  description = "What happens when policy is older: `serve` decides by it all the same, `deny` refuses every request with `policy_stale`."
  type        = string
  default     = "serve"
  nullable    = false

  validation {
    condition     = contains(["serve", "deny"], var.on_stale)
    error_message = "on_stale is \"serve\" or \"deny\"."
  }

  validation {
    condition     = var.on_stale == "serve" || var.bundle_url != null
    error_message = "on_stale = \"deny\" has no effect without bundle_url. Leave it out, or write where the bundle is."
  }

  validation {
    condition     = (var.on_stale == "deny") == (var.floor_max_age_s != null)
    error_message = "on_stale = \"deny\" and floor_max_age_s go together: a new process begins with the floor, so it has to be said how old that may be."
  }
}

variable "floor_max_age_s" {
  description = "With `on_stale = \"deny\"`: how old the floor may be, in seconds, as long as no bundle was read. Null otherwise."
  type        = number
  default     = null

  validation {
    condition     = var.floor_max_age_s == null ? true : var.floor_max_age_s >= 1 && var.floor_max_age_s <= 31536000 && floor(var.floor_max_age_s) == var.floor_max_age_s
    error_message = "floor_max_age_s is a whole number of seconds from 1 to 31536000."
  }
}

variable "portal_url" {
  description = "The portal that the authorizer tells, at most once a minute, by which policy it decides. Null: nobody is told."
  type        = string
  default     = null

  validation {
    condition     = var.portal_url == null ? true : can(regex("^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*/?$", var.portal_url))
    error_message = "portal_url is https, a host, maybe a port and a path, without user, query and fragment; write for example \"https://portal.example.com\"."
  }
}

variable "portal_token" {
  description = "The enrolment token that the portal gave for this gateway; with `portal_url`. Kept as `bundle_token` is."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.portal_token == null ? true : can(regex("^[!-~]+$", var.portal_token)) && length(var.portal_token) <= 4096
    error_message = "portal_token has 1 to 4,096 visible ASCII characters and no blank."
  }

  validation {
    condition     = (var.portal_token == null) == (var.portal_url == null)
    error_message = "portal_url and portal_token go together."
  }
}
