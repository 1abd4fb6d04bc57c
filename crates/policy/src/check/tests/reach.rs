//! Warnings about what cannot be reached.

use super::{check, check_with, with};
use serde_json::{Value, json};

#[test]
fn a_policy_without_apis() {
    check(&json!({}), &["? a policy without APIs"]);
    check(&json!({ "cells": [{ "id": "x" }] }), &["? a policy without APIs"]);
}

#[test]
fn a_granted_scope_that_nothing_asks_for() {
    check_with(
        "/clients/0/grants/0/scopes/-",
        json!("orders.admin"),
        &[
            "?clients[0].grants[0].scopes[2] no operation of `orders` asks for `orders.admin` | …`orders.read`, `orders.write`",
        ],
    );
}

#[test]
fn an_operation_whose_scopes_nobody_has() {
    check_with(
        "/apis/0/operations/-",
        json!({ "match": "PUT /api/orders/**", "scopes": ["orders.admin", "orders.read"] }),
        &["?apis[0].operations[2].match nobody may call `PUT /api/orders/**`: no grant has `orders.admin`"],
    );
    check_with(
        "/apis/0/operations/-",
        json!({ "match": "PUT /api/orders/**", "any_of": [["orders.admin"], ["orders.read"]] }),
        &[],
    );
    // A token of such an issuer has scopes of its own.
    let any = [
        ("/issuers/0/clients", json!("any")),
        (
            "/apis/0/operations/-",
            json!({ "match": "PUT /api/orders/**", "scopes": ["orders.admin"] }),
        ),
    ];
    check(&with(&any), &[]);
}

#[test]
fn credentials_that_lead_nowhere() {
    check_with(
        "/clients/-",
        json!({ "id": "none", "team": "x" }),
        &["?clients[1] nobody can call as `none`"],
    );
    check_with(
        "/clients/-",
        json!({ "id": "none", "team": "x", "status": "suspended" }),
        &[],
    );
    let api = [
        ("/apis/0/credentials", json!(["jwt"])),
        (
            "/clients/0/credentials",
            json!([{ "type": "api_key", "id": "k7f3", "sha256": "a".repeat(64) }]),
        ),
    ];
    check(
        &with(&api),
        &[
            "?clients[0].grants[0].api no credential of `mobile-app` is of a kind that `orders` accepts | accepted there: `jwt`",
        ],
    );
}

#[test]
fn issuers_and_apis_that_do_not_meet() {
    check_with(
        "/apis/0/credentials",
        json!(["api_key"]),
        &["?issuers[0] no API accepts tokens, so that `corp` has no effect"],
    );
    let none = [
        ("/apis/0/credentials", json!(["jwt"])),
        ("/issuers", Value::Null),
        ("/clients", json!([])),
        ("/revocations", json!([])),
    ];
    check(
        &with(&none),
        &["?apis[0].credentials only tokens are accepted, and there is no issuer"],
    );
}
