//! Files of the file system: what cannot be read at all, and that paths in a file start where it lies.

use gateway::configuration::{AccessLog, Action, Unreadable, load};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("switchboard-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, content).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Why a file cannot be read, with the cause.
#[track_caller]
fn check(file: &Path, expected: &str) {
    let told = match load(file).unwrap_err() {
        Unreadable::Io { source, .. } => source.to_string(),
        error @ Unreadable::NotText { .. } => error.to_string(),
    };
    assert!(told.contains(expected), "{told}");
}

#[test]
fn what_cannot_be_read_at_all() {
    let folder = Folder::new("unreadable");
    check(&folder.0.join("none.yaml"), "No such file");
    check(&folder.0, "it is a directory");
    check(Path::new("/dev/null"), "it is not a regular file");
    check(
        &folder.file("binary.yaml", b"cell: a\nb: \xc3\xa4\xff\n"),
        "binary.yaml:2:5: not UTF-8",
    );
    let large = folder.0.join("large.yaml");
    File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    check(&large, "it is larger than 67108864 bytes");
}

#[test]
fn paths_start_at_the_directory_of_the_file() {
    let folder = Folder::new("beside");
    folder.file("body.txt", b"hello\n");
    let text = "access_log: ./log\nroutes: [{ path: /a, respond: { body: \"${file:body.txt}\" } }]\n";
    let file = folder.file("gateway.yaml", text.as_bytes());
    let configuration = load(&file).unwrap().configuration.unwrap();
    assert_eq!(configuration.access_log, AccessLog::File(folder.0.join("./log")));
    let Action::Respond(respond) = &configuration.routes[0].action else {
        panic!()
    };
    assert_eq!(&*respond.body, b"hello");
}

#[test]
fn variables_are_those_of_the_process() {
    let folder = Folder::new("variables");
    let file = folder.file("gateway.yaml", b"access_log: ${env:CARGO_MANIFEST_DIR}/log\n");
    let configuration = load(&file).unwrap().configuration.unwrap();
    let manifest = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap());
    assert_eq!(configuration.access_log, AccessLog::File(manifest.join("log")));
}
