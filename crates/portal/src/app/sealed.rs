//! The sealed account: made and done away with on the portal's own machine alone, so that nobody who signed in can leave a door behind.
//!
//! It is for the day when the identity provider is down. Its seal is broken by its first use, which stays to be seen until it is made anew.

use super::actor::SEALED_SECRET;
use super::asked::Asked;
use super::context::App;
use super::record::record;
use super::refused::Refused;
use crate::store::{Store, sealed};
use crate::text::{now, rfc3339, secret, sha256_hex};
use serde_json::{Value, json};
use std::io;

/// Makes it anew: what its former secret opened is closed. The secret is given to `keep`, and nowhere else; where it cannot be kept,
/// nothing has changed.
pub(crate) async fn seal(
    store: &Store,
    asked: &Asked,
    keep: impl FnOnce(&str) -> io::Result<()>,
) -> Result<io::Result<()>, Refused> {
    let secret = format!("{SEALED_SECRET}{}", secret());
    let mut tx = store.begin().await?;
    sealed::put(&mut tx, &sha256_hex(&secret), now()).await?;
    record(&mut tx, asked, "break_glass.seal", "break-glass", None, None).await?;
    // Before the rows are there to be used: an account whose secret nobody has would be worse than none.
    if let Err(error) = keep(&secret) {
        return Ok(Err(error));
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Does away with it; `false`: there was none.
pub(crate) async fn disable(store: &Store, asked: &Asked) -> Result<bool, Refused> {
    let mut tx = store.begin().await?;
    let was = sealed::get(&mut tx).await?;
    sealed::remove(&mut tx, now()).await?;
    if was.is_some() {
        record(&mut tx, asked, "break_glass.disable", "break-glass", None, None).await?;
    }
    tx.commit().await?;
    Ok(was.is_some())
}

/// How it stands; null: there is none.
pub(crate) async fn state(store: &Store) -> Result<Value, Refused> {
    let found = sealed::get(&mut *store.connection().await?).await?;
    Ok(found.map_or(Value::Null, |account| {
        json!({
            "sealed_at": rfc3339(account.made_at), "broken_at": account.used_at.map(rfc3339), "uses": account.uses,
        })
    }))
}

/// What `/ready` says while the seal is broken.
pub(crate) async fn alarm(app: &App) -> Result<Option<String>, Refused> {
    let found = sealed::get(&mut *app.store.connection().await?).await?;
    Ok(found.and_then(|account| {
        let since = rfc3339(account.used_at?);
        Some(format!(
            "the sealed account was used, first at {since}, {} times: seal it again",
            account.uses
        ))
    }))
}
