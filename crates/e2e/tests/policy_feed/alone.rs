//! A new gateway with nobody to ask: portal and issuer are dead, and it decides rightly by its floor all the same (feed.md §2, rule 7).

use super::*;
use e2e::BlackHole;

#[test]
fn a_new_gateway_decides_by_its_floor_with_portal_and_issuer_dead() {
    let hole = BlackHole::new();
    let gone = Upstream::ok();
    gone.stop();
    // One that refuses at once, and one whose connections never come to be.
    for portal in [gone.address(), hole.address] {
        case(portal.to_string());
        let mut publisher = published();
        publisher.publish(&[(
            "issuer/corp",
            Some(json!({
                "issuer": "https://auth.example.com", "audiences": ["a"],
                "jwks_uri": format!("https://{}/keys", hole.address),
            })),
        )]);
        publisher.beat_aged(100);
        let scratch = Scratch::new();
        scratch.write("policy.floor", &publisher.floor());
        let gateway = start_with(
            scratch,
            &format!(
                "policy: {{ floor: policy.floor, feed: {{ portal: \"http://{portal}\", token: x }} }}\nstate_dir: state\nallow_targets: [127.0.0.0/8]\n{ROUTES}"
            ),
        );
        ask(&gateway).expect(200);
        let unknown = format!("X-Api-Key: sb_k1_{}", "B".repeat(43));
        gateway
            .client()
            .get_with("/orders/1", &[&unknown])
            .expect_error(401, "api_key_unknown");
        let policy = gateway.policy();
        assert_eq!(
            (&policy["state"], &policy["source"]),
            (&json!("floor"), &json!("floor"))
        );
        let age_s = policy["age_s"].as_u64().expect("a number");
        assert!((100..1_000).contains(&age_s), "{policy}");
        assert_eq!(policy["keys"]["corp"], "never", "{policy}");
        gateway.ask_admin("/ready").expect(200);
    }
}
