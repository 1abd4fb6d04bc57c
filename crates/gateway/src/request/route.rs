//! Host, canonical path and method → one route. 404 and 405 are different things, and a path never falls through.

use crate::configuration::{EncodedSlash, PathParameters};
use crate::downstream::Received;
use crate::response::Reject;
use crate::snapshot::{CompiledRoute, PathGroup, Snapshot};
use policy::method::MethodSet;
use std::sync::Arc;

/// A request and the one route that it takes.
#[derive(Debug)]
pub(crate) struct Routed<'s, 'r> {
    pub(crate) received: Received<'r>,
    pub(crate) route: &'s Arc<CompiledRoute>,
}

/// Why there is no route, with what the answer needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unrouted {
    pub(crate) reject: Reject,
    /// Which methods the path has, for 405.
    pub(crate) allow: Option<MethodSet>,
}

const ENCODED_SLASH: Reject =
    Reject::PathNotCanonical("the path has an encoded slash (%2F), which this route does not keep");

/// Tomcat and Spring, for two, take `/orders;x` for `/orders`: beside a public route for the rest, nobody would have been asked.
const PARAMETERS: Reject =
    Reject::PathNotCanonical("the path has a parameter (`;`, %3B), which this route does not keep");

/// The path is chosen first, then the method (request.md §2).
pub(crate) fn route<'s, 'r>(
    snapshot: &'s Snapshot,
    received: Received<'r>,
) -> Result<Routed<'s, 'r>, Unrouted> {
    let refused = |reject| Unrouted { reject, allow: None };
    let Some(group) = snapshot.table.find(&received.host, &received.path) else {
        let hidden = received.path.has_encoded_slash();
        return Err(refused(if hidden {
            ENCODED_SLASH
        } else {
            Reject::RouteNotFound
        }));
    };
    let route = pick(group, &received).ok_or(Unrouted {
        reject: Reject::MethodNotAllowed,
        allow: Some(group.methods()),
    })?;
    if received.path.has_encoded_slash() && route.route.encoded_slash == EncodedSlash::Refuse {
        return Err(refused(ENCODED_SLASH));
    }
    if received.path.has_parameters() && route.route.path_parameters == PathParameters::Refuse {
        return Err(refused(PARAMETERS));
    }
    Ok(Routed { received, route })
}

/// The route of this path for this method; a route for HEAD itself goes before one for GET.
fn pick<'a>(group: &'a PathGroup, received: &Received<'_>) -> Option<&'a Arc<CompiledRoute>> {
    let method = received.method?;
    let exact = group
        .routes
        .iter()
        .find(|route| route.route.methods.contains(method));
    exact.or_else(|| {
        group
            .routes
            .iter()
            .find(|route| route.route.methods.covers(method))
    })
}
