//! What is recorded of a change that belongs to no environment: users, teams, tokens, sign-ins.

use super::asked::Asked;
use super::refused::Refused;
use crate::store::{Tx, audit};
use serde_json::Value;

/// Records it in the transaction that does it. Neither text may hold a secret.
pub(crate) async fn record(
    tx: &mut Tx,
    asked: &Asked,
    operation: &str,
    object: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), Refused> {
    let entry = audit::Entry {
        at: crate::text::now(),
        actor: asked.actor.id().to_owned(),
        actor_kind: asked.actor.kind().to_owned(),
        request_id: asked.request_id.clone(),
        operation: operation.to_owned(),
        object: object.to_owned(),
        revision: None,
        before: before.map(Value::to_string),
        after: after.map(Value::to_string),
    };
    audit::add(tx, audit::ORGANISATION, &[entry]).await?;
    Ok(())
}
