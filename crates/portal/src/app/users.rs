//! Users: who there is, what they are in the organisation, and local users' passwords.
//!
//! An id is never given twice, so nobody inherits what was somebody else's: a deleted user's row stays. One platform admin is always left.

use super::answer::Answer;
use super::asked::{Asked, IfMatch};
use super::authorize::authorize;
use super::context::App;
use super::page::Page;
use super::record::record;
use super::refused::{FieldError, Refused};
use super::words::{check_id, check_name};
use crate::identity::{Actor, Object, Operation, PlatformRole, check_new_password};
use crate::store::people::User;
use crate::store::{Connection, Tx, identities, people, tokens};
use crate::text::{now, rfc3339};
use serde_json::{Value, json};

/// Bytes of an address.
const EMAIL_BYTES_MAX: usize = 254;

/// A user who is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    /// `platform_admin` or `auditor`.
    pub(crate) role: Option<String>,
    pub(crate) password: Option<String>,
}

/// What of a user is to be other than it is. The outer `None` leaves it.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<Option<String>>,
    pub(crate) role: Option<Option<String>>,
    pub(crate) is_barred: Option<bool>,
}

async fn shown(connection: &mut Connection, user: &User) -> Result<Value, Refused> {
    let groups = identities::group_roles(connection, &user.id).await?;
    let by_groups = groups
        .iter()
        .find(|(team, _)| team.is_empty())
        .map(|(_, role)| role);
    Ok(json!({
        "id": user.id, "name": user.name, "email": user.email, "version": user.version,
        "role": user.roles.split(' ').find(|role| !role.is_empty()),
        "role_by_groups": by_groups,
        "barred": user.state == "suspended",
        "has_password": identities::password(connection, &user.id).await?.is_some(),
        "created_at": rfc3339(user.created_at),
    }))
}

/// A part of all users.
pub(crate) async fn list(app: &App, asked: &Asked, page: &Page) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ListUsers, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let mut items = Vec::new();
    for user in people::users(&mut connection, &page.after, page.limit).await? {
        items.push((user.id.clone(), shown(&mut connection, &user).await?));
    }
    Ok(page.answer(items.into_iter()))
}

/// One user.
pub(crate) async fn see(app: &App, asked: &Asked, id: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeUser, Object::Organisation)?;
    let mut connection = app.store.connection().await?;
    let user = existing(&mut connection, id).await?;
    answer(&mut connection, 200, &user).await
}

/// Makes a local user.
pub(crate) async fn create(app: &App, asked: &Asked, wanted: &Wanted) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::MakeUser, Object::Organisation)?;
    let mut errors = Vec::new();
    check_id("id", &wanted.id, &mut errors);
    check_name("name", &wanted.name, &mut errors);
    check_email(wanted.email.as_deref(), &mut errors);
    let role = check_role(wanted.role.as_deref(), &mut errors);
    if let Some(password) = &wanted.password {
        let names = [
            wanted.id.as_str(),
            &wanted.name,
            wanted.email.as_deref().unwrap_or_default(),
        ];
        if let Err(error) = check_new_password(password, &names) {
            errors.push(FieldError::new("password", error.to_string()));
        }
    }
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    // Before the transaction: nothing waits for a hash.
    let phc = match &wanted.password {
        Some(password) => Some(app.desk.passwords.hash(password.clone()).await?),
        None => None,
    };
    let user = User {
        id: wanted.id.clone(),
        name: wanted.name.clone(),
        email: wanted.email.clone(),
        roles: role.map(PlatformRole::as_str).unwrap_or_default().to_owned(),
        state: "active".to_owned(),
        version: 1,
        created_at: now(),
    };
    let mut tx = app.store.begin().await?;
    if people::user_by_id(&mut tx, &user.id).await?.is_some() {
        let detail = format!(
            "there is, or was, a user `{}`; an id is never given twice",
            user.id
        );
        return Err(Refused::conflict("id_taken", detail));
    }
    free_email(&mut tx, &user).await?;
    people::add_user(&mut tx, &user).await?;
    if let Some(phc) = phc {
        identities::put_password(&mut tx, &user.id, &phc, now()).await?;
    }
    let after = shown(&mut tx, &user).await?;
    record(
        &mut tx,
        asked,
        "user.create",
        &object_of(&user.id),
        None,
        Some(&after),
    )
    .await?;
    let answer = answer(&mut tx, 201, &user).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Changes a user: name, address, role, and whether they are barred.
pub(crate) async fn change(app: &App, asked: &Asked, id: &str, change: &Change) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::ChangeUser, Object::Organisation)?;
    let mut tx = app.store.begin().await?;
    let mut user = existing(&mut tx, id).await?;
    match_version(&asked.if_match, user.version)?;
    let before = shown(&mut tx, &user).await?;
    let mut errors = Vec::new();
    if let Some(name) = &change.name {
        check_name("name", name, &mut errors);
        user.name.clone_from(name);
    }
    if let Some(email) = &change.email {
        check_email(email.as_deref(), &mut errors);
        user.email.clone_from(email);
    }
    if let Some(role) = &change.role {
        let role = check_role(role.as_deref(), &mut errors);
        user.roles = role.map(PlatformRole::as_str).unwrap_or_default().to_owned();
    }
    if let Some(barred) = change.is_barred {
        user.state = if barred { "suspended" } else { "active" }.to_owned();
    }
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    free_email(&mut tx, &user).await?;
    let former = user.version;
    if !people::replace_user(&mut tx, &user).await? {
        return Err(Refused::Stale { now: former });
    }
    user.version += 1;
    an_admin_is_left(&mut tx, id).await?;
    if user.state != "active" {
        // A user who is let in again signs in again; tokens go on with them.
        tokens::end_all(&mut tx, id, Some("session"), now()).await?;
    }
    let after = shown(&mut tx, &user).await?;
    record(
        &mut tx,
        asked,
        "user.change",
        &object_of(id),
        Some(&before),
        Some(&after),
    )
    .await?;
    let answer = answer(&mut tx, 200, &user).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Gives a user another password. Their own they change by showing the one they have; other sessions end.
pub(crate) async fn set_password(
    app: &App,
    asked: &Asked,
    id: &str,
    current: Option<String>,
    password: String,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SetPassword, Object::User { user: id })
        .map_err(|refused| refused.naming(|| format!("user `{id}`")))?;
    let (user, kept) = {
        let mut connection = app.store.connection().await?;
        let user = existing(&mut connection, id).await?;
        let kept = identities::password(&mut connection, id).await?;
        (user, kept)
    };
    let names = [
        user.id.as_str(),
        &user.name,
        user.email.as_deref().unwrap_or_default(),
    ];
    check_new_password(&password, &names)?;
    if asked.actor.user() == Some(id) && kept.is_some() {
        // An open screen, or a token, is not enough to take an account over.
        let shown = current.unwrap_or_default();
        if !app.desk.passwords.verify(shown, kept).await? {
            return Err(Refused::field("current", "this is not your password"));
        }
    }
    let phc = app.desk.passwords.hash(password).await?;
    let mut tx = app.store.begin().await?;
    identities::put_password(&mut tx, id, &phc, now()).await?;
    tokens::end_all(&mut tx, id, Some("session"), now()).await?;
    record(&mut tx, asked, "user.password", &object_of(id), None, None).await?;
    let answer = answer(&mut tx, 200, &user).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Deletes a user: sessions and tokens end, the id stays taken.
pub(crate) async fn delete(app: &App, asked: &Asked, id: &str) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::DeleteUser, Object::Organisation)?;
    let mut tx = app.store.begin().await?;
    let user = existing(&mut tx, id).await?;
    match_version(&asked.if_match, user.version)?;
    let before = shown(&mut tx, &user).await?;
    let gone = User {
        email: None,
        roles: String::new(),
        state: "deleted".to_owned(),
        ..user.clone()
    };
    if !people::replace_user(&mut tx, &gone).await? {
        return Err(Refused::Stale { now: user.version });
    }
    identities::forget(&mut tx, id).await?;
    an_admin_is_left(&mut tx, id).await?;
    tokens::end_all(&mut tx, id, None, now()).await?;
    record(&mut tx, asked, "user.delete", &object_of(id), Some(&before), None).await?;
    tx.commit().await?;
    Ok(Answer::ok(json!({ "id": id, "deleted": true })))
}

/// The user, where they are there.
pub(super) async fn existing(connection: &mut Connection, id: &str) -> Result<User, Refused> {
    let found = people::user_by_id(connection, id)
        .await?
        .filter(|user| user.state != "deleted");
    found.ok_or_else(|| Refused::NotFound(format!("user `{id}`")))
}

async fn answer(connection: &mut Connection, status: u16, user: &User) -> Result<Answer, Refused> {
    Ok(Answer {
        status,
        version: Some(user.version),
        ..Answer::ok(shown(connection, user).await?)
    })
}

fn object_of(id: &str) -> String {
    format!("user/{id}")
}

/// Whether a request for this version may change that one.
pub(super) fn match_version(wanted: &IfMatch, version: i64) -> Result<(), Refused> {
    match wanted {
        IfMatch::Any | IfMatch::Exists => Ok(()),
        IfMatch::Version(wanted) if *wanted == version => Ok(()),
        IfMatch::New | IfMatch::Version(_) => Err(Refused::Stale { now: version }),
    }
}

async fn free_email(tx: &mut Tx, user: &User) -> Result<(), Refused> {
    match &user.email {
        Some(email) if people::email_is_taken(tx, email, &user.id).await? => {
            Err(Refused::field("email", "another user has this address"))
        }
        _ => Ok(()),
    }
}

/// After a change of this user's: somebody has to be able to undo it.
async fn an_admin_is_left(tx: &mut Tx, changed: &str) -> Result<(), Refused> {
    let via = crate::identity::Via::Session { id: String::new() };
    let person = super::actor::person(tx, changed, via).await?;
    let is_admin = person.is_some_and(|person| Actor::Person(person).is_admin());
    if is_admin || identities::has_other_admin(tx, changed).await? {
        return Ok(());
    }
    let detail = "no platform admin would be left: make another one first";
    Err(Refused::conflict("last_admin", detail))
}

fn check_email(email: Option<&str>, errors: &mut Vec<FieldError>) {
    let Some(email) = email else { return };
    let is_address = email.len() <= EMAIL_BYTES_MAX
        && email.bytes().all(|byte| byte.is_ascii_graphic())
        && email
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if !is_address {
        errors.push(FieldError::new(
            "email",
            "write an address as in name@example.com",
        ));
    }
}

fn check_role(role: Option<&str>, errors: &mut Vec<FieldError>) -> Option<PlatformRole> {
    let role = role?;
    let found = PlatformRole::parse(role);
    if found.is_none() {
        errors.push(FieldError::new(
            "role",
            "write platform_admin or auditor, or leave it out; roles in a team are its members'",
        ));
    }
    found
}
