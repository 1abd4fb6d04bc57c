//! `aggregations`: one answer from several routes.

use super::Checker;
use super::reach::Reach;
use crate::configuration::decode::{At, Named, Text};
use crate::configuration::model::Route;
use crate::configuration::wire;
use policy::method::Method;
use policy::path::{Pattern, Segment};
use std::collections::HashMap;

/// Most parts of one answer: each is a call of its own.
const PARTS_MAX: usize = 32;

impl Checker<'_> {
    /// The paths of the aggregations; those that were refused are left out.
    pub(super) fn aggregations(&mut self, gateway: &wire::Gateway, routes: &[Route]) -> Vec<Pattern> {
        let Some(key) = gateway.aggregations.key() else {
            return Vec::new();
        };
        let reach = Reach::of(gateway, routes, &[]);
        let mut shapes = HashMap::new();
        let mut patterns = Vec::new();
        for At {
            value: aggregation, ..
        } in gateway.aggregations.get().map_or(&[][..], |at| &at.value)
        {
            let pattern = aggregation.path.get().and_then(|path| {
                let pattern = self.pattern(path)?;
                self.once(&mut shapes, path, &pattern);
                self.aggregated(path, &pattern, routes);
                Some(pattern)
            });
            if let Some(parts) = aggregation.parts.get() {
                self.parts(parts, pattern.as_ref(), reach.as_ref());
            }
            patterns.extend(pattern);
        }
        self.problems.not_in_this_version(key, "aggregations");
        patterns
    }

    fn aggregated(&mut self, path: &At<Text>, pattern: &Pattern, routes: &[Route]) {
        if pattern.segments().any(|segment| segment == Segment::Rest) {
            let message = "an aggregation answers one path, not all below it";
            self.problems.error(path.span, message).help("leave `/**` out");
        }
        let shape = pattern.shape();
        let same = |route: &&Route| {
            route.host.is_none() && route.methods.contains(Method::GET) && route.pattern.shape() == shape
        };
        if let Some(route) = routes.iter().find(same) {
            let message = format!("the route of line {} answers the same path", route.line);
            self.problems.error(path.span, message).help("keep one of them");
        }
    }

    fn parts(&mut self, parts: &At<Named<wire::Part>>, pattern: Option<&Pattern>, reach: Option<&Reach<'_>>) {
        let Named(named) = &parts.value;
        if named.is_empty() || named.len() > PARTS_MAX {
            let message = format!("{} parts", named.len());
            self.problems
                .error(parts.key, message)
                .help(format!("an aggregation has 1 to {PARTS_MAX} parts"));
        }
        if !named.is_empty()
            && named
                .iter()
                .all(|(_, part)| part.value.optional.get().is_some_and(|at| at.value))
        {
            let message = "every part is optional: with all services down the answer is still 200";
            self.problems
                .warning(parts.key, message)
                .help("leave `optional` out of one");
        }
        for (name, part) in named {
            if name.is_empty() {
                self.problems
                    .error(part.key, "a part without a name")
                    .help("its name is its member in the answer");
            }
            if let Some(path) = part.value.path.get() {
                self.part(path, pattern, reach);
            }
        }
    }

    /// A path with or without a query; only parameters of the aggregation's own path may stand in it.
    fn part(&mut self, at: &At<Text>, aggregation: Option<&Pattern>, reach: Option<&Reach<'_>>) {
        let (path, query) = at.value.split_once('?').unwrap_or((&at.value, ""));
        let part = match Pattern::parse(path) {
            Ok(part) => part,
            Err(error) => {
                self.problems.error(at.span, error.message).help(error.help);
                return;
            }
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte);
        if !query.bytes().all(fits) {
            let message = "a character in a query that no URL has";
            self.problems.error(at.span, message).help("percent-encode it");
        }
        for segment in part.segments() {
            match segment {
                Segment::Literal(_) => {}
                Segment::Rest => {
                    self.problems
                        .error(at.span, "a part is one path, not all below it")
                        .help("leave `/**` out");
                }
                Segment::Param(_) => {
                    if aggregation
                        .is_some_and(|aggregation| !aggregation.segments().any(|own| own == segment))
                    {
                        let message = "a parameter that the aggregation's path does not have";
                        self.problems
                            .error(at.span, message)
                            .help("use one of its names, or a literal");
                    }
                }
            }
        }
        self.warn_unmet(reach, at, &part, "the part");
    }
}
