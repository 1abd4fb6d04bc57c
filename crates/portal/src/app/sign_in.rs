//! From a name and a password, an identity provider's word or the sealed account's secret to a session; and back.
//!
//! Every try is recorded, without what was typed. What is wrong with a name and with a password is told in one sentence.

use super::actor::{SEALED_SECRET, is_sealed_secret, person};
use super::asked::Asked;
use super::authorize::authorize;
use super::context::App;
use super::record::record;
use super::refused::Refused;
use crate::identity::oidc::{Flow, ProviderError, Returned, SignedIn};
use crate::identity::session::{Lifetimes, SEALED};
use crate::identity::{Actor, Object, Operation, Via, is_secret};
use crate::store::people::User;
use crate::store::tokens::Token;
use crate::store::{Tx, identities, people, sealed, tokens};
use crate::text::{now, now_ms, secret, sha256_hex};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Bytes of a name that is looked for.
const NAME_BYTES_MAX: usize = 320;
/// How long sessions that ended are kept, in seconds.
const ENDED_KEPT_S: i64 = 86_400;

/// A session that was opened. Its secret is in this value, and nowhere else.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) secret: String,
    pub(crate) max_age_s: u64,
    pub(crate) actor: Actor,
}

/// Signs in a local user. `asked.actor`: whoever the request was from.
pub(crate) async fn local(
    app: &App,
    asked: &Asked,
    name: &str,
    password: String,
    address: IpAddr,
) -> Result<Opened, Refused> {
    if !app.desk.settings.local_users {
        let detail = "local users do not sign in here: go to /v1/sign-in/oidc/start";
        return Err(Refused::Forbidden(detail.to_owned()));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(wrong());
    }
    app.desk.attempts().take(name, address, now_ms().unsigned_abs())?;
    let (user, kept) = {
        let mut connection = app.store.connection().await?;
        let user = identities::user_by_name(&mut connection, name).await?;
        let kept = match &user {
            Some(user) => identities::password(&mut connection, &user.id).await?,
            None => None,
        };
        (user, kept)
        // No connection is held while a hash is computed or waited for.
    };
    let has_password = kept.is_some();
    let good = app.desk.passwords.verify(password, kept).await;
    if good.is_err() {
        // Nothing was tried.
        app.desk
            .attempts()
            .give_back(name, address, now_ms().unsigned_abs());
    }
    let reason = match (&user, good?) {
        (Some(user), true) if user.state == "active" => {
            app.desk
                .attempts()
                .give_back(name, address, now_ms().unsigned_abs());
            let mut tx = app.store.begin().await?;
            let opened = open(&mut tx, asked, &user.id, "password", app.desk.settings.lifetimes).await?;
            tx.commit().await?;
            return Ok(opened);
        }
        (Some(_), true) => "barred",
        (Some(_), false) if has_password => "password",
        (Some(_), false) => "no_password",
        (None, _) => "unknown_user",
    };
    // What was typed is not recorded for a name that is not known: it may have been the password.
    let object = user.map_or_else(|| "user".to_owned(), |user| format!("user/{}", user.id));
    failed(
        app,
        asked,
        &object,
        json!({ "by": "password", "reason": reason, "address": address.to_string() }),
    )
    .await?;
    Err(wrong())
}

fn wrong() -> Refused {
    Refused::SignIn("no user has this name and this password".to_owned())
}

/// Signs in by the sealed account's secret, with the identity provider dead.
pub(crate) async fn sealed_account(
    app: &App,
    asked: &Asked,
    shown: &str,
    address: IpAddr,
) -> Result<Opened, Refused> {
    const ACCOUNT: &str = "break-glass";
    app.desk
        .attempts()
        .take(ACCOUNT, address, now_ms().unsigned_abs())?;
    let good = is_secret(shown, SEALED_SECRET)
        && is_sealed_secret(&mut *app.store.connection().await?, shown).await?;
    if !good {
        let tried = json!({ "by": "break_glass", "address": address.to_string() });
        failed(app, asked, ACCOUNT, tried).await?;
        return Err(Refused::SignIn(
            "this is not the sealed account's secret, or there is none".to_owned(),
        ));
    }
    app.desk
        .attempts()
        .give_back(ACCOUNT, address, now_ms().unsigned_abs());
    let mut tx = app.store.begin().await?;
    sealed::used(&mut tx, now()).await?;
    let (secret, token) = session(None, "break_glass", SEALED);
    tokens::add(&mut tx, &token).await?;
    let by = Asked {
        actor: Actor::BreakGlass,
        ..asked.clone()
    };
    let more = json!({ "session": token.id, "address": address.to_string() });
    record(&mut tx, &by, "break_glass.sign_in", ACCOUNT, None, Some(&more)).await?;
    tx.commit().await?;
    tracing::warn!(%address, "the sealed account signed in");
    Ok(Opened {
        secret,
        max_age_s: SEALED.absolute_s,
        actor: Actor::BreakGlass,
    })
}

/// Where the browser goes to sign in at the identity provider, and the flow that its cookie has to keep.
pub(crate) async fn start_oidc(app: &App, return_to: Option<&str>) -> Result<(String, Flow), Refused> {
    let provider = app.desk.provider.as_ref().ok_or_else(no_provider)?;
    let flow = Flow::start(return_to);
    let url = provider
        .authorization_url(&flow)
        .await
        .map_err(|error| refused(&error))?;
    Ok((url, flow))
}

/// Signs in whom the identity provider sends back.
pub(crate) async fn finish_oidc(
    app: &App,
    asked: &Asked,
    flow: Option<&Flow>,
    returned: &Returned<'_>,
) -> Result<Opened, Refused> {
    let provider = app.desk.provider.as_ref().ok_or_else(no_provider)?;
    let signed_in = match flow {
        Some(flow) => provider.finish(flow, returned, now().unsigned_abs()).await,
        None => Err(crate::identity::oidc::FlowError::State.into()),
    };
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(error) => {
            tracing::warn!(%error, "nobody was signed in by the identity provider");
            let tried = json!({ "by": "oidc", "reason": error.to_string() });
            failed(app, asked, "user", tried).await?;
            return Err(refused(&error));
        }
    };
    let mut tx = app.store.begin().await?;
    let user = match take_over(
        &mut tx,
        asked,
        provider.issuer(),
        &signed_in,
        provider.admits_everybody(),
    )
    .await?
    {
        Ok(user) => user,
        Err(reason) => {
            drop(tx);
            let tried = json!({ "by": "oidc", "reason": reason, "subject": signed_in.subject });
            failed(app, asked, "user", tried).await?;
            return Err(Refused::Forbidden(format!("{reason}: ask a platform admin")));
        }
    };
    let opened = open(&mut tx, asked, &user, "oidc", app.desk.settings.lifetimes).await?;
    tx.commit().await?;
    Ok(opened)
}

fn no_provider() -> Refused {
    Refused::NotFound("identity provider: `sign_in.oidc` is not configured".to_owned())
}

fn refused(error: &ProviderError) -> Refused {
    if error.is_outage() {
        Refused::Unavailable(error.to_string())
    } else {
        Refused::SignIn(error.to_string())
    }
}

/// The user that the provider's subject is, as the provider has them now; or why they are not let in.
async fn take_over(
    tx: &mut Tx,
    asked: &Asked,
    issuer: &str,
    signed_in: &SignedIn,
    admits_everybody: bool,
) -> Result<Result<String, &'static str>, Refused> {
    let known = identities::of_provider(tx, issuer, &signed_in.subject).await?;
    let former = match &known {
        Some(id) => people::user_by_id(tx, id).await?,
        None => None,
    };
    let portal_gave = match &former {
        Some(user) => !user.roles.is_empty() || !people::memberships(tx, &user.id).await?.is_empty(),
        None => false,
    };
    if former.as_ref().is_some_and(|user| user.state != "active") {
        return Ok(Err("this user is barred"));
    }
    if signed_in.roles.is_empty() && !portal_gave && !admits_everybody {
        return Ok(Err("none of your groups has a role here"));
    }
    let id = former
        .as_ref()
        .map_or_else(|| format!("u-{}", crate::text::id()), |user| user.id.clone());
    let mut user = former.clone().unwrap_or_else(|| User {
        id: id.clone(),
        name: String::new(),
        email: None,
        roles: String::new(),
        state: "active".to_owned(),
        version: 1,
        created_at: now(),
    });
    user.name.clone_from(&signed_in.name);
    user.email = match &signed_in.email {
        // An address is shown and decides nothing; of two users with one, the first keeps it.
        Some(email) if !people::email_is_taken(tx, email, &id).await? => Some(email.clone()),
        _ => None,
    };
    match &former {
        None => {
            people::add_user(tx, &user).await?;
            let after = json!({ "name": user.name, "email": user.email, "by": "oidc" });
            record(
                tx,
                asked,
                "user.create",
                &format!("user/{id}"),
                None,
                Some(&after),
            )
            .await?;
        }
        Some(former) if (&former.name, &former.email) != (&user.name, &user.email) => {
            people::replace_user(tx, &user).await?;
        }
        Some(_) => {}
    }
    identities::put_provider(tx, issuer, &signed_in.subject, &id, now()).await?;
    take_over_roles(tx, asked, &id, signed_in).await?;
    Ok(Ok(id))
}

/// The provider's roles of now in place of those of before. A team that is not there gives none.
async fn take_over_roles(
    tx: &mut Tx,
    asked: &Asked,
    user: &str,
    signed_in: &SignedIn,
) -> Result<(), Refused> {
    let mut roles = Vec::new();
    if let Some(role) = signed_in.roles.platform {
        roles.push((String::new(), role.as_str().to_owned()));
    }
    for (team, role) in &signed_in.roles.teams {
        let found = people::team(tx, team).await?;
        if found.is_some_and(|team| team.state == "active") {
            roles.push((team.clone(), role.as_str().to_owned()));
        } else {
            tracing::warn!(team, "`sign_in.oidc.roles` names a team that is not there");
        }
    }
    let former = identities::group_roles(tx, user).await?;
    if former != roles {
        identities::replace_group_roles(tx, user, &roles).await?;
        let told = |roles: &[(String, String)]| json!({ "roles": roles });
        let object = format!("user/{user}");
        record(
            tx,
            asked,
            "user.group_roles",
            &object,
            Some(&told(&former)),
            Some(&told(&roles)),
        )
        .await?;
    }
    Ok(())
}

async fn open(
    tx: &mut Tx,
    asked: &Asked,
    user: &str,
    by: &'static str,
    lifetimes: Lifetimes,
) -> Result<Opened, Refused> {
    let (secret, token) = session(Some(user), by, lifetimes);
    tokens::forget_sessions(tx, now() - ENDED_KEPT_S).await?;
    tokens::add(tx, &token).await?;
    let via = Via::Session { id: token.id.clone() };
    let person = person(tx, user, via).await?.ok_or_else(wrong)?;
    let asked = Asked {
        actor: Actor::Person(person),
        ..asked.clone()
    };
    let more = json!({ "by": by, "session": token.id });
    record(tx, &asked, "sign_in", &format!("user/{user}"), None, Some(&more)).await?;
    Ok(Opened {
        secret,
        max_age_s: lifetimes.absolute_s,
        actor: asked.actor,
    })
}

fn session(user: Option<&str>, by: &str, lifetimes: Lifetimes) -> (String, Token) {
    let secret = secret();
    let now = now();
    let token = Token {
        id: crate::text::id(),
        sha256: sha256_hex(&secret),
        kind: "session".to_owned(),
        owner: user.map(str::to_owned),
        team: None,
        environment: None,
        name: by.to_owned(),
        created_at: now,
        expires_at: Some(now.saturating_add_unsigned(lifetimes.absolute_s)),
        ended_at: None,
        used_at: None,
        read_only: false,
    };
    (secret, token)
}

async fn failed(app: &App, asked: &Asked, object: &str, more: Value) -> Result<(), Refused> {
    let mut tx = app.store.begin().await?;
    record(&mut tx, asked, "sign_in.failed", object, None, Some(&more)).await?;
    Ok(tx.commit().await?)
}

/// Ends the session that asks, by its secret.
pub(crate) async fn sign_out(app: &App, asked: &Asked, session: Option<&str>) -> Result<(), Refused> {
    authorize(&asked.actor, Operation::SignOut, Object::Organisation)?;
    let Some(secret) = session else {
        let detail = "this request shows a token, and no session: a token is ended by `DELETE /v1/tokens/ID`";
        return Err(Refused::conflict("no_session", detail));
    };
    let mut tx = app.store.begin().await?;
    let session = tokens::by_digest(&mut tx, &sha256_hex(secret))
        .await?
        .ok_or(Refused::Unauthenticated)?;
    tokens::end(&mut tx, &session.id, now()).await?;
    let object = asked
        .actor
        .user()
        .map_or_else(|| "break-glass".to_owned(), |user| format!("user/{user}"));
    record(
        &mut tx,
        asked,
        "sign_out",
        &object,
        None,
        Some(&json!({ "session": session.id })),
    )
    .await?;
    Ok(tx.commit().await?)
}
