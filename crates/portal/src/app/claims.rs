//! Where a team may put an API by itself: below what is its own, or was delegated to it. A new prefix and a public operation
//! need a platform admin.

use super::authorize::authorize;
use super::draft::{Draft, Wanted};
use super::mentions::{list, text};
use super::refused::Refused;
use crate::identity::{Object, Operation, Reach};
use crate::store::names;
use policy::entity::Kind;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether the actor may have this API lie and answer like this.
pub(super) async fn may_claim(
    draft: &mut Draft,
    id: &str,
    former: Option<&Wanted>,
    to: &Wanted,
) -> Result<(), Refused> {
    let Some(team) = to.team.as_deref() else {
        // The check says that it is missing.
        return Ok(());
    };
    let reach = reach(draft, id, former, to).await?;
    authorize(&draft.asked.actor, Operation::PutApi, Object::Api { team, reach })
}

/// What of it is beyond the team's own say. A draft is nobody's business yet.
async fn reach(draft: &mut Draft, id: &str, former: Option<&Wanted>, to: &Wanted) -> Result<Reach, Refused> {
    if !to.is_published() {
        return Ok(Reach::Own);
    }
    let was = former.filter(|former| former.is_published());
    let public = |of: &Wanted| -> BTreeSet<String> {
        let items = of.body.get("public").and_then(Value::as_array);
        items.into_iter().flatten().map(Value::to_string).collect()
    };
    let had = was.map(public).unwrap_or_default();
    if !public(to).is_subset(&had) {
        return Ok(Reach::Public);
    }
    let place = |of: &Wanted| (of.body.get("base_path").cloned(), of.body.get("hosts").cloned());
    if was.is_some_and(|was| place(was) == place(to)) {
        return Ok(Reach::Own);
    }
    let Some(path) = text(&to.body, "base_path").map(str::to_owned) else {
        // The check says what is missing.
        return Ok(Reach::Own);
    };
    match is_own(draft, id, &path, to).await? {
        true => Ok(Reach::Own),
        false => Ok(Reach::NewPrefix),
    }
}

/// Whether a path is below another API of the team on the same hosts, or below what one delegates to it.
async fn is_own(draft: &mut Draft, id: &str, path: &str, to: &Wanted) -> Result<bool, Refused> {
    let mut above = vec!["/".to_owned()];
    let ends = path
        .char_indices()
        .filter(|(at, c)| *at > 0 && *c == '/')
        .map(|(at, _)| at);
    above.extend(ends.filter_map(|end| path.get(..end)).map(str::to_owned));
    let environment = draft.asked.environment.clone();
    for other in names::apis_at(&mut draft.tx, &environment, &above).await? {
        if other == id {
            continue;
        }
        let Some(api) = draft.current(Kind::Api, &other).await? else {
            continue;
        };
        let covers = match (api.body.get("hosts"), to.body.get("hosts")) {
            (None, _) => true,
            (Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
                ours.iter().all(|host| theirs.contains(host))
            }
            _ => false,
        };
        let delegated = list(&api.body, "delegates").any(|delegation| {
            let below =
                text(delegation, "path").is_some_and(|of| path == of || path.starts_with(&format!("{of}/")));
            below && text(delegation, "team") == to.team.as_deref()
        });
        if covers && (api.team == to.team || delegated) {
            return Ok(true);
        }
    }
    Ok(false)
}
