//! A floor as a Lambda layer: its bytes are a contract, it is written with its floor or not at all, and what is no whole
//! floor becomes none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{Finished, Scratch, case, run, switchboard};
use std::collections::BTreeSet;
use std::path::Path;

const POLICY: &str = "apis: [{ id: a, team: t, base_path: /a, public: [GET /a] }]\n";

/// Builds a policy with its layer.
fn build(scratch: &Scratch, policy: &str, out: &str) -> Finished {
    let file = scratch.write("policy.yaml", policy);
    let mut command = switchboard(&["policy", "build", "--lambda-layer", "--out"]);
    command.arg(scratch.path(out)).arg(file);
    run(command)
}

fn layer(floor: &Path, out: &Path) -> Finished {
    let mut command = switchboard(&["policy", "layer", "--out"]);
    command.arg(out).arg(floor);
    run(command)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The comparison of a Terraform plan: `substr(filebase64(layer), 56, n) == substr(filebase64(floor), 0, n)`, where n is all
/// but the floor's last group of four.
fn belong_together(layer: &[u8], floor: &[u8]) -> bool {
    let (layer, floor) = (STANDARD.encode(layer), STANDARD.encode(floor));
    let length = floor.len() - 4;
    layer.get(56..56 + length) == floor.get(..length)
}

#[test]
fn the_layer_has_the_floor_as_its_one_entry_and_base64_of_it_inside_of_its_own() {
    let scratch = Scratch::new();
    // Floors of every length modulo three: what stands behind the last whole group is another each time.
    let mut lengths = BTreeSet::<usize>::new();
    for id in ["a", "ab", "abc"] {
        case(id);
        let out = format!("{id}.floor");
        let finished = build(&scratch, &POLICY.replace("id: a", &format!("id: {id}")), &out);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let (floor, zip) = (
            read(&scratch.path(&out)),
            read(&scratch.path(&format!("{out}.zip"))),
        );
        let said = format!("{out}.zip: written, a Lambda layer of {} bytes", zip.len());
        assert!(finished.stdout.contains(&said), "{finished:#?}");

        assert!(belong_together(&zip, &floor));
        assert_eq!(&zip[30..42], b"policy.floor", "whatever the output is called");
        assert_eq!(&zip[42..42 + floor.len()], floor);
        assert_eq!(zip.len(), floor.len() + 122, "one entry, and nothing beside it");
        assert_eq!(&zip[8..10], [0, 0], "stored");
        let mode = &zip[floor.len() + 42 + 40..][..2];
        assert_eq!(mode, 0o100_644_u16.to_le_bytes());

        let mut other = floor.clone();
        other[id.len() + 100] ^= 1;
        assert!(
            !belong_together(&zip, &other),
            "a floor that was built anew since"
        );
        lengths.insert(floor.len() % 3);
    }
    assert_eq!(lengths.len(), 3);
}

#[test]
fn a_floor_from_elsewhere_gives_the_same_layer_each_time() {
    let scratch = Scratch::new();
    let built = build(&scratch, POLICY, "policy.floor");
    assert_eq!(built.code, Some(0), "{built:#?}");
    let moved = scratch.path("from-the-portal");
    std::fs::rename(scratch.path("policy.floor"), &moved).expect("a file can be renamed");
    let out = scratch.write("layer.zip", "an old one");
    let made = layer(&moved, &out);
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""), "{made:#?}");
    assert!(made.stdout.contains("layer.zip: written"), "{made:#?}");
    assert_eq!(read(&out), read(&scratch.path("policy.floor.zip")));
}

#[test]
fn what_is_no_whole_floor_becomes_no_layer() {
    let scratch = Scratch::new();
    let built = build(&scratch, POLICY, "policy.floor");
    assert_eq!(built.code, Some(0), "{built:#?}");
    let good = String::from_utf8(read(&scratch.path("policy.floor"))).expect("a floor is text");
    let old = scratch.write("layer.zip", "an old one");
    for (bad, said) in [
        (
            good.replace("GET /a", "GET /b"),
            "digest does not hold: a byte of it was changed",
        ),
        (
            good.lines().skip(1).map(|line| format!("{line}\n")).collect(),
            "its commit counts 1",
        ),
        (POLICY.to_owned(), "the floor has no commit"),
    ] {
        let made = layer(&scratch.write("bad.floor", &bad), &old);
        assert_eq!((made.code, made.stdout.as_str()), (Some(1), ""), "{made:#?}");
        assert!(made.stderr.contains(said), "{said} in {made:#?}");
        assert_eq!(read(&old), b"an old one");
    }
    let made = layer(&scratch.path("none.floor"), &old);
    assert_eq!(made.code, Some(2), "{made:#?}");
    assert!(made.stderr.contains("none.floor cannot be read"), "{made:#?}");
}

#[test]
fn floor_and_layer_are_written_both_or_neither() {
    for blocked in ["policy.floor", "policy.floor.zip"] {
        case(blocked);
        let scratch = Scratch::new();
        for file in ["policy.floor", "policy.floor.zip"] {
            if file == blocked {
                std::fs::create_dir(scratch.path(file)).expect("a directory can be made");
            } else {
                scratch.write(file, "old");
            }
        }
        let built = build(&scratch, POLICY, "policy.floor");
        assert_eq!((built.code, built.stdout.as_str()), (Some(1), ""), "{built:#?}");
        let said = format!("{blocked}; nothing is written: it is a directory");
        assert!(built.stderr.contains(&said), "{built:#?}");
        let other = ["policy.floor.zip", "policy.floor"]
            .into_iter()
            .find(|file| *file != blocked);
        assert_eq!(read(&scratch.path(other.expect("one of two"))), b"old");
        let left = std::fs::read_dir(scratch.directory()).expect("the directory is there");
        assert_eq!(left.count(), 3, "the policy, and these two");
    }
}
