//! Which version all are to run, and which is the lowest that is allowed: shown with who is below, never enforced from here.

use super::judge::Version;
use crate::app::answer::Answer;
use crate::app::asked::Asked;
use crate::app::authorize::authorize;
use crate::app::context::App;
use crate::app::policy_document::exists;
use crate::app::refused::Refused;
use crate::identity::{Object, Operation};
use crate::store::audit;
use crate::store::fleet::{self, Versions};
use serde_json::{Value, json};

fn shown(versions: &Versions) -> Value {
    json!({ "wanted": versions.wanted, "lowest": versions.lowest })
}

/// As they are set.
pub(crate) async fn get_versions(app: &App, asked: &Asked) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeVersions, Object::Organisation)?;
    exists(&app.store, &asked.environment).await?;
    let mut connection = app.store.connection().await?;
    Ok(Answer::ok(shown(
        &fleet::versions(&mut connection, &asked.environment).await?,
    )))
}

/// Sets both.
pub(crate) async fn set_versions(app: &App, asked: &Asked, versions: &Versions) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SetVersions, Object::Organisation)?;
    for (field, given) in [("wanted", &versions.wanted), ("lowest", &versions.lowest)] {
        if given
            .as_deref()
            .is_some_and(|given| Version::parse(given).is_none())
        {
            return Err(Refused::field(field, "write a version as `1.2.3`, or null"));
        }
    }
    if let (Some(wanted), Some(lowest)) = (&versions.wanted, &versions.lowest)
        && let (Some(wanted), Some(lowest)) = (Version::parse(wanted), Version::parse(lowest))
        && wanted.is_below(&lowest)
    {
        return Err(Refused::field(
            "lowest",
            "it is above the wanted one: nothing would fit",
        ));
    }
    exists(&app.store, &asked.environment).await?;
    let mut tx = app.store.begin().await?;
    let before = fleet::versions(&mut tx, &asked.environment).await?;
    fleet::set_versions(&mut tx, &asked.environment, versions).await?;
    let entry = audit::Entry {
        at: crate::text::now(),
        actor: asked.actor.id().to_owned(),
        actor_kind: asked.actor.kind().to_owned(),
        request_id: asked.request_id.clone(),
        operation: "fleet.set_versions".to_owned(),
        object: format!("fleet/{}", asked.environment),
        before: Some(shown(&before).to_string()),
        after: Some(shown(versions).to_string()),
        ..audit::Entry::default()
    };
    audit::add(&mut tx, &asked.environment, &[entry]).await?;
    tx.commit().await?;
    Ok(Answer::ok(shown(versions)))
}
