//! Whether a path that another section names can be met by any request that is routed at all.

use crate::configuration::decode::At;
use crate::configuration::model::Route;
use crate::configuration::wire;
use policy::path::{Pattern, Segment};
use std::collections::HashMap;

/// All patterns that are served, under their first segment where that is a literal: sections of thousands of paths
/// beside thousands of routes stay cheap.
pub(super) struct Reach<'p> {
    literal: HashMap<&'p str, Vec<&'p Pattern>>,
    other: Vec<&'p Pattern>,
}

impl<'p> Reach<'p> {
    /// Of these routes and aggregations. `None` where nothing can be said: there are no routes (which is a warning
    /// of its own), or some were refused.
    pub(super) fn of(
        gateway: &wire::Gateway,
        routes: &'p [Route],
        aggregations: &'p [Pattern],
    ) -> Option<Reach<'p>> {
        let given = gateway.routes.get().map_or(0, |at| at.value.len());
        if given == 0 || given != routes.len() {
            return None;
        }
        let mut reach = Reach {
            literal: HashMap::new(),
            other: Vec::new(),
        };
        for pattern in routes.iter().map(|route| &route.pattern).chain(aggregations) {
            match pattern.segments().next() {
                Some(Segment::Literal(first)) => reach.literal.entry(first).or_default().push(pattern),
                _ => reach.other.push(pattern),
            }
        }
        Some(reach)
    }

    /// Whether a request can fit both this pattern and one that is served.
    pub(super) fn meets(&self, pattern: &Pattern) -> bool {
        let served = match pattern.segments().next() {
            Some(Segment::Literal(first)) => self.literal.get(first).map_or(&[][..], Vec::as_slice),
            _ => {
                return self
                    .literal
                    .values()
                    .flatten()
                    .chain(&self.other)
                    .any(|served| served.overlaps(pattern));
            }
        };
        served
            .iter()
            .chain(&self.other)
            .any(|served| served.overlaps(pattern))
    }
}

impl super::Checker<'_> {
    /// Warns of a path that no request can meet.
    pub(super) fn warn_unmet<T>(
        &mut self,
        reach: Option<&Reach<'_>>,
        at: &At<T>,
        pattern: &Pattern,
        what: &str,
    ) {
        if reach.is_some_and(|reach| !reach.meets(pattern)) {
            let message = format!("no route serves `{}`: {what} has no effect", pattern.as_str());
            self.problems
                .warning(at.span, message)
                .help("add the route, or take this out");
        }
    }
}
