//! Mounts a function's layer, as Lambda would: ministack starts functions as processes and keeps layers only as archives,
//! so that nothing is at `/opt/policy.floor`.
//!
//! What is mounted is what Terraform uploaded, read back from the emulator. For it the function gets another version, with
//! another path to the floor and nothing else changed, and the alias is moved to that: whoever looks at what Terraform made
//! does so before.

use crate::client::Client;
use crate::emulator::Emulator;
use crate::scratch::Scratch;
use serde_json::{Value, json};
use std::path::Path;

/// What stands before the floor in its layer: a header, and the name.
const BEFORE_FLOOR: usize = 30 + "policy.floor".len();

/// Gives the function that its alias points to the floor of its layer. `floor`: what Terraform was given, to compare.
pub fn mount(emulator: &Emulator, scratch: &Scratch, function: &str, floor: &Path) {
    let at = format!("/2015-03-31/functions/{function}");
    let alias = emulator.call("GET", &format!("{at}/aliases/live"), &Value::Null);
    let version = alias["FunctionVersion"]
        .as_str()
        .expect("an alias points to a version");
    let published = emulator.call(
        "GET",
        &format!("{at}/configuration?Qualifier={version}"),
        &Value::Null,
    );
    let layer = published["Layers"][0]["Arn"]
        .as_str()
        .expect("the function has a layer");
    let mut parts = layer.rsplit(':');
    let (number, name) = (
        parts.next().expect("a layer's ARN has a version"),
        parts.next().expect("and a name"),
    );
    let uploaded = emulator.call(
        "GET",
        &format!("/2018-10-31/layers/{name}/versions/{number}"),
        &Value::Null,
    );
    let archive = content(emulator, &uploaded);
    let given = std::fs::read(floor).expect("a floor can be read");
    let mounted = archive.get(BEFORE_FLOOR..BEFORE_FLOOR + given.len());
    assert!(mounted == Some(&*given), "the layer holds the floor as it is");
    let path = scratch.path(&format!("{function}-{number}.floor"));
    std::fs::write(&path, &given).expect("a scratch file can be written");

    let mut variables = published["Environment"]["Variables"].clone();
    assert_eq!(
        variables["SWITCHBOARD_FLOOR"], "/opt/policy.floor",
        "where Lambda mounts it"
    );
    variables["SWITCHBOARD_FLOOR"] = json!(path);
    change_environment(emulator, function, &variables);
}

/// The function's environment, as the version has it that the alias points to.
pub fn environment(emulator: &Emulator, function: &str) -> Value {
    let found = emulator.call(
        "GET",
        &format!("/2015-03-31/functions/{function}/configuration?Qualifier=live"),
        &Value::Null,
    );
    found["Environment"]["Variables"].clone()
}

/// Publishes a version with this environment, and moves the alias to it.
pub fn change_environment(emulator: &Emulator, function: &str, variables: &Value) {
    let at = format!("/2015-03-31/functions/{function}");
    emulator.call(
        "PUT",
        &format!("{at}/configuration"),
        &json!({ "Environment": { "Variables": variables } }),
    );
    let made = emulator.call("POST", &format!("{at}/versions"), &json!({}));
    emulator.call(
        "PUT",
        &format!("{at}/aliases/live"),
        &json!({ "FunctionVersion": made["Version"] }),
    );
}

/// The bytes of a layer, from where the emulator says that they are.
fn content(emulator: &Emulator, uploaded: &Value) -> Vec<u8> {
    let location = uploaded["Content"]["Location"]
        .as_str()
        .expect("a layer is somewhere");
    let (_, behind) = location.split_once("://").expect("at a URL");
    let (_, target) = behind.split_once('/').expect("with a path");
    Client::connect(emulator.address())
        .get(&format!("/{target}"))
        .expect(200)
        .body
}
