//! Entities of every kind: listed, seen, put and deleted.

use super::super::fixture::{api, issuer};
use super::{Case, at, dry, old, see, two};
use serde_json::{Value, json};

const LIST: &str = "GET /v1/environments/{environment}/{section}";
const SEE: &str = "GET /v1/environments/{environment}/{section}/{id}";
const VERSIONS: &str = "GET /v1/environments/{environment}/{section}/{id}/versions";
const PUT: &str = "PUT /v1/environments/{environment}/{section}/{id}";
const DELETE: &str = "DELETE /v1/environments/{environment}/{section}/{id}";

/// Seeing, and what it was before.
fn seen(row: &'static str, own: &str, other: &str) -> [Case; 2] {
    let versions = |of: &str| format!("{}/versions", at(of));
    [
        two(row, SEE, (&at(own), Value::Null), (&at(other), Value::Null)),
        two(
            row,
            VERSIONS,
            (&versions(own), Value::Null),
            (&versions(other), Value::Null),
        ),
    ]
}

fn put(row: &'static str, own: (&str, Value), other: (&str, Value)) -> Case {
    two(row, PUT, (&dry(own.0), own.1), (&dry(other.0), other.1))
}

fn delete(row: &'static str, own: &str, other: &str) -> Case {
    two(row, DELETE, (&dry(own), Value::Null), (&dry(other), Value::Null))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all: Vec<Case> = [lists(), of_teams(), of_the_organisation()]
        .into_iter()
        .flatten()
        .collect();
    all.extend(views());
    all.extend(key_sets());
    all.extend(documents());
    all.push(promotion());
    all
}

fn lists() -> Vec<Case> {
    vec![
        see("list_apis", LIST, &at("apis")),
        see("list_clients", LIST, &at("clients")),
        see("list_plans", LIST, &at("plans")),
        see("list_issuers", LIST, &at("issuers")),
        see("list_tenants", LIST, &at("tenants")),
        see("list_cells", LIST, &at("cells")),
        see("list_revocations", LIST, &at("revocations")),
    ]
}

fn of_teams() -> Vec<Case> {
    let of = |team: &str| json!({ "team": team });
    let plan = |team: &str| json!({ "team": team, "rate": "200/s" });
    let fresh = |team: &str| json!({ "team": team, "base_path": "/fresh", "operations": [] });
    let public = |team: &str| {
        let mut api = api(team);
        api["public"] = json!([format!("GET /{team}/open")]);
        api
    };
    vec![
        put(
            "put_api",
            ("apis/own-api", api("own")),
            ("apis/other-api", api("other")),
        ),
        put(
            "put_api@prefix",
            ("apis/fresh", fresh("own")),
            ("apis/fresh", fresh("other")),
        ),
        put(
            "put_api@public",
            ("apis/own-api", public("own")),
            ("apis/other-api", public("other")),
        ),
        delete("delete_api", "apis/own-api", "apis/other-api"),
        put(
            "put_client",
            ("clients/own-client", of("own")),
            ("clients/other-client", of("other")),
        ),
        put(
            "put_client@new",
            ("clients/fresh", of("own")),
            ("clients/fresh", of("other")),
        ),
        delete("delete_client", "clients/own-client", "clients/other-client"),
        put(
            "put_plan",
            ("plans/own-plan", plan("own")),
            ("plans/other-plan", plan("other")),
        ),
        put(
            "put_plan@new",
            ("plans/fresh", plan("own")),
            ("plans/fresh", plan("other")),
        ),
        delete("delete_plan", "plans/own-plan", "plans/other-plan"),
    ]
}

fn of_the_organisation() -> Vec<Case> {
    let tenant = json!({ "cell": "c1", "status": "active" });
    let revoked = |id: &str| json!({ "credential": format!("{{{id}}}") });
    let of_issuer = json!({ "issuer": "i1", "jti": "y" });
    vec![
        put("put_issuer", ("issuers/i1", issuer()), ("issuers/i1", issuer())),
        delete("delete_issuer", "issuers/i1", "issuers/i1"),
        put(
            "put_tenant",
            ("tenants/t1", tenant.clone()),
            ("tenants/t1", tenant),
        ),
        delete("delete_tenant", "tenants/t1", "tenants/t1"),
        put("put_cell", ("cells/c1", json!({})), ("cells/c1", json!({}))),
        delete("delete_cell", "cells/c1", "cells/c1"),
        put(
            "put_revocation",
            ("revocations/r-own", revoked("r-own")),
            ("revocations/r-other", revoked("r-other")),
        ),
        put(
            "put_revocation@issuer",
            ("revocations/r-issuer", of_issuer.clone()),
            ("revocations/fresh", of_issuer),
        ),
        delete("delete_revocation", "revocations/r-own", "revocations/r-issuer"),
    ]
}

fn views() -> impl Iterator<Item = Case> {
    let all = [
        seen("see_api", "apis/own-api", "apis/other-api"),
        seen("see_client", "clients/own-client", "clients/other-client"),
        seen("see_plan", "plans/own-plan", "plans/other-plan"),
        seen("see_issuer", "issuers/i1", "issuers/i1"),
        seen("see_tenant", "tenants/t1", "tenants/t1"),
        seen("see_cell", "cells/c1", "cells/c1"),
        seen("see_revocation", "revocations/r-own", "revocations/r-other"),
        seen(
            "see_revocation@issuer",
            "revocations/r-issuer",
            "revocations/r-issuer",
        ),
    ];
    all.into_iter().flatten()
}

fn key_sets() -> [Case; 2] {
    [
        see(
            "see_key_set",
            "GET /v1/environments/{environment}/issuers/{id}/key-set",
            &at("issuers/i1/key-set"),
        ),
        see(
            "fetch_key_set",
            "POST /v1/environments/{environment}/issuers/{id}/key-set/fetch",
            &at("issuers/i1/key-set/fetch"),
        ),
    ]
}

fn documents() -> [Case; 4] {
    let of = |what: &str| ["own", "other"].map(|team| at(&format!("apis/{team}-api/openapi{what}")));
    let case = |row, operation, what: &str, body: &Value| {
        let [own, other] = of(what);
        two(row, operation, (&own, body.clone()), (&other, body.clone()))
    };
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "paths": {} });
    // Of a version that never was: refused after it was allowed.
    [
        case(
            "see_api",
            "GET /v1/environments/{environment}/apis/{id}/openapi",
            "",
            &Value::Null,
        ),
        case(
            "see_api",
            "GET /v1/environments/{environment}/apis/{id}/openapi/versions",
            "/versions",
            &Value::Null,
        ),
        old(case(
            "put_api",
            "PUT /v1/environments/{environment}/apis/{id}/openapi",
            "",
            &document,
        )),
        old(case(
            "delete_api",
            "DELETE /v1/environments/{environment}/apis/{id}/openapi",
            "",
            &Value::Null,
        )),
    ]
}

fn promotion() -> Case {
    // In the next environment nothing is the team's yet.
    let promote = |team: &str| dry(&format!("apis/{team}-api/promote"));
    two(
        "put_api@prefix",
        "POST /v1/environments/{environment}/apis/{id}/promote",
        (&promote("own"), Value::Null),
        (&promote("other"), Value::Null),
    )
}
