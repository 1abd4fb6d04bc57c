//! A route.

use super::{Timeouts, UpstreamKey};
use crate::configuration::decode::{At, Int, Named, Required, Slot, Text, Unsettled, choice, map};

map! {
    /// One route: which requests, and exactly one of `upstream`, `redirect` and `respond`.
    Route {
        /// Literal segments, `{param}` segments, and at most one `/**` at the end.
        #[schemars(extend("examples" = ["/api/orders/**", "/api/orders/{id}"]))]
        "path" path: Required<Text>,
        /// Exactly this host, or `*.suffix`; every host where absent.
        #[schemars(extend("examples" = ["shop.example.com", "*.example.com"]))]
        "host" host: Slot<Text>,
        /// Every method where absent. GET covers HEAD.
        #[schemars(extend("examples" = [["GET", "POST"]]))]
        "methods" methods: Slot<Vec<At<Text>>>,
        /// Where requests go: a URL, or a map.
        "upstream" upstream: Slot<UpstreamKey>,
        /// Answer with a Location.
        "redirect" redirect: Slot<Redirect>,
        /// Answer with a fixed response.
        "respond" respond: Slot<Respond>,
        /// Taken off the front of the path; what it leaves out of `/api/orders` is `/orders`.
        #[schemars(extend("examples" = ["/api"]))]
        "strip_prefix" strip_prefix: Slot<Text>,
        /// Put before the path, after `strip_prefix` and behind the path of the upstream's URL, or its stage.
        "add_prefix" add_prefix: Slot<Text>,
        /// Whether the upstream sees the client's Host instead of its own name.
        #[schemars(extend("default" = false))]
        "preserve_host" preserve_host: Slot<bool>,
        /// Whether a path with `%2F` is answered 400 or passed on.
        #[schemars(extend("default" = "refuse"))]
        "encoded_slash" encoded_slash: Slot<EncodedSlash>,
        /// Whether a path with `;` (or `%3B`) is answered 400 or passed on.
        #[schemars(extend("default" = "refuse"))]
        "path_parameters" path_parameters: Slot<PathParameters>,
        /// Bytes of a request's body.
        #[schemars(extend("default" = 10_000_000))]
        "body_bytes_max" body_bytes_max: Slot<Int<0, 1_000_000_000_000>>,
        /// Time limits; what is left out is as at the top.
        "timeouts" timeouts: Slot<Timeouts>,
        /// Further tries of an idempotent request whose connection broke before any byte of an answer.
        #[schemars(extend("default" = 0))]
        "retries" retries: Slot<Int<0, 5>>,
        /// Header fields that the gateway sets.
        "headers" headers: Slot<Headers>,
        /// Not in this version.
        "cors" cors: Slot<Unsettled>,
        /// Not in this version.
        "cache" cache: Slot<Unsettled>,
    }
}

map! {
    /// An answer with a Location.
    Redirect {
        /// A URL, or a path on the same host.
        #[schemars(extend("examples" = ["https://www.example.com/", "/new"]))]
        "to" to: Required<Text>,
        /// 301 and 308 are for good, the others for now; 307 and 308 keep the method.
        #[schemars(extend("default" = 302, "enum" = [301, 302, 303, 307, 308]))]
        "status" status: Slot<Int<300, 399>>,
    }
}

map! {
    /// A fixed answer.
    Respond {
        /// 200 to 599.
        #[schemars(extend("default" = 200))]
        "status" status: Slot<Int<200, 599>>,
        /// Header fields; Content-Length is computed, and Content-Type is `text/plain; charset=utf-8` where a body has none.
        "headers" headers: Slot<Named<Text>>,
        /// The body, as it is.
        "body" body: Slot<Text>,
    }
}

map! {
    /// Header fields that the gateway sets, in place of those of the same name.
    Headers {
        /// On the request to the upstream.
        "request" request: Slot<Named<Text>>,
        /// On the answer to the client.
        "response" response: Slot<Named<Text>>,
    }
}

choice! {
    /// What becomes of a path with an encoded slash (`%2F`).
    EncodedSlash {
        /// 400.
        "refuse" Refuse,
        /// Passed on as `%2F`.
        "keep" Keep,
    }
}

choice! {
    /// What becomes of a path with parameters (`;`, `%3B`). Some servers take a segment without them, and so see another path than the one that was decided on.
    PathParameters {
        /// 400.
        "refuse" Refuse,
        /// Passed on as they are: for a service that reads them.
        "keep" Keep,
    }
}
