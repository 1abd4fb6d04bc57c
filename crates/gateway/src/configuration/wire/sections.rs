//! Authentication, rate limits, aggregations and transformations. All but the first are not in this version, but read and
//! checked in full.

use crate::configuration::decode::{At, Int, Named, Required, Slot, Text, choice, map};

map! {
    /// Who may call: tokens of one issuer. Without `auth`, everything is public.
    Auth {
        /// What callers show.
        "type" kind: Required<AuthType>,
        /// Where the issuer's keys are.
        #[schemars(extend("examples" = ["https://auth.example.com/.well-known/jwks.json"]))]
        "jwks_uri" jwks_uri: Required<Text>,
        /// The `iss` of a token, exactly.
        #[schemars(extend("examples" = ["https://auth.example.com"]))]
        "issuer" issuer: Required<Text>,
        /// A token has to be for one of these (`aud`).
        #[schemars(extend("examples" = [["api.example.com"]]))]
        "audiences" audiences: Required<Vec<At<Text>>>,
        /// Paths that need no token.
        "exclude_paths" exclude_paths: Slot<Vec<At<Text>>>,
        /// Signature algorithms that are taken.
        #[schemars(extend("default" = ["RS256", "PS256", "ES256", "EdDSA"]))]
        "algorithms" algorithms: Slot<Vec<At<Algorithm>>>,
        /// Which claims hold what.
        "claims" claims: Slot<Claims>,
        /// Whether the service sees the token.
        #[schemars(extend("default" = false))]
        "forward_token" forward_token: Slot<bool>,
        /// How far clocks may differ, in seconds.
        #[schemars(extend("default" = 30))]
        "leeway_s" leeway_s: Slot<Int<0, 300>>,
    }
}

choice! {
    /// What callers show.
    AuthType {
        /// A JSON Web Token, as a bearer token.
        "jwt" Jwt,
    }
}

choice! {
    /// A signature algorithm (RFC 7518, RFC 8037).
    Algorithm {
        /// RSA PKCS #1 v1.5 with SHA-256.
        "RS256" Rs256,
        /// RSA PKCS #1 v1.5 with SHA-384.
        "RS384" Rs384,
        /// RSA PKCS #1 v1.5 with SHA-512.
        "RS512" Rs512,
        /// RSA PSS with SHA-256.
        "PS256" Ps256,
        /// RSA PSS with SHA-384.
        "PS384" Ps384,
        /// RSA PSS with SHA-512.
        "PS512" Ps512,
        /// ECDSA, P-256.
        "ES256" Es256,
        /// ECDSA, P-384.
        "ES384" Es384,
        /// Edwards curves.
        "EdDSA" EdDsa,
        /// The same as `EdDSA`.
        "Ed25519" Ed25519,
    }
}

map! {
    /// Claims: a name, or a JSON Pointer where it begins with `/`.
    Claims {
        /// The user.
        #[schemars(extend("default" = "sub"))]
        "user" user: Slot<Text>,
        /// The client.
        #[schemars(extend("default" = "azp"))]
        "client" client: Slot<Text>,
        /// The role.
        #[schemars(extend("default" = "role"))]
        "role" role: Slot<Text>,
        /// The tenant.
        #[schemars(extend("default" = "tenant_id"))]
        "tenant" tenant: Slot<Text>,
        /// The scopes.
        #[schemars(extend("default" = "scope"))]
        "scopes" scopes: Slot<Text>,
    }
}

map! {
    /// How often each caller may call.
    RateLimiting {
        /// The limit of every path without one of its own.
        "default" default: Slot<Limit>,
        /// Limits of single paths; the most specific path wins.
        "overrides" overrides: Slot<Vec<At<OverriddenLimit>>>,
    }
}

map! {
    /// A limit: exactly one number of requests, and what is counted by.
    Limit {
        /// Requests a second.
        "requests_per_second" requests_per_second: Slot<Int<1, 1_000_000_000>>,
        /// Requests a minute.
        "requests_per_minute" requests_per_minute: Slot<Int<1, 1_000_000_000>>,
        /// Requests an hour.
        "requests_per_hour" requests_per_hour: Slot<Int<1, 1_000_000_000>>,
        /// Most requests at once; the number of the period where absent.
        "burst" burst: Slot<Int<1, 1_000_000_000>>,
        /// `client_ip`, `global`, or `header:NAME`.
        #[schemars(extend("examples" = ["client_ip", "global", "header:X-User-Id"]))]
        "key" key: Required<Text>,
    }
}

map! {
    /// The limit of one path.
    OverriddenLimit {
        /// Which paths, as in a route.
        "path" path: Required<Text>,
        /// Requests a second.
        "requests_per_second" requests_per_second: Slot<Int<1, 1_000_000_000>>,
        /// Requests a minute.
        "requests_per_minute" requests_per_minute: Slot<Int<1, 1_000_000_000>>,
        /// Requests an hour.
        "requests_per_hour" requests_per_hour: Slot<Int<1, 1_000_000_000>>,
        /// Most requests at once; the number of the period where absent.
        "burst" burst: Slot<Int<1, 1_000_000_000>>,
        /// `client_ip`, `global`, or `header:NAME`.
        "key" key: Required<Text>,
    }
}

map! {
    /// A path that is answered from several others at once.
    Aggregation {
        /// The path; no `/**`.
        #[schemars(extend("examples" = ["/api/home"]))]
        "path" path: Required<Text>,
        /// The members of the answer.
        "parts" parts: Required<Named<Part>>,
    }
}

map! {
    /// One member of an aggregate.
    Part {
        /// A path of this gateway, with its query; parameters of the aggregation's path may stand in it.
        #[schemars(extend("examples" = ["/api/orders?limit=3"]))]
        "path" path: Required<Text>,
        /// Whether the answer goes without it (`null`) when it fails.
        #[schemars(extend("default" = false))]
        "optional" optional: Slot<bool>,
    }
}

map! {
    /// Changes to the answers of some paths.
    Transformation {
        /// Which paths, as in a route.
        "path" path: Required<Text>,
        /// Changes to JSON bodies.
        "response" response: Required<ResponseTransformation>,
    }
}

map! {
    /// Changes to JSON bodies.
    ResponseTransformation {
        /// Members that are left out.
        "remove_fields" remove_fields: Slot<Vec<At<Text>>>,
        /// Members that get another name: old to new.
        "rename_fields" rename_fields: Slot<Named<Text>>,
    }
}
