//! A file with any single byte changed is refused with a problem at a place of the file, or means exactly what it then
//! says; it never breaks the reader. What it says is read a second time, by other means, and compared.

use super::checked;
use gateway::configuration::{Checked, Severity, masked};
use ipnet::IpNet;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// Every key of this version, one by one.
const YAML: &str = r#"listen: [0.0.0.0:8080, "[::1]:81"]
admin: 127.0.0.1:9901
health: 127.0.0.1:9902
access_log: { to: stdout, fields: [time, status] }
allow_targets: [127.0.0.0/8]
trusted_edges: [{ cidrs: [10.1.0.0/16] }]
timeouts: { connect_ms: 1000, head_ms: 30000, idle_ms: 60000, total_ms: off }
cell: eu-1
drain_ms: 2000
drain_idle_ms: 200
head_bytes_max: 4096
header_count_max: 50
connections_max: 500
workers: 2
routes:
  - path: /api/orders/{id}/**   # a remark
    host: "*.example.com"
    upstream: http://orders:3002
    strip_prefix: /api
    add_prefix: /v1
    methods: [GET, POST]
    preserve_host: true
    encoded_slash: keep
    path_parameters: keep
    body_bytes_max: 1000
    timeouts: { connect_ms: 7 }
    retries: 2
    headers: { request: { X-A: "b" }, response: { X-C: 'd' } }
  - { path: /old, redirect: { to: /new, status: 308 } }
  - { path: /ok, respond: { status: 200, headers: { Content-Type: text/html }, body: hi } }
"#;

/// What a byte is changed into: marks of both languages, ends of ranges, and what belongs nowhere.
const BYTES: &[u8] = b" \n\"{],:#*!|-/$.0a\x00";

/// The same content as JSON.
fn json() -> String {
    serde_json::to_string(&second_reading("a.yaml", YAML).unwrap()).unwrap()
}

/// The text as a general reader sees it.
fn second_reading(name: &str, text: &str) -> Option<Value> {
    if name.ends_with("json") {
        return serde_json::from_str(text).ok();
    }
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).ok()
}

/// Whether everything that `said` says is in `meant`, key by key; forms that a person may choose are brought to one.
fn is_meant(said: &Value, meant: &Value, key: &str) -> bool {
    match (said, meant) {
        (Value::Object(said), Value::Object(meant)) => said
            .iter()
            .all(|(key, value)| meant.get(key).is_some_and(|meant| is_meant(value, meant, key))),
        (Value::Array(said), Value::Array(meant)) => {
            said.len() == meant.len()
                && said
                    .iter()
                    .zip(meant)
                    .all(|(said, meant)| is_meant(said, meant, key))
        }
        // A trusted edge is a list of ranges, and the edges are shown as one.
        _ => leaf(said, key) == leaf(meant, key),
    }
}

/// A value in the one form that it is compared in.
fn leaf(value: &Value, key: &str) -> Value {
    let Value::String(text) = value else {
        return value.clone();
    };
    let address = |text: &str| text.parse::<SocketAddr>().ok().map(|address| address.to_string());
    let range = |text: &str| {
        let net = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| Some(text.parse::<IpAddr>().ok()?.into()));
        net.map(|net| net.to_string())
    };
    let text = match key {
        "host" => Some(text.to_ascii_lowercase().trim_end_matches('.').to_owned()),
        "url" => Some(text.to_ascii_lowercase().trim_end_matches('/').to_owned()),
        "listen" | "admin" | "health" => address(text),
        "allow_targets" | "cidrs" => range(text),
        // Relative to the file's directory.
        "to" if text != "stdout" => Path::new("/etc/switchboard")
            .join(text)
            .to_str()
            .map(str::to_owned),
        _ => None,
    };
    text.map_or_else(|| value.clone(), Value::String)
}

/// `said` with short forms written out, as `masked` has them.
fn written_out(mut said: Value) -> Value {
    if let Some(listen) = said.get_mut("listen").filter(|listen| listen.is_string()) {
        *listen = Value::Array(vec![listen.take()]);
    }
    if let Some(log) = said
        .get_mut("access_log")
        .filter(|log| log.is_string() && *log != "off")
    {
        *log = serde_json::json!({ "to": log.take() });
    }
    for route in said
        .get_mut("routes")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(upstream) = route.get_mut("upstream").filter(|upstream| upstream.is_string()) {
            *upstream = serde_json::json!({ "url": upstream.take() });
        }
        // The path of the URL is shown where it takes effect.
        let url = route
            .pointer("/upstream/url")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let path = url
            .splitn(4, '/')
            .nth(3)
            .map(|path| format!("/{}", path.trim_end_matches('/')));
        if let Some(path) = path.filter(|path| path != "/") {
            route["upstream"]["url"] = url.strip_suffix('/').unwrap_or(&url).strip_suffix(&path).into();
            let added = route
                .get("add_prefix")
                .and_then(Value::as_str)
                .unwrap_or_default();
            route["add_prefix"] = format!("{path}{added}").into();
        }
    }
    said
}

#[track_caller]
fn check(name: &str, text: &str) {
    let checked = gateway::configuration::check_text(name, text, &super::Made);
    let lines = text.split('\n').count();
    for problem in &checked.problems {
        assert!(
            (1..=lines).contains(&problem.line) && problem.column >= 1,
            "{problem:?}\n{text}"
        );
        assert!(!problem.message.is_empty());
    }
    match &checked.configuration {
        None => assert!(
            checked
                .problems
                .iter()
                .any(|problem| problem.severity == Severity::Error),
            "{text}"
        ),
        Some(configuration) => {
            let said = second_reading(name, text).unwrap_or_else(|| panic!("not even a text:\n{text}"));
            let said = match said {
                Value::Null => Value::Object(serde_json::Map::new()),
                said => written_out(said),
            };
            let meant = masked(configuration);
            assert!(
                is_meant(&said, &meant, ""),
                "{text}\nsays\n{said:#}\nand is served as\n{meant:#}"
            );
        }
    }
}

fn every_byte(name: &str, text: &str) {
    check(name, text);
    for (at, before) in text.bytes().enumerate() {
        for byte in BYTES.iter().copied().filter(|byte| *byte != before) {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = byte;
            check(name, &String::from_utf8(changed).unwrap());
        }
        // One byte fewer, and the file cut off there; wherever a problem then stands, it can be shown.
        let mut shorter = text.to_owned();
        shorter.remove(at);
        check(name, &shorter);
        check(name, &text[..at]);
        assert!(
            !gateway::configuration::check_text(name, &shorter, &super::Made)
                .render()
                .is_empty()
        );
    }
}

#[test]
fn yaml_with_any_byte_changed() {
    every_byte("gateway.yaml", YAML);
}

#[test]
fn json_with_any_byte_changed() {
    every_byte("gateway.json", &json());
}

#[test]
fn the_unchanged_files_are_good() {
    let good = |checked: Checked| assert!(checked.configuration.is_some(), "{}", checked.render_plain());
    good(checked(YAML));
    good(checked(&json()));
}
