//! Whether the portal lives, and whether it does its work.

use crate::app::{App, key_sets, sealed};
use crate::store::feeds;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(ready))
}

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, description = "It does.")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it does its work: the database answers, and every feed is published
#[utoipa::path(
    get, path = "/ready", tag = "health", security(()),
    responses(
        (status = 200, description = "Where each feed stands.", body = Object),
        (status = 503, description = "The database does not answer, or a feed is not published.", body = Object)
    )
)]
async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let looked = async {
        let mut connection = app.store.connection().await?;
        feeds::all(&mut connection).await
    };
    let all = match looked.await {
        Ok(all) => all,
        Err(error) => {
            let why = crate::causes(&error);
            tracing::error!(error = %why, "the database does not answer");
            let body = json!({ "ready": false, "publishes": app.hub.leads(), "database": "does not answer" });
            return (StatusCode::SERVICE_UNAVAILABLE, Json(body));
        }
    };
    let sealed = sealed::alarm(&app).await.unwrap_or_default();
    let without_keys = key_sets::failing(&app).await.unwrap_or_default();
    let now = crate::text::now();
    let stands = all.iter().map(|feed| {
        json!({
            "feed": feed.environment, "epoch": feed.epoch, "revision": feed.revision,
            "published": feed.published, "commit_age_s": now - feed.committed_at,
        })
    });
    let troubles: Vec<Value> = app
        .hub
        .troubles()
        .into_iter()
        .map(|(feed, why)| json!({ "feed": feed, "why": why }))
        .collect();
    // No reason to take the portal out of its balancer: who is to look at it has to reach it.
    let sealed = sealed.into_iter().map(|why| json!({ "break_glass": why }));
    let alarms: Vec<Value> = app
        .fleet
        .alarms()
        .into_iter()
        .map(|alarm| {
            json!({
                "feed": alarm.environment, "name": alarm.name, "epoch": alarm.epoch, "revision": alarm.revision,
                "why": "the fleet has more than the database: was it restored from a backup?",
            })
        })
        .chain(sealed)
        .chain(without_keys)
        .chain(app.hub.alarms().into_iter().map(|(feed, what)| {
            json!({ "feed": feed, "a_reader_has": what, "why": "a reader of the stream has more than the database: was it restored from a backup?" })
        }))
        .collect();
    let is_ready = troubles.is_empty();
    let body = json!({
        "ready": is_ready, "publishes": app.hub.leads(),
        "feeds": stands.collect::<Vec<Value>>(), "troubles": troubles,
        // What a person has to look at, and nothing waits for.
        "alarms": alarms,
    });
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body))
}
