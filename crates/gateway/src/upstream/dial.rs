//! A new connection to an upstream: resolve, judge every address, connect, shake hands, all within one limit.
//!
//! The address that is judged is the address that is dialled; a name that answers differently the second time is
//! judged the second time.

use super::origin::Upstream;
use super::resolve::Lookups;
use super::target::TargetRules;
use crate::io::Transport;
use crate::response::Reject;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;

/// Why there is no connection, for the caller and for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reject: Reject,
    pub(crate) detail: String,
    /// The address that was used, where it came that far.
    pub(crate) endpoint: Option<SocketAddr>,
}

impl Failure {
    pub(crate) fn new(reject: Reject, detail: impl Into<String>) -> Self {
        Self {
            reject,
            detail: detail.into(),
            endpoint: None,
        }
    }

    fn at(self, endpoint: SocketAddr) -> Self {
        Self {
            endpoint: Some(endpoint),
            ..self
        }
    }
}

/// Connects within `limit`.
pub(crate) async fn dial(
    upstream: &Upstream,
    lookups: &Lookups,
    rules: &TargetRules,
    limit: Duration,
) -> Result<(Transport, SocketAddr), Failure> {
    let until = Instant::now() + limit;
    let host = upstream.origin.dialled();
    let addresses = match timeout_at(until.into(), lookups.addresses(host)).await {
        Ok(Ok(addresses)) if addresses.is_empty() => {
            return Err(Failure::new(
                Reject::UpstreamUnresolved,
                format!("{host} has no address"),
            ));
        }
        Ok(Ok(addresses)) => addresses,
        Ok(Err(reason)) => {
            return Err(Failure::new(
                Reject::UpstreamUnresolved,
                format!("{host} does not resolve: {reason}"),
            ));
        }
        Err(_) => {
            let detail = format!("{host} did not resolve within {} ms", limit.as_millis());
            return Err(Failure::new(Reject::UpstreamUnresolved, detail));
        }
    };
    let mut last = None;
    let mut permitted = Vec::with_capacity(addresses.len());
    for address in addresses {
        let address = SocketAddr::new(address, upstream.origin.port);
        match rules.judge(address) {
            Ok(()) => permitted.push(address),
            Err(refusal) => last = Some(Failure::new(Reject::UpstreamForbidden, refusal.to_string())),
        }
    }
    for (index, address) in permitted.iter().enumerate() {
        // What is left of the limit is shared among the addresses left, so that one black hole does not eat it all.
        let left = until.saturating_duration_since(Instant::now());
        let addresses_left = u32::try_from(permitted.len() - index).unwrap_or(u32::MAX);
        match connect(*address, left / addresses_left).await {
            Ok(stream) => return secure(upstream, stream, *address, until).await,
            Err(failure) => last = Some(failure.at(*address)),
        }
    }
    Err(last.unwrap_or_else(|| Failure::new(Reject::UpstreamUnresolved, format!("{host} has no address"))))
}

async fn connect(address: SocketAddr, limit: Duration) -> Result<TcpStream, Failure> {
    match tokio::time::timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => {
            // Requests are written whole; waiting for more would only delay them. A socket that refuses works all the same.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(Failure::new(
            Reject::UpstreamRefused,
            format!("cannot connect to {address}: {error}"),
        )),
        Err(_) => {
            let detail = format!("no connection to {address} within {} ms", limit.as_millis());
            Err(Failure::new(Reject::UpstreamConnectTimeout, detail))
        }
    }
}

async fn secure(
    upstream: &Upstream,
    stream: TcpStream,
    address: SocketAddr,
    until: Instant,
) -> Result<(Transport, SocketAddr), Failure> {
    let Some(tls) = &upstream.tls else {
        return Ok((stream.into(), address));
    };
    let handshake = TlsConnector::from(tls.config.clone()).connect(tls.name.clone(), stream);
    match timeout_at(until.into(), handshake).await {
        Ok(Ok(stream)) => Ok((stream.into(), address)),
        Ok(Err(error)) => Err(tls_failure(&error).at(address)),
        Err(_) => {
            let detail = format!("TLS with {address} was not up in time");
            Err(Failure::new(Reject::UpstreamConnectTimeout, detail).at(address))
        }
    }
}

fn tls_failure(error: &io::Error) -> Failure {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reject = match inner {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            Reject::UpstreamCertificate
        }
        _ => Reject::UpstreamTls,
    };
    Failure::new(reject, format!("TLS failed: {error}"))
}

#[cfg(test)]
mod tests;
