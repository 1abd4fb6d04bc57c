//! Every case of `contract/vectors/feed`: the other language reads the same bytes and has to say the same of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use feed::{FLOOR_BYTES_MAX, FloorError, RECORD_BYTES_MAX, load_floor, read_floor, write_floor};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/vectors/feed")
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("`{member}` in {value}"))
}

/// The bytes of a case: a file beside, or parts.
fn bytes(case: &Value) -> Vec<u8> {
    if let Some(file) = case.get("file") {
        return std::fs::read(directory().join(file.as_str().unwrap())).unwrap();
    }
    let mut bytes = Vec::new();
    for part in case["bytes"].as_array().unwrap() {
        if let Some(text) = part.as_str() {
            bytes.extend_from_slice(text.as_bytes());
        } else if let Some(hex) = part.get("hex") {
            let hex = hex.as_str().unwrap();
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            bytes.extend((0..hex.len()).step_by(2).map(byte));
        } else {
            let times = usize::try_from(part["times"].as_u64().unwrap()).unwrap();
            bytes.extend_from_slice(text(part, "repeat").repeat(times).as_bytes());
        }
    }
    bytes
}

/// What the reader makes of a floor, in the words of the vectors.
fn read(bytes: &[u8], with_records: bool) -> Value {
    let read = read_floor(bytes);
    let loaded =
        load_floor(bytes).map(|(floor, policy, reports)| (floor.digest(), (policy.counts(), reports)));
    let expected = read.as_ref().map_err(Clone::clone).map(|floor| {
        let (policy, reports) = floor.policy();
        (floor.digest(), (policy.counts(), reports))
    });
    assert_eq!(
        loaded, expected,
        "compiling it meanwhile is believing nothing else"
    );
    let floor = match read {
        Ok(floor) => floor,
        Err(error) => return json!({ "error": error.word() }),
    };
    let mut read = json!({
        "feed": floor.feed(),
        "revision": floor.revision(),
        "at": floor.at(),
        "entities": floor.live().len(),
        "digest": floor.digest().to_string(),
        "skipped": floor.skipped(),
        "foreign": floor.foreign(),
    });
    if floor.epoch() != 0 {
        read["epoch"] = json!(floor.epoch());
    }
    if with_records {
        let records = floor.live().iter().map(|live| {
            let mut record = json!({ "kind": live.kind(), "id": live.id(), "body": live.body() });
            if !live.needs().is_empty() {
                record["needs"] = json!(live.needs());
            }
            record
        });
        read["records"] = records.collect();
    }
    read
}

#[test]
fn every_floor_is_read_as_its_case_says() {
    let file = std::fs::read_to_string(directory().join("floors.json")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        for member in case.as_object().unwrap().keys() {
            let known = ["name", "shows", "file", "bytes", "expect"];
            assert!(known.contains(&member.as_str()), "unknown member {member}");
        }
        let (name, expected) = (text(case, "name"), &case["expect"]);
        assert!(!text(case, "shows").is_empty(), "{name}");
        let found = read(&bytes(case), expected.get("records").is_some());
        assert_eq!(found, *expected, "{name}: {}", text(case, "shows"));
    }
}

#[test]
fn a_floor_is_written_byte_for_byte_as_in_the_vectors() {
    let expected = std::fs::read(directory().join("good.floor")).unwrap();
    let floor = read_floor(&expected).unwrap();
    let entities = floor
        .live()
        .iter()
        .rev()
        .map(|live| (live.kind(), live.id(), live.body()));
    let written = write_floor(floor.feed(), floor.revision(), floor.at(), entities);
    assert_eq!(
        String::from_utf8(written.bytes).unwrap(),
        String::from_utf8(expected.clone()).unwrap()
    );
    assert_eq!(
        (written.entities, written.digest),
        (3, floor.digest().to_string())
    );
}

#[test]
fn no_byte_of_a_floor_can_be_changed() {
    let good = std::fs::read(directory().join("good.floor")).unwrap();
    let floor = read(&good, true);
    for at in 0..good.len() {
        for byte in [good[at] ^ 1, good[at] ^ 0x80, b'\n', b' '] {
            let mut bad = good.clone();
            bad[at] = byte;
            let found = read(&bad, true);
            // The commit's own time is what only a signature covers; so is the revision where records are older.
            let same = found["records"] == floor["records"] && found["digest"] == floor["digest"];
            assert!(
                found.get("error").is_some() || same,
                "byte {at} as {byte}: {found}"
            );
        }
    }
    for end in 0..good.len() - 1 {
        assert!(read_floor(&good[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn limits_are_told_with_their_numbers() {
    let said = FloorError::TooLarge {
        bytes: FLOOR_BYTES_MAX + 1,
    }
    .to_string();
    assert_eq!(
        said,
        "the floor has 1073741825 bytes, at most 1073741824 are read"
    );
    assert_eq!(RECORD_BYTES_MAX, 262_144);
    let crlf = read_floor(b"{\"feed\":\"a\",\"epoch\":0,\"revision\":1,\"entities\":1,\"digest\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"at\":1}\r\n");
    let said = crlf.unwrap_err().to_string();
    assert!(
        said.contains("0 live records, its commit counts 1 (its lines end in CR LF"),
        "{said}"
    );
}

#[test]
fn a_floor_becomes_a_policy() {
    let bytes = std::fs::read(directory().join("good.floor")).unwrap();
    let (policy, reports) = read_floor(&bytes).unwrap().policy();
    assert_eq!(reports, []);
    let apis: Vec<&str> = policy.apis().map(|api| api.id()).collect();
    assert_eq!(apis, ["orders"]);
    assert!(policy.client("mobile-app").is_some());
}
