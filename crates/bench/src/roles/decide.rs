//! How long does a decision take among a million clients, how long until they are all there, and how long does a change
//! take to be seen? In a process of its own, so that its memory is that of the policy and nothing else.

use crate::identity::crowd::{self, Entity};
use crate::measure::{core_time, resident_bytes};
use anyhow::{Context, Result, bail};
use clap::Args;
use policy::method::Method;
use policy::path::{CanonicalPath, Host};
use policy::{Change, Decision, Facts, Fields, Policy, decide, present, verify};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Requests that are made ready at once, outside of the time: few enough for the second-level cache.
const BATCH: usize = 4_000;
/// How often each kind of change is applied.
const CHANGES: usize = 200;
const GRANT: &str = "a client's grant";
const CLIENT: &str = "a new client";
const REVOCATION: &str = "a key revoked";
const API: &str = "an API's operations";
const PLAN: &str = "a plan";
const CHANGED: [&str; 5] = [GRANT, CLIENT, REVOCATION, API, PLAN];

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// The policy, as `crowd` writes it.
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// How many clients it has.
    #[arg(long)]
    clients: usize,
    /// How many rounds.
    #[arg(long)]
    rounds: usize,
    /// Decisions in each round.
    #[arg(long)]
    decisions: usize,
    /// The core that it runs on, whose steal time is told with each round.
    #[arg(long)]
    core: usize,
}

/// One request, ready to be decided.
#[derive(Debug)]
struct Request {
    client: String,
    path: String,
    key: String,
}

/// The only field that a request has.
struct Shown<'a>(&'a str);

impl<'a> Fields<'a> for Shown<'a> {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        if name.eq_ignore_ascii_case("x-api-key") {
            take(self.0.as_bytes());
        }
    }
}

impl Decide {
    /// Prints one JSON object: `floor_bytes`, `ready_ms`, `memory_before` and `memory_after` in bytes, `rounds` of
    /// CPU `ns` a decision and the `stolen` part of the time, and `changes` with the `ms` that each took.
    pub(crate) fn run(self) -> Result<()> {
        let floor_bytes = std::fs::metadata(&self.floor)
            .context("cannot read the floor")?
            .len();
        let memory_before = resident_bytes(std::process::id())?;
        let bytes = std::fs::read(&self.floor).context("cannot read the floor")?;
        let begun = Instant::now();
        let policy = ready(&bytes)?;
        let ready_ms = milliseconds(begun.elapsed());
        drop(bytes);
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        // One to warm up.
        self.round(&policy, &mut random)?;
        let rounds = (0..self.rounds)
            .map(|_| self.round(&policy, &mut random))
            .collect::<Result<Vec<_>>>()?;
        // By now the allocator has given back what reading took.
        let memory_after = resident_bytes(std::process::id())?;
        let changes: Vec<Value> = self.changes(policy, &mut random);
        let report = json!({
            "floor_bytes": floor_bytes,
            "ready_ms": ready_ms,
            "memory_before": memory_before,
            "memory_after": memory_after,
            "rounds": rounds,
            "changes": changes,
        });
        writeln!(std::io::stdout(), "{report}")?;
        Ok(())
    }

    fn round(&self, policy: &Policy, random: &mut Random) -> Result<Value> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let before = core_time(self.core)?;
        let (mut taken, mut done) = (Duration::ZERO, 0);
        while done < self.decisions {
            let requests: Vec<Request> = (0..BATCH).map(|_| self.request(random)).collect();
            let begun = thread_time();
            let permitted = requests
                .iter()
                .filter(|request| is_permitted(policy, request, now))
                .count();
            taken += thread_time().saturating_sub(begun);
            done += BATCH;
            if permitted != BATCH {
                bail!(
                    "wrong answer: {} of {BATCH} requests were refused",
                    BATCH - permitted
                );
            }
        }
        let stolen = core_time(self.core)?.stolen_since(before);
        Ok(json!({ "ns": taken.as_secs_f64() * 1e9 / done as f64, "stolen": stolen }))
    }

    fn request(&self, random: &mut Random) -> Request {
        let number = random.below(self.clients);
        Request {
            client: format!("client-{number}"),
            path: format!("{}/orders/7", crowd::base_path(number)),
            key: crowd::key(number),
        }
    }

    /// Applies changes one after the other, each to what the one before left, and tells how long each took to be what a
    /// reader sees. What was seen before is freed by another than the reader, and not counted.
    fn changes(&self, mut policy: Policy, random: &mut Random) -> Vec<Value> {
        let mut told = Vec::new();
        for what in CHANGED {
            let mut took = Vec::new();
            for turn in 0..CHANGES {
                let Entity { kind, id, body } = self.changed(what, turn, random);
                let change = Change::Put {
                    kind,
                    id: &id,
                    body: body.as_str().into(),
                    needs: &[],
                };
                let begun = Instant::now();
                let (next, _) = policy.apply([change]);
                let before = std::mem::replace(&mut policy, next);
                took.push(milliseconds(begun.elapsed()));
                drop(before);
            }
            told.push(json!({ "what": what, "ms": took }));
        }
        told
    }

    fn changed(&self, what: &str, turn: usize, random: &mut Random) -> Entity {
        match what {
            GRANT => crowd::client(random.below(self.clients), true),
            CLIENT => crowd::client(self.clients + turn, false),
            REVOCATION => crowd::revocation(random.below(self.clients)),
            API => crowd::api(random.below(crowd::APIS), true),
            _ => crowd::plan("gold", 1 + random.below(1_000)),
        }
    }
}

/// From the bytes of a floor to a policy that decides.
fn ready(bytes: &[u8]) -> Result<Policy> {
    let (_, policy, reports) = feed::load_floor(bytes).context("the floor does not hold")?;
    match reports.first() {
        Some(report) => bail!("{} {}: {}", report.kind, report.id, report.message),
        None => Ok(policy),
    }
}

/// All of a decision, from the bytes of a request on: the key's hash included.
fn is_permitted(policy: &Policy, request: &Request, now: u64) -> bool {
    let (Ok(path), Ok(host)) = (
        CanonicalPath::parse(request.path.as_bytes()),
        Host::parse(b"shop.example.com"),
    ) else {
        return false;
    };
    let shown = Shown(&request.key);
    let facts = Facts {
        host: Some(&host),
        path: &path,
        method: Method::parse(b"GET"),
        fields: &shown,
        certificate: None,
        apis: None,
        cell: None,
    };
    let proof = verify(present(policy, &facts, &()));
    match black_box(decide(policy, &facts, &proof, now)) {
        Decision::Permit(permit) => permit.client_id() == Some(&request.client),
        Decision::Reject(_) => false,
    }
}

/// CPU time of this thread: what a decision costs, whoever else has the core in between.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap_or_default()
    }
}
