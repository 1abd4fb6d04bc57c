//! What is told: a scope is taken away and two gateways refuse, the portal is killed and they carry on, it comes back and they follow.
//!
//! Nothing shown is made up. A step that does not turn out as it is told ends the demo with an error.

use super::people::{Caller, ENVIRONMENT, ORDER, REPORTS, SCOPE, WAREHOUSE, api};
use super::place::{Given, Place};
use super::program::Program;
use crate::demo::client::{Answer, Request};
use crate::demo::screen::Screen;
use crate::demo::services::Services;
use crate::demo::shop::Service;
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a change may take to hold in every gateway before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(2);
const TEAMS: [&str; 2] = ["commerce", "returns"];

/// A portal and two gateways; all end when this is dropped.
pub(in crate::demo) struct Federation {
    portal: Program,
    gateways: Vec<Gateway>,
    token: String,
    place: Place,
}

struct Gateway {
    team: &'static str,
    program: Program,
}

type Step = fn(&mut Federation, &mut Screen) -> anyhow::Result<()>;

impl Federation {
    /// Starts all of them and tells the whole story, its steps numbered behind `steps`; `None` where the demo was stopped meanwhile.
    pub(in crate::demo) fn tell(
        screen: &mut Screen,
        services: &Services,
        steps: usize,
        stopped: &AtomicBool,
    ) -> anyhow::Result<Option<Federation>> {
        screen.heading("One policy for every gateway")?;
        screen.flush()?;
        let mut federation = Federation::start(services)?;
        federation.introduce(screen)?;
        let told: [(&str, Step); 5] = [
            ("What the portal grants holds in both", Federation::granted),
            ("What it takes away is refused in both", Federation::taken_away),
            ("The portal is killed, and nothing stops", Federation::killed),
            (
                "A gateway that starts without it knows what it knew",
                Federation::restarted,
            ),
            ("It comes back, and they follow", Federation::back),
        ];
        for (index, (title, step)) in told.into_iter().enumerate() {
            if stopped.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let number = steps + index + 1;
            screen.step(number, title)?;
            step(&mut federation, screen)
                .with_context(|| format!("step {number} did not go as it should"))?;
            screen.flush()?;
        }
        Ok(Some(federation))
    }

    fn start(services: &Services) -> anyhow::Result<Federation> {
        let place = Place::prepare()?;
        let portal = start_portal(&place, "127.0.0.1:0")?;
        let mut federation = Federation {
            token: place.admin_token()?,
            portal,
            gateways: Vec::new(),
            place,
        };
        federation.put("apis/orders", &api())?;
        for caller in [REPORTS, WAREHOUSE] {
            federation.put(&entity_of(&caller), &caller.entity(&[SCOPE]))?;
        }
        for team in TEAMS {
            let gateway = federation.enrol(team, services.address(Service::Orders))?;
            federation.gateways.push(gateway);
        }
        Ok(federation)
    }

    /// A gateway for a team: a token for it, a floor to begin with, and the process.
    fn enrol(&self, team: &'static str, service: SocketAddr) -> anyhow::Result<Gateway> {
        let asked = serde_json::json!({ "name": team, "team": team, "environment": ENVIRONMENT });
        let made: Value = serde_json::from_str(&self.ask("POST", "/v1/gateways", Some(&asked))?.body)?;
        let token = made.get("token").and_then(Value::as_str);
        let token = token.context("the portal made no token for a gateway")?;
        let floor = self.floor()?;
        let portal = self.portal.addresses.listen;
        let given = Given {
            token,
            floor: &floor,
            portal,
            service,
        };
        let dir = self.place.gateway(team, &given)?;
        let program = Program::start(&dir, "gateway", &["gateway", "--config", "switchboard.yaml"])?;
        Ok(Gateway { team, program })
    }

    /// As soon as something is published.
    fn floor(&self) -> anyhow::Result<String> {
        let begun = Instant::now();
        loop {
            match self.ask("GET", &format!("/v1/feeds/{ENVIRONMENT}/floor"), None) {
                Ok(answer) => return Ok(answer.body),
                Err(error) if begun.elapsed() > PATIENCE => return Err(error),
                Err(_) => thread::sleep(POLL),
            }
        }
    }

    fn introduce(&self, screen: &mut Screen) -> anyhow::Result<()> {
        let portal = format!("portal {} ", self.portal.addresses.listen);
        let lines = self.gateways.iter().enumerate().map(|(at, gateway)| {
            let (front, fork) = match at {
                0 => (portal.clone(), "--+"),
                _ => (" ".repeat(portal.len()), "  +"),
            };
            let (team, address) = (gateway.team, gateway.address());
            format!("{front}{fork}--> gateway of {team:<9} {address} --> orders")
        });
        screen.picture(&lines.collect::<Vec<_>>())?;
        screen.paragraph(
            "Each is a process of its own, and each gateway is its team's. Who may call is decided in one place, signed there, and followed by both: \
             a gateway believes a signature, and nobody who carries it.",
        )?;
        screen.blank()?;
        Ok(())
    }

    fn granted(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        for gateway in &self.gateways {
            gateway.show(screen, &REPORTS, 200)?;
        }
        why(
            screen,
            "Neither gateway has a line about this program in its own configuration. The portal's policy says that it may read orders.",
        )
    }

    fn taken_away(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        let changed = self.change(screen, &[])?;
        let took = self.wait(&REPORTS, 403, changed)?;
        self.gateways[0].show(screen, &REPORTS, 403)?;
        self.gateways[0].show(screen, &WAREHOUSE, 200)?;
        screen.saw(&format!(
            "refused by {count} of {count} gateways {took} ms after the portal's answer",
            count = self.gateways.len()
        ))?;
        why(
            screen,
            "The change is one transaction: what it is, who made it, and the bytes that every gateway gets. They hold it up against a signed digest of the \
             whole policy before it counts.",
        )
    }

    fn killed(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        self.portal.kill()?;
        screen.aside("the demo has just killed the portal, as kill -9 does")?;
        for gateway in &self.gateways {
            gateway.show(screen, &WAREHOUSE, 200)?;
        }
        self.gateways[1].show(screen, &REPORTS, 403)?;
        screen.saw(&self.gateways[0].standing()?)?;
        why(
            screen,
            "A gateway holds the whole policy in memory and asks nobody about a request. What is lost is news: the age of its policy grows, and /ready shows it.",
        )
    }

    fn restarted(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        let dir = self.place.path().join(TEAMS[1]);
        let begun = Instant::now();
        let gateway = &mut self.gateways[1];
        gateway.program.kill()?;
        gateway.program = Program::start(&dir, "gateway", &["gateway", "--config", "switchboard.yaml"])?;
        gateway.ask(&REPORTS)?;
        let took = begun.elapsed().as_millis();
        screen.aside(&format!(
            "the gateway of {} was killed and started again; its first answer came {took} ms later",
            gateway.team
        ))?;
        gateway.show(screen, &REPORTS, 403)?;
        gateway.show(screen, &WAREHOUSE, 200)?;
        why(
            screen,
            "The floor that it was installed with still grants the scope. But what it once showed it wrote down before, and it never goes back behind that.",
        )
    }

    fn back(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        let at = self.portal.addresses.listen.to_string();
        self.portal = start_portal(&self.place, &at)?;
        screen.aside("the portal is started again")?;
        let changed = self.change(screen, &[SCOPE])?;
        let took = self.wait(&REPORTS, 200, changed)?;
        self.gateways[1].show(screen, &REPORTS, 200)?;
        screen.saw(&format!(
            "let in by {count} of {count} gateways {took} ms after the portal's answer",
            count = self.gateways.len()
        ))?;
        why(
            screen,
            "Nobody restarted a gateway or told it anything. Each resumes behind the revision that it shows.",
        )
    }

    /// Gives the program these scopes, as curl would, and shows it; when the portal had answered.
    fn change(&self, screen: &mut Screen, scopes: &[&str]) -> anyhow::Result<Instant> {
        let path = format!("/v1/environments/{ENVIRONMENT}/{}", entity_of(&REPORTS));
        screen.command(&format!(
            "curl -X PUT -H \"Authorization: Bearer $TOKEN\" -d @reports.json http://{}{path}",
            self.portal.addresses.listen
        ))?;
        let grants = format!("\"grants\": [{{ \"api\": \"orders\", \"scopes\": {scopes:?} }}]");
        screen.lines('>', &[format!("{{ …, {grants} }}")])?;
        let answer = self.ask("PUT", &path, Some(&REPORTS.entity(scopes)))?;
        let answered = Instant::now();
        screen.answer(&answer, &["Switchboard-Revision"])?;
        Ok(answered)
    }

    /// Until every gateway answers so; how many milliseconds behind `since` the last one did.
    fn wait(&self, caller: &Caller, status: u16, since: Instant) -> anyhow::Result<u128> {
        for gateway in &self.gateways {
            while gateway.ask(caller)?.status != status {
                if since.elapsed() > PATIENCE {
                    bail!(
                        "the gateway of {} does not answer {status} after {PATIENCE:?}",
                        gateway.team
                    );
                }
                thread::sleep(POLL);
            }
        }
        Ok(since.elapsed().as_millis())
    }

    fn put(&self, path: &str, entity: &Value) -> anyhow::Result<()> {
        let path = format!("/v1/environments/{ENVIRONMENT}/{path}");
        self.ask("PUT", &path, Some(entity)).map(drop)
    }

    fn ask(&self, method: &'static str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = Request::get(path)
            .method(method)
            .field("Authorization", format!("Bearer {}", self.token))
            .field("Content-Type", "application/json")
            .field("Content-Length", body.len().to_string())
            .body(body)
            .send(self.portal.addresses.listen)?;
        let is_done = (200..300).contains(&answer.status);
        ensure!(is_done, "the portal refused {method} {path}: {}", answer.body);
        Ok(answer)
    }
}

impl Gateway {
    fn address(&self) -> SocketAddr {
        self.program.addresses.listen
    }

    fn ask(&self, caller: &Caller) -> anyhow::Result<Answer> {
        request(caller).send(self.address())
    }

    fn show(&self, screen: &mut Screen, caller: &Caller, expected: u16) -> anyhow::Result<()> {
        let name = caller.client.to_uppercase();
        let shown = Request::get(ORDER).curl(&self.address().to_string());
        let (command, rest) = shown.split_once(' ').unwrap_or((&shown, ""));
        screen.command(&format!("{command} -H \"X-Api-Key: ${name}_KEY\" {rest}"))?;
        let answer = self.ask(caller)?;
        screen.answer(&answer, &[])?;
        let got = answer.status;
        ensure!(
            got == expected,
            "the gateway of {} should answer {expected}, not {got}",
            self.team
        );
        Ok(())
    }

    /// What `/ready` says of its policy.
    fn standing(&self) -> anyhow::Result<String> {
        let admin = self
            .program
            .addresses
            .admin
            .context("a gateway has no admin port")?;
        let ready: Value = serde_json::from_str(&Request::get("/ready").send(admin)?.body)?;
        let policy = ready.get("policy").context("/ready says nothing of policy")?;
        let member = |name: &str| policy.get(name).map(Value::to_string).unwrap_or_default();
        Ok(format!(
            "its /ready: state {}, source {}, revision {}, age_s {}",
            member("state"),
            member("source"),
            member("revision"),
            member("age_s")
        ))
    }
}

fn start_portal(place: &Place, listen: &str) -> anyhow::Result<Program> {
    let arguments = [
        "portal",
        "--data",
        "portal",
        "--listen",
        listen,
        "--environment",
        ENVIRONMENT,
    ];
    Program::start(place.path(), "portal", &arguments)
}

fn request(caller: &Caller) -> Request {
    Request::get(ORDER).field("X-Api-Key", caller.key)
}

fn entity_of(caller: &Caller) -> String {
    format!("clients/{}", caller.client)
}

fn why(screen: &mut Screen, text: &str) -> anyhow::Result<()> {
    Ok(screen.why(text)?)
}
