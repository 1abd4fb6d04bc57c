//! Configurations of the gateway: as many routes as a row asks for, open or behind a policy.

use crate::identity::{AUDIENCE, ISSUER};
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// What the rows vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How many routes `/r/N/**`; 0 is one route `/**` over everything.
    pub(crate) routes: usize,
    /// Every route adds `/vN` before the path that it forwards, and `/live/vN` answers: no route is what it was.
    pub(crate) version: u32,
    pub(crate) form: Form,
    pub(crate) access_log: bool,
    pub(crate) guard: Guard,
}

/// Who may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Everybody.
    Open,
    /// Registered clients with a grant, by a policy file.
    Policy,
    /// Every good token of one issuer, by the section `auth`.
    Auth,
}

/// What a configuration names beside itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) backend: SocketAddr,
    /// The access log.
    pub(crate) log: &'a Path,
    /// The policy file, where the settings ask for one.
    pub(crate) policy: &'a Path,
    /// Where the issuer's keys are published.
    pub(crate) key_set: SocketAddr,
}

impl Settings {
    /// One route over everything, with the access log.
    pub(crate) const PLAIN: Self = Self {
        routes: 0,
        version: 0,
        form: Form::Json,
        access_log: true,
        guard: Guard::Open,
    };
}

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Yaml,
}

impl Form {
    /// The file name's ending, which the gateway tells the form by.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }
}

/// The file's text. One worker, every port free. A guard is written as JSON only.
pub(crate) fn configuration(settings: Settings, around: Around<'_>) -> String {
    let upstream = format!("http://{}", around.backend);
    let access_log = if settings.access_log {
        around.log.to_string_lossy().into_owned()
    } else {
        "off".to_owned()
    };
    match settings.form {
        Form::Json => {
            let mut file = json(settings, &upstream, &access_log);
            guard(&mut file, settings.guard, around);
            file.to_string()
        }
        Form::Yaml => yaml(settings, &upstream, &access_log),
    }
}

fn guard(file: &mut Value, guard: Guard, around: Around<'_>) {
    match guard {
        Guard::Open => {}
        Guard::Policy => file["policy"] = json!({ "file": around.policy }),
        Guard::Auth => {
            file["auth"] = json!({
                "type": "jwt",
                "jwks_uri": format!("http://{}/jwks.json", around.key_set),
                "issuer": ISSUER,
                "audiences": [AUDIENCE],
                "claims": { "client": "azp" },
            });
        }
    }
}

fn json(settings: Settings, upstream: &str, access_log: &str) -> Value {
    let version = settings.version;
    let mut routes = Vec::with_capacity(settings.routes + 1);
    if settings.routes == 0 {
        routes.push(json!({ "path": "/**", "upstream": upstream }));
    } else {
        routes.push(json!({ "path": format!("/live/v{version}"), "upstream": upstream }));
    }
    for number in 0..settings.routes {
        let (path, prefix) = (format!("/r/{number}/**"), format!("/v{version}"));
        routes.push(json!({ "path": path, "upstream": upstream, "add_prefix": prefix }));
    }
    json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "workers": 1,
        "connections_max": 12_000,
        "timeouts": { "idle_ms": 300_000 },
        "allow_targets": ["127.0.0.0/8"],
        "access_log": access_log,
        "routes": routes,
    })
}

fn yaml(settings: Settings, upstream: &str, access_log: &str) -> String {
    let version = settings.version;
    let mut text = format!(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nworkers: 1\nconnections_max: 12000\n\
         timeouts: {{ idle_ms: 300000 }}\nallow_targets: [127.0.0.0/8]\naccess_log: \"{access_log}\"\nroutes:\n"
    );
    // Writing to a String cannot fail.
    let _ = match settings.routes {
        0 => writeln!(text, "  - path: /**\n    upstream: {upstream}"),
        _ => writeln!(text, "  - path: /live/v{version}\n    upstream: {upstream}"),
    };
    for number in 0..settings.routes {
        let _ = writeln!(
            text,
            "  - path: /r/{number}/**\n    upstream: {upstream}\n    add_prefix: /v{version}"
        );
    }
    text
}

/// An address in the gateway's log: of the line whose message is `listening`, wherever its format puts the field
/// (`listen` or `admin`).
pub(crate) fn listening(log: &str, field: &str) -> Option<SocketAddr> {
    for line in log.lines().filter(|line| line.contains("listening")) {
        // As JSON `"listen":"127.0.0.1:1"` (or a list of them), as text `listen=127.0.0.1:1`.
        let (_, rest) = line
            .split_once(&format!("{field}\""))
            .or_else(|| line.split_once(&format!("{field}=")))?;
        let address = rest.trim_start_matches([' ', ':', '=', '[', '"', '\\']);
        let end = address
            .find(|c: char| !(c.is_ascii_digit() || ".:".contains(c)))
            .unwrap_or(address.len());
        if let Some(address) = address.get(..end).and_then(|address| address.parse().ok()) {
            return Some(address);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    //! Both forms say the same, and the address is found in every shape of the log line.

    use super::*;
    use std::net::Ipv4Addr;

    fn around() -> Around<'static> {
        Around {
            backend: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
            log: Path::new("/tmp/log"),
            policy: Path::new("/tmp/policy.json"),
            key_set: SocketAddr::from((Ipv4Addr::LOCALHOST, 8)),
        }
    }

    #[test]
    fn a_guard_names_what_it_needs() {
        let text = |guard| {
            configuration(
                Settings {
                    guard,
                    ..Settings::PLAIN
                },
                around(),
            )
        };
        assert!(text(Guard::Policy).contains(r#""policy":{"file":"/tmp/policy.json"}"#));
        assert!(text(Guard::Auth).contains(r#""jwks_uri":"http://127.0.0.1:8/jwks.json""#));
        assert!(!text(Guard::Open).contains("jwt"));
    }

    #[test]
    fn every_route_is_there_in_both_forms() {
        for form in [Form::Json, Form::Yaml] {
            let settings = Settings {
                routes: 3,
                version: 5,
                form,
                access_log: true,
                guard: Guard::Open,
            };
            let text = configuration(settings, around());
            assert_eq!(text.matches("http://127.0.0.1:9").count(), 4, "{text}");
            assert!(
                text.contains("/r/2/**") && text.contains("/live/v5") && text.contains("/tmp/log"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_address_in_the_log() {
        let found = |line: &str| listening(line, "listen").map(|address| address.port());
        assert_eq!(
            found(r#"{"fields":{"message":"listening","listen":"127.0.0.1:81","admin":"127.0.0.1:82"}}"#),
            Some(81)
        );
        assert_eq!(
            found("start\nINFO listening listen=127.0.0.1:83 admin=127.0.0.1:84\n"),
            Some(83)
        );
        assert_eq!(
            found(r#"{"message":"listening","listen":["127.0.0.1:85"]}"#),
            Some(85)
        );
        assert_eq!(
            found(r#"{"message":"listening","listen":"[\"127.0.0.1:86\"]"}"#),
            Some(86)
        );
        assert_eq!(found("listening soon\n"), None);
        let admin = listening("INFO listening listen=127.0.0.1:83 admin=127.0.0.1:84\n", "admin");
        assert_eq!(admin.map(|address| address.port()), Some(84));
    }
}
