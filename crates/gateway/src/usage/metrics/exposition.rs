//! The metrics as Prometheus text (OpenMetrics 1.0), read from the counters at each scrape.

use super::counters::Metrics;
use super::histogram::Reading;
use super::routes::{CLASSES, Totals};
use crate::follow::Counts;
use crate::response::Reject;
use crate::usage::Broken;
use feed::State;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

impl Metrics {
    /// All metrics as text; the content type is `Metrics::CONTENT_TYPE`.
    pub fn encode(self: &Arc<Self>) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Exposition(Arc::clone(self))));
        let mut out = String::new();
        // Writing to memory does not fail, and every series is one that the format has.
        if let Err(error) = text::encode(&mut out, &registry) {
            tracing::error!(%error, "the metrics cannot be encoded");
        }
        out
    }

    /// The media type of `encode`.
    pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

#[derive(Debug)]
struct Exposition(Arc<Metrics>);

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        routes(&mut page, &self.0.routes.totals())?;
        answers(&mut page, &self.0)?;
        credentials(&mut page, &self.0)?;
        policy(&mut page, &self.0)?;
        connections(&mut page, &self.0)?;
        process(&mut page, &self.0)
    }
}

fn routes(page: &mut Page<'_>, all: &[Totals]) -> fmt::Result {
    let mut family = page.counter(
        "switchboard_requests",
        "Requests that have ended, by class of the status",
    )?;
    for totals in all {
        for (class, count) in CLASSES.iter().zip(totals.by_class) {
            // Nothing is answered with a 1xx for good.
            if *class != "1xx" {
                count_of(
                    &mut family,
                    &[("route", &totals.route), ("status_class", class)],
                    count,
                )?;
            }
        }
    }
    let mut family = page.counter(
        "switchboard_request_body_bytes",
        "Bytes of request bodies, decoded",
    )?;
    for totals in all {
        count_of(&mut family, &[("route", &totals.route)], totals.bytes_in)?;
    }
    let mut family = page.counter(
        "switchboard_response_body_bytes",
        "Bytes of response bodies, decoded",
    )?;
    for totals in all {
        count_of(&mut family, &[("route", &totals.route)], totals.bytes_out)?;
    }
    let help =
        "From a request's first byte to its answer's last, less the time spent waiting for the upstream";
    let mut family = page.histogram("switchboard_gateway_seconds", help)?;
    for totals in all {
        durations_of(&mut family, &totals.route, &totals.gateway)?;
    }
    let help = "Time spent waiting for the upstream: connection, head and body";
    let mut family = page.histogram("switchboard_upstream_seconds", help)?;
    for totals in all {
        durations_of(&mut family, &totals.route, &totals.upstream)?;
    }
    Ok(())
}

fn answers(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let mut family = page.counter(
        "switchboard_rejects",
        "Answers that the gateway made itself, by error code",
    )?;
    for (reject, count) in Reject::ALL.iter().zip(&metrics.rejects) {
        count_of(&mut family, &[("code", reject.code())], read(count))?;
    }
    let mut family = page.counter(
        "switchboard_broken_answers",
        "Answers that broke off or were never made, by who broke them off",
    )?;
    for (broken, count) in Broken::ALL.iter().zip(&metrics.broken) {
        count_of(&mut family, &[("code", broken.code())], read(count))?;
    }
    Ok(())
}

fn credentials(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let mut family = page.counter(
        "switchboard_token_signatures",
        "Tokens whose signature had to be good: verified, or known from an earlier request",
    )?;
    let results = [
        ("verified", &metrics.proofs_made),
        ("recalled", &metrics.proofs_recalled),
    ];
    for (result, count) in results {
        count_of(&mut family, &[("result", result)], count.sum())?;
    }
    let mut family = page.counter(
        "switchboard_key_set_fetches",
        "Times that an issuer was asked for its keys",
    )?;
    let results = [
        ("ok", &metrics.key_sets_fetched),
        ("failed", &metrics.key_sets_failed),
    ];
    for (result, count) in results {
        count_of(&mut family, &[("result", result)], read(count))?;
    }
    page.one_counter(
        "switchboard_failed_credentials_exhausted",
        "Requests that were refused because their address had failed too often",
        read(&metrics.credentials_exhausted),
    )
}

/// Gauges have a value only where a feed is followed.
fn policy(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let (reading, counts) = metrics.policy.get().map(|policy| (policy.0)()).unzip();
    let counts: Counts = counts.unwrap_or_default();
    let mut family = page.gauge(
        "switchboard_policy_age_seconds",
        "Since the policy was known to be the newest",
    )?;
    if let Some(reading) = &reading {
        family.encode_gauge(&i64::try_from(reading.age_s).unwrap_or(i64::MAX))?;
    }
    let mut family = page.gauge("switchboard_policy_revision", "The revision in force")?;
    if let Some(reading) = &reading {
        family.encode_gauge(&i64::try_from(reading.revision).unwrap_or(i64::MAX))?;
    }
    let mut family = page.gauge(
        "switchboard_policy_state",
        "1 for the state of the policy, 0 for others",
    )?;
    if let Some(reading) = &reading {
        for state in State::ALL {
            family
                .encode_family(&[("state", state.word())])?
                .encode_gauge(&i64::from(state == reading.state))?;
        }
    }
    page.one_counter(
        "switchboard_policy_revisions_applied",
        "Revisions of the feed that were put in force",
        counts.applied,
    )?;
    page.one_counter(
        "switchboard_policy_mismatches",
        "Times that the end of the feed was not the policy in force",
        counts.mismatches,
    )?;
    page.one_counter(
        "switchboard_policy_not_kept",
        "Revisions that could not be written down before they were in force",
        counts.not_kept,
    )
}

fn connections(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    page.one_counter(
        "switchboard_client_connections_opened",
        "Client connections that were accepted",
        read(&metrics.clients_opened),
    )?;
    let open = metrics.clients_open.load(Ordering::Relaxed);
    page.one_gauge(
        "switchboard_client_connections",
        "Client connections that are open",
        &open,
    )?;
    let mut family = page.gauge(
        "switchboard_worker_connections",
        "Client connections that are open, by worker",
    )?;
    let workers = metrics.workers.lock().unwrap_or_else(PoisonError::into_inner);
    for (index, load) in workers.iter().enumerate() {
        let load = i64::try_from(load.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        family
            .encode_family(&[("worker", index.to_string().as_str())])?
            .encode_gauge(&load)?;
    }
    drop(workers);
    page.one_counter(
        "switchboard_upstream_connections_opened",
        "Upstream connections that were made",
        read(&metrics.upstream_opened),
    )?;
    page.one_counter(
        "switchboard_upstream_connections_reused",
        "Requests that went over an upstream connection used before",
        metrics.upstream_reused.sum(),
    )?;
    let open = metrics.upstream_open.load(Ordering::Relaxed);
    page.one_gauge(
        "switchboard_upstream_connections",
        "Upstream connections that are open",
        &open,
    )
}

fn process(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let help = "Access-log lines that were dropped: the destination was too slow or failed";
    page.one_counter("switchboard_access_log_dropped", help, read(&metrics.log_dropped))?;
    page.one_counter(
        "switchboard_access_log_write_errors",
        "Failed writes of the access log",
        read(&metrics.log_failures),
    )?;
    let mut family = page.counter(
        "switchboard_config_reloads",
        "Configurations that were taken over or refused after the start",
    )?;
    for (result, count) in [("ok", &metrics.reloads_ok), ("failed", &metrics.reloads_failed)] {
        count_of(&mut family, &[("result", result)], read(count))?;
    }
    let reloaded = Duration::from_millis(read(&metrics.reloaded_ms)).as_secs_f64();
    page.one_gauge(
        "switchboard_config_last_reload_timestamp_seconds",
        "When the configuration that is in force was taken over; 0: at the start",
        &reloaded,
    )?;
    page.gauge("switchboard_build_info", "The version that runs")?
        .encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?
        .encode_gauge(&1_i64)?;
    let started = metrics
        .started
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    page.one_gauge(
        "process_start_time_seconds",
        "When the process was started",
        &started,
    )
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

fn count_of<const N: usize>(
    family: &mut MetricEncoder<'_>,
    labels: &[(&str, &str); N],
    count: u64,
) -> fmt::Result {
    family
        .encode_family(labels)?
        .encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn durations_of(family: &mut MetricEncoder<'_>, route: &str, reading: &Reading) -> fmt::Result {
    family
        .encode_family(&[("route", route)])?
        .encode_histogram::<NoLabelSet>(reading.sum_s(), reading.count(), &reading.buckets, None)
}

/// Families with their help and type.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn counter<'s>(&'s mut self, name: &'s str, help: &str) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.family(name, help, MetricType::Counter)
    }

    fn gauge<'s>(&'s mut self, name: &'s str, help: &str) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.family(name, help, MetricType::Gauge)
    }

    fn histogram<'s>(&'s mut self, name: &'s str, help: &str) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.family(name, help, MetricType::Histogram)
    }

    fn one_counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        self.counter(name, help)?
            .encode_counter::<NoLabelSet, _, u64>(&count, None)
    }

    fn one_gauge<V: prometheus_client::encoding::EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        value: &V,
    ) -> fmt::Result {
        self.gauge(name, help)?.encode_gauge(value)
    }
}
