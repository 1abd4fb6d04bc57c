//! Owners of paths, delegations, and the operations of one API.

use super::{check, check_with, with};
use serde_json::{Value, json};

fn api(id: &str, team: &str, base_path: &str) -> Value {
    json!({ "id": id, "team": team, "base_path": base_path, "operations": [] })
}

fn on(hosts: &[&str], mut api: Value) -> Value {
    api["hosts"] = json!(hosts);
    api
}

#[track_caller]
fn apis(list: &[Value], expected: &[&str]) {
    check(&json!({ "apis": list }), expected);
}

#[test]
fn base_paths() {
    for good in ["/", "/api", "/api/%7E".replace("%7E", "~").as_str(), "/a/b.c"] {
        apis(&[api("a", "t", good)], &[]);
    }
    for (bad, told) in [
        ("api", "apis[0].base_path \"api\" is no base path | write `/api`"),
        ("/api/", "is no base path | write `/api`"),
        ("/api/**", "is no base path | write `/api`"),
        ("/api/{id}", "is no base path"),
        ("/a//b", "is no base path"),
        ("/a/%2f", "is no base path"),
        ("/a/%7E", "is no base path"),
        ("/a/..", "is no base path"),
    ] {
        apis(&[api("a", "t", bad)], &[told]);
    }
}

#[test]
fn a_base_path_has_one_owner() {
    let told = "apis[1].base_path `/x` on every host belongs to the API `a` of the team `t` | …apis[0].base_path: claimed here";
    apis(&[api("a", "t", "/x"), api("b", "t", "/x")], &[told]);
    apis(
        &[
            on(&["a.example"], api("a", "t", "/x")),
            on(&["b.example"], api("b", "u", "/x")),
        ],
        &[],
    );
    let told = "`/x` on `b.example` belongs to the API `a`";
    apis(
        &[
            on(&["a.example", "b.example"], api("a", "t", "/x")),
            on(&["B.example."], api("b", "t", "/x")),
        ],
        &[told],
    );
    apis(
        &[api("a", "t", "/x"), on(&["b.example"], api("b", "u", "/x"))],
        &[],
    );
}

#[test]
fn a_nested_api_of_another_team_needs_a_delegation() {
    let told = "apis[1].base_path `/x/y/z` is below `/x` of the API `a` of the team `t` | its owner has to add `delegates: [{ path: /x/y/z, team: u }]` | apis[0].base_path";
    let nested = || api("b", "u", "/x/y/z");
    apis(&[api("a", "t", "/x"), nested()], &[told]);
    apis(&[api("a", "t", "/x"), api("b", "t", "/x/y/z")], &[]);
    apis(&[api("a", "t", "/x"), api("b", "u", "/xy")], &[]);
    apis(&[api("a", "t", "/"), nested()], &["is below `/` of the API `a`"]);
    let delegating = |path: &str, team: &str| {
        let mut api = api("a", "t", "/x");
        api["delegates"] = json!([{ "path": path, "team": team }]);
        api
    };
    apis(&[delegating("/x/y", "u"), nested()], &[]);
    apis(&[delegating("/x/y/z", "u"), nested()], &[]);
    apis(&[delegating("/x/yy", "u"), nested()], &["is below `/x`"]);
    apis(&[delegating("/x/y", "v"), nested()], &["is below `/x`"]);
    // The nearest one decides.
    apis(
        &[
            delegating("/x/y", "u"),
            api("c", "u", "/x/y"),
            api("b", "v", "/x/y/z"),
        ],
        &["is below `/x/y` of the API `c`"],
    );
}

#[test]
fn nesting_looks_at_hosts() {
    let nested = |hosts: &[&str]| on(hosts, api("b", "u", "/x/y"));
    apis(
        &[api("a", "t", "/x"), nested(&["shop.example"])],
        &["is below `/x`"],
    );
    apis(
        &[on(&["*.example"], api("a", "t", "/x")), nested(&["shop.example"])],
        &["is below `/x`"],
    );
    apis(
        &[
            on(&["*.example"], api("a", "t", "/x")),
            nested(&["*.shop.example"]),
        ],
        &["is below `/x`"],
    );
    apis(
        &[
            on(&["other.example"], api("a", "t", "/x")),
            nested(&["shop.example"]),
        ],
        &[],
    );
    // On its host the outer one comes first all the same.
    apis(
        &[on(&["shop.example"], api("a", "t", "/x")), api("b", "u", "/x/y")],
        &[],
    );
}

#[test]
fn delegations() {
    let with = |delegates: Value| {
        let mut api = api("a", "t", "/x");
        api["delegates"] = delegates;
        [api]
    };
    apis(&with(json!([{ "path": "/x/y", "team": "u" }])), &[]);
    apis(
        &with(json!([{ "path": "/y", "team": "u" }])),
        &["apis[0].delegates[0].path `/y` is not below `/x` | …the base path"],
    );
    apis(
        &with(json!([{ "path": "/x", "team": "u" }])),
        &["is not below `/x`"],
    );
    apis(
        &with(json!([{ "path": "/x/y", "team": "u" }, { "path": "/x/y", "team": "v" }])),
        &["apis[0].delegates[1].path `/x/y` is delegated twice"],
    );
    apis(
        &with(json!([{ "path": "/x/y", "team": "t" }])),
        &["?apis[0].delegates[0].team delegated to the team that owns it"],
    );
    apis(
        &with(json!([{ "path": "/x/y/", "team": "u" }])),
        &["is no base path"],
    );
    apis(&with(json!([{ "path": "/x/y" }])), &["`team` is missing"]);
}

#[test]
fn operations_are_below_the_base_path() {
    check_with(
        "/apis/0/public",
        json!(["GET /api/order/x"]),
        &[
            "apis[0].public[0] `/api/order/x` is not below the base path `/api/orders` | …write `GET /api/orders/api/order/x`",
        ],
    );
    check_with(
        "/apis/0/operations/-",
        json!({ "match": "GET /api/{x}/y" }),
        &["`/api/{x}/y` is not below"],
    );
    apis(
        &[json!({ "id": "a", "team": "t", "base_path": "/", "public": ["GET /**"] })],
        &[],
    );
}

#[test]
fn operations_of_one_shape_and_method_collide() {
    for (text, told) in [
        (
            "GET /api/orders/**",
            "apis[0].operations[2].match `GET /api/orders/**` and `GET /api/orders/**` mean the same | …apis[0].operations[0].match: the other one",
        ),
        (
            "ANY /api/orders/**",
            "`ANY /api/orders/**` and `GET /api/orders/**` mean the same",
        ),
    ] {
        check_with("/apis/0/operations/-", json!({ "match": text }), &[told]);
    }
    let two = |one: &str, other: &str| json!({ "id": "a", "team": "t", "base_path": "/x", "operations": [{ "match": one }, { "match": other }] });
    apis(
        &[two("GET /x/{a}", "GET /x/{b}")],
        &["`GET /x/{b}` and `GET /x/{a}` mean the same"],
    );
    apis(&[two("GET /x/{a}", "HEAD /x/{b}")], &[]);
    apis(&[two("GET /x", "GET /x/")], &[]);
    let public = json!({ "id": "a", "team": "t", "base_path": "/x", "public": ["GET /x/y"], "operations": [{ "match": "GET /x/y" }] });
    apis(
        &[public],
        &[
            "apis[0].operations[0].match `GET /x/y` and `GET /x/y` mean the same | …`public` and `operations` are one list here",
        ],
    );
}

#[test]
fn a_hidden_method_is_told() {
    let one = |public: &[&str], operations: &[&str]| {
        let operations: Vec<Value> = operations.iter().map(|text| json!({ "match": text })).collect();
        [json!({ "id": "a", "team": "t", "base_path": "/x", "public": public, "operations": operations })]
    };
    apis(
        &one(&[], &["ANY /x/**", "GET /x/y"]),
        &[
            "?apis[0].operations[1].match `GET /x/y` hides every other method of `ANY /x/**` | …`operation_unknown`…the wider one",
        ],
    );
    apis(
        &one(&["GET /x/health"], &["GET /x/**", "POST /x/**"]),
        &["?apis[0].public[0] `GET /x/health` hides POST of `GET /x/**`"],
    );
    apis(
        &one(&[], &["GET /x/{a}/y", "POST /x/z/**"]),
        &["?apis[0].operations[1].match `POST /x/z/**` hides GET of `GET /x/{a}/y`"],
    );
    apis(&one(&[], &["HEAD /x/**", "GET /x/y"]), &[]);
    apis(&one(&[], &["GET /x/**", "ANY /x/y"]), &[]);
    apis(&one(&[], &["POST /x/y/**", "GET /x/z"]), &[]);
}

#[test]
fn an_api_has_so_many_operations() {
    let list = |count: usize| {
        (0..count)
            .map(|number| format!("GET /x/{number}"))
            .collect::<Vec<_>>()
    };
    let guarded = |count: usize| {
        list(count)
            .iter()
            .map(|text| json!({ "match": text.replace("/x/", "/x/y/") }))
            .collect::<Vec<_>>()
    };
    let of = |public: usize, operations: usize| json!({ "id": "a", "team": "t", "base_path": "/x", "public": list(public), "operations": guarded(operations) });
    apis(&[of(1_000, 1_000)], &[]);
    apis(&[of(1_001, 1_000)], &["apis[0] 2001 operations, at most 2000"]);
    apis(&[of(2_001, 0)], &["apis[0].public 2001 items, at most 2000"]);
}

#[test]
fn the_policy_of_the_design_is_good_with_everything_in_it() {
    check(&with(&[]), &[]);
}
