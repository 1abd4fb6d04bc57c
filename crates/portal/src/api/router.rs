//! All resources together, and the OpenAPI document that they make.

use super::parameters::{Parameters, only_known};
use super::problem::{nowhere, with_request_id};
use super::{
    api_documents, audit, clients, entities, environments, explain, feeds, fleet, gateways, grants, health,
    key_sets, policy, sign_in, teams, tokens, users,
};
use crate::app::App;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchboard portal",
        description = "Who may do what, who may change it, and how a change is published. \
            Refusals are problem details (RFC 9457). A change answers when its transaction is committed.",
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let about =
            "`sbp_…`: a personal access token; `sbg_…`: a gateway's enrolment token, for feeds alone.";
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(about))
            .build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(health::routes())
        .merge(environments::routes())
        .merge(entities::routes())
        .merge(key_sets::routes())
        .merge(api_documents::routes())
        .merge(clients::routes())
        .merge(grants::routes())
        .merge(gateways::routes())
        .merge(policy::routes())
        .merge(explain::routes())
        .merge(audit::routes())
        .merge(feeds::routes())
        .merge(fleet::routes())
        .merge(sign_in::routes())
        .merge(tokens::routes())
        .merge(users::routes())
        .merge(teams::routes())
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

/// Everything that is served.
pub(crate) fn router(app: App) -> Router {
    let (router, document) = routes().split_for_parts();
    let parameters = Parameters::of(&document);
    router
        .route_layer(axum::middleware::from_fn_with_state(parameters, only_known))
        .route(
            "/openapi.json",
            axum::routing::get(move || async move { Json(document) }),
        )
        .fallback(nowhere)
        .layer(axum::middleware::from_fn(with_request_id))
        .with_state(app)
}
