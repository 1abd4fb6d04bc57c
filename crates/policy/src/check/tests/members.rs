//! Single members: types, words, numbers, strings, lists, and what stands together in one map.

use super::{check, check_with, member, with};
use serde_json::{Value, json};

#[test]
fn ids() {
    let path = "/cells/0/id";
    let policy = |id: Value| with(&[(path, id.clone()), ("/tenants/0/cell", id)]);
    for good in ["eu-1", "A.b-9", &"x".repeat(128)] {
        check(&policy(json!(good)), &[]);
    }
    for (bad, told) in [
        (json!("eu_1"), "cells[0].id \"eu_1\" is no id | …write `eu-1`"),
        (json!(""), "cells[0].id expected an id, found an empty string"),
        (json!("x".repeat(129)), "has 129 bytes | at most 128 bytes"),
        (json!("ä"), "is no id"),
        (
            json!(7),
            "cells[0].id expected an id, found the number 7 | put quotes around it",
        ),
        (json!({}), "expected an id, found a map"),
    ] {
        check(&with(&[(path, bad), ("/tenants/0/cell", Value::Null)]), &[told]);
    }
}

#[test]
fn keys_that_are_missing_or_unknown() {
    check_with(
        "/apis/0/team",
        Value::Null,
        &["apis[0] `team` is missing | add `team: …` here"],
    );
    check_with(
        "/apis/0/opertions",
        json!([]),
        &["apis[0].opertions# unknown key `opertions` | write `operations`? Known here: `id`, `team`"],
    );
    check_with(
        "/apis/0/x-zzzz",
        json!(1),
        &["unknown key `x-zzzz` | known here: "],
    );
    check_with(
        "/client",
        json!([]),
        &["client# unknown key `client` | write `clients`? Known here: `issuers`, "],
    );
    check_with("/$schema", json!("policy.schema.json"), &[]);
    check_with(
        "/clients/0/credentials/0/secret",
        json!("x"),
        &["clients[0].credentials[0].secret# unknown key `secret` | known here: `type`, `id`, `sha256`"],
    );
    check_with("/apis/0/needs", json!(["x"]), &["unknown key `needs`"]);
}

#[test]
fn types() {
    check(&json!([]), &[" expected a map, found a list"]);
    check_with(
        "/apis",
        json!({}),
        &[
            "apis expected a list, found a map | write it as a list",
            "clients[0].grants[0].api no API has the id",
        ],
    );
    check_with(
        "/cells",
        Value::String("x".into()),
        &["cells expected a list, found the string \"x\"", "tenants[0].cell"],
    );
    check_with(
        "/plans/-",
        json!("gold"),
        &["plans[1] expected a map, found the string \"gold\" | write it as `{ KEY: VALUE }`"],
    );
    member(
        "/apis/0/forward_token",
        &[json!(true), json!(false)],
        &[(
            json!("true"),
            "expected `true` or `false`, found the string \"true\" | write `true` or `false`, without quotes",
        )],
    );
    member(
        "/clients/0/status",
        &[json!("active"), json!("suspended")],
        &[
            (
                json!("suspnded"),
                "\"suspnded\" is not known here | write `suspended`?",
            ),
            (json!(1), "expected one of `active`, `suspended`"),
        ],
    );
    member(
        "/tenants/0/status",
        &[json!("suspended")],
        &[(json!("off"), "is not known here")],
    );
    member(
        "/apis/0/public_credentials",
        &[json!("check"), json!("ignore")],
        &[(json!("none"), "is not known here")],
    );
    member(
        "/issuers/0/clients",
        &[json!("registered"), json!("any")],
        &[(json!("all"), "is not known here")],
    );
    member(
        "/issuers/0/preset",
        &[json!("cognito")],
        &[(json!("okta"), "is not known here")],
    );
}

#[test]
fn null_is_told_as_nothing() {
    let mut policy = with(&[]);
    policy["apis"][0]["hosts"] = Value::Null;
    check(
        &policy,
        &["apis[0].hosts expected a list, found nothing | leave the key out where it has no value"],
    );
}

#[test]
fn numbers() {
    member(
        "/issuers/0/leeway_s",
        &[json!(0), json!(300)],
        &[
            (json!(301), "301 is not a whole number from 0 to 300"),
            (json!(-1), "-1 is not a whole number"),
            (json!(1.5), "1.5 is not a whole number"),
            (
                json!("30"),
                "expected a whole number from 0 to 300, found the string",
            ),
        ],
    );
    member(
        "/plans/0/burst",
        &[json!(1), json!(1_000_000_000)],
        &[
            (json!(0), "0 is not"),
            (json!(1_000_000_001_u64), "is not a whole number"),
        ],
    );
}

#[test]
fn apis() {
    member(
        "/apis/0/hosts",
        &[json!(["a.example", "*.b.example"]), json!(["127.0.0.1", "[::1]"])],
        &[
            (json!([]), "an empty list"),
            (json!(["a.example:80"]), "has no port"),
            (json!(["a.*.example"]), "star"),
            (json!(["https://a.example"]), "apis[0].hosts[0]"),
            (json!(["a.example", "A.EXAMPLE."]), "stands in the list twice"),
        ],
    );
    member(
        "/apis/0/credentials",
        &[
            json!(["jwt", "api_key"]),
            json!(["certificate", "jwt", "api_key"]),
        ],
        &[
            (json!([]), "an empty list"),
            (json!(["cookie"]), "is not known here"),
            (json!(["jwt", "jwt"]), "stands in the list twice"),
        ],
    );
    member(
        "/apis/0/api_key_header",
        &[json!("X-Key"), json!("api-key")],
        &[
            (json!("X_Key"), "\"X_Key\" is no name of a header field"),
            (json!("Authorization"), "has a meaning of its own"),
            (json!("content-type"), "has a meaning of its own"),
            (json!("X-User-ID"), "has a meaning of its own"),
            (json!("X-Forwarded-For"), "has a meaning of its own"),
            (json!("x".repeat(65)), "at most 64"),
        ],
    );
}

#[test]
fn operations() {
    let operation = |text: &str| json!({ "match": text, "scopes": ["orders.read"] });
    member(
        "/apis/0/operations/0",
        &[
            operation("GET /api/orders/**"),
            operation("PROPFIND /api/orders/**"),
            operation("QUERY /api/orders/**"),
        ],
        &[
            (
                operation("/api/orders/**"),
                "apis[0].operations[0].match …no blank between method and pattern | write `GET /api/orders/**`",
            ),
            (
                operation("PSOT /api/orders/x"),
                "\"PSOT\" is no method that is known here | write `POST`",
            ),
            (operation("get /api/orders/x"), "write `GET`"),
            (operation("TRACE /api/orders/x"), "a gateway never forwards it"),
            (
                operation("GET  /api/orders/x"),
                "more than one blank…write `GET /api/orders/x`",
            ),
            (operation("GET /api/orders/../x"), "dot segment"),
            (
                operation("GET /api/orders/*"),
                "does not stand for a part of a segment",
            ),
            (operation("GET /api/orders//x"), "empty segment"),
            (json!({ "scopes": [] }), "`match` is missing"),
            (
                json!({ "match": "GET /api/orders/**", "scope": [] }),
                "unknown key `scope` | write `scopes`?",
            ),
        ],
    );
    check_with(
        "/apis/0/operations/0/any_of",
        json!([["orders.read"]]),
        &["apis[0].operations[0].any_of# `any_of` beside `scopes` | …the other one"],
    );
    let any_of = |any_of: Value| json!({ "match": "GET /api/orders/**", "any_of": any_of });
    member(
        "/apis/0/operations/0",
        &[any_of(json!([["orders.read"], ["orders.write", "orders.read"]]))],
        &[
            (any_of(json!([])), "any_of an empty list"),
            (any_of(json!([[]])), "any_of[0] an empty list"),
            (any_of(json!(["orders.read"])), "any_of[0] expected a list"),
        ],
    );
    member(
        "/apis/0/operations/0/scopes",
        &[json!(["orders.read"]), json!(["orders.read", "orders.write"])],
        &[
            (
                json!(["a b"]),
                "\"a b\" is no scope | write each scope as an item of its own",
            ),
            (json!(["a\"b"]), "is no scope"),
            (json!(["x".repeat(129)]), "at most 128"),
            (json!(["orders.read", "orders.read"]), "stands in the list twice"),
        ],
    );
}

#[test]
fn credentials() {
    let path = "/clients/0/credentials/0";
    let key = |sha256: &str| json!({ "type": "api_key", "id": "k7f3", "sha256": sha256 });
    member(
        path,
        &[key(&"0f".repeat(32))],
        &[
            (
                key("9f86d0"),
                "sha256 \"9f86d0\" is no SHA-256 in lower-case hexadecimal | …this has 6",
            ),
            (key(&"AB".repeat(32)), "is no SHA-256 …write `abab"),
            (
                json!({ "type": "api_key", "id": "k7f3" }),
                "clients[0].credentials[0] `sha256` is missing",
            ),
            (
                json!({ "id": "k7f3", "sha256": "x" }),
                "`type` is missing | add `type: …` here, one of `api_key`, `jwt`",
            ),
            (
                json!({ "type": "apikey", "id": "k7f3" }),
                "credentials[0].type \"apikey\" is not known here | write `api_key`?",
            ),
            (
                json!({ "type": 1, "id": "k7f3" }),
                "credentials[0].type expected one of",
            ),
        ],
    );
    let path = "/clients/0/credentials/2";
    let certificate = |key: &str, value: &str| json!({ "type": "certificate", "id": "c2", key: value });
    member(
        path,
        &[
            certificate("san", "spiffe://a/b"),
            certificate("san", "a.example"),
        ],
        &[
            (certificate("san", "a b"), "has blanks"),
            (
                json!({ "type": "certificate", "id": "c2" }),
                "a certificate that nothing is known of",
            ),
            (
                json!({ "type": "certificate", "id": "c2", "san": "x", "spki_sha256": "b".repeat(64) }),
                "`san` beside `spki_sha256`",
            ),
        ],
    );
    member(
        "/clients/0/credentials/1/expires_at",
        &[
            json!("2027-01-01T00:00:00Z"),
            json!("2028-02-29T23:59:59Z"),
            json!("2000-02-29T00:00:00Z"),
        ],
        &[
            (json!("2027-01-01"), "is no time in RFC 3339 with Z"),
            (json!("2027-01-01T00:00:00+00:00"), "is no time"),
            (json!("2027-01-01T00:00:00.5Z"), "is no time"),
            (json!("2027-02-29T00:00:00Z"), "is no time"),
            (json!("2100-02-29T00:00:00Z"), "is no time"),
            (json!("2027-13-01T00:00:00Z"), "is no time"),
            (json!("2027-01-01T24:00:00Z"), "is no time"),
            (json!("2027-01-01t00:00:00z"), "is no time"),
        ],
    );
}

#[test]
fn plans() {
    member(
        "/plans/0/rate",
        &[json!("1/s"), json!("1000000000/h"), json!("6/m")],
        &[
            (json!("0/s"), "\"0/s\" is no rate | write `N/s`, `N/m` or `N/h`"),
            (json!("01/s"), "is no rate"),
            (json!("1000000001/s"), "is no rate"),
            (json!("+1/s"), "is no rate"),
            (json!("100/day"), "is no rate"),
            (json!("100"), "is no rate"),
            (json!(100), "expected a rate, found the number 100"),
        ],
    );
    member(
        "/plans/0/quota",
        &[json!("5/day"), json!("1000000000000000/month")],
        &[
            (json!("5/s"), "is no quota"),
            (json!("10000000000000000/day"), "is no quota"),
        ],
    );
    check(
        &with(&[("/plans/0/rate", Value::Null)]),
        &["plans[0].burst# `burst` has no effect without `rate`"],
    );
    check_with(
        "/plans/0",
        json!({ "id": "gold" }),
        &["plans[0] a plan that limits nothing"],
    );
}

#[test]
fn revocations() {
    let of = |mut members: Value| {
        members["id"] = json!("r1");
        members
    };
    let time = "2026-01-01T00:00:00Z";
    member(
        "/revocations/0",
        &[
            of(json!({ "issuer": "corp", "jti": "x" })),
            of(json!({ "token_sha256": "a".repeat(64), "until": time })),
            of(json!({ "credential": "k7f3" })),
            of(json!({ "issuer": "corp", "kid": "k-2025" })),
            of(json!({ "issuer": "corp", "subject": "u1", "issued_before": time })),
            of(json!({ "issuer": "corp", "client": "c", "issued_before": time })),
        ],
        &[
            (of(json!({})), "revocations[0] a revocation of nothing"),
            (of(json!({ "until": time })), "a revocation of nothing"),
            (of(json!({ "jti": "x" })), "a revocation by `jti` is none"),
            (
                of(json!({ "issuer": "corp" })),
                "a revocation by `issuer` is none",
            ),
            (
                of(json!({ "issuer": "corp", "jti": "x", "kid": "y" })),
                "a revocation by `issuer`, `jti`, `kid` is none",
            ),
            (
                of(json!({ "issuer": "corp", "subject": "u" })),
                "`issuer`, `subject` is none",
            ),
            (
                of(json!({ "credential": "k7f3", "issued_before": time })),
                "`credential`, `issued_before` is none",
            ),
            (of(json!({ "token_sha256": "A".repeat(64) })), "write `aaaa"),
        ],
    );
}
