//! What is counted where, that labels stay bounded, and that the text is what Prometheus reads.

use super::counters::Metrics;
use super::histogram::{GATEWAY_BOUNDS_US, Histogram, Reading};
use super::routes::{NONE, OTHER};
use crate::response::Reject;
use crate::usage::{Broken, Record, RouteHandle};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, UNIX_EPOCH};

fn record(status: u16) -> Record<'static> {
    Record {
        started: Instant::now(),
        duration: Duration::from_micros(1_040),
        upstream: Duration::from_micros(1_000),
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        version: None,
        method: b"GET",
        host: b"",
        path: b"/",
        user_agent: b"",
        request_id: "",
        trace_id: "",
        route: None,
        api: b"",
        client_id: b"",
        status,
        reject: None,
        detail: None,
        broken: None,
        endpoint: None,
        tries: 1,
        bytes_in: 3,
        bytes_out: 250,
    }
}

fn handle(metrics: &Metrics, name: &str) -> RouteHandle {
    metrics.route(&Arc::from(name))
}

/// The value of a sample, by its name and labels as they stand in the text.
fn sample(metrics: &Arc<Metrics>, name: &str) -> Option<f64> {
    let text = metrics.encode();
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    let value = values.next();
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}

#[track_caller]
fn check(metrics: &Arc<Metrics>, expected: &[(&str, Option<f64>)]) {
    for (name, value) in expected {
        assert_eq!(sample(metrics, name), *value, "{name} in\n{}", metrics.encode());
    }
}

#[test]
fn a_request_is_counted_under_its_route_and_class() {
    let metrics = Arc::new(Metrics::new());
    let orders = handle(&metrics, "/orders/**");
    metrics.record(Some(&orders), &record(200));
    metrics.record(Some(&orders), &record(204));
    metrics.record(Some(&orders), &record(0));
    check(
        &metrics,
        &[
            (
                r#"switchboard_requests_total{route="/orders/**",status_class="2xx"}"#,
                Some(2.0),
            ),
            (
                r#"switchboard_requests_total{route="/orders/**",status_class="5xx"}"#,
                Some(0.0),
            ),
            (
                r#"switchboard_requests_total{route="/orders/**",status_class="none"}"#,
                Some(1.0),
            ),
            (
                r#"switchboard_request_body_bytes_total{route="/orders/**"}"#,
                Some(9.0),
            ),
            (
                r#"switchboard_response_body_bytes_total{route="/orders/**"}"#,
                Some(750.0),
            ),
            (
                r#"switchboard_gateway_seconds_bucket{le="0.000025",route="/orders/**"}"#,
                Some(0.0),
            ),
            (
                r#"switchboard_gateway_seconds_bucket{le="0.00005",route="/orders/**"}"#,
                Some(3.0),
            ),
            (
                r#"switchboard_gateway_seconds_bucket{le="+Inf",route="/orders/**"}"#,
                Some(3.0),
            ),
            (
                r#"switchboard_gateway_seconds_sum{route="/orders/**"}"#,
                Some(0.00012),
            ),
            (
                r#"switchboard_upstream_seconds_count{route="/orders/**"}"#,
                Some(3.0),
            ),
            (
                r#"switchboard_upstream_seconds_bucket{le="0.001",route="/orders/**"}"#,
                Some(3.0),
            ),
            (
                r#"switchboard_requests_total{route="(none)",status_class="2xx"}"#,
                None,
            ),
        ],
    );
}

#[test]
fn what_met_no_route_or_no_upstream_is_told_apart() {
    let metrics = Arc::new(Metrics::new());
    let refused = Record {
        reject: Some(Reject::RouteNotFound),
        upstream: Duration::ZERO,
        tries: 0,
        ..record(404)
    };
    metrics.record(None, &refused);
    let broken = Record {
        broken: Some(Broken::Upstream),
        ..record(200)
    };
    metrics.record(None, &broken);
    check(
        &metrics,
        &[
            (
                r#"switchboard_requests_total{route="(none)",status_class="4xx"}"#,
                Some(1.0),
            ),
            (r#"switchboard_gateway_seconds_count{route="(none)"}"#, Some(2.0)),
            (r#"switchboard_upstream_seconds_count{route="(none)"}"#, Some(1.0)),
            (r#"switchboard_rejects_total{code="route_not_found"}"#, Some(1.0)),
            (r#"switchboard_rejects_total{code="total_timeout"}"#, Some(0.0)),
            (
                r#"switchboard_broken_answers_total{code="broken_by_upstream"}"#,
                Some(1.0),
            ),
            (
                r#"switchboard_broken_answers_total{code="broken_by_client"}"#,
                Some(0.0),
            ),
        ],
    );
}

fn requests(route: &str) -> String {
    format!("switchboard_requests_total{{route=\"{route}\",status_class=\"2xx\"}}")
}

#[test]
fn a_route_keeps_its_series_over_a_reload_and_beyond_the_limit_they_are_one() {
    let metrics = Arc::new(Metrics::with_series_max(2));
    let (a, b, c) = (
        handle(&metrics, "/a"),
        handle(&metrics, "/b"),
        handle(&metrics, "/c"),
    );
    for route in [&a, &b, &c, &c] {
        metrics.record(Some(route), &record(200));
    }
    check(
        &metrics,
        &[
            (&requests("/a"), Some(1.0)),
            (&requests("/b"), Some(1.0)),
            (&requests("/c"), None),
            (&requests(OTHER), Some(2.0)),
        ],
    );
    // A reload: /a stays, /b goes, /c stays, /d is new.
    let (a2, c2, d2) = (
        handle(&metrics, "/a"),
        handle(&metrics, "/c"),
        handle(&metrics, "/d"),
    );
    drop((a, b, c));
    check(&metrics, &[(&requests("/b"), Some(1.0))]);
    for route in [&c2, &a2, &d2] {
        metrics.record(Some(route), &record(200));
    }
    check(
        &metrics,
        &[
            (&requests("/a"), Some(2.0)),
            (&requests("/b"), None),
            (&requests("/c"), Some(1.0)),
            (&requests("/d"), None),
            (&requests(OTHER), Some(3.0)),
            (&requests(NONE), None),
        ],
    );
}

#[test]
fn routes_without_traffic_cost_their_handle_alone() {
    let metrics = Arc::new(Metrics::new());
    let handles: Vec<_> = (0..1000).map(|n| handle(&metrics, &format!("/r{n}"))).collect();
    assert!(size_of::<RouteHandle>() <= 32);
    assert!(metrics.routes.totals().is_empty());
    drop(handles);
}

#[test]
fn connections_log_and_reloads() {
    let metrics = Arc::new(Metrics::new());
    metrics.client_opened();
    metrics.client_opened();
    metrics.client_closed();
    metrics.watch_workers(vec![Arc::new(AtomicUsize::new(1)), Arc::default()]);
    let (first, second) = (metrics.upstream_opened(), metrics.upstream_opened());
    drop(first);
    metrics.upstream_reused();
    metrics.access_log_dropped(5);
    metrics.access_log_failed(2);
    metrics.reloaded(true, UNIX_EPOCH + Duration::from_millis(1_700_000_000_500));
    metrics.reloaded(false, UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    check(
        &metrics,
        &[
            ("switchboard_client_connections_opened_total", Some(2.0)),
            ("switchboard_client_connections", Some(1.0)),
            (r#"switchboard_worker_connections{worker="0"}"#, Some(1.0)),
            (r#"switchboard_worker_connections{worker="1"}"#, Some(0.0)),
            ("switchboard_upstream_connections_opened_total", Some(2.0)),
            ("switchboard_upstream_connections_reused_total", Some(1.0)),
            ("switchboard_upstream_connections", Some(1.0)),
            ("switchboard_access_log_dropped_total", Some(7.0)),
            ("switchboard_access_log_write_errors_total", Some(1.0)),
            (r#"switchboard_config_reloads_total{result="ok"}"#, Some(1.0)),
            (r#"switchboard_config_reloads_total{result="failed"}"#, Some(1.0)),
            (
                "switchboard_config_last_reload_timestamp_seconds",
                Some(1_700_000_000.5),
            ),
            (r#"switchboard_build_info{version="0.1.0"}"#, Some(1.0)),
        ],
    );
    drop(second);
    check(&metrics, &[("switchboard_upstream_connections", Some(0.0))]);
    let started = sample(&metrics, "process_start_time_seconds").unwrap();
    assert!(started > 1_700_000_000.0);
}

#[test]
fn threads_add_up() {
    let metrics = Arc::new(Metrics::new());
    let route = handle(&metrics, "/a");
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    metrics.record(Some(&route), &record(200));
                    metrics.upstream_reused();
                }
            });
        }
    });
    check(
        &metrics,
        &[
            (&requests("/a"), Some(12_000.0)),
            ("switchboard_upstream_connections_reused_total", Some(12_000.0)),
        ],
    );
}

#[test]
fn a_bound_belongs_to_its_bucket_and_what_is_beyond_the_last_is_counted() {
    let histogram = Histogram::new();
    for us in [0, 25, 26, 10_000_000, 10_000_001, 3_600_000_000] {
        histogram.observe(&GATEWAY_BOUNDS_US, Duration::from_micros(us));
    }
    histogram.observe(&GATEWAY_BOUNDS_US, Duration::from_nanos(25_499));
    let mut reading = Reading::empty(&GATEWAY_BOUNDS_US);
    reading.add(&histogram);
    let counts: Vec<_> = reading.buckets.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!((reading.count(), reading.sum_us), (7, 3_620_000_077));
}
