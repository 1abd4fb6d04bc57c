//! `auth`: tokens of one issuer.

use super::Checker;
use super::reach::Reach;
use super::url::HostName;
use crate::configuration::decode::{At, Required, Text};
use crate::configuration::wire;
use policy::path::Pattern;
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn auth(&mut self, gateway: &wire::Gateway, reach: Option<&Reach<'_>>) {
        let Some(key) = gateway.auth.key() else {
            let routes = gateway.routes.get().filter(|routes| !routes.value.is_empty());
            if let (Some(routes), None) = (routes, gateway.policy.key()) {
                let message = "everything is public: there is neither `auth` nor `policy`";
                let help = "every caller that reaches this gateway is let through";
                self.problems.warning(routes.key, message).help(help);
            }
            return;
        };
        if let Some(policy) = gateway.policy.key() {
            let message = "`auth` beside `policy`: one of them decides who may call";
            self.problems
                .error(key, message)
                .help("keep one of them")
                .related(policy, "the other one");
        }
        if let Some(auth) = gateway.auth.get() {
            self.issuer(&auth.value);
            self.exclusions(&auth.value, reach);
        }
        self.problems.not_in_this_version(key, "auth");
    }

    fn issuer(&mut self, auth: &wire::Auth) {
        if let Some(uri) = auth.jwks_uri.get() {
            self.key_set(uri);
        }
        if let Some(issuer) = auth.issuer.get() {
            self.not_empty(issuer, "the issuer");
        }
        self.audiences(&auth.audiences);
        if let Some(algorithms) = auth.algorithms.get() {
            if algorithms.value.is_empty() {
                let help = "leave `algorithms` out for RS256, PS256, ES256 and EdDSA";
                self.problems
                    .error(algorithms.key, "no algorithm: no token would be taken")
                    .help(help);
            }
            for (index, algorithm) in algorithms.value.iter().enumerate() {
                let first = algorithms
                    .value
                    .iter()
                    .take(index)
                    .find(|first| first.value == algorithm.value);
                if let Some(first) = first {
                    self.problems
                        .error(algorithm.span, "given twice")
                        .help("keep one")
                        .related(first.span, "first here");
                }
            }
        }
        let Some(claims) = auth.claims.get().map(|at| &at.value) else {
            return;
        };
        let all = [
            &claims.user,
            &claims.client,
            &claims.role,
            &claims.tenant,
            &claims.scopes,
        ];
        for claim in all.into_iter().filter_map(|slot| slot.get()) {
            self.claim(claim);
        }
    }

    fn audiences(&mut self, audiences: &Required<Vec<At<Text>>>) {
        let Some(audiences) = audiences.get() else { return };
        if audiences.value.is_empty() {
            let message = "no audience: no token would be taken";
            self.problems
                .error(audiences.key, message)
                .help("name this API as its tokens name it in `aud`");
        }
        for audience in &audiences.value {
            self.not_empty(audience, "an audience");
        }
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

    fn exclusions(&mut self, auth: &wire::Auth, reach: Option<&Reach<'_>>) {
        let Some(paths) = auth.exclude_paths.get() else {
            return;
        };
        let mut shapes = HashMap::new();
        for path in &paths.value {
            let Some(pattern) = self.pattern(path) else {
                continue;
            };
            self.once(&mut shapes, path, &pattern);
            self.warn_unmet(reach, path, &pattern, "the exclusion");
        }
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
