//! Every configuration in `examples/` is what it is there for: it serves, or it is refused for what it shows.

use e2e::{Scratch, Setup, Upstream, run, switchboard};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Every configuration in `examples/`.
fn examples() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).expect("the examples are there") {
            let path = entry.expect("a directory can be read").path();
            let kind = path.extension().and_then(|extension| extension.to_str());
            match kind {
                // A portal's own file is read by the portal's tests.
                _ if path.ends_with("portal") => {}
                _ if path.is_dir() => left.push(path),
                Some("yaml" | "json") => found.push(path),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The names in `${env:NAME}`.
fn variables(text: &str) -> Vec<String> {
    let names = text
        .split("${env:")
        .skip(1)
        .filter_map(|rest| rest.split('}').next());
    names.map(str::to_owned).collect()
}

/// What the files in `examples/` are there for; one that is not named here has to serve.
const MISTAKES: [&str; 2] = ["mistakes.yaml", "policy-mistakes.yaml"];
/// Policies: a floor is made of each whose keys are in it. `policy_command` has the rest, and `switchboard demo` serves the
/// shop's, with an issuer that answers.
const POLICY: &str = "policy.yaml";

/// The errors that `check` finds in this file.
fn errors(example: &Path, environment: &[(String, String)]) -> Vec<Value> {
    let mut check = switchboard(&["check", "--format", "json"]);
    check.arg(example).envs(environment.iter().cloned());
    let finished = run(check);
    let json = serde_json::from_str::<Value>(&finished.stdout).unwrap_or_else(|_| panic!("{finished:#?}"));
    let problems = json["problems"].as_array().cloned().expect("a list of problems");
    let errors = problems
        .into_iter()
        .filter(|problem| problem["severity"] == "error")
        .collect::<Vec<_>>();
    assert_eq!(finished.code, Some(i32::from(!errors.is_empty())), "{errors:#?}");
    errors
}

const FREE: &str = "127.0.0.1:0";

/// An example as it is, but for its ports, which may be taken here.
fn on_free_ports(text: &str, extension: &str) -> String {
    if extension == "json" {
        let mut file = serde_json::from_str::<Value>(text).expect("an example in JSON is JSON");
        for key in ["admin", "health"] {
            if file.get(key).is_some() {
                file[key] = FREE.into();
            }
        }
        file["listen"] = FREE.into();
        return file.to_string();
    }
    let line = |line: &str| match line.split_once(':') {
        Some(("listen", _)) => String::new(),
        Some((key @ ("admin" | "health"), _)) => format!("{key}: {FREE}"),
        _ => line.to_owned(),
    };
    let lines = text.lines().map(line).collect::<Vec<_>>().join("\n");
    format!("listen: {FREE}\n{lines}\n")
}

#[test]
fn every_example_is_checked_and_every_good_one_serves() {
    for example in examples() {
        e2e::case(example.display());
        let text = std::fs::read_to_string(&example).expect("an example is text");
        let upstream = Upstream::ok();
        let environment = variables(&text)
            .into_iter()
            .map(|name| (name, upstream.url()))
            .collect::<Vec<_>>();
        let errors = errors(&example, &environment);
        if MISTAKES.iter().any(|mistakes| example.ends_with(mistakes)) {
            assert!(errors.len() > 1, "it shows more than one: {errors:#?}");
            continue;
        }
        if example.ends_with(POLICY) {
            assert_eq!(errors, Vec::<Value>::new());
            if text.contains("\n    jwks_uri:") {
                continue;
            }
            let scratch = Scratch::new();
            let mut build = switchboard(&["policy", "build", "--out"]);
            build.arg(scratch.path("policy.floor")).arg(&example);
            let finished = run(build);
            assert_eq!(finished.code, Some(0), "{finished:#?}");
            continue;
        }
        let not_yet = |error: &Value| {
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains("not in this version"))
        };
        assert!(errors.iter().all(not_yet), "{errors:#?}");
        if !errors.is_empty() {
            let mut gateway = switchboard(&["gateway", "--config"]);
            gateway.arg(&example).envs(environment);
            let finished = run(gateway);
            assert_eq!(
                finished.code,
                Some(1),
                "a rule that was given is never ignored: {finished:#?}"
            );
            continue;
        }
        let extension = example
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        let mut setup = Setup::new();
        setup.environment = environment;
        if let Ok(policy) = std::fs::read_to_string(example.with_file_name(POLICY)) {
            setup.scratch.write(POLICY, &policy);
        }
        let name = format!("example.{extension}");
        let file = setup.scratch.write(&name, &on_free_ports(&text, extension));
        let gateway = setup.start_file(file);
        assert_eq!(gateway.get("/no/such/path/in/any/example").status, 404);
        if example.ends_with("shop/switchboard.yaml") {
            gateway.get("/api/orders/7?x=1").expect(200);
            assert_eq!(upstream.wait_for_requests(1)[0].target, "/orders/7?x=1");
            assert_eq!(gateway.get("/health").expect(200).json()["status"], "ok");
            gateway.get("/api/invoices/inv_7h2p").expect(401);
        }
    }
}
