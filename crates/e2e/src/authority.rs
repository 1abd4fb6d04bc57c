//! A certificate authority of the test's own, for upstreams that speak TLS rightly or wrongly.

use crate::scratch::Scratch;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// An authority that signs what it is asked to.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Authority {
    /// With a key of its own.
    pub fn new() -> Authority {
        let key = KeyPair::generate().expect("keys can be made");
        let mut params = CertificateParams::new(Vec::new()).expect("no name is a good list of names");
        // Nobody's issuer has the name of what it issues, or OpenSSL would take what is issued for a root.
        params
            .distinguished_name
            .push(DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than what it signs has: who finds an issuer by its name takes a certificate of one name for its own issuer.
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("the key signs").pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Its own certificate in a file, as `ca` of an upstream wants it.
    pub fn pem_file(&self, scratch: &Scratch, name: &str) -> PathBuf {
        scratch.write(name, &self.pem)
    }

    /// Its own certificate, PEM.
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// A certificate that is good for these names or addresses.
    pub fn identity(&self, names: &[&str]) -> Identity {
        self.sign(names, 2099)
    }

    /// A certificate for these names whose time is over.
    pub fn expired_identity(&self, names: &[&str]) -> Identity {
        self.sign(names, 2001)
    }

    /// The same for a program that reads it from a file: the private key and the certificate, PEM.
    pub fn pem_identity(&self, names: &[&str]) -> String {
        let (certificate, key) = self.signed(names, 2099);
        format!("{}{}", key.serialize_pem(), certificate.pem())
    }

    fn signed(&self, names: &[&str], last_year: i32) -> (Certificate, KeyPair) {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).expect("these are names");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        (certificate, key)
    }

    fn sign(&self, names: &[&str], last_year: i32) -> Identity {
        let (certificate, key) = self.signed(names, last_year);
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("the key is one");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .expect("key and certificate belong together");
        Identity(Arc::new(config))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate and its key, ready to be shown.
#[derive(Debug, Clone)]
pub struct Identity(Arc<ServerConfig>);

impl Identity {
    /// Shakes hands.
    pub(crate) fn accept(
        &self,
        mut stream: TcpStream,
    ) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
        let mut connection = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(connection, stream))
    }
}
