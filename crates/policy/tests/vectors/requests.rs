//! A request of a case, as the facts that a decision is made on (contract §1).

use crate::policies::Result;
use policy::method::Method;
use policy::path::{CanonicalPath, Host};
use policy::{Certificate, Decision, Facts, Fields, Policy, decide, present, verify};
use serde::Deserialize;

/// A request, as a case has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default)]
    host: Option<String>,
    method: String,
    path: String,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default)]
    certificate: Option<WireCertificate>,
    #[serde(default)]
    apis: Option<Vec<Box<str>>>,
    #[serde(default)]
    cell: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCertificate {
    #[serde(default)]
    spki_sha256: Box<str>,
    #[serde(default)]
    x5t_s256: Box<str>,
    #[serde(default)]
    sans: Vec<Box<str>>,
}

struct Headers<'a>(&'a [(String, String)]);

impl<'a> Fields<'a> for Headers<'a> {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        let named = self
            .0
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.for_each(|(_, value)| take(value.as_bytes()));
    }
}

impl Request {
    /// Decides on it, and gives the decision to `tell`.
    pub(crate) fn decide<T>(
        &self,
        policy: &Policy,
        now: u64,
        tell: impl FnOnce(&Decision<'_>) -> T,
    ) -> Result<T> {
        let path = CanonicalPath::parse(self.path.as_bytes())?;
        if path.as_str() != self.path {
            return Err(format!("the path `{}` is not canonical", self.path).into());
        }
        let host = match &self.host {
            Some(host) => Some(Host::parse(host.as_bytes())?),
            None => None,
        };
        let headers = Headers(&self.headers);
        let certificate = self.certificate.clone().map(|certificate| Certificate {
            spki_sha256: certificate.spki_sha256,
            x5t_s256: certificate.x5t_s256,
            sans: certificate.sans,
        });
        let facts = Facts {
            host: host.as_ref(),
            path: &path,
            method: Method::parse(self.method.as_bytes()),
            fields: &headers,
            certificate: certificate.as_ref(),
            apis: self.apis.as_deref(),
            cell: self.cell.as_deref(),
        };
        let proof = verify(present(policy, &facts, &()));
        Ok(tell(&decide(policy, &facts, &proof, now)))
    }
}
