//! What `/ready` says of policy: where it came from, how much of it there is, and which issuers' keys are there.

use super::Enforced;
use crate::follow::{Follow, unix_s};
use crate::keys::KeyStore;
use serde_json::{Map, Value, json};

/// `{"source", "revision", "digest", "entities", "keys"}`; what a source does not have is left out. Of a feed also where it
/// stands.
pub(crate) fn to_json(enforced: Option<&Enforced>, store: &KeyStore, follow: Option<&Follow>) -> Value {
    let Some(enforced) = enforced else {
        return json!({ "source": "none" });
    };
    let provenance = &*enforced.provenance;
    let mut shown = Map::new();
    shown.insert("source".to_owned(), provenance.source.into());
    if let Some(revision) = provenance.revision {
        shown.insert("revision".to_owned(), revision.into());
    }
    let digest = provenance.digest.as_ref();
    if let Some(digest) = digest.or(provenance.file.as_ref().map(|(_, hash)| hash)) {
        shown.insert("digest".to_owned(), digest.as_str().into());
    }
    if let Some(follow) = follow {
        follow.show(unix_s(), &mut shown);
    }
    shown.insert("entities".to_owned(), entities(enforced));
    shown.insert("keys".to_owned(), keys(enforced, store));
    Value::Object(shown)
}

/// How many there are of each kind.
fn entities(enforced: &Enforced) -> Value {
    let counts = enforced.policy.counts();
    json!({
        "issuers": counts.issuers,
        "apis": counts.apis,
        "clients": counts.clients,
        "plans": counts.plans,
        "revocations": counts.revocations,
        "tenants": counts.tenants,
        "cells": counts.cells,
    })
}

/// Where each followed issuer's keys come from: `inline`, `stored` (off the disk), `fetched`, or `never`.
fn keys(enforced: &Enforced, store: &KeyStore) -> Value {
    let states = enforced.followed().into_iter().map(|followed| {
        let state = store.state(&followed.issuer, &followed.jwks_uri);
        let shown = match (state, followed.has_inline_keys) {
            (crate::keys::SetState::Never, true) => "inline",
            (state, _) => state.as_str(),
        };
        (String::from(followed.id), Value::from(shown))
    });
    Value::Object(states.collect())
}
