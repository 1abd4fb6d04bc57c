//! What the demo's services know and answer: fixed data of a small shop, as pure functions.
//!
//! The services are believable and a little careless, as services are: they trust the identity headers that they get,
//! and they decode paths more often than they should. What protects them is the gateway.

use serde::Serialize;

/// One of the services behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Users,
    Orders,
    Products,
    /// The identity provider; what it answers is in `issuer`.
    Accounts,
}

impl Service {
    pub(super) const ALL: [Service; 4] = [
        Service::Users,
        Service::Orders,
        Service::Products,
        Service::Accounts,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Service::Users => "users",
            Service::Orders => "orders",
            Service::Products => "products",
            Service::Accounts => "accounts",
        }
    }

    /// The variable that holds its URL in the example configuration.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Service::Users => "USERS_URL",
            Service::Orders => "ORDERS_URL",
            Service::Products => "PRODUCTS_URL",
            Service::Accounts => "ACCOUNTS_URL",
        }
    }
}

/// What a service reads of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// As it came, without query.
    pub(super) path: &'a str,
    pub(super) identity: Identity<'a>,
}

/// The fields that say who is calling.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Identity<'a> {
    pub(super) x_user_id: Option<&'a str>,
    pub(super) x_user_role: Option<&'a str>,
    pub(super) x_client_id: Option<&'a str>,
    pub(super) x_forwarded_for: Option<&'a str>,
}

/// What a service answers: a status and JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

const ALICE: &str = r#"{"id":"usr_8a3f","name":"Alice Chen","email":"alice.chen@example.com","membership":"premium","avatar_url":"https://cdn.example.com/avatars/usr_8a3f.jpg"}"#;
const BRUNO: &str = r#"{"id":"usr_2c7d","name":"Bruno Okafor","email":"bruno.okafor@example.com","membership":"basic","avatar_url":"https://cdn.example.com/avatars/usr_2c7d.jpg"}"#;
const USERS: [(&str, &str); 2] = [("usr_8a3f", ALICE), ("usr_2c7d", BRUNO)];

const ORDERS: [(&str, &str); 3] = [
    (
        "ord_x7k9",
        r#"{"order_id":"ord_x7k9","status":"shipped","total":49.98,"created_at":"2026-04-10T14:32:00Z"}"#,
    ),
    (
        "ord_w2m1",
        r#"{"order_id":"ord_w2m1","status":"delivered","total":129.0,"created_at":"2026-04-05T09:15:00Z"}"#,
    ),
    (
        "ord_p4n8",
        r#"{"order_id":"ord_p4n8","status":"delivered","total":34.5,"created_at":"2026-03-28T18:42:00Z"}"#,
    ),
];

const PRODUCTS: [(&str, &str); 3] = [
    (
        "prod_k3j7",
        r#"{"product_id":"prod_k3j7","name":"Wireless Keyboard Pro","price":79.99}"#,
    ),
    (
        "prod_m9r2",
        r#"{"product_id":"prod_m9r2","name":"USB-C Hub 7-in-1","price":45.0}"#,
    ),
    (
        "prod_t5w1",
        r#"{"product_id":"prod_t5w1","name":"Laptop Stand","price":34.5}"#,
    ),
];

const INVOICES: [(&str, &str); 1] = [(
    "inv_7h2p",
    r#"{"invoice_id":"inv_7h2p","order_id":"ord_x7k9","total":49.98}"#,
)];

/// For staff only: no route of the gateway leads to it.
const ADMIN: &str = r#"{"page":"staff only","customers":1204,"refunds_open":17}"#;

/// What `service` answers.
pub(super) fn answer(service: Service, asked: &Asked<'_>) -> Answer {
    let path = decoded(asked.path);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let found = match (service, asked.method, segments.as_slice()) {
        (Service::Users, "GET" | "HEAD", ["users", "whoami"]) => serde_json::to_string(&asked.identity).ok(),
        (Service::Users, "GET" | "HEAD", ["users"]) => Some(list(&USERS)),
        (Service::Users, "GET" | "HEAD", ["users", id]) => one(&USERS, id),
        (Service::Orders, "GET" | "HEAD", ["admin"]) => Some(ADMIN.to_owned()),
        (Service::Orders, "GET" | "HEAD", ["orders"] | ["users", "usr_8a3f", "orders"]) => {
            Some(list(&ORDERS))
        }
        (Service::Orders, "GET" | "HEAD", ["users", "usr_2c7d", "orders"]) => Some("[]".to_owned()),
        (Service::Orders, "GET" | "HEAD", ["orders", id]) => one(&ORDERS, id),
        (Service::Orders, "GET" | "HEAD", ["invoices", id]) => {
            one(&INVOICES, id).and_then(|invoice| with_caller(&invoice, &asked.identity))
        }
        (Service::Orders, "POST", ["orders"]) => {
            let body = r#"{"order_id":"ord_n3w0","status":"accepted"}"#.to_owned();
            return Answer { status: 201, body };
        }
        (Service::Products, "GET" | "HEAD", ["products"]) => Some(list(&PRODUCTS)),
        (Service::Products, "GET" | "HEAD", ["products", id]) => one(&PRODUCTS, id),
        _ => None,
    };
    match found {
        Some(body) => Answer { status: 200, body },
        None => Answer {
            status: 404,
            body: format!(r#"{{"error":"not_found","service":"{}"}}"#, service.name()),
        },
    }
}

fn one(records: &[(&str, &str)], id: &str) -> Option<String> {
    let (_, record) = records.iter().find(|(known, _)| *known == id)?;
    Some((*record).to_owned())
}

/// A record, and for whom the service takes its caller.
fn with_caller(record: &str, identity: &Identity<'_>) -> Option<String> {
    let record = record.strip_suffix('}')?;
    let for_whom = serde_json::json!({
        "user": identity.x_user_id, "role": identity.x_user_role, "client": identity.x_client_id,
    });
    Some(format!("{record},\"asked_by\":{for_whom}}}"))
}

fn list(records: &[(&str, &str)]) -> String {
    let records: Vec<&str> = records.iter().map(|(_, record)| *record).collect();
    format!("[{}]", records.join(","))
}

/// Decodes slashes and dots and walks up at `..`: what many frameworks do behind a proxy that did not look so closely.
fn decoded(path: &str) -> String {
    let path = path
        .replace("%2f", "/")
        .replace("%2F", "/")
        .replace("%2e", ".")
        .replace("%2E", ".");
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            ".." => {
                segments.pop();
            }
            "." | "" => {}
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    //! The services answer what the tour says that they do.

    use super::*;

    fn check(service: Service, method: &str, path: &str, status: u16, part: &str) {
        let asked = Asked {
            method,
            path,
            identity: Identity {
                x_user_id: Some("usr_admin"),
                ..Identity::default()
            },
        };
        let Answer { status: got, body } = answer(service, &asked);
        assert_eq!(got, status, "{method} {path}: {body}");
        assert!(body.contains(part), "{method} {path}: {body}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }

    #[test]
    fn records_are_found_by_id() {
        check(Service::Users, "GET", "/users/usr_8a3f", 200, "Alice Chen");
        check(Service::Orders, "GET", "/orders/ord_x7k9", 200, "49.98");
        check(
            Service::Products,
            "GET",
            "/products",
            200,
            "Wireless Keyboard Pro",
        );
        check(Service::Orders, "GET", "/users/usr_8a3f/orders", 200, "ord_w2m1");
        check(Service::Products, "GET", "/products/prod_none", 404, "products");
        check(Service::Orders, "POST", "/orders", 201, "ord_n3w0");
        check(
            Service::Orders,
            "GET",
            "/invoices/inv_7h2p",
            200,
            r#""user":"usr_admin""#,
        );
    }

    #[test]
    fn identity_headers_are_believed_and_encoded_paths_are_decoded() {
        check(Service::Users, "GET", "/users/whoami", 200, "usr_admin");
        check(Service::Orders, "GET", "/orders/..%2fadmin", 200, "refunds_open");
        check(Service::Users, "GET", "/users/..%2fadmin", 404, "not_found");
    }
}
