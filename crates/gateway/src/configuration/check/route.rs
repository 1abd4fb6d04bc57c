//! One route: path, host, methods, exactly one action, and keys that only make sense beside an upstream.

use super::Checker;
use crate::configuration::decode::{At, Slot, Text, nearest};
use crate::configuration::masked::MASK;
use crate::configuration::model::{Action, EncodedSlash, Forward, PathParameters, Retries, Route, Timeouts};
use crate::configuration::source::Span;
use crate::configuration::wire;
use policy::method::{Method, MethodSet};
use policy::path::{HostPattern, PathPrefix, Pattern};
use std::sync::Arc;

/// Bytes of a request's body where a route says nothing.
pub(super) const BODY_BYTES_MAX: u64 = 10_000_000;

/// A route, and where it stands.
pub(super) struct Checked {
    pub(super) route: Route,
    /// Its `path`, for those that are duplicates of it.
    pub(super) path: Span,
}

impl Checker<'_> {
    /// One route. `None` where something is wrong that every later check of it would need.
    pub(super) fn route(&mut self, at: &At<wire::Route>, defaults: &Arc<Timeouts>) -> Option<Checked> {
        let wire = &at.value;
        let later = [("cors", &wire.cors), ("cache", &wire.cache)];
        for (name, key) in later.iter().filter_map(|(name, slot)| Some((name, slot.key()?))) {
            self.problems.not_in_this_version(key, name);
        }
        let path = wire.path.get();
        let pattern = path.and_then(|path| self.pattern(path));
        let host = wire.host.get().map(|host| self.host(host));
        let methods = self.methods(&wire.methods);
        let timeouts = match self.timeouts(&wire.timeouts, **defaults) {
            // Nearly all routes have the defaults, and there may be very many.
            timeouts if timeouts == **defaults => Arc::clone(defaults),
            timeouts => Arc::new(timeouts),
        };
        let action = self.action(at, pattern.as_ref());
        // From here on a route that is wrong in part would only give further problems that follow from the first.
        let (path, pattern, methods, action) = (path?, pattern?, methods?, action?);
        let host = match host {
            Some(host) => Some(host?),
            None => None,
        };
        let name = match &host {
            Some(host) => format!("{host}{}", pattern.as_str()),
            None => pattern.as_str().to_owned(),
        };
        let encoded_slash = match wire.encoded_slash.get().map(|at| at.value) {
            Some(wire::EncodedSlash::Keep) => EncodedSlash::Keep,
            Some(wire::EncodedSlash::Refuse) | None => EncodedSlash::Refuse,
        };
        let path_parameters = match wire.path_parameters.get().map(|at| at.value) {
            Some(wire::PathParameters::Keep) => PathParameters::Keep,
            Some(wire::PathParameters::Refuse) | None => PathParameters::Refuse,
        };
        self.reachable(path, &pattern, encoded_slash, path_parameters);
        let route = Route {
            name: name.into(),
            host,
            pattern,
            methods,
            action,
            encoded_slash,
            path_parameters,
            body_bytes_max: wire.body_bytes_max.get().map_or(BODY_BYTES_MAX, |at| at.value.0),
            timeouts,
            line: self.source.line(at.span.start),
        };
        Some(Checked {
            route,
            path: path.span,
        })
    }

    /// What its own route refuses, a pattern waits for in vain.
    fn reachable(
        &mut self,
        path: &At<Text>,
        pattern: &Pattern,
        slash: EncodedSlash,
        parameters: PathParameters,
    ) {
        let waits_for_slash = pattern.has_encoded_slash() && slash == EncodedSlash::Refuse;
        let waits_for_parameters = pattern.has_parameters() && parameters == PathParameters::Refuse;
        for (waits, what, key) in [
            (waits_for_slash, "an encoded slash", "encoded_slash"),
            (waits_for_parameters, "a `;`", "path_parameters"),
        ] {
            if waits {
                let message = format!("no request reaches this route: its path has {what}, which it refuses");
                self.problems
                    .warning(path.span, message)
                    .help(format!("write `{key}: keep` if the service means it"));
            }
        }
    }

    fn host(&mut self, host: &At<Text>) -> Option<HostPattern> {
        HostPattern::parse(&host.value)
            .inspect_err(|error| {
                let message = format!("{} is not a host. {error}", host.value.shown());
                let help = "write a name without port, as in `shop.example.com`, or `*.example.com`";
                self.problems.error(host.span, message).help(help);
            })
            .ok()
    }

    fn methods(&mut self, slot: &Slot<Vec<At<Text>>>) -> Option<MethodSet> {
        let list = match slot {
            Slot::Absent => return Some(MethodSet::ALL),
            Slot::Refused(_) => return None,
            Slot::Given(list) => list,
        };
        if list.value.is_empty() {
            let message = "no method: nothing would fit this route";
            self.problems
                .error(list.key, message)
                .help("leave `methods` out for every method");
            return None;
        }
        let mut methods = Vec::with_capacity(list.value.len());
        for token in &list.value {
            match Method::parse(token.value.as_bytes()) {
                Some(method) if methods.contains(&method) => {
                    self.problems
                        .error(token.span, format!("`{}` is given twice", &*token.value))
                        .help("keep one");
                }
                Some(method) => methods.push(method),
                None => self.unknown_method(token),
            }
        }
        // With a method missing that was meant, duplicates can't be told.
        (methods.len() == list.value.len()).then(|| MethodSet::of(&methods))
    }

    fn unknown_method(&mut self, token: &At<Text>) {
        let upper = token.value.to_ascii_uppercase();
        if matches!(&*upper, "CONNECT" | "TRACE") {
            self.problems
                .error(token.span, format!("{upper} is never forwarded"))
                .help("leave it out");
            return;
        }
        let known: Vec<&str> = MethodSet::ALL.iter().map(Method::as_str).collect();
        let help = match nearest(&upper, &known) {
            Some(near) => format!("write `{near}`?"),
            None => "methods are those of the IANA registry, in upper case: GET, POST, …".to_owned(),
        };
        self.problems
            .error(token.span, format!("{} is not a method", token.value.shown()))
            .help(help);
    }

    /// Exactly one of the three.
    fn action(&mut self, at: &At<wire::Route>, pattern: Option<&Pattern>) -> Option<Action> {
        let wire = &at.value;
        let given = [
            ("upstream", wire.upstream.key()),
            ("redirect", wire.redirect.key()),
            ("respond", wire.respond.key()),
        ];
        let given: Vec<(&str, Span)> = given
            .into_iter()
            .filter_map(|(name, key)| Some((name, key?)))
            .collect();
        match given.as_slice() {
            [] => {
                let message = "a route without an action";
                self.problems
                    .error(at.key, message)
                    .help("add `upstream`, `redirect` or `respond`");
                return None;
            }
            [(first, first_key), (second, key), ..] => {
                let message = format!("`{second}` beside `{first}`: a route has exactly one action");
                self.problems
                    .error(*key, message)
                    .help("keep one of them")
                    .related(*first_key, "the other one");
                return None;
            }
            [(name, _)] => {
                if *name != "upstream" {
                    self.only_with_upstream(wire, name);
                }
            }
        }
        if let Some(upstream) = wire.upstream.get() {
            let forward = self.forward(wire, upstream, pattern)?;
            return Some(Action::Forward(Box::new(forward)));
        }
        if let Some(redirect) = wire.redirect.get() {
            return self
                .redirect(&redirect.value)
                .map(|redirect| Action::Redirect(Box::new(redirect)));
        }
        self.respond(wire.respond.get()?)
            .map(|respond| Action::Respond(Box::new(respond)))
    }

    /// A rule that was given is never ignored: what an answer of the gateway's own has no use for is refused.
    fn only_with_upstream(&mut self, wire: &wire::Route, action: &str) {
        let keys = [
            ("strip_prefix", wire.strip_prefix.key()),
            ("add_prefix", wire.add_prefix.key()),
            ("preserve_host", wire.preserve_host.key()),
            ("retries", wire.retries.key()),
            ("timeouts", wire.timeouts.key()),
            ("headers", wire.headers.key()),
        ];
        for (name, key) in keys.into_iter().filter_map(|(name, key)| Some((name, key?))) {
            let draft = self
                .problems
                .error(key, format!("`{name}` has no effect beside `{action}`"));
            match (name, action) {
                ("headers", "respond") => draft.help("write the fields into `respond: { headers: … }`"),
                _ => draft.help("leave it out"),
            };
        }
    }

    fn forward(
        &mut self,
        wire: &wire::Route,
        upstream: &At<wire::UpstreamKey>,
        pattern: Option<&Pattern>,
    ) -> Option<Forward> {
        let strip_prefix = wire.strip_prefix.get().and_then(|prefix| {
            let parsed = self.prefix(prefix)?;
            if let Some(pattern) = pattern.filter(|pattern| !pattern.is_below(&parsed)) {
                let message = format!(
                    "{} is not a prefix of the path `{}`",
                    prefix.value.shown(),
                    pattern.as_str()
                );
                let help = "every path of the route has to begin with it, on whole segments";
                self.problems.error(prefix.span, message).help(help);
            }
            Some(parsed)
        });
        let added = wire.add_prefix.get().and_then(|prefix| self.prefix(prefix));
        let headers = wire.headers.get().map(|at| &at.value);
        let request_headers = headers
            .map(|headers| self.request_headers(&headers.request))
            .unwrap_or_default();
        let response_headers = headers
            .map(|headers| self.response_headers(&headers.response))
            .unwrap_or_default();
        if upstream.value.0.private_api.key().is_some() {
            self.beside_private_api(wire);
        }
        let target = self.upstream(upstream)?;
        Some(Forward {
            origin: target.origin,
            private_api: target.private_api,
            strip_prefix,
            add_prefix: self.joined(target.base, added, wire, upstream),
            preserve_host: wire.preserve_host.get().is_some_and(|at| at.value),
            retries: Retries {
                attempts: wire
                    .retries
                    .get()
                    .map_or(0, |at| u32::try_from(at.value.0).unwrap_or(0)),
            },
            request_headers,
            response_headers,
        })
    }

    fn prefix(&mut self, prefix: &At<Text>) -> Option<PathPrefix> {
        let error = match PathPrefix::parse(&prefix.value) {
            Ok(parsed) => return Some(parsed),
            Err(error) => error,
        };
        let message = format!("{} is not a path prefix. {error}", prefix.value.shown());
        let trimmed = prefix.value.trim_end_matches('/');
        let help = match PathPrefix::parse(trimmed) {
            Ok(_) => format!("write `{trimmed}`, without a slash at its end"),
            Err(_) if trimmed.is_empty() => "leave the key out".to_owned(),
            Err(_) => "write whole literal segments, as in `/api`".to_owned(),
        };
        self.problems.error(prefix.span, message).help(help);
        None
    }

    /// The path of the upstream's URL or its stage, then the route's own prefix.
    fn joined(
        &mut self,
        base: Option<PathPrefix>,
        added: Option<PathPrefix>,
        wire: &wire::Route,
        upstream: &At<wire::UpstreamKey>,
    ) -> Option<PathPrefix> {
        let Some(base) = base else { return added };
        let joined = match added {
            None => Some(base),
            Some(added) => PathPrefix::parse(&format!("{}{}", base.as_str(), added.as_str())).ok(),
        };
        let (url, prefix) = (upstream.value.0.url.get(), wire.add_prefix.get());
        let is_filled_in = |text: Option<&At<Text>>| text.is_some_and(|text| text.value.is_filled_in());
        match &joined {
            None => {
                let message = "the upstream's path and `add_prefix` together are no path prefix";
                self.problems
                    .error(upstream.span, message)
                    .help("shorten one of them");
            }
            Some(joined) if is_filled_in(url) || url.is_some() && is_filled_in(prefix) => {
                self.written.insert(joined.as_str().into(), MASK.into());
            }
            Some(_) => {}
        }
        joined
    }
}
