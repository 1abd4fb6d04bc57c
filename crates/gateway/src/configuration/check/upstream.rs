//! Where a route's requests go: the origin, its trust, and whether it may be called at all.

use super::Checker;
use crate::configuration::decode::{At, Text};
use crate::configuration::model::{Origin, PrivateApi};
use crate::configuration::source::Span;
use crate::configuration::url::{self, HostName, Url};
use crate::configuration::wire;
use policy::path::PathPrefix;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Where requests go.
pub(super) struct Target {
    pub(super) origin: Arc<Origin>,
    /// The path of a URL, or the stage of a private API: put before the request's path.
    pub(super) base: Option<PathPrefix>,
    pub(super) private_api: Option<Box<PrivateApi>>,
}

impl Checker<'_> {
    /// Exactly one target.
    pub(super) fn upstream(&mut self, at: &At<wire::UpstreamKey>) -> Option<Target> {
        let upstream = &at.value.0;
        let given = [
            ("url", upstream.url.key()),
            ("private_api", upstream.private_api.key()),
            ("endpoints", upstream.endpoints.key()),
            ("lambda", upstream.lambda.key()),
            ("step_functions", upstream.step_functions.key()),
        ];
        let targets: Vec<(&str, Span)> = given
            .into_iter()
            .filter_map(|(name, key)| Some((name, key?)))
            .collect();
        let later = targets
            .iter()
            .filter(|(name, _)| !matches!(*name, "url" | "private_api"));
        for (name, key) in later {
            self.problems.not_in_this_version(*key, name);
        }
        if let Some(key) = upstream.credential.key() {
            self.problems.not_in_this_version(key, "credential");
        }
        if let Some(endpoints) = upstream.endpoints.get() {
            self.endpoints(endpoints);
        }
        match targets.as_slice() {
            [] => {
                self.problems
                    .error(at.span, "an upstream without a target")
                    .help("add `url` or `private_api`");
                return None;
            }
            [(first, first_key), (second, key), ..] => {
                let message = format!("`{second}` beside `{first}`: an upstream is exactly one of them");
                self.problems
                    .error(*key, message)
                    .help("keep one of them")
                    .related(*first_key, "the other one");
                return None;
            }
            [_] => {}
        }
        if let Some(api) = upstream.private_api.get() {
            return self.private_api(&api.value, &upstream.ca);
        }
        let text = upstream.url.get()?;
        let url = self.target(text)?;
        let base = self.base(text, &url);
        let ca = upstream.ca.get().and_then(|ca| self.ca(ca, url.https));
        let origin = self.shared(url.origin(ca));
        if text.value.is_filled_in() {
            self.remember(text, &origin);
        }
        Some(Target {
            origin,
            base,
            private_api: None,
        })
    }

    /// A URL that may be called.
    pub(super) fn target<'u>(&mut self, text: &'u At<Text>) -> Option<Url<'u>> {
        let url = match url::parse(&text.value) {
            Ok(url) => url,
            Err(refusal) => {
                let message = format!("{}: {}", text.value.shown(), refusal.message);
                self.problems.error(text.span, message).help(refusal.help);
                return None;
            }
        };
        self.judge(text.span, &url.host, url.port());
        Some(url)
    }

    /// Reports a host that may not be called.
    pub(super) fn judge(&mut self, span: Span, host: &HostName, port: u16) {
        let (what, range, permit) = match host {
            HostName::Ip(ip) => match self.targets.judge(SocketAddr::new(*ip, port)) {
                Ok(()) => return,
                Err(refusal) => (refusal.address.to_string(), refusal.range, refusal.permit),
            },
            HostName::Name(name) => match self.targets.judge_name(name) {
                Ok(()) => return,
                Err(refusal) => (refusal.name, refusal.range, refusal.permit),
            },
        };
        if permit.is_empty() {
            let message = format!("{what}:{port} is {range}");
            let help = "name another target: a gateway that calls itself would never end";
            self.problems.error(span, message).help(help);
        } else {
            let message = format!("{what} is {range}: it is not called unless it is allowed");
            let help = format!("write `{permit}` at the top if it is meant");
            self.problems.error(span, message).help(help);
        }
    }

    /// The path of the URL: put before the request's path.
    fn base(&mut self, text: &At<Text>, url: &Url<'_>) -> Option<PathPrefix> {
        if !url.query.is_empty() {
            let message = "a query (`?`) in an upstream's URL";
            self.problems
                .error(text.span, message)
                .help("leave it out: the request brings its own");
        }
        let path = url.path.strip_suffix('/').unwrap_or(url.path);
        if path.is_empty() {
            return None;
        }
        PathPrefix::parse(path)
            .inspect_err(|error| {
                let message = format!("the path of the upstream's URL is not a path prefix. {error}");
                self.problems
                    .error(text.span, message)
                    .help("write whole literal segments, as in `/v1`");
            })
            .ok()
    }

    /// The one value of equal origins.
    pub(super) fn shared(&mut self, origin: Origin) -> Arc<Origin> {
        let shared = self.origins.get(&origin).map(Arc::clone);
        shared.unwrap_or_else(|| {
            let origin = Arc::new(origin);
            self.origins.insert(Origin::clone(&origin), Arc::clone(&origin));
            origin
        })
    }

    /// The parts of a URL that was filled in are as secret as the whole. Of its path, which is shown where it takes
    /// effect, nothing is.
    fn remember(&mut self, text: &At<Text>, origin: &Origin) {
        let Some(written) = self.written.get(&*text.value).cloned() else {
            return;
        };
        self.written.insert(origin.host.clone(), written.clone());
        self.written.insert(origin.authority.clone(), written);
    }

    /// Several addresses: each is checked like a single one.
    fn endpoints(&mut self, endpoints: &At<Vec<At<Text>>>) {
        if endpoints.value.is_empty() {
            self.problems
                .error(endpoints.key, "no endpoint")
                .help("name at least one URL");
        }
        for text in &endpoints.value {
            if let Some(url) = self.target(text) {
                self.base(text, &url);
            }
        }
    }

    /// A file of certificates, looked at once however many routes name it.
    pub(super) fn ca(&mut self, file: &At<Text>, https: bool) -> Option<PathBuf> {
        if !https {
            let message = "`ca` has no effect with `http`";
            self.problems
                .error(file.key, message)
                .help("write the URL with `https`, or leave `ca` out");
            return None;
        }
        let path = self.locate(&file.value);
        if !self.certificates.contains_key(&path) {
            let content = self.environment.read(&path).map_err(|error| error.to_string());
            let refusal = content.and_then(|pem| trusted(&pem)).err();
            self.certificates.insert(path.clone(), refusal);
        }
        if let Some(Some(why)) = self.certificates.get(&path) {
            let message = format!("the certificates in `{}` cannot be used: {why}", path.display());
            self.problems
                .error(file.span, message)
                .help("name a PEM file with the certificates of the authority");
            return None;
        }
        Some(path)
    }
}

/// Whether all certificates of a PEM file can be trust anchors, and there is one.
fn trusted(pem: &[u8]) -> Result<(), String> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        Err("no certificate in it".to_owned())
    } else {
        Ok(())
    }
}
