//! `auth`: tokens of one issuer.
//!
//! What passes here compiles to a policy without a further problem, so each rule of contract §2 that a value could
//! break is asked here.

use super::Checker;
use super::reach::Reach;
use crate::configuration::access::Auth;
use crate::configuration::decode::{At, Required, Slot, Text};
use crate::configuration::url::HostName;
use crate::configuration::wire::{self, Algorithm};
use policy::path::Pattern;
use std::collections::HashMap;

/// Limits of an issuer and an API (contract §2).
const ISSUER_BYTES_MAX: usize = 1_024;
const AUDIENCES_MAX: usize = 64;
const CLAIM_BYTES_MAX: usize = 256;
const EXCLUSIONS_MAX: usize = 2_000;

impl Checker<'_> {
    /// `None` where there is none, or where it is in error.
    pub(super) fn auth(&mut self, gateway: &wire::Gateway, reach: Option<&Reach<'_>>) -> Option<Auth> {
        let Some(key) = gateway.auth.key() else {
            let routes = gateway.routes.get().filter(|routes| !routes.value.is_empty());
            if let (Some(routes), None) = (routes, gateway.policy.key()) {
                let message = "everything is public: there is neither `auth` nor `policy`";
                let help = "every caller that reaches this gateway is let through";
                self.problems.warning(routes.key, message).help(help);
            }
            return None;
        };
        if let Some(policy) = gateway.policy.key() {
            let message = "`auth` beside `policy`: one of them decides who may call";
            self.problems
                .error(key, message)
                .help("keep one of them")
                .related(policy, "the other one");
        }
        let auth = &gateway.auth.get()?.value;
        let algorithms = self.algorithms(&auth.algorithms);
        let claims = self.claims(&auth.claims);
        let audiences = self.audiences(&auth.audiences);
        let exclude_paths = self.exclusions(auth, reach);
        let jwks_uri = auth.jwks_uri.get().inspect(|uri| self.key_set(uri));
        let issuer = auth
            .issuer
            .get()
            .inspect(|issuer| self.bounded(issuer, "the issuer"));
        Some(Auth {
            jwks_uri: (*jwks_uri?.value).into(),
            issuer: (*issuer?.value).into(),
            audiences,
            algorithms,
            claims,
            exclude_paths,
            forward_token: auth.forward_token.get().map(|at| at.value),
            leeway_s: auth.leeway_s.get().map(|at| at.value.0),
        })
    }

    /// What is compared with a claim byte by byte.
    fn bounded(&mut self, text: &At<Text>, what: &str) {
        self.not_empty(text, what);
        if text.value.len() > ISSUER_BYTES_MAX {
            let message = format!("{what} is longer than {ISSUER_BYTES_MAX} bytes");
            self.problems.error(text.span, message).help("shorten it");
        }
        let visible = text.value.bytes().all(|byte| byte.is_ascii_graphic());
        if what == "the issuer" && !visible && !text.value.trim().is_empty() {
            let message = format!(
                "{} has a blank, control or non-ASCII character",
                text.value.shown()
            );
            self.problems
                .error(text.span, message)
                .help("write it exactly as tokens have it in `iss`");
        }
    }

    fn algorithms(&mut self, slot: &Slot<Vec<At<Algorithm>>>) -> Option<Vec<&'static str>> {
        let algorithms = slot.get()?;
        if algorithms.value.is_empty() {
            let help = "leave `algorithms` out for RS256, PS256, ES256 and EdDSA";
            self.problems
                .error(algorithms.key, "no algorithm: no token would be taken")
                .help(help);
        }
        for (index, algorithm) in algorithms.value.iter().enumerate() {
            let mut before = algorithms.value.iter().take(index);
            let first = before.find(|first| canonical(first.value) == canonical(algorithm.value));
            if let Some(first) = first {
                self.problems
                    .error(algorithm.span, "given twice")
                    .help("keep one")
                    .related(first.span, "first here");
            }
        }
        Some(algorithms.value.iter().map(|at| canonical(at.value)).collect())
    }

    fn claims(&mut self, slot: &Slot<wire::Claims>) -> Vec<(&'static str, Box<str>)> {
        let Some(claims) = slot.get().map(|at| &at.value) else {
            return Vec::new();
        };
        let all = [
            ("user", &claims.user),
            ("client", &claims.client),
            ("role", &claims.role),
            ("tenant", &claims.tenant),
            ("scopes", &claims.scopes),
        ];
        let mut given = Vec::new();
        for (name, claim) in all
            .into_iter()
            .filter_map(|(name, slot)| Some((name, slot.get()?)))
        {
            self.claim(claim);
            given.push((name, (*claim.value).into()));
        }
        given
    }

    fn audiences(&mut self, audiences: &Required<Vec<At<Text>>>) -> Vec<Box<str>> {
        let Some(audiences) = audiences.get() else {
            return Vec::new();
        };
        if audiences.value.is_empty() {
            let message = "no audience: no token would be taken";
            self.problems
                .error(audiences.key, message)
                .help("name this API as its tokens name it in `aud`");
        }
        if audiences.value.len() > AUDIENCES_MAX {
            let message = format!("more than {AUDIENCES_MAX} audiences");
            self.problems.error(audiences.key, message).help("name fewer");
        }
        for audience in &audiences.value {
            self.bounded(audience, "an audience");
        }
        audiences.value.iter().map(|at| (*at.value).into()).collect()
    }

    /// Whoever answers for the key set can sign tokens, so that plain HTTP is for named addresses only.
    fn key_set(&mut self, uri: &At<Text>) {
        let errors = self.problems.errors();
        let Some(url) = self.target(uri) else { return };
        if url.https || self.problems.errors() > errors {
            return;
        }
        let is_allowed = match url.host {
            HostName::Ip(ip) => self.targets.allowed.iter().any(|net| net.contains(&ip)),
            // What a name resolves to is judged when it is called.
            HostName::Name(_) => !self.targets.allowed.is_empty(),
        };
        if !is_allowed {
            let message = "a key set over `http`, from an address that `allow_targets` does not name";
            self.problems
                .error(uri.span, message)
                .help("write `https`, or name the address in `allow_targets`");
        }
    }

    /// A name, or a JSON Pointer (RFC 6901).
    fn claim(&mut self, claim: &At<Text>) {
        self.not_empty(claim, "a claim");
        let text = &*claim.value;
        if text.len() > CLAIM_BYTES_MAX {
            let message = format!("a claim of more than {CLAIM_BYTES_MAX} bytes");
            self.problems.error(claim.span, message).help("shorten it");
        }
        let escapes_fit = text
            .split('~')
            .skip(1)
            .all(|behind| behind.starts_with(['0', '1']));
        if text.starts_with('/') && !escapes_fit {
            let message = format!("{} is not a JSON Pointer", claim.value.shown());
            self.problems
                .error(claim.span, message)
                .help("in a pointer, `~` is written `~0` and a slash `~1`");
        }
    }

    fn exclusions(&mut self, auth: &wire::Auth, reach: Option<&Reach<'_>>) -> Vec<Pattern> {
        let Some(paths) = auth.exclude_paths.get() else {
            return Vec::new();
        };
        if paths.value.len() > EXCLUSIONS_MAX {
            let message = format!("more than {EXCLUSIONS_MAX} exclusions");
            self.problems
                .error(paths.key, message)
                .help("sum some of them up with `{param}` or `/**`");
        }
        let mut shapes = HashMap::new();
        let mut patterns = Vec::new();
        for path in &paths.value {
            let Some(pattern) = self.pattern(path) else {
                continue;
            };
            self.once(&mut shapes, path, &pattern);
            self.warn_unmet(reach, path, &pattern, "the exclusion");
            patterns.push(pattern);
        }
        patterns
    }

    /// Reports a pattern whose shape another one of the same list has.
    pub(super) fn once(
        &mut self,
        shapes: &mut HashMap<String, crate::configuration::source::Span>,
        at: &At<Text>,
        pattern: &Pattern,
    ) {
        if let Some(first) = shapes.insert(pattern.shape(), at.span) {
            let message = format!("`{}` is given twice", pattern.as_str());
            self.problems
                .error(at.span, message)
                .help("keep one of them")
                .related(first, "first here");
        }
    }
}

/// The word of an algorithm; of the two for one, the standard's first (RFC 8037).
fn canonical(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 => "RS256",
        Algorithm::Rs384 => "RS384",
        Algorithm::Rs512 => "RS512",
        Algorithm::Ps256 => "PS256",
        Algorithm::Ps384 => "PS384",
        Algorithm::Ps512 => "PS512",
        Algorithm::Es256 => "ES256",
        Algorithm::Es384 => "ES384",
        Algorithm::EdDsa | Algorithm::Ed25519 => "EdDSA",
    }
}
