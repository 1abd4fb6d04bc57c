//! TLS towards servers: rustls with aws-lc-rs, the system's roots or a given file's, and no way to turn verification off.

use super::fault::FollowFault;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;
use std::sync::Arc;

/// With the roots of this file, or of the system.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, FollowFault> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let fault = |fault: String| FollowFault::CaFile {
                path: path.display().to_string(),
                fault,
            };
            let pem =
                std::fs::read(path).map_err(|error| fault(format!("cannot be read ({})", error.kind())))?;
            let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
            let (added, _) = roots.add_parsable_certificates(certificates);
            if added == 0 {
                return Err(fault("holds no usable certificate".to_owned()));
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs().certs;
            let (added, _) = roots.add_parsable_certificates(found);
            if added == 0 {
                return Err(FollowFault::NoRoots);
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(FollowFault::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
