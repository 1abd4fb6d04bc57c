//! Lines: what they say, that nothing forges one, and that a slow or broken destination costs lines, never time.

use super::handle::AccessLog;
use super::line::LineFormat;
use super::sink::Sink;
use crate::configuration::{self, LogField};
use crate::http1::Version;
use crate::response::Reject;
use crate::usage::{Broken, Metrics, Record};
use proptest::prelude::*;
use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(in crate::usage) const ALL: [LogField; 21] = [
    LogField::Time,
    LogField::RequestId,
    LogField::TraceId,
    LogField::ClientIp,
    LogField::Method,
    LogField::Host,
    LogField::Path,
    LogField::Route,
    LogField::Api,
    LogField::ClientId,
    LogField::Status,
    LogField::Error,
    LogField::Detail,
    LogField::Upstream,
    LogField::BytesIn,
    LogField::BytesOut,
    LogField::DurationUs,
    LogField::UpstreamUs,
    LogField::Tries,
    LogField::UserAgent,
    LogField::Protocol,
];

fn record() -> Record<'static> {
    Record {
        started: Instant::now(),
        duration: Duration::from_micros(1500),
        upstream: Duration::from_micros(1200),
        client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 17)),
        version: Some(Version::Http11),
        method: b"GET",
        host: b"shop.example",
        path: b"/api/orders/7",
        user_agent: b"curl/8",
        request_id: "req-12345",
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        route: Some("/api/orders/**"),
        api: b"orders",
        client_id: b"mobile-app",
        status: 200,
        reject: None,
        detail: None,
        broken: None,
        endpoint: "10.1.2.3:3002".parse().ok(),
        tries: 1,
        bytes_in: 0,
        bytes_out: 250,
    }
}

fn bare() -> Record<'static> {
    Record {
        version: None,
        method: b"",
        host: b"",
        path: b"",
        user_agent: b"",
        trace_id: "",
        route: None,
        api: b"",
        client_id: b"",
        endpoint: None,
        ..record()
    }
}

fn line(fields: &[LogField], record: &Record<'_>) -> String {
    let mut out = Vec::new();
    LineFormat::new(fields.into()).write(&mut out, record, UNIX_EPOCH + Duration::from_micros(1_000_007));
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check(fields: &[LogField], record: &Record<'_>, expected: &str) {
    assert_eq!(line(fields, record), format!("{expected}\n"));
}

#[test]
fn a_whole_line_in_the_order_that_was_asked_for() {
    check(
        &ALL,
        &record(),
        r#"{"time":"1970-01-01T00:00:01.000007Z","request_id":"req-12345","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","client_ip":"192.0.2.17","method":"GET","host":"shop.example","path":"/api/orders/7","route":"/api/orders/**","api":"orders","client_id":"mobile-app","status":200,"upstream":"10.1.2.3:3002","bytes_in":0,"bytes_out":250,"duration_us":1500,"upstream_us":1200,"tries":1,"user_agent":"curl/8","protocol":"HTTP/1.1"}"#,
    );
    check(
        &[LogField::Status, LogField::Time],
        &record(),
        r#"{"status":200,"time":"1970-01-01T00:00:01.000007Z"}"#,
    );
    check(&[], &record(), "{}");
}

#[test]
fn each_key_is_the_configuration_s_name_of_the_field() {
    let full = Record {
        reject: Some(Reject::TotalTimeout),
        detail: Some("why"),
        ..record()
    };
    for field in ALL {
        let value: serde_json::Value = serde_json::from_str(&line(&[field], &full)).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, [field.name()]);
    }
}

#[test]
fn a_refusal_says_why_and_a_broken_answer_who() {
    let fields = [LogField::Status, LogField::Error, LogField::Detail];
    let refused = Record {
        status: 502,
        reject: Some(Reject::UpstreamRefused),
        detail: Some("10.1.2.3:3002: \"refused\""),
        broken: Some(Broken::Client),
        ..record()
    };
    check(
        &fields,
        &refused,
        r#"{"status":502,"error":"upstream_refused","detail":"10.1.2.3:3002: \"refused\""}"#,
    );
    let broken = Record {
        broken: Some(Broken::Upstream),
        ..record()
    };
    check(&fields, &broken, r#"{"status":200,"error":"broken_by_upstream"}"#);
}

#[test]
fn what_is_not_known_is_left_out() {
    check(
        &ALL[1..],
        &bare(),
        r#"{"request_id":"req-12345","client_ip":"192.0.2.17","status":200,"bytes_in":0,"bytes_out":250,"duration_us":1500,"upstream_us":1200,"tries":1}"#,
    );
    let v6 = Record {
        client: "2001:db8::1".parse().unwrap(),
        endpoint: "[fd00::2]:443".parse().ok(),
        ..record()
    };
    check(
        &[LogField::ClientIp, LogField::Upstream],
        &v6,
        r#"{"client_ip":"2001:db8::1","upstream":"[fd00::2]:443"}"#,
    );
}

#[test]
fn a_query_never_gets_in_and_a_long_value_is_cut_between_characters() {
    let path = |path: &[u8]| line(&[LogField::Path], &Record { path, ..record() });
    assert_eq!(path(b"/a?token=secret"), "{\"path\":\"/a\"}\n");
    let exact = format!("/{}", "a".repeat(1023));
    assert_eq!(path(exact.as_bytes()), format!("{{\"path\":\"{exact}\"}}\n"));
    assert_eq!(
        path(format!("{exact}b").as_bytes()),
        format!("{{\"path\":\"{exact}…\"}}\n")
    );
    let split = format!("/{}é", "a".repeat(1022));
    assert_eq!(split.len(), 1025);
    assert_eq!(
        path(split.as_bytes()),
        format!("{{\"path\":\"/{}…\"}}\n", "a".repeat(1022))
    );
}

proptest! {
    #[test]
    fn any_bytes_make_one_line_of_valid_json(
        bytes in proptest::collection::vec(any::<u8>(), 0..1200),
        repeated in 1_usize..40,
    ) {
        let bytes = bytes.repeat(repeated);
        let hostile = Record { method: &bytes, host: &bytes, path: &bytes, user_agent: &bytes, ..record() };
        let line = line(&ALL, &hostile);
        prop_assert_eq!(line.lines().count(), 1);
        prop_assert!(line.len() < 32 * 1024);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&value["status"], 200);
    }
}

fn scratch_file(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("switchboard-access-log-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join(name);
    let _ = std::fs::remove_file(&file);
    file
}

/// Waits until a file has so many lines.
#[track_caller]
fn await_lines(file: &Path, count: usize) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.lines().count() >= count {
            return text;
        }
        assert!(
            Instant::now() < until,
            "{} has {} lines",
            file.display(),
            text.lines().count()
        );
        std::thread::yield_now();
    }
}

fn start(file: &Path, metrics: &Arc<Metrics>) -> AccessLog {
    let settings = configuration::AccessLog::File(file.into());
    AccessLog::start(&settings, &[LogField::RequestId, LogField::Path].into(), metrics).unwrap()
}

#[test]
fn nothing_is_lost_at_an_orderly_end() {
    let file = scratch_file("end");
    let metrics = Arc::new(Metrics::new());
    let log = start(&file, &metrics);
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let log = log.clone();
            std::thread::spawn(move || {
                let mut worker = log.worker();
                for _ in 0..5_000 {
                    worker.write(&record(), SystemTime::now());
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    log.drain();
    let text = std::fs::read_to_string(&file).unwrap();
    let expected = "{\"request_id\":\"req-12345\",\"path\":\"/api/orders/7\"}";
    assert!(text.lines().all(|line| line == expected));
    let dropped = metrics.log_dropped.load(Ordering::Relaxed);
    assert_eq!((text.lines().count(), dropped), (15_000, 0));
}

#[test]
fn a_reader_that_stalls_costs_lines_which_are_counted_and_never_a_worker_s_time() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let metrics = Arc::new(Metrics::new());
    let sink = Sink::to(File::from(OwnedFd::from(writer)));
    let log = AccessLog::to(sink, &[LogField::UserAgent].into(), &metrics).unwrap();
    let mut worker = log.worker();
    let mut written = 0;
    let long = [b'x'; 1000];
    while metrics.log_dropped.load(Ordering::Relaxed) == 0 {
        assert!(written < 100_000, "the queue has no end");
        worker.write(
            &Record {
                user_agent: &long,
                ..record()
            },
            SystemTime::now(),
        );
        written += 1;
    }
    drop(worker);
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    log.drain();
    drop(log);
    let text = reading.join().unwrap();
    let expected = format!("{{\"user_agent\":\"{}\"}}", "x".repeat(1000));
    assert!(text.lines().all(|line| line == expected));
    assert_eq!(
        text.lines().count() as u64 + metrics.log_dropped.load(Ordering::Relaxed),
        written
    );
}

#[test]
fn a_broken_pipe_is_counted_and_survived() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let metrics = Arc::new(Metrics::new());
    let sink = Sink::to(File::from(OwnedFd::from(writer)));
    let log = AccessLog::to(sink, &[LogField::Path].into(), &metrics).unwrap();
    for _ in 0..2 {
        log.worker().write(&record(), SystemTime::now());
    }
    log.drain();
    assert_eq!(metrics.log_dropped.load(Ordering::Relaxed), 2);
    assert!(metrics.log_failures.load(Ordering::Relaxed) >= 1);
    log.worker().write(&record(), SystemTime::now());
    assert_eq!(metrics.log_dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew() {
    let (file, moved) = (scratch_file("rotated"), scratch_file("rotated.1"));
    let log = start(&file, &Arc::new(Metrics::new()));
    log.worker().write(&record(), SystemTime::now());
    await_lines(&file, 1);
    std::fs::rename(&file, &moved).unwrap();
    log.reopen();
    log.worker().write(&record(), SystemTime::now());
    log.drain();
    assert_eq!(await_lines(&moved, 1).lines().count(), 1);
    assert_eq!(await_lines(&file, 1).lines().count(), 1);
}

#[test]
fn off_writes_nothing() {
    let log = AccessLog::start(
        &configuration::AccessLog::Off,
        &ALL.as_slice().into(),
        &Arc::default(),
    )
    .unwrap();
    let mut worker = log.worker();
    worker.write(&record(), SystemTime::now());
    drop(worker);
    log.reopen();
    log.drain();
}

#[test]
fn a_single_line_is_written_soon_and_the_flusher_ends_with_its_log() {
    let file = scratch_file("soon");
    let log = start(&file, &Arc::new(Metrics::new()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let mut worker = log.worker();
        let flusher = tokio::task::spawn_local(worker.flusher());
        for count in 1..=2 {
            worker.write(&record(), SystemTime::now());
            let file = file.clone();
            tokio::task::spawn_blocking(move || await_lines(&file, count))
                .await
                .unwrap();
        }
        drop(worker);
        tokio::time::timeout(Duration::from_secs(20), flusher)
            .await
            .unwrap()
            .unwrap();
    });
}
