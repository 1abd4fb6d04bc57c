//! `docs/errors.md`, from the closed `Reject` type: what each code means for the caller, and what the operator does.
//!
//! `switchboard generate errors` prints it. Nothing of it is on a request's path.

use super::Reject;
use crate::usage::Broken;
use policy::Code;
use std::fmt::Write as _;

const HEAD: &str = "\
# Errors

Every answer that the gateway makes itself, and is not what a route asks for (a redirect, a fixed response), has one shape:

```
HTTP/1.1 404 Not Found
Content-Type: application/json
X-Request-Id: 5f0c…
Proxy-Status: switchboard; error=destination_not_found

{\"error\":\"route_not_found\",\"message\":\"No route serves this host and path. Check both.\",\"request_id\":\"5f0c…\"}
```

`error` is stable: programs may rely on it. `message` is for people and may change. The request id finds the request in
the access log, where `error` is the same code and `detail` says what exactly went wrong; that is never in an answer.
An answer to HEAD has the head alone.

`Proxy-Status` (RFC 9209) has a member `switchboard` on every answer. With `error` the gateway made the answer, without it
the service did. Where the gateway made it because the route says so, it is `error=proxy_internal_response`.

Whose fault: `client`: change the request; `gateway`: the gateway's operator must act; `upstream`: the service behind the
gateway failed. A connection that is closed carries no further request.
";

const LOG_ONLY: &str = "
## In the access log only

An answer that had begun and broke off cannot say so with a status: the client sees the connection break. `error` in the
access log then is one of these, beside the status that was sent (or no status, where there was no answer).

| code | meaning |
| --- | --- |
";

/// The whole page, Markdown.
pub fn errors_page() -> String {
    let mut page = String::from(HEAD);
    for reject in Reject::ALL {
        section(&mut page, reject);
    }
    page.push_str(LOG_ONLY);
    for broken in Broken::ALL {
        // Writing to memory does not fail.
        let _ = writeln!(page, "| `{}` | {} |", broken.code(), broken_meaning(broken));
    }
    page
}

fn section(page: &mut String, reject: Reject) {
    let message = match reject {
        Reject::RequestMalformed(_) | Reject::PathNotCanonical(_) | Reject::HeadTooLarge(_) => {
            "says which rule was broken, in one sentence".to_owned()
        }
        Reject::RateLimitExceeded(_) => {
            "“Too many requests. Retry after N seconds.”; the body has `retry_after` and no `request_id`"
                .to_owned()
        }
        _ => format!("“{}”", reject.message()),
    };
    let fault = reject.fault().as_str();
    let connection = if reject.closes() { "closed" } else { "goes on" };
    // Writing to memory does not fail.
    let _ = write!(
        page,
        "\n## `{code}`\n\n| status | fault | `Proxy-Status` error | connection |\n| --- | --- | --- | --- |\n\
         | {status} | {fault} | `{error}` | {connection} |\n\n- **Message:** {message}\n- **For the operator:** {operator}\n",
        code = reject.code(),
        status = reject.status(),
        error = reject.proxy_error(),
        operator = operator(reject),
    );
}

/// What the operator does about it.
fn operator(reject: Reject) -> &'static str {
    match reject {
        Reject::RequestMalformed(_) => {
            "nothing, if they are few: scanners and broken clients. Many from one client that used to work: look at what stands between it and the gateway."
        }
        Reject::PathNotCanonical(_) => {
            "nothing, unless the service means encoded slashes or path parameters: then `encoded_slash: keep`, `path_parameters: keep` on its route."
        }
        Reject::RouteNotFound => "`switchboard explain METHOD TARGET` shows why no route matches.",
        Reject::MethodNotAllowed => "add the method to the route's `methods` if it is meant to be there.",
        Reject::RequestTimeout => {
            "`timeouts.head_ms` bounds the head, `timeouts.idle_ms` a pause in the body. Many at once, each with few bytes, are an attack that fails."
        }
        Reject::BodyTooLarge => "raise `body_bytes_max` on the route if such bodies are meant to pass.",
        Reject::TargetTooLong => {
            "the request line must fit into `head_bytes_max`; towards a private API, the target that is sent into 8,192 bytes."
        }
        Reject::ExpectationFailed => "nothing.",
        Reject::HeadTooLarge(_) => {
            "raise `head_bytes_max` or `header_count_max` if such heads are meant to pass; large cookies are the usual cause. Towards a private API the fields that are sent may have 8,000 bytes, which no setting raises."
        }
        Reject::MethodNotImplemented => "nothing: CONNECT and TRACE never pass.",
        Reject::UpgradeNotSupported => "nothing: WebSocket and other upgrades are not in this version.",
        Reject::VersionNotSupported => "nothing: listeners speak HTTP/1.1 and HTTP/1.0.",
        Reject::ConnectionsExhausted => {
            "raise `connections_max`, lower `timeouts.idle_ms`, or add a gateway; `switchboard_client_connections` shows how many there are."
        }
        Reject::LoopDetected => {
            "a route's upstream leads back to this gateway; `detail` and the upstream's address say how."
        }
        Reject::UpstreamUnresolved => {
            "check the upstream's name and the resolver; `detail` has what the resolver said."
        }
        Reject::UpstreamForbidden => {
            "`detail` prints the `allow_targets` line that would permit the address. If the name should not lead there, mend its DNS record."
        }
        Reject::UpstreamRefused => {
            "start the service, or correct its port; `upstream` has the address that refused."
        }
        Reject::UpstreamConnectTimeout => {
            "the name did not resolve or the address did not answer within `timeouts.connect_ms`: look for a firewall, or a service whose queue is full."
        }
        Reject::UpstreamTls => {
            "`detail` has what TLS said; the usual cause is an `https://` upstream that speaks plain HTTP."
        }
        Reject::UpstreamCertificate => {
            "renew the certificate, correct the upstream's name (of a private API: `region`, `api_id` and `vpc_endpoint`), or name its authority with `ca`; verification cannot be turned off."
        }
        Reject::UpstreamClosed => {
            "the service crashed, or closes idle connections sooner than the gateway. `retries` repeats idempotent requests."
        }
        Reject::UpstreamMalformed(_) => {
            "`detail` names the rule of HTTP/1.1 that the service broke; mend the service."
        }
        Reject::UpstreamTimeout => "the service is slow, or `timeouts.head_ms` too short for this route.",
        Reject::TotalTimeout => {
            "the whole exchange took longer than `timeouts.total_ms`; `upstream_us` tells how much of it was the service."
        }
        Reject::RateLimitExceeded(_) => {
            "too many answers 401 to this address (`failed_credentials`). If many clients share it, name the proxy before them in `trusted_edges`; otherwise it is somebody who guesses."
        }
        Reject::Policy(code) => operator_of_policy(code),
    }
}

/// `switchboard explain` with the same request shows the way to each of these.
fn operator_of_policy(code: Code) -> &'static str {
    match code {
        Code::CredentialMissing => {
            "nothing; if the path is meant for everybody, `exclude_paths`, or `public` of the API."
        }
        Code::CredentialUnsupported => "the API's `credentials` list the kinds that it accepts.",
        Code::CredentialsDisagree => {
            "the caller showed two credentials of one kind, or of two clients: one of them is a leftover of its own proxy or library."
        }
        Code::TokenMalformed => {
            "nothing, if they are few. From one issuer always: its tokens are no compact JWTs."
        }
        Code::TokenUnsupported => {
            "compare the token's header with the issuer's `algorithms`; `typ` and critical headers are refused by rule."
        }
        Code::IssuerUnknown => {
            "compare the token's `iss` with `issuer`, byte by byte: a slash at the end counts."
        }
        Code::SignatureInvalid => {
            "`detail` `key_unknown`: the token names a key that its issuer does not publish; `switchboard_key_set_fetches` and the log say whether the set could be fetched. Without it: a forged or damaged token."
        }
        Code::TokenExpired => "nothing; many at once: a clock that is wrong, here or at the issuer.",
        Code::TokenNotYetValid => {
            "a clock that is wrong, here or at the issuer; `leeway_s` allows for a little."
        }
        Code::AudienceMismatch => "compare the token's `aud` with the issuer's `audiences`.",
        Code::TokenRevoked => "nothing: a revocation of the policy does what it is for.",
        Code::ApiKeyUnknown => {
            "nothing, if they are few. Many from one address are guesses, and have a budget."
        }
        Code::CredentialExpired => "give the client a new credential.",
        Code::CredentialRevoked => "nothing: a revocation of the policy does what it is for.",
        Code::CertificateUnknown => "no client of the policy has this certificate, or two have its names.",
        Code::ClientUnknown => {
            "register the client that the token's client claim names, or correct `claims.client`."
        }
        Code::ClientSuspended => "set the client's `status` to `active` when it may call again.",
        Code::TenantUnknown => {
            "the tenant is not in the policy, or the token's contradicts its client's; compare with `claims.tenant`."
        }
        Code::TenantSuspended => "set the tenant's `status` to `active` when it may be worked on again.",
        Code::CellMismatch => {
            "whatever sends this tenant's requests here is wrong: compare its `cell` with this gateway's."
        }
        Code::OperationUnknown => "add the operation to the API, if it is meant to be called.",
        Code::GrantMissing => "grant the client this API.",
        Code::ScopeMissing => {
            "the scope must be both in the grant and in the token; the challenge names what the operation asks for."
        }
        Code::ClaimTooLarge => "a claim has more than 1,024 bytes as a header; let the issuer shorten it.",
        Code::PolicyUnsupported => "the policy was published by a newer version: update this gateway.",
        Code::PolicyStale => "policy has not arrived for too long: look at the feed.",
        Code::KeysUnavailable => {
            "the issuer's key set was never fetched: the log says why. `state_dir` keeps one over a restart."
        }
    }
}

fn broken_meaning(broken: Broken) -> &'static str {
    match broken {
        Broken::Client => "the client closed, reset, or did not read for `idle_ms`",
        Broken::Upstream => "the service closed, reset, broke its own framing, or paused for `idle_ms`",
        Broken::Gateway => "`total_ms` was over, or the gateway's own end came before the answer's",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_section() {
        let page = errors_page();
        for reject in Reject::ALL {
            let heading = format!("\n## `{}`\n", reject.code());
            assert_eq!(page.matches(&heading).count(), 1, "{heading}");
        }
        for broken in Broken::ALL {
            assert!(page.contains(&format!("| `{}` |", broken.code())));
        }
        assert!(page.ends_with("|\n"));
    }
}
