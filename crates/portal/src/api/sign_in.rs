//! `/v1/sessions`, `/v1/sign-in` and `/v1/me`: from a person to a cookie and back.
//!
//! Sets and clears the cookies; who is let in is `app`'s. A page of somebody else's can neither sign its visitor in nor out.

use super::caller::{Caller, Change, Visitor};
use super::extract::Query;
use super::problem::Problem;
use crate::app::{Answer, App, Opened, Refused, personal_tokens, sign_in};
use crate::identity::Cookie;
use crate::identity::oidc::{FLOW_S, Flow, Returned};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open))
        .routes(routes!(close))
        .routes(routes!(ways))
        .routes(routes!(start))
        .routes(routes!(finish))
        .routes(routes!(me))
}

/// A local user's name and password; or the secret of the sealed account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSession {
    /// The user's id or address.
    user: Option<String>,
    password: Option<String>,
    /// `sbb_…`: for the day when the identity provider is down. Every use is recorded, and shown until it is sealed again.
    break_glass: Option<String>,
}

/// Where a sign-in at the identity provider ends.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Start {
    /// A path of the portal; its start where absent.
    return_to: Option<String>,
}

/// What the identity provider sends back (RFC 6749 §4.1.2, RFC 9207).
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Callback {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Signs in: the answer sets the cookie of a session
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "sign_in", tag = "sign-in", security(()), request_body(content = NewSession),
    responses(
        (status = 201, description = "Signed in: as `GET /v1/me`, with `Set-Cookie`.", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn open(
    State(app): State<App>,
    visitor: Visitor,
    mut change: Change,
) -> Result<Response<Body>, Problem> {
    visitor.is_no_strangers_page(&app)?;
    let asked = visitor.asks();
    let new: NewSession = change.read()?;
    let opened = match (new.user, new.password, new.break_glass) {
        (Some(user), Some(password), None) => {
            sign_in::local(&app, &asked, &user, password, visitor.address).await?
        }
        (None, None, Some(secret)) => sign_in::sealed_account(&app, &asked, &secret, visitor.address).await?,
        _ => {
            let message = "send `user` and `password`, or `break_glass` alone";
            return Err(Refused::field("", message).into());
        }
    };
    let mut asked = asked;
    asked.actor = opened.actor.clone();
    let me = Answer {
        status: 201,
        ..personal_tokens::me(&app, &asked).await?
    };
    Ok(with_cookie(me.into_response(), &session_cookie(&app, &opened)))
}

/// Signs out: the session ends
#[utoipa::path(
    delete, path = "/v1/sessions/current", operation_id = "sign_out", tag = "sign-in",
    responses((status = 204, description = "It has ended."), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn close(State(app): State<App>, caller: Caller) -> Result<Response<Body>, Problem> {
    sign_in::sign_out(&app, &caller.asks(""), caller.session()).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(with_cookie(response, &app.desk.front.clear(Cookie::Session)))
}

/// How one signs in here
#[utoipa::path(
    get, path = "/v1/sign-in", operation_id = "see_sign_in", tag = "sign-in", security(()),
    responses((status = 200, description = "`local_users`, and `oidc` with the address to go to, or null.", body = Object))
)]
async fn ways(State(app): State<App>) -> Answer {
    let oidc = app
        .desk
        .provider
        .as_ref()
        .map(|provider| json!({ "issuer": provider.issuer(), "start": "/v1/sign-in/oidc/start" }));
    Answer::ok(json!({ "local_users": app.desk.settings.local_users, "oidc": oidc }))
}

/// Goes to the identity provider
#[utoipa::path(
    get, path = "/v1/sign-in/oidc/start", operation_id = "start_oidc", tag = "sign-in", security(()), params(Start),
    responses(
        (status = 303, description = "To the identity provider."),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The identity provider does not answer.", body = Problem, content_type = "application/problem+json")
    )
)]
async fn start(State(app): State<App>, Query(query): Query<Start>) -> Result<Response<Body>, Problem> {
    let (url, flow) = sign_in::start_oidc(&app, query.return_to.as_deref()).await?;
    let cookie = app.desk.front.set(Cookie::Flow, &flow.cookie(), FLOW_S);
    Ok(with_cookie(elsewhere(&url)?, &cookie))
}

/// Comes back from the identity provider, signed in
#[utoipa::path(
    get, path = "/v1/sign-in/oidc/callback", operation_id = "finish_oidc", tag = "sign-in", security(()), params(Callback),
    responses(
        (status = 303, description = "To where the sign-in began, with `Set-Cookie`."),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The identity provider does not answer.", body = Problem, content_type = "application/problem+json")
    )
)]
async fn finish(
    State(app): State<App>,
    visitor: Visitor,
    Query(callback): Query<Callback>,
) -> Response<Body> {
    let flow = app
        .desk
        .front
        .read(Cookie::Flow, visitor.cookies())
        .and_then(Flow::of_cookie);
    let returned = Returned {
        state: callback.state.as_deref(),
        code: callback.code.as_deref(),
        iss: callback.iss.as_deref(),
        error: callback.error.as_deref(),
    };
    let finished = sign_in::finish_oidc(&app, &visitor.asks(), flow.as_ref(), &returned).await;
    let response = match (finished, flow) {
        (Ok(opened), Some(flow)) => match elsewhere(flow.return_to()) {
            Ok(response) => with_cookie(response, &session_cookie(&app, &opened)),
            Err(problem) => problem.into_response(),
        },
        (Ok(_), None) => Problem::from(Refused::Unauthenticated).into_response(),
        (Err(refused), _) => Problem::from(refused).into_response(),
    };
    // A flow is good once, however it ends.
    with_cookie(response, &app.desk.front.clear(Cookie::Flow))
}

/// Who asks, and what they are
#[utoipa::path(
    get, path = "/v1/me", operation_id = "see_me", tag = "sign-in",
    responses(
        (status = 200, description = "`kind`, `user`, `role` in the organisation, `teams` with the role in each, `token`.", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    )
)]
async fn me(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    Ok(personal_tokens::me(&app, &caller.asks("")).await?)
}

fn session_cookie(app: &App, opened: &Opened) -> String {
    app.desk
        .front
        .set(Cookie::Session, &opened.secret, opened.max_age_s)
}

fn with_cookie(mut response: Response<Body>, cookie: &str) -> Response<Body> {
    if let Ok(mut cookie) = HeaderValue::from_str(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn elsewhere(url: &str) -> Result<Response<Body>, Problem> {
    let location = HeaderValue::from_str(url);
    let location =
        location.map_err(|_| Problem::new(503, "unavailable", "the address to go to cannot be sent"))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    // Code and state stay between the two.
    response
        .headers_mut()
        .insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
