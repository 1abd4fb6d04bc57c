//! Why a client would be let through or refused.

use super::*;

#[test]
fn a_decision_is_explained_as_every_gateway_makes_it() {
    on_both(|setup| {
        let portal = setup().start();
        shop(&portal);
        let ask = |method: &str, headers: &Value| {
            let question = json!({ "environment": "prod", "method": method, "target": "/api/orders/7?x=1", "headers": headers });
            portal
                .ask("POST", "/v1/explain", Some(&question))
                .expect(200)
                .json()
        };
        let key = json!({ "X-Api-Key": KEY });
        let permit = ask("GET", &key);
        assert_eq!(
            (&permit["decision"], &permit["client"], &permit["api"]),
            (&json!("permit"), &json!("app"), &json!("orders")),
            "{permit}"
        );
        let code = |answer: Value| answer["code"].clone();
        assert_eq!(code(ask("POST", &key)), "scope_missing");
        assert_eq!(code(ask("GET", &json!({}))), "credential_missing");
        assert_eq!(
            code(ask("GET", &json!({ "X-Api-Key": format!("{KEY}x") }))),
            "api_key_unknown"
        );
        portal.put("revocations", "r1", &json!({ "credential": "k1" }));
        assert_eq!(code(ask("GET", &key)), "credential_revoked");
        portal.ask("DELETE", &at("revocations", "r1"), None).expect(200);
        portal.put("tenants", "acme", &json!({ "status": "suspended" }));
        let mut of_tenant = client(&["orders.read"]);
        of_tenant["tenant"] = json!("acme");
        portal.put("clients", "app", &of_tenant);
        assert_eq!(code(ask("GET", &key)), "tenant_suspended");
    });
}
