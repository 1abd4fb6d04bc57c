//! Real files, changed in every way in which editors, deploy tools and Kubernetes change them.

use super::{Cause, Watch, content_hash, watch};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

/// A directory of its own, and a watch on a file in it.
struct Scene {
    dir: PathBuf,
    file: PathBuf,
    calls: Receiver<(Cause, String)>,
    watch: Watch,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn directory() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("switchboard-reload-{}-{next}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}

impl Scene {
    /// `lay` makes what `file` leads to.
    fn new(file: &str, lay: impl FnOnce(&Path)) -> Scene {
        let dir = directory();
        lay(&dir);
        let file = dir.join(file);
        let (sender, calls) = channel();
        let seen = file.clone();
        let known = content_hash(&file).unwrap();
        let watch = watch(&file, &known, move |cause| {
            let content = fs::read_to_string(&seen).unwrap_or_default();
            sender.send((cause, content)).unwrap();
        })
        .unwrap();
        let scene = Scene {
            dir,
            file,
            calls,
            watch,
        };
        // When this is answered, the watch is in place.
        scene.watch.trigger();
        assert_eq!(scene.calls.recv_timeout(DEADLINE).unwrap().0, Cause::Asked);
        scene
    }

    fn plain() -> Scene {
        Scene::new("gateway.yaml", |dir| {
            fs::write(dir.join("gateway.yaml"), "old").unwrap();
        })
    }

    /// Waits until a call saw this content; returns how many calls there were.
    #[track_caller]
    fn sees(&self, content: &str) -> usize {
        let until = Instant::now() + DEADLINE;
        for calls in 1.. {
            let left = until.saturating_duration_since(Instant::now());
            let (cause, seen) = self.calls.recv_timeout(left).expect("no call saw it");
            assert_eq!(cause, Cause::Changed);
            if seen == content {
                return calls;
            }
        }
        unreachable!("the deadline comes first")
    }
}

#[test]
fn a_write_in_place_is_seen_again_and_again() {
    let scene = Scene::plain();
    for content in ["new", "newer", "newest"] {
        fs::write(&scene.file, content).unwrap();
        scene.sees(content);
    }
}

#[test]
fn a_rename_over_the_file_is_seen_again_and_again() {
    let scene = Scene::plain();
    for content in ["new", "newer"] {
        let beside = scene.dir.join(".gateway.yaml.tmp");
        fs::write(&beside, content).unwrap();
        fs::rename(&beside, &scene.file).unwrap();
        scene.sees(content);
    }
}

/// As Kubernetes mounts a ConfigMap: `gateway.yaml → ..data/gateway.yaml`, `..data → ..1`.
#[test]
fn a_swapped_link_on_the_way_is_seen_again_and_again() {
    let scene = Scene::new("gateway.yaml", |dir| {
        fs::create_dir(dir.join("..1")).unwrap();
        fs::write(dir.join("..1/gateway.yaml"), "old").unwrap();
        symlink("..1", dir.join("..data")).unwrap();
        symlink("..data/gateway.yaml", dir.join("gateway.yaml")).unwrap();
    });
    for (version, content) in [("..2", "new"), ("..3", "newer")] {
        fs::create_dir(scene.dir.join(version)).unwrap();
        fs::write(scene.dir.join(version).join("gateway.yaml"), content).unwrap();
        symlink(version, scene.dir.join("..data_tmp")).unwrap();
        fs::rename(scene.dir.join("..data_tmp"), scene.dir.join("..data")).unwrap();
        scene.sees(content);
    }
    // What the links lead to now is watched too.
    fs::write(scene.dir.join("..3/gateway.yaml"), "in place").unwrap();
    scene.sees("in place");
}

#[test]
fn a_file_behind_a_link_into_another_directory_is_watched() {
    let elsewhere = directory();
    fs::write(elsewhere.join("real.yaml"), "old").unwrap();
    let scene = Scene::new("gateway.yaml", |dir| {
        symlink(elsewhere.join("real.yaml"), dir.join("gateway.yaml")).unwrap();
    });
    fs::write(elsewhere.join("real.yaml"), "new").unwrap();
    scene.sees("new");
    fs::remove_dir_all(elsewhere).unwrap();
}

#[test]
fn a_deleted_file_is_waited_for() {
    let scene = Scene::plain();
    for content in ["new", "newer"] {
        fs::remove_file(&scene.file).unwrap();
        fs::write(&scene.file, content).unwrap();
        scene.sees(content);
    }
}

#[test]
fn a_replaced_directory_is_followed() {
    let scene = Scene::new("etc/gateway.yaml", |dir| {
        fs::create_dir(dir.join("etc")).unwrap();
        fs::write(dir.join("etc/gateway.yaml"), "old").unwrap();
    });
    fs::create_dir(scene.dir.join("next")).unwrap();
    fs::write(scene.dir.join("next/gateway.yaml"), "new").unwrap();
    fs::rename(scene.dir.join("etc"), scene.dir.join("before")).unwrap();
    fs::rename(scene.dir.join("next"), scene.dir.join("etc")).unwrap();
    scene.sees("new");
    fs::write(&scene.file, "in place").unwrap();
    scene.sees("in place");
}

#[test]
fn a_burst_is_few_calls_and_the_last_content_is_seen() {
    let scene = Scene::plain();
    let begun = Instant::now();
    for number in 0..500 {
        fs::write(&scene.file, format!("version {number}")).unwrap();
    }
    let calls = scene.sees("version 499");
    // Before each call it was quiet for 20 ms, however slow this machine is.
    let most = begun.elapsed().as_millis() / 20 + 1;
    assert!(calls as u128 <= most, "{calls} calls, {most} at most");
}

#[test]
fn a_change_before_the_watch_began_is_not_missed() {
    let dir = directory();
    let file = dir.join("gateway.yaml");
    fs::write(&file, "old").unwrap();
    let known = content_hash(&file).unwrap();
    fs::write(&file, "new").unwrap();
    let (sender, calls) = channel();
    let watch = watch(&file, &known, move |cause| sender.send(cause).unwrap()).unwrap();
    assert_eq!(calls.recv_timeout(DEADLINE).unwrap(), Cause::Changed);
    drop(watch);
    assert!(calls.recv().is_err(), "the thread has ended");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_relative_path_and_dots_in_it_lead_to_the_same_file() {
    let scene = Scene::new("a/../gateway.yaml", |dir| {
        fs::create_dir(dir.join("a")).unwrap();
        fs::write(dir.join("gateway.yaml"), "old").unwrap();
    });
    fs::write(scene.dir.join("gateway.yaml"), "new").unwrap();
    scene.sees("new");
}

#[test]
fn the_hash_is_that_of_the_content() {
    let dir = directory();
    let file = dir.join("file");
    fs::write(&file, "abc").unwrap();
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(content_hash(&file).as_deref(), Some(expected));
    assert_eq!(content_hash(&dir.join("none")), None);
    fs::remove_dir_all(dir).unwrap();
}
