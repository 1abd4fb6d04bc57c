//! All routes together: duplicates, and names that tell them apart.

use super::Checker;
use super::route::Checked;
use crate::configuration::decode::{At, Slot};
use crate::configuration::model::{Route, Timeouts};
use crate::configuration::source::Span;
use crate::configuration::wire;
use policy::method::Method;
use policy::path::HostPattern;
use std::collections::HashMap;
use std::sync::Arc;

impl Checker<'_> {
    pub(super) fn routes(&mut self, slot: &Slot<Vec<At<wire::Route>>>, defaults: Timeouts) -> Vec<Route> {
        let defaults = &Arc::new(defaults);
        let list = match slot {
            Slot::Given(list) if !list.value.is_empty() => &list.value,
            // Its elements, if any, could not be read, and say so.
            Slot::Refused(_) => return Vec::new(),
            slot => {
                let span = slot.key().unwrap_or(Span::new(0, 0));
                self.problems
                    .warning(span, "no routes: every request is answered 404")
                    .help("add `routes`");
                return Vec::new();
            }
        };
        let mut checked: Vec<Checked> = list.iter().filter_map(|at| self.route(at, defaults)).collect();
        self.tell_apart(&mut checked);
        checked.into_iter().map(|checked| checked.route).collect()
    }

    /// Routes of one host and shape: their methods may not meet, and name them.
    fn tell_apart(&mut self, checked: &mut [Checked]) {
        let mut groups: HashMap<(Option<HostPattern>, String), Vec<usize>> =
            HashMap::with_capacity(checked.len());
        for (index, Checked { route, .. }) in checked.iter().enumerate() {
            groups
                .entry((route.host.clone(), route.pattern.shape()))
                .or_default()
                .push(index);
        }
        for group in groups.values().filter(|group| group.len() > 1) {
            // Once a method is taken it stays so: each later route is told of the first that has one of its own.
            for (nth, later) in group.iter().enumerate() {
                let earlier = group.iter().take(nth).find_map(|earlier| {
                    let (one, other) = (checked.get(*earlier)?, checked.get(*later)?);
                    one.route
                        .methods
                        .intersects(other.route.methods)
                        .then_some(one.path)
                });
                if let (Some(earlier), Some(later)) = (earlier, checked.get(*later)) {
                    self.duplicate(earlier, later);
                }
            }
            for index in group {
                if let Some(Checked { route, .. }) = checked.get_mut(*index) {
                    let methods: Vec<&str> = route.methods.iter().map(Method::as_str).collect();
                    route.name = format!("{} {}", route.name, methods.join(",")).into();
                }
            }
        }
    }

    fn duplicate(&mut self, earlier: Span, later: &Checked) {
        let line = self.source.line(earlier.start);
        let message =
            format!("the route of line {line} has the same host, the same path and a method in common");
        self.problems
            .error(later.path, message)
            .help("give each its own `methods`, or take one out; names of `{parameters}` make no difference")
            .related(earlier, "the other route");
    }
}
