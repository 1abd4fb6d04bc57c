//! The table of a policy: every member, whether it has to be there, and what it may hold (policy §1, contract §2).
//!
//! The check and the JSON Schema both come from it; what a member means is said by the wire types in `entity`.

use super::describe::listing;
use super::form::{Form, Items, Known, apart, distinct, items, nothing, optional, required};
use super::problem::{At, Problems};
use super::words::{
    ALGORITHMS, BASE_PATH, CLAIM, FIELD, FREE, HEX, HOST, ID, OPERATION, QUOTA, RATE, SCOPE, TIME, URL,
    VISIBLE,
};
use crate::path::HostPattern;
use crate::rules::{
    AUDIENCES_MAX, CREDENTIALS_MAX, DELEGATES_MAX, GRANTS_MAX, HOSTS_MAX, KEYS_MAX, LEEWAY_S_MAX,
    OPERATIONS_MAX, SCOPES_MAX,
};
use serde_json::{Map as Object, Value, json};

/// What only the size of a file bounds.
const UNBOUNDED: usize = usize::MAX;

/// The document.
pub(super) static POLICY: Known = Known {
    members: &[
        optional("$schema", Form::Text(&FREE)),
        optional("issuers", Form::List(&ISSUERS)),
        optional("apis", Form::List(&APIS)),
        optional("clients", Form::List(&CLIENTS)),
        optional("plans", Form::List(&PLANS)),
        optional("revocations", Form::List(&REVOCATIONS)),
        optional("tenants", Form::List(&TENANTS)),
        optional("cells", Form::List(&CELLS)),
    ],
    together: apart,
    also: nothing,
};

static ISSUERS: Items = items(Form::Map(&ISSUER), 0, UNBOUNDED);
static APIS: Items = items(Form::Map(&API), 0, UNBOUNDED);
static CLIENTS: Items = items(Form::Map(&CLIENT), 0, UNBOUNDED);
static PLANS: Items = items(Form::Map(&PLAN), 0, UNBOUNDED);
static REVOCATIONS: Items = items(Form::Map(&REVOCATION), 0, UNBOUNDED);
static TENANTS: Items = items(Form::Map(&TENANT), 0, UNBOUNDED);
static CELLS: Items = items(Form::Map(&CELL), 0, UNBOUNDED);

const STATUS: Form = Form::Word(&["active", "suspended"]);
static SCOPES: Items = distinct(Form::Text(&SCOPE), 0, SCOPES_MAX);

static ISSUER: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        required("issuer", Form::Text(&VISIBLE)),
        required("audiences", Form::List(&AUDIENCES)),
        optional("algorithms", Form::List(&ALGORITHM_LIST)),
        optional("jwks_uri", Form::Text(&URL)),
        optional("keys", Form::List(&KEYS)),
        optional("claims", Form::Map(&CLAIMS)),
        optional("preset", Form::Word(&["cognito"])),
        optional("clients", Form::Word(&["registered", "any"])),
        optional("leeway_s", Form::Whole(0, LEEWAY_S_MAX)),
    ],
    together: issuer,
    also: || {
        let inline = json!({ "required": ["keys"], "properties": { "keys": { "minItems": 1 } } });
        json!({ "anyOf": [{ "required": ["jwks_uri"] }, inline] })
    },
};

static AUDIENCES: Items = distinct(Form::Text(&FREE), 1, AUDIENCES_MAX);
static KEYS: Items = items(Form::Key, 0, KEYS_MAX);
static ALGORITHM_LIST: Items = Items {
    of: Form::Word(&ALGORITHMS),
    count_min: 1,
    count_max: 9,
    // RFC 9864: one algorithm under two names.
    distinct: Some(|word| word.replace("Ed25519", "EdDSA")),
};

static CLAIMS: Known = Known {
    members: &[
        optional("user", Form::Text(&CLAIM)),
        optional("client", Form::Text(&CLAIM)),
        optional("role", Form::Text(&CLAIM)),
        optional("tenant", Form::Text(&CLAIM)),
        optional("scopes", Form::Text(&CLAIM)),
    ],
    together: apart,
    also: nothing,
};

static API: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        required("team", Form::Text(&ID)),
        optional("hosts", Form::List(&HOSTS)),
        required("base_path", Form::Text(&BASE_PATH)),
        optional("credentials", Form::List(&CREDENTIAL_KINDS)),
        optional("api_key_header", Form::Text(&FIELD)),
        optional("forward_token", Form::Flag),
        optional("public_credentials", Form::Word(&["check", "ignore"])),
        optional("delegates", Form::List(&DELEGATES)),
        optional("public", Form::List(&PUBLIC)),
        optional("operations", Form::List(&OPERATIONS)),
    ],
    together: apart,
    also: nothing,
};

static HOSTS: Items = Items {
    of: Form::Text(&HOST),
    count_min: 1,
    count_max: HOSTS_MAX,
    distinct: Some(|text| HostPattern::parse(text).map_or_else(|_| text.to_owned(), |host| host.to_string())),
};
static CREDENTIAL_KINDS: Items = distinct(Form::Word(&["jwt", "api_key", "certificate"]), 1, 3);
static DELEGATES: Items = items(Form::Map(&DELEGATION), 0, DELEGATES_MAX);
static PUBLIC: Items = items(Form::Text(&OPERATION), 0, OPERATIONS_MAX);
static OPERATIONS: Items = items(Form::Map(&GUARDED), 0, OPERATIONS_MAX);

static DELEGATION: Known = Known {
    members: &[
        required("path", Form::Text(&BASE_PATH)),
        required("team", Form::Text(&ID)),
    ],
    together: apart,
    also: nothing,
};

static GUARDED: Known = Known {
    members: &[
        required("match", Form::Text(&OPERATION)),
        optional("scopes", Form::List(&SCOPES)),
        optional("any_of", Form::List(&ALTERNATIVES)),
    ],
    together: |object, at, problems| {
        if object.contains_key("scopes") && object.contains_key("any_of") {
            problems
                .error(at.key("any_of").its_key(), "`any_of` beside `scopes`")
                .help("keep one of them: `scopes` asks for all of its items, `any_of` for all of one alternative")
                .related(at.key("scopes").its_key(), "the other one");
        }
    },
    also: || json!({ "not": { "required": ["scopes", "any_of"] } }),
};

static ALTERNATIVES: Items = items(Form::List(&ALTERNATIVE), 1, SCOPES_MAX);
static ALTERNATIVE: Items = distinct(Form::Text(&SCOPE), 1, SCOPES_MAX);

static CLIENT: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        required("team", Form::Text(&ID)),
        optional("status", STATUS),
        optional("tenant", Form::Text(&ID)),
        optional("credentials", Form::List(&CREDENTIALS)),
        optional("grants", Form::List(&GRANTS)),
    ],
    together: apart,
    also: nothing,
};

static CREDENTIALS: Items = items(
    Form::Typed(&[
        ("api_key", &API_KEY),
        ("jwt", &JWT),
        ("certificate", &CERTIFICATE),
    ]),
    0,
    CREDENTIALS_MAX,
);

static API_KEY: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        required("sha256", Form::Text(&HEX)),
        optional("expires_at", Form::Text(&TIME)),
    ],
    together: apart,
    also: nothing,
};

static JWT: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        required("issuer", Form::Text(&ID)),
        required("client", Form::Text(&FREE)),
        optional("expires_at", Form::Text(&TIME)),
    ],
    together: apart,
    also: nothing,
};

static CERTIFICATE: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        optional("spki_sha256", Form::Text(&HEX)),
        optional("san", Form::Text(&VISIBLE)),
        optional("expires_at", Form::Text(&TIME)),
    ],
    together: |object, at, problems| match (object.contains_key("spki_sha256"), object.contains_key("san")) {
        (true, true) => {
            problems
                .error(
                    at.key("san").its_key(),
                    "`san` beside `spki_sha256`: a certificate is known by one of them",
                )
                .help("keep one of them")
                .related(at.key("spki_sha256").its_key(), "the other one");
        }
        (false, false) => {
            problems
                .error(at.value(), "a certificate that nothing is known of")
                .help("add `spki_sha256: …` (of its public key) or `san: …` (a URI or DNS name in it)");
        }
        _ => {}
    },
    also: || json!({ "oneOf": [{ "required": ["spki_sha256"] }, { "required": ["san"] }] }),
};

static GRANTS: Items = items(Form::Map(&GRANT), 0, GRANTS_MAX);
static GRANT: Known = Known {
    members: &[
        required("api", Form::Text(&ID)),
        optional("scopes", Form::List(&SCOPES)),
        optional("plan", Form::Text(&ID)),
    ],
    together: apart,
    also: nothing,
};

static PLAN: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        optional("rate", Form::Text(&RATE)),
        optional("burst", Form::Whole(1, 1_000_000_000)),
        optional("quota", Form::Text(&QUOTA)),
    ],
    together: |object, at, problems| {
        let has = |key| object.contains_key(key);
        if !has("rate") && !has("quota") {
            problems
                .error(at.value(), "a plan that limits nothing")
                .help("add `rate: 100/s`, `quota: 1000000/month`, or both");
        } else if has("burst") && !has("rate") {
            problems
                .error(at.key("burst").its_key(), "`burst` has no effect without `rate`")
                .help("add `rate`, or leave `burst` out");
        }
    },
    also: || {
        let limits = json!([{ "required": ["rate"] }, { "required": ["quota"] }]);
        json!({ "anyOf": limits, "dependentRequired": { "burst": ["rate"] } })
    },
};

static REVOCATION: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        optional("issuer", Form::Text(&ID)),
        optional("jti", Form::Text(&FREE)),
        optional("token_sha256", Form::Text(&HEX)),
        optional("credential", Form::Text(&ID)),
        optional("kid", Form::Text(&FREE)),
        optional("subject", Form::Text(&FREE)),
        optional("client", Form::Text(&FREE)),
        optional("issued_before", Form::Text(&TIME)),
        optional("until", Form::Text(&TIME)),
    ],
    together: revocation,
    also: || {
        let forms = REVOCATIONS_OF.map(|form| {
            let others = REVOCATION.keys().into_iter().filter(|key| !form.contains(key));
            let others = others.filter(|key| !matches!(*key, "id" | "until"));
            let without: Object<String, Value> = others.map(|key| (key.to_owned(), json!(false))).collect();
            json!({ "required": form, "properties": without })
        });
        json!({ "oneOf": forms })
    },
};

static TENANT: Known = Known {
    members: &[
        required("id", Form::Text(&ID)),
        optional("cell", Form::Text(&ID)),
        optional("status", STATUS),
    ],
    together: apart,
    also: nothing,
};

static CELL: Known = Known {
    members: &[required("id", Form::Text(&ID))],
    together: apart,
    also: nothing,
};

fn issuer(object: &Object<String, Value>, at: &At<'_>, problems: &mut Problems) {
    let no_keys = object
        .get("keys")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty);
    if no_keys && !object.contains_key("jwks_uri") {
        problems
            .error(
                at.value(),
                "an issuer without keys: no token of it could be verified",
            )
            .help("add `jwks_uri: https://…` (where its keys are), or `keys: [ … ]`");
    }
}

/// What a revocation may name; each with what has to stand beside it.
pub(super) const REVOCATIONS_OF: [&[&str]; 6] = [
    &["issuer", "jti"],
    &["token_sha256"],
    &["credential"],
    &["issuer", "kid"],
    &["issuer", "subject", "issued_before"],
    &["issuer", "client", "issued_before"],
];

fn revocation(object: &Object<String, Value>, at: &At<'_>, problems: &mut Problems) {
    let mut given: Vec<&str> = Vec::new();
    // In the order of the table, so that equal mistakes read the same.
    for key in REVOCATION.keys() {
        if !matches!(key, "id" | "until") && object.contains_key(key) {
            given.push(key);
        }
    }
    let same = |form: &&[&str]| form.len() == given.len() && form.iter().all(|key| given.contains(key));
    if REVOCATIONS_OF.iter().any(same) {
        return;
    }
    let message = if given.is_empty() {
        "a revocation of nothing".to_owned()
    } else {
        format!("a revocation by {} is none", listing(&given))
    };
    problems.error(at.value(), message).help(
        "write exactly one of: `issuer` + `jti`; `token_sha256`; `credential`; `issuer` + `kid`; \
         `issuer` + `subject` + `issued_before`; `issuer` + `client` + `issued_before`",
    );
}
