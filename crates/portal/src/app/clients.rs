//! A client's credentials and whether it may call: keys are shown once and stored as digests, rotation has an overlap.

use super::answer::Answer;
use super::asked::Asked;
use super::authorize::{authorize, of_team};
use super::context::App;
use super::draft::{Begun, Draft, Wanted};
use super::mentions::{list, text};
use super::refused::{FieldError, Refused};
use crate::identity::Operation;
use crate::store::names;
use crate::text::{rfc3339, secret, secret_bytes, sha256_hex, unix_seconds};
use policy::entity::Kind;
use serde_json::{Map, Value, json};

/// Credentials of a kind that a client may have at a time: one in use, one that takes its place.
const ACTIVE_MAX: usize = 2;
/// How long two keys may be good at a time: 90 days.
const OVERLAP_S_MAX: i64 = 90 * 86_400;
/// Characters of a key's id.
const ID_CHARS: usize = 12;

/// Begins a change of a client's.
async fn begin(
    app: &App,
    asked: Asked,
    (operation, may): (&'static str, Operation),
    id: &str,
) -> Result<Result<(Box<Draft>, Wanted), Answer>, Refused> {
    let mut draft = match Draft::begin(app, asked, operation).await? {
        Begun::Answered(answer) => return Ok(Err(answer)),
        Begun::Draft(draft) => draft,
    };
    let client = draft.existing(Kind::Client, id).await?;
    authorize(&draft.asked.actor, may, of_team(client.team.as_deref()))
        .map_err(|refused| refused.naming(|| format!("client `{id}`")))?;
    draft.match_version(Kind::Client, id).await?;
    Ok(Ok((draft, client)))
}

/// Suspends a client, or lets it call again.
pub(crate) async fn set_status(
    app: &App,
    asked: Asked,
    id: &str,
    is_active: bool,
) -> Result<Answer, Refused> {
    let operation = if is_active {
        ("client.activate", Operation::ActivateClient)
    } else {
        ("client.suspend", Operation::SuspendClient)
    };
    let (mut draft, mut client) = match begin(app, asked, operation, id).await? {
        Ok(begun) => begun,
        Err(answer) => return Ok(answer),
    };
    match is_active {
        true => drop(client.body.remove("status")),
        false => drop(client.body.insert("status".into(), "suspended".into())),
    }
    draft.plan(Kind::Client, id, Some(client)).await?;
    draft.finish(200, Some((Kind::Client, id)), Map::new()).await
}

/// Adds a credential; without a `type`, makes an API key, which is in this answer and nowhere else.
pub(crate) async fn add_credential(
    app: &App,
    asked: Asked,
    id: &str,
    mut new: Map<String, Value>,
) -> Result<Answer, Refused> {
    let (mut draft, mut client) =
        match begin(app, asked, ("credential.create", Operation::MakeCredential), id).await? {
            Ok(begun) => begun,
            Err(answer) => return Ok(answer),
        };
    let mut more = Map::new();
    let own_id = match new.remove("id") {
        Some(Value::String(own)) => own,
        None => new_id(),
        Some(_) => return Err(Refused::field("id", "write a string, or leave it out")),
    };
    if new.get("type").is_none_or(|of_type| of_type == "api_key") {
        if new.contains_key("sha256") {
            return Err(Refused::field(
                "sha256",
                "a key is made here, and its digest with it: leave it out",
            ));
        }
        let key = key_of(&own_id);
        new.insert("type".into(), "api_key".into());
        new.insert("sha256".into(), sha256_hex(&key).into());
        more.insert("key".into(), key.into());
    }
    new.insert("id".into(), own_id.clone().into());
    more.insert("id".into(), own_id.into());
    more.insert("client".into(), id.into());
    credentials_of(&mut client.body).push(Value::Object(new));
    draft.plan(Kind::Client, id, Some(client)).await?;
    draft.finish(201, None, more).await
}

/// Ends a credential at once; its id is never used again.
pub(crate) async fn end_credential(
    app: &App,
    asked: Asked,
    id: &str,
    credential: &str,
) -> Result<Answer, Refused> {
    let (mut draft, mut client) =
        match begin(app, asked, ("credential.end", Operation::EndCredential), id).await? {
            Ok(begun) => begun,
            Err(answer) => return Ok(answer),
        };
    let credentials = credentials_of(&mut client.body);
    let count = credentials.len();
    credentials.retain(|one| one.get("id").and_then(Value::as_str) != Some(credential));
    if credentials.len() == count {
        return Err(no_credential(id, credential));
    }
    draft.plan(Kind::Client, id, Some(client)).await?;
    draft.finish(200, Some((Kind::Client, id)), Map::new()).await
}

/// Makes a new key in place of one, which stays good for so many seconds.
pub(crate) async fn rotate_credential(
    app: &App,
    asked: Asked,
    id: &str,
    credential: &str,
    overlap_s: i64,
) -> Result<Answer, Refused> {
    if !(0..=OVERLAP_S_MAX).contains(&overlap_s) {
        return Err(Refused::field(
            "overlap_s",
            format!("write seconds from 0 to {OVERLAP_S_MAX}"),
        ));
    }
    let (mut draft, mut client) =
        match begin(app, asked, ("credential.rotate", Operation::RotateCredential), id).await? {
            Ok(begun) => begun,
            Err(answer) => return Ok(answer),
        };
    let end = draft.now + overlap_s;
    let credentials = credentials_of(&mut client.body);
    let at = credentials
        .iter()
        .position(|one| one.get("id").and_then(Value::as_str) == Some(credential));
    let at = at.ok_or_else(|| no_credential(id, credential))?;
    let old = credentials
        .get_mut(at)
        .and_then(Value::as_object_mut)
        .ok_or_else(|| no_credential(id, credential))?;
    if text(old, "type") != Some("api_key") {
        return Err(Refused::field(
            "credential",
            "only API keys are made here: of other kinds, add the new one and end this one later",
        ));
    }
    let ends_earlier = text(old, "expires_at")
        .and_then(unix_seconds)
        .is_some_and(|known| known <= end);
    if overlap_s == 0 {
        credentials.remove(at);
    } else if !ends_earlier {
        old.insert("expires_at".into(), rfc3339(end).into());
    }
    let own_id = new_id();
    let key = key_of(&own_id);
    credentials.push(json!({ "type": "api_key", "id": own_id, "sha256": sha256_hex(&key) }));
    draft.plan(Kind::Client, id, Some(client)).await?;
    let mut more = Map::new();
    more.insert("id".into(), own_id.into());
    more.insert("key".into(), key.into());
    more.insert("client".into(), id.into());
    more.insert("former_ends_at".into(), rfc3339(end).into());
    draft.finish(201, None, more).await
}

fn no_credential(client: &str, credential: &str) -> Refused {
    Refused::NotFound(format!("credential `{credential}` of client `{client}`"))
}

fn credentials_of(body: &mut Map<String, Value>) -> &mut Vec<Value> {
    let credentials = body.entry("credentials").or_insert_with(|| json!([]));
    if !credentials.is_array() {
        *credentials = json!([]);
    }
    credentials.as_array_mut().expect("it is a list by now")
}

fn new_id() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let chance = secret_bytes();
    let letters = chance
        .iter()
        .take(ID_CHARS)
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)));
    letters.map(|letter| char::from(*letter)).collect()
}

fn key_of(id: &str) -> String {
    format!("sb_{id}_{}", secret())
}

/// Of each kind a client has at most two that are good, unless it had as many before.
pub(super) fn too_many(
    former: Option<&Map<String, Value>>,
    to: &Map<String, Value>,
    now: i64,
) -> Vec<FieldError> {
    let count = |body: &Map<String, Value>, kind: &str| {
        let good = list(body, "credentials").filter(|one| {
            let ended = text(one, "expires_at")
                .and_then(unix_seconds)
                .is_some_and(|end| end <= now);
            text(one, "type") == Some(kind) && !ended
        });
        good.count()
    };
    let mut errors = Vec::new();
    for kind in ["api_key", "jwt", "certificate"] {
        let had = former.map_or(0, |former| count(former, kind));
        let has = count(to, kind);
        if has > ACTIVE_MAX.max(had) {
            errors.push(FieldError::new(
                "credentials",
                format!(
                    "{has} of type `{kind}` would be good at a time, at most {ACTIVE_MAX} may: end one first"
                ),
            ));
        }
    }
    errors
}

/// The ids among these that ended.
pub(super) async fn ended(draft: &mut Draft, ids: &[String]) -> Result<Vec<String>, Refused> {
    let asked: Vec<String> = ids.iter().map(|id| format!("credential:{id}")).collect();
    let holders = names::holders(&mut draft.tx, &draft.environment.id, &asked).await?;
    let ended = holders.into_iter().filter(|holder| holder.ended);
    Ok(ended
        .filter_map(|holder| holder.name.strip_prefix("credential:").map(str::to_owned))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_form_that_readers_know() {
        let id = new_id();
        assert!(
            id.len() == ID_CHARS
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        let key = key_of(&id);
        let secret = key.strip_prefix(&format!("sb_{id}_")).unwrap();
        assert_eq!(secret.len(), 43);
        assert!(
            secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }

    #[test]
    fn of_a_kind_two_are_good_at_a_time() {
        let body = |ends: &[Option<i64>]| {
            let all = ends.iter().map(|end| match end {
                Some(end) => json!({ "type": "api_key", "expires_at": rfc3339(*end) }),
                None => json!({ "type": "api_key" }),
            });
            json!({ "credentials": all.collect::<Vec<_>>() })
                .as_object()
                .unwrap()
                .clone()
        };
        let check = |former: Option<&[Option<i64>]>, to: &[Option<i64>], expected: usize| {
            let former = former.map(body);
            assert_eq!(
                too_many(former.as_ref(), &body(to), 100).len(),
                expected,
                "{to:?}"
            );
        };
        check(None, &[None, Some(200)], 0);
        check(None, &[None, Some(200), Some(100)], 0);
        check(None, &[None, None, Some(200)], 1);
        check(Some(&[None, None, None]), &[None, None, None], 0);
        check(Some(&[None, None, None]), &[None, None, None, None], 1);
    }
}
