//! One record as one line of JSON: the configured fields in their order, those without a value left out.
//!
//! Pure. No query, no credential and no header but Host and User-Agent ever gets here; whatever a caller chose is cut
//! to a bound and escaped, so that one record is one line and always valid JSON.

use crate::configuration::LogField;
use crate::http1::Version;
use crate::response::json;
use crate::usage::{Record, Stamp};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Bytes of one value; a longer one ends in `CUT`.
const TEXT_BYTES_MAX: usize = 1024;
/// Stands where the rest of a value was cut off.
const CUT: &str = "…";

/// Which fields, in which order, and the clock's last text.
#[derive(Debug)]
pub(super) struct LineFormat {
    fields: Arc<[LogField]>,
    stamp: Stamp,
}

impl LineFormat {
    pub(super) fn new(fields: Arc<[LogField]>) -> LineFormat {
        LineFormat {
            fields,
            stamp: Stamp::default(),
        }
    }

    /// Appends the line and its line end. `now`: the moment of the record, which is the end of the request.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, record: &Record<'_>, now: SystemTime) {
        let begin = out.len();
        for field in self.fields.iter() {
            match field {
                LogField::Time => {
                    out.extend_from_slice(b",\"time\":\"");
                    self.stamp.write(out, now);
                    out.push(b'"');
                }
                LogField::RequestId => text(out, b",\"request_id\":\"", record.request_id.as_bytes()),
                LogField::TraceId => text(out, b",\"trace_id\":\"", record.trace_id.as_bytes()),
                LogField::ClientIp => {
                    out.extend_from_slice(b",\"client_ip\":\"");
                    ip(out, record.client);
                    out.push(b'"');
                }
                LogField::Method => text(out, b",\"method\":\"", record.method),
                LogField::Host => text(out, b",\"host\":\"", record.host),
                LogField::Path => text(out, b",\"path\":\"", without_query(record.path)),
                LogField::Route => optional(out, b",\"route\":\"", record.route),
                LogField::Api => text(out, b",\"api\":\"", record.api),
                LogField::ClientId => text(out, b",\"client_id\":\"", record.client_id),
                LogField::Status => number(out, b",\"status\":", u64::from(record.status)),
                LogField::Error => optional(out, b",\"error\":\"", error(record)),
                LogField::Detail => optional(out, b",\"detail\":\"", record.detail),
                LogField::Upstream => {
                    if let Some(endpoint) = record.endpoint {
                        out.extend_from_slice(b",\"upstream\":\"");
                        address(out, endpoint);
                        out.push(b'"');
                    }
                }
                LogField::BytesIn => number(out, b",\"bytes_in\":", record.bytes_in),
                LogField::BytesOut => number(out, b",\"bytes_out\":", record.bytes_out),
                LogField::DurationUs => number(out, b",\"duration_us\":", micros(record.duration)),
                LogField::UpstreamUs => number(out, b",\"upstream_us\":", micros(record.upstream)),
                LogField::Tries => number(out, b",\"tries\":", u64::from(record.tries)),
                LogField::UserAgent => text(out, b",\"user_agent\":\"", record.user_agent),
                LogField::Protocol => optional(out, b",\"protocol\":\"", record.version.map(protocol)),
            }
        }
        // Every member begins with a comma; the first one's is the object's beginning.
        match out.get_mut(begin) {
            Some(first) => *first = b'{',
            None => out.push(b'{'),
        }
        out.extend_from_slice(b"}\n");
    }
}

fn text(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    if value.is_empty() {
        return;
    }
    out.extend_from_slice(key);
    match value.get(..TEXT_BYTES_MAX) {
        Some(front) if value.len() > TEXT_BYTES_MAX => {
            json::escape(out, whole_characters(front));
            out.extend_from_slice(CUT.as_bytes());
        }
        _ => json::escape(out, value),
    }
    out.push(b'"');
}

fn optional(out: &mut Vec<u8>, key: &[u8], value: Option<&str>) {
    if let Some(value) = value {
        text(out, key, value.as_bytes());
    }
}

fn number(out: &mut Vec<u8>, key: &[u8], value: u64) {
    out.extend_from_slice(key);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Less a character that was cut in two at the end.
fn whole_characters(front: &[u8]) -> &[u8] {
    let last = front.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
    match front.get(last..).map(std::str::from_utf8) {
        Some(Err(error)) if error.error_len().is_none() => front.get(..last).unwrap_or(front),
        _ => front,
    }
}

/// A path has no query by the time it is recorded; a secret in one is not left to that alone.
fn without_query(path: &[u8]) -> &[u8] {
    match memchr::memchr(b'?', path) {
        Some(at) => path.get(..at).unwrap_or(path),
        None => path,
    }
}

fn ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            for octet in [a, b, c] {
                out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
                out.push(b'.');
            }
            out.extend_from_slice(itoa::Buffer::new().format(d).as_bytes());
        }
        // Writing to memory does not fail.
        IpAddr::V6(ip) => {
            let _ = write!(out, "{ip}");
        }
    }
}

fn address(out: &mut Vec<u8>, address: SocketAddr) {
    match address {
        SocketAddr::V4(address) => {
            ip(out, IpAddr::V4(*address.ip()));
            out.push(b':');
            out.extend_from_slice(itoa::Buffer::new().format(address.port()).as_bytes());
        }
        SocketAddr::V6(address) => {
            let _ = write!(out, "{address}");
        }
    }
}

fn error(record: &Record<'_>) -> Option<&'static str> {
    let refused = record.reject.map(|reject| reject.code());
    refused.or_else(|| record.broken.map(|broken| broken.code()))
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
