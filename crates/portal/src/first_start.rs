//! What a portal makes when it is not there yet: environments with their keys, and a platform admin with a token.
//!
//! Files before rows: a key or a token that was lost on the way is made anew, a row without its file could not be used.

use crate::keys::{KeyFileError, KeyFiles, Use, write_private};
use crate::settings::Settings;
use crate::store::environments::Environment;
use crate::store::people::User;
use crate::store::revisions::Revision;
use crate::store::tokens::Token;
use crate::store::{Store, StoreError, audit, environments, feeds, people, revisions, tokens};
use crate::text::{now, secret, sha256_hex};
use std::io;
use std::path::PathBuf;

/// How many entities a change may delete or narrow without a confirmation, where nothing else was said.
pub(crate) const CONFIRM_ABOVE: i64 = 10;

/// What could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FirstStartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key.
    #[error("a key cannot be made")]
    Key(#[from] KeyFileError),
    /// The admin's token.
    #[error("the platform admin's token cannot be written to {}", .path.display())]
    Token {
        /// Where it was to be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name is none.
    #[error("`{0}` is no environment: a name has 1 to 64 of a-z, 0-9 and `-`")]
    Name(String),
}

/// Makes what is missing.
pub(crate) async fn make(store: &Store, keys: &KeyFiles, settings: &Settings) -> Result<(), FirstStartError> {
    for name in &settings.environments {
        make_environment(store, keys, name).await?;
    }
    make_admin(store, settings).await
}

/// Makes an environment with its keys and an empty first revision, where there is none; whether there was none.
pub(crate) async fn make_environment(
    store: &Store,
    keys: &KeyFiles,
    name: &str,
) -> Result<bool, FirstStartError> {
    if !feed::is_feed_name(name) {
        return Err(FirstStartError::Name(name.to_owned()));
    }
    let mut connection = store.connection().await?;
    if environments::get(&mut connection, name).await?.is_some() {
        return Ok(false);
    }
    drop(connection);
    let now = now();
    let at = now.unsigned_abs();
    let (root_id, online_id) = (format!("root-{now}"), format!("online-{now}"));
    let root = made(keys, name, Use::Root, &root_id)?;
    let online = made(keys, name, Use::Online, &online_id)?;
    let roots = feed::roots_line(name, &[root.public(None)]);
    let keyring = root.keyring_line(name, at, at, &[online.public(None)]);
    let mut tx = store.begin().await?;
    if environments::get(&mut tx, name).await?.is_some() {
        // Another portal was faster; our keys are of no use.
        let _ = std::fs::remove_file(keys.path(name, Use::Root, &root_id));
        let _ = std::fs::remove_file(keys.path(name, Use::Online, &online_id));
        return Ok(false);
    }
    let position = environments::all(&mut tx)
        .await?
        .iter()
        .map(|one| one.position)
        .max();
    let environment = Environment {
        id: name.to_owned(),
        position: position.unwrap_or(0) + 1,
        confirm_above: CONFIRM_ABOVE,
        second_approver: false,
        created_at: now,
    };
    environments::add(&mut tx, &environment).await?;
    feeds::add(&mut tx, name, now, &roots, &keyring).await?;
    revisions::add(&mut tx, name, &first_revision(now)).await?;
    let entry = audit::Entry {
        at: now,
        actor: "portal".to_owned(),
        actor_kind: "system".to_owned(),
        operation: "environment.create".to_owned(),
        object: format!("environment/{name}"),
        ..audit::Entry::default()
    };
    audit::add(&mut tx, audit::ORGANISATION, &[entry]).await?;
    tx.commit().await?;
    tracing::warn!(
        environment = name,
        root_key = %keys.path(name, Use::Root, &root_id).display(),
        "keys were made: MOVE THE ROOT KEY OFF THIS MACHINE and keep it safe; only `portal keys` and `portal new-epoch` need it"
    );
    Ok(true)
}

/// Nothing, published, so that readers have a beginning.
fn first_revision(now: i64) -> Revision {
    Revision {
        revision: 1,
        epoch: now,
        actor: "system:portal".to_owned(),
        operation: "environment.create".to_owned(),
        records: 0,
        at: now,
        digest: None,
        made_at_ms: Some(crate::text::now_ms()),
        committed_at_ms: None,
        commit_line: None,
    }
}

fn made(keys: &KeyFiles, feed: &str, of_use: Use, id: &str) -> Result<feed::SigningKey, KeyFileError> {
    // Of a start that died before its rows were written.
    let _ = std::fs::remove_file(keys.path(feed, of_use, id));
    keys.make(feed, of_use, id)
}

async fn make_admin(store: &Store, settings: &Settings) -> Result<(), FirstStartError> {
    let mut tx = store.begin().await?;
    if people::has_users(&mut tx).await? {
        return Ok(());
    }
    let path = settings
        .admin_token_file
        .clone()
        .unwrap_or_else(|| settings.data.join("admin.token"));
    let secret = format!("sbp_{}", secret());
    let now = now();
    let user = User {
        id: "admin".to_owned(),
        name: "Platform admin".to_owned(),
        email: None,
        roles: "platform_admin".to_owned(),
        state: "active".to_owned(),
        version: 1,
        created_at: now,
    };
    let token = Token {
        id: crate::text::id(),
        sha256: sha256_hex(&secret),
        kind: "personal".to_owned(),
        owner: Some(user.id.clone()),
        team: None,
        environment: None,
        name: "first start".to_owned(),
        created_at: now,
        expires_at: None,
        ended_at: None,
        used_at: None,
        read_only: false,
    };
    people::add_user(&mut tx, &user).await?;
    tokens::add(&mut tx, &token).await?;
    // Of a start that died before its rows were written: nobody has that token.
    let _ = std::fs::remove_file(&path);
    write_private(&path, &format!("{secret}\n")).map_err(|source| FirstStartError::Token {
        path: path.clone(),
        source,
    })?;
    tx.commit().await?;
    tracing::info!(file = %path.display(), "a platform admin's token was written");
    Ok(())
}
