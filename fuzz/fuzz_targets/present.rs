//! What a stranger shows: no request breaks the decision, the same request is decided alike twice, and nobody who has
//! neither a key nor a signing key gets past anything that is not public.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::method::Method;
use policy::path::{CanonicalPath, Host};
use policy::{Certificate, Change, Code, Decision, Facts, Fields, Policy, decide, present, verify};
use std::sync::LazyLock;

/// 2025-11-23, when the seeds' tokens are good.
const NOW: u64 = 1_763_900_000;
const NAMES: [&[u8]; 3] = [b"Authorization", b"X-Api-Key", b"X-Partner-Key"];
const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::HEAD, Method::DELETE];

/// Its keys' private halves and its API key are in no seed.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let records: Vec<serde_json::Value> = include_str!("../policy.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("the policy is JSON lines"))
        .collect();
    let bodies: Vec<String> = records.iter().map(|record| record["body"].to_string()).collect();
    let changes = records.iter().zip(&bodies).map(|(record, body)| Change::Put {
        kind: record["kind"].as_str().expect("a record has a kind"),
        id: record["id"].as_str().expect("a record has an id"),
        body: body.as_str().into(),
        needs: &[],
    });
    let (policy, reports) = Policy::build(changes);
    assert!(reports.is_empty(), "{reports:?}");
    policy
});

// The first line is a choice and the path, every further one a field: its first byte says which, the rest is its value.
fuzz_target!(|raw: &[u8]| {
    let mut lines = raw.split(|byte| *byte == b'\n');
    let Some((&choice, path)) = lines.next().and_then(|line| line.split_first()) else {
        return;
    };
    let Ok(path) = CanonicalPath::parse(path) else {
        return;
    };
    let fields: Vec<(&[u8], &[u8])> = lines
        .filter_map(|line| {
            let (which, value) = line.split_first()?;
            Some((NAMES[usize::from(*which) % NAMES.len()], value))
        })
        .take(8)
        .collect();
    let host: &[u8] = if choice & 1 == 0 {
        b"shop.example.com"
    } else {
        b"elsewhere"
    };
    let host = Host::parse(host).expect("a host");
    let certificate = Certificate {
        x5t_s256: "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0".into(),
        ..Certificate::default()
    };
    let fields = Sent(&fields);
    let facts = Facts {
        host: Some(&host),
        path: &path,
        method: (choice & 8 == 0).then(|| METHODS[usize::from(choice >> 4) % METHODS.len()]),
        fields: &fields,
        certificate: (choice & 2 == 2).then_some(&certificate),
        apis: None,
        cell: (choice & 4 == 4).then_some("eu-1"),
    };
    let first = judge(&facts);
    assert_eq!(first, judge(&facts), "the same request is decided differently");
});

/// Fields as they were sent.
struct Sent<'a>(&'a [(&'a [u8], &'a [u8])]);

impl<'a> Fields<'a> for Sent<'a> {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        self.0.values(name, take);
    }
}

/// What was decided, as something that can be compared.
fn judge(facts: &Facts<'_>) -> (Option<Code>, Vec<String>) {
    let proof = verify(present(&POLICY, facts, &()));
    let decision = decide(&POLICY, facts, &proof, NOW);
    match &decision {
        Decision::Permit(permit) => {
            let is_public = permit.operation().is_some_and(|operation| operation.is_public());
            assert!(is_public, "a stranger was let through: {:?}", decision.reasons());
            for (name, value) in permit.identity() {
                let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
                assert!(is_plain && value.len() <= 1_024, "{name}: {value}");
            }
            (None, decision.reasons())
        }
        Decision::Reject(rejection) => {
            let challenges = rejection.challenges();
            assert_eq!(
                rejection.code().status() == 401,
                !challenges.is_empty(),
                "{decision:?}"
            );
            let is_plain = |challenge: &String| challenge.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(challenges.iter().all(is_plain), "{challenges:?}");
            (Some(rejection.code()), decision.reasons())
        }
    }
}
