//! TLS towards upstreams: rustls with aws-lc-rs, the system's roots or a given `ca`, SNI, and no way to turn verification off.

use crate::configuration::{Origin, Scheme};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Why TLS towards an origin cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The `ca` file cannot be read.
    #[error("cannot read the ca file {file}: {reason}")]
    Unreadable {
        /// Its path.
        file: String,
        /// Why.
        reason: String,
    },
    /// The `ca` file has no certificate that could be a root.
    #[error(
        "the ca file {0} holds no usable certificate; it must be PEM with at least one CERTIFICATE block"
    )]
    NoCertificate(String),
    /// The system has no roots.
    #[error("this system has no root certificates; install them (ca-certificates) or name a ca file")]
    NoSystemRoots,
    /// The host cannot be in a certificate.
    #[error("{0} is not a name that a certificate can be checked against")]
    Name(String),
    /// rustls refuses the set-up.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// Which roots an origin trusts, as part of its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RootsId {
    None,
    System,
    File([u8; 32]),
}

/// Which roots an origin trusts.
#[derive(Debug)]
pub(crate) enum Roots {
    /// Plain TCP.
    None,
    System,
    File {
        path: String,
        pem: Vec<u8>,
    },
}

impl Roots {
    pub(crate) fn of(origin: &Origin) -> Result<Roots, TlsError> {
        match (origin.scheme, &origin.ca) {
            (Scheme::Http, _) => Ok(Roots::None),
            (Scheme::Https, None) => Ok(Roots::System),
            (Scheme::Https, Some(path)) => read(path),
        }
    }

    pub(crate) fn id(&self) -> RootsId {
        match self {
            Roots::None => RootsId::None,
            Roots::System => RootsId::System,
            Roots::File { pem, .. } => RootsId::File(Sha256::digest(pem).into()),
        }
    }

    pub(crate) fn client_config(self) -> Result<Arc<ClientConfig>, TlsError> {
        let roots = match self {
            Roots::None | Roots::System => return system(),
            Roots::File { path, pem } => store(&path, &pem)?,
        };
        build(roots)
    }
}

fn read(path: &Path) -> Result<Roots, TlsError> {
    let file = path.display().to_string();
    match std::fs::read(path) {
        Ok(pem) => Ok(Roots::File { path: file, pem }),
        Err(error) => Err(TlsError::Unreadable {
            file,
            reason: error.to_string(),
        }),
    }
}

fn store(path: &str, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .collect::<Vec<_>>();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        Err(TlsError::NoCertificate(path.to_owned()))
    } else {
        Ok(roots)
    }
}

/// Reading the system's roots takes milliseconds, so it is done once, and only where an origin needs it.
fn system() -> Result<Arc<ClientConfig>, TlsError> {
    static SYSTEM: OnceLock<Result<Arc<ClientConfig>, TlsError>> = OnceLock::new();
    let load = || {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            Err(TlsError::NoSystemRoots)
        } else {
            build(roots)
        }
    };
    SYSTEM.get_or_init(load).clone()
}

fn build(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// The name that SNI carries and that the certificate must have.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))
}
