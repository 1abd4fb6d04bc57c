//! Ids, what leads to whom, and what has to be one of a kind.

use super::{check, check_with, with};
use serde_json::{Value, json};

#[test]
fn an_id_is_one_of_its_kind() {
    check_with(
        "/cells/-",
        json!({ "id": "eu-1" }),
        &["cells[1].id a second cell with the id `eu-1` | …cells[0].id: first here"],
    );
    check_with("/plans/-", json!({ "id": "eu-1", "rate": "1/s" }), &[]);
    check_with("/tenants/-", json!({ "id": "acme" }), &["a second tenant"]);
    let api = json!({ "id": "orders", "team": "x", "base_path": "/other" });
    check_with("/apis/-", api, &["apis[1].id a second api with the id `orders`"]);
    // Also where the other one has a mistake of its own.
    check_with(
        "/cells/-",
        json!({ "id": "eu-1", "x": 1 }),
        &["unknown key `x`", "a second cell"],
    );
}

#[test]
fn an_issuer_has_its_iss_alone() {
    let second = json!({ "id": "two", "issuer": "https://auth.example.com", "audiences": ["x"], "jwks_uri": "https://two.example" });
    check_with(
        "/issuers/-",
        second,
        &["issuers[1].issuer a second issuer of tokens with `iss` `https://auth.example.com`"],
    );
}

#[test]
fn a_credential_leads_to_one_client() {
    let client = |credential: Value| json!({ "id": "second", "team": "mobile", "credentials": [credential] });
    for (credential, told) in [
        (
            json!({ "type": "api_key", "id": "k7f3", "sha256": "c".repeat(64) }),
            "clients[1].credentials[0].id a second credential with the id `k7f3`",
        ),
        (
            json!({ "type": "jwt", "id": "n", "issuer": "corp", "client": "mobile-app" }),
            "clients[1].credentials[0].client tokens of `corp`",
        ),
        (
            json!({ "type": "certificate", "id": "n", "spki_sha256": "b".repeat(64) }),
            "clients[1].credentials[0].spki_sha256 this key leads",
        ),
    ] {
        check_with("/clients/-", client(credential), &[told]);
    }
    check_with(
        "/clients/-",
        client(json!({ "type": "jwt", "id": "n", "issuer": "corp", "client": "other" })),
        &[],
    );
    let names = json!([{ "type": "certificate", "id": "n", "san": "a.example" }, { "type": "certificate", "id": "m", "san": "a.example" }]);
    check_with(
        "/clients/-",
        json!({ "id": "second", "team": "mobile", "credentials": names }),
        &["credentials[1].san the name `a.example` leads to a client already"],
    );
}

#[test]
fn one_grant_for_each_api() {
    check_with(
        "/clients/0/grants/-",
        json!({ "api": "orders" }),
        &["clients[0].grants[1].api a second grant for the API `orders` | …first here"],
    );
}

#[test]
fn names_lead_somewhere() {
    check_with(
        "/clients/0/grants/0/api",
        json!("order"),
        &["clients[0].grants[0].api no API has the id `order` | write `orders`? Listed here: `orders`"],
    );
    check_with(
        "/clients/0/grants/0/plan",
        json!("silver-plated"),
        &["no plan has the id `silver-plated` | listed here: `gold`"],
    );
    check_with(
        "/clients/0/credentials/1/issuer",
        json!("corp2"),
        &["clients[0].credentials[1].issuer no issuer has the id `corp2`"],
    );
    check_with(
        "/clients/0/tenant",
        json!("umbrella"),
        &["clients[0].tenant no tenant has the id"],
    );
    check_with(
        "/tenants/0/cell",
        json!("eu-2"),
        &["tenants[0].cell no cell has the id `eu-2` | write `eu-1`?"],
    );
    check_with(
        "/revocations/0",
        json!({ "id": "r", "issuer": "co", "kid": "x" }),
        &["revocations[0].issuer no issuer"],
    );
    check_with(
        "/revocations/0/credential",
        json!("k7f4"),
        &["revocations[0].credential no credential has the id `k7f4` | write `k7f3`?"],
    );
    // Where no tenants are listed none is checked.
    check(
        &with(&[("/tenants", json!([])), ("/clients/0/tenant", json!("umbrella"))]),
        &[],
    );
    check_with(
        "/cells",
        json!([]),
        &["no cell has the id `eu-1` | no cell is listed"],
    );
}

#[test]
fn what_has_a_mistake_of_its_own_is_not_missing() {
    check_with("/plans/0/rate", json!("fast"), &["is no rate"]);
    check_with("/clients/0/status", json!("gone"), &["is not known here"]);
}
