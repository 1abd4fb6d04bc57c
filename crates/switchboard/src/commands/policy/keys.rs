//! The keys of every issuer that names a `jwks_uri`, fetched and put into its record (policy.md §6).
//!
//! All are asked, a few at a time, so that one build names every issuer that cannot be reached.

use ::gateway::keys::fetch_as_operator;
use ::policy::check::{EmbedError, Entity, KeySet, key_set, with_keys};
use ::policy::entity::{Issuer, Kind};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

/// Fetches at a time.
const FETCHES_MAX: usize = 8;

/// Fetches and embeds; whether every set could be had. Says how it goes on stderr.
pub(super) async fn embed_keys(entities: &mut [Entity]) -> anyhow::Result<bool> {
    let mut wanted: Vec<(usize, String)> = Vec::new();
    for (index, entity) in entities
        .iter()
        .enumerate()
        .filter(|(_, entity)| entity.kind == Kind::Issuer)
    {
        let issuer: Issuer = serde_json::from_str(&entity.body)?;
        wanted.extend(issuer.jwks_uri.map(|uri| (index, uri.into_string())));
    }
    match wanted.len() {
        0 => return Ok(true),
        1 => anstream::eprintln!("fetching a key set"),
        count => anstream::eprintln!("fetching {count} key sets"),
    }
    LocalSet::new().run_until(fetch_all(wanted, entities)).await
}

async fn fetch_all(wanted: Vec<(usize, String)>, entities: &mut [Entity]) -> anyhow::Result<bool> {
    let places = Arc::new(Semaphore::new(FETCHES_MAX));
    let mut fetches = JoinSet::new();
    for (index, uri) in wanted {
        let places = Arc::clone(&places);
        fetches.spawn_local(async move {
            let _place = places.acquire().await;
            let fetched = fetch_as_operator(&uri).await;
            let set = fetched
                .map_err(|error| error.to_string())
                .and_then(|bytes| key_set(&bytes).map_err(|error| error.to_string()));
            (index, uri, set)
        });
    }
    let mut all = true;
    while let Some(fetched) = fetches.join_next().await {
        let (index, uri, set) = fetched?;
        let Some(entity) = entities.get_mut(index) else {
            continue;
        };
        let embedded = match set {
            Ok(set) => embed(entity, &set)?,
            Err(why) => Err(why),
        };
        match embedded {
            Ok(said) => anstream::eprintln!("  issuer {}: {said} from {uri}", entity.id),
            Err(why) => {
                all = false;
                let style = anstyle::AnsiColor::Red.on_default().bold();
                anstream::eprintln!("{style}error{style:#}: issuer {}: {uri}: {why}", entity.id);
            }
        }
    }
    Ok(all)
}

/// Adds keys to an issuer's record, behind those of the file; what to say of it, or why not.
fn embed(entity: &mut Entity, set: &KeySet) -> anyhow::Result<Result<String, String>> {
    let KeySet { keys, skipped } = set;
    match with_keys(&entity.body, keys) {
        Ok(body) => entity.body = body.into(),
        Err(refused @ EmbedError::TooMany(_)) => return Ok(Err(refused.to_string())),
        Err(broken @ EmbedError::Body(_)) => return Err(broken.into()),
    }
    let count = keys.len();
    let plural = if count == 1 { "" } else { "s" };
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(" ({skipped} more that nothing may use)"),
    };
    Ok(Ok(format!("{count} key{plural}{skipped}")))
}
