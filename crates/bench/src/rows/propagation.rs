//! How soon does a change that the portal has answered hold in the last of 50 gateways: over the portal's stream, and over Kafka?

use super::Plan;
use crate::lab::{Broker, Lab, Process, ask_with, listening};
use crate::measure::Spread;
use crate::page::{Section, Table, Target};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const GATEWAYS: usize = 50;
const CHANGES: usize = 1_000;
const QUICK_GATEWAYS: usize = 5;
const QUICK_CHANGES: usize = 40;
/// A gateway tells of its last 256 revisions, so they are asked for before they are forgotten.
const BATCH: usize = 100;
/// Changes a second.
const RATE: f64 = 10.0;
/// Every so many changes is watched by real requests to all gateways.
const SAMPLE: usize = 50;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(1);
const P99_MS_MAX: f64 = 1_000.0;
const KEY: &str = "sb_bench_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Of the key.
const KEY_SHA256: &str = "1a0b7ac872cf70d7e471a3e9a44706e9d0e6fba413db6d7ca50df47c223481e4";

/// A portal and the gateways that follow it.
struct Fleet {
    portal: SocketAddr,
    token: String,
    gateways: Vec<(Process, SocketAddr)>,
    _portal: Process,
}

/// Milliseconds from the portal's answer.
#[derive(Default)]
struct Found {
    /// Of each gateway and revision, by its own apply time.
    applied: Vec<f64>,
    /// Of each watched change, until the last gateway answered so.
    refused: Vec<f64>,
}

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let (gateways, changes) = match plan.quick {
        true => (QUICK_GATEWAYS, QUICK_CHANGES),
        false => (GATEWAYS, CHANGES),
    };
    let mut section = Section::new("From the portal's answer to the last gateway");
    section.intro = format!(
        "A portal on SQLite and {gateways} gateways, each a process of its own on one core, and {changes} changes of one client's scopes, {RATE} a second, one revision each. `applied` is each \
         gateway's own time of having taken a revision over in its workers, as it reports it, minus when the portal had answered the change; every {SAMPLE}th change is also watched by requests to every \
         gateway, one after the other, until the last of them answers by it. Over Kafka there is one broker on the other core."
    );
    let mut table = Table::new(
        "",
        &[
            "carrier",
            "p50 ms",
            "p99 ms",
            "slowest ms",
            "watched: median ms",
            "slowest ms",
        ],
    );
    for carrier in ["stream", "Kafka"] {
        let broker = match (carrier, &lab.programs.kafka) {
            ("Kafka", None) => {
                let note = "Not measured: Kafka, of which `--kafka` names no directory".to_owned();
                section.notes.push(note);
                continue;
            }
            ("Kafka", Some(kafka)) => Some(Broker::start(lab, kafka)?),
            _ => None,
        };
        let fleet = Fleet::start(lab, carrier, gateways, broker.as_ref().map(Broker::address))?;
        let found = fleet.change(changes)?;
        let watched = Spread::of(found.refused.iter().copied());
        let of = |found: Option<f64>| found.map_or("–".to_owned(), |found| format!("{found:.0}"));
        let p99 = percentile(&found.applied, 0.99);
        table.row(
            carrier,
            None,
            [
                of(percentile(&found.applied, 0.5)),
                of(p99),
                of(percentile(&found.applied, 1.0)),
                of(watched.map(|watched| watched.median)),
                of(watched.map(|watched| watched.high)),
            ],
        );
        section.targets.push(Target::milliseconds(
            &format!("portal's answer to applied in {gateways} gateways, {carrier}, p99"),
            p99,
            P99_MS_MAX,
        ));
    }
    section.tables.push(table);
    Ok(section)
}

fn percentile(values: &[f64], part: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = ((sorted.len() as f64 * part).ceil() as usize).max(1) - 1;
    sorted.get(place).copied()
}

impl Fleet {
    fn start(lab: &Lab, carrier: &str, gateways: usize, broker: Option<&str>) -> Result<Fleet> {
        let data = lab.dir.join(format!("propagation-{carrier}"));
        std::fs::create_dir_all(&data)?;
        let mut args = vec!["portal".into(), "--data".into(), data.clone().into()];
        args.extend(["--listen".into(), "127.0.0.1:0".into()]);
        if let Some(broker) = broker {
            let file = data.join("portal.yaml");
            std::fs::write(&file, format!("kafka: {{ brokers: [\"{broker}\"] }}\n"))?;
            args.extend(["--config".into(), file.into()]);
        }
        let name = format!("portal {carrier}");
        let program = &lab.programs.switchboard;
        let mut process = Process::start(lab.load_core, &name, program, &args, &lab.dir, None)?;
        let portal = process.wait_within(PATIENCE, |errors| {
            listening(&std::fs::read_to_string(errors).ok()?, "listen")
        })?;
        let mut fleet = Fleet {
            portal,
            token: std::fs::read_to_string(data.join("admin.token"))?
                .trim()
                .to_owned(),
            gateways: Vec::new(),
            _portal: process,
        };
        let api = json!({ "team": "t", "base_path": "/orders", "credentials": ["api_key"],
            "operations": [{ "match": "GET /orders/**", "scopes": ["r"] }] });
        fleet.ask("PUT", "/v1/environments/prod/apis/orders", &api)?;
        fleet.put(true)?;
        for number in 0..gateways {
            let gateway = fleet.enrol(lab, carrier, number, &data, broker)?;
            fleet.gateways.push(gateway);
        }
        fleet.wait_for_reports()?;
        Ok(fleet)
    }

    /// Until all of them are known, and at the end of what brings them their policy: what was made before counts for nobody.
    fn wait_for_reports(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let fleet = self.ask("GET", "/v1/fleet?environment=prod&limit=200", &Value::Null)?;
            let all = fleet["instances"].as_array().context("no instances")?;
            let live = all.iter().filter(|one| one["policy"]["state"] == "live").count();
            if live >= self.gateways.len() {
                return Ok(());
            }
            ensure!(
                begun.elapsed() < PATIENCE,
                "only {live} gateways report that they are live"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn enrol(
        &self,
        lab: &Lab,
        carrier: &str,
        number: usize,
        data: &std::path::Path,
        broker: Option<&str>,
    ) -> Result<(Process, SocketAddr)> {
        let name = format!("gateway-{number}");
        let asked = json!({ "name": name, "team": "t", "environment": "prod" });
        let enrolled = self.ask("POST", "/v1/gateways", &asked)?;
        let token = enrolled["token"].as_str().context("no token")?;
        let floor: PathBuf = data.join(format!("{name}.floor"));
        std::fs::write(&floor, self.floor()?)?;
        let url = format!("http://{}", self.portal);
        let (feed, fleet) = match broker {
            None => (json!({ "portal": url, "token": token }), json!({ "name": name })),
            Some(broker) => (
                json!({ "kafka": { "brokers": [broker] } }),
                json!({ "name": name, "portal": url, "token": token }),
            ),
        };
        let file = data.join(format!("{name}.json"));
        let configuration = json!({
            "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 1, "access_log": "off",
            "environment": "prod", "state_dir": data.join(&name), "fleet": fleet,
            "policy": { "floor": floor, "feed": feed },
            "routes": [{ "path": "/**", "respond": { "body": "right" } }],
        });
        std::fs::write(&file, configuration.to_string())?;
        let args = ["gateway".into(), "--config".into(), file.into()];
        let name = format!("{carrier} {name}");
        let program = &lab.programs.switchboard;
        let mut process = Process::start(lab.proxy_core, &name, program, &args, &lab.dir, None)?;
        let address = process.wait_within(PATIENCE, |errors| {
            listening(&std::fs::read_to_string(errors).ok()?, "listen")
        })?;
        Ok((process, address))
    }

    /// As soon as something is published.
    fn floor(&self) -> Result<String> {
        let begun = Instant::now();
        loop {
            let (head, body) = self.raw("GET", "/v1/feeds/prod/floor", "")?;
            if head.get(9..12) == Some("200") {
                return Ok(body);
            }
            ensure!(begun.elapsed() < PATIENCE, "no floor: {body}");
            thread::sleep(POLL);
        }
    }

    /// All changes; what came of them.
    fn change(&self, changes: usize) -> Result<Found> {
        let mut found = Found::default();
        let mut may = true;
        let (mut batch, mut due) = (Vec::new(), Instant::now());
        for number in 1..=changes {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due = Instant::now().max(due) + Duration::from_secs_f64(1.0 / RATE);
            may = !may;
            let answer = self.put(may)?;
            batch.push((answer, unix_ms()));
            if number % SAMPLE == 0 {
                found.refused.push(self.watch(may)?);
            }
            if batch.len() == BATCH || number == changes {
                self.collect(&std::mem::take(&mut batch), &mut found)?;
                due = Instant::now();
            }
        }
        Ok(found)
    }

    /// Until every gateway answers so, asked one after the other.
    fn watch(&self, may: bool) -> Result<f64> {
        let begun = Instant::now();
        let expected = if may { "200" } else { "403" };
        for (_, address) in &self.gateways {
            loop {
                let answer = ask_with(*address, "/orders/1", &format!("X-Api-Key: {KEY}\r\n"))?;
                if answer.get(9..12) == Some(expected.as_bytes()) {
                    break;
                }
                ensure!(begun.elapsed() < PATIENCE, "{address} does not answer {expected}");
                thread::sleep(POLL);
            }
        }
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }

    /// When each gateway had each of these revisions, once all of them have told.
    fn collect(&self, batch: &[(Value, f64)], found: &mut Found) -> Result<()> {
        for (made, answered) in batch {
            let place = format!("{}:{}", made["epoch"], made["revision"]);
            let path = format!("/v1/fleet?environment=prod&limit=200&revision={place}");
            let begun = Instant::now();
            let times = loop {
                let fleet = self.ask("GET", &path, &Value::Null)?;
                let made_at = fleet["asked"]["made_at_ms"]
                    .as_f64()
                    .context("no time of a revision")?;
                let all = fleet["instances"].as_array().context("no instances")?;
                let times: Vec<f64> = all
                    .iter()
                    .filter_map(|one| Some(made_at + one["asked"]["after_ms"].as_f64()? - answered))
                    .collect();
                if times.len() >= self.gateways.len() {
                    break times;
                }
                ensure!(
                    begun.elapsed() < PATIENCE,
                    "{} of {} tell of revision {place}",
                    times.len(),
                    self.gateways.len()
                );
                thread::sleep(Duration::from_millis(200));
            };
            found.applied.extend(times);
        }
        Ok(())
    }

    fn put(&self, may: bool) -> Result<Value> {
        let scopes: &[&str] = if may { &["r"] } else { &[] };
        let client = json!({
            "team": "t", "grants": [{ "api": "orders", "scopes": scopes }],
            "credentials": [{ "type": "api_key", "id": "bench", "sha256": KEY_SHA256 }],
        });
        self.ask("PUT", "/v1/environments/prod/clients/app", &client)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (head, body) = self.raw(method, path, &body)?;
        let status = head.get(9..12).unwrap_or_default();
        if !status.starts_with('2') {
            bail!("the portal answers {method} {path} with {status}: {body}");
        }
        Ok(serde_json::from_str(&body)?)
    }

    /// Head and body. HTTP/1.0, so that no body comes in chunks.
    fn raw(&self, method: &str, path: &str, body: &str) -> Result<(String, String)> {
        let mut stream = TcpStream::connect(self.portal)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (token, length) = (&self.token, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: portal\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no whole answer")?;
        Ok((head.to_owned(), body.to_owned()))
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are far below 2^53"
)]
fn unix_ms() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as f64 / 1e3
}
