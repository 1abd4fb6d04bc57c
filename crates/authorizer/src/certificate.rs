//! The facts that policy needs of a client certificate, from the PEM that API Gateway puts into its events.
//!
//! API Gateway has checked the certificate; nothing here judges it. Three facts are read by one short walk over its DER
//! (X.690, RFC 5280 §4.1), the same in both languages: libraries for the whole of X.509 differ in what they let through,
//! and a difference would be one of decisions. What does not fit is no certificate.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use policy::Certificate;
use sha2::{Digest, Sha256};
use std::fmt::Write;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Names of a certificate that are read, at most; more than any real one has.
const NAMES_COUNT_MAX: usize = 256;

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `[0]`, the version.
const VERSION: u8 = 0xa0;
/// `[3]`, the extensions.
const EXTENSIONS: u8 = 0xa3;
/// `[2]`, a dNSName.
const DNS_NAME: u8 = 0x82;
/// `[6]`, a uniformResourceIdentifier.
const URI: u8 = 0x86;
/// 2.5.29.17.
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

/// The facts of the first certificate in this PEM (RFC 7468 §5); `None` where there is none that can be read.
pub(crate) fn read(pem: &str) -> Option<Certificate> {
    let (_, behind) = pem.split_once(BEGIN)?;
    let (inside, _) = behind.split_once(END)?;
    let base64: String = inside
        .chars()
        .filter(|character| !matches!(character, ' ' | '\t' | '\r' | '\n'))
        .collect();
    let der = STANDARD.decode(base64).ok()?;
    let parts = Parts::read(&der)?;
    let mut spki_sha256 = String::with_capacity(64);
    for byte in Sha256::digest(parts.spki) {
        write!(spki_sha256, "{byte:02x}").ok()?;
    }
    Some(Certificate {
        spki_sha256: spki_sha256.into(),
        x5t_s256: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)).into(),
        sans: parts.names.into_iter().map(Into::into).collect(),
    })
}

/// What is read of a certificate.
struct Parts<'a> {
    /// The whole SubjectPublicKeyInfo.
    spki: &'a [u8],
    /// URI and DNS names, in order.
    names: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> Option<Parts<'a>> {
        let mut outer = Der(der);
        let mut certificate = Der(outer.take(SEQUENCE)?.inside);
        if !outer.is_empty() {
            return None;
        }
        let mut tbs = Der(certificate.take(SEQUENCE)?.inside);
        if tbs.next_is(VERSION) {
            tbs.next()?;
        }
        // Serial number, signature algorithm, issuer, validity, subject.
        for _ in 0..5 {
            tbs.next()?;
        }
        let spki = tbs.take(SEQUENCE)?.whole;
        let mut names = Vec::new();
        while !tbs.is_empty() {
            let element = tbs.next()?;
            if element.tag == EXTENSIONS {
                let mut extensions = Der(Der(element.inside).take(SEQUENCE)?.inside);
                while !extensions.is_empty() {
                    alternative_names(extensions.take(SEQUENCE)?.inside, &mut names)?;
                }
            }
        }
        Some(Parts { spki, names })
    }
}

/// Adds the names of an extension, where it is the one that has them. `None` where it cannot be read.
fn alternative_names<'a>(extension: &'a [u8], names: &mut Vec<&'a str>) -> Option<()> {
    let mut extension = Der(extension);
    if extension.take(OBJECT_IDENTIFIER)?.inside != SUBJECT_ALT_NAME {
        return Some(());
    }
    // `critical` may stand between.
    if !extension.next_is(OCTET_STRING) {
        extension.next()?;
    }
    let mut value = Der(extension.take(OCTET_STRING)?.inside);
    let mut all = Der(value.take(SEQUENCE)?.inside);
    while !all.is_empty() {
        let name = all.next()?;
        if matches!(name.tag, DNS_NAME | URI) && name.inside.iter().all(|byte| matches!(byte, 0x21..=0x7e)) {
            if names.len() == NAMES_COUNT_MAX {
                return None;
            }
            names.push(std::str::from_utf8(name.inside).ok()?);
        }
    }
    Some(())
}

/// DER that is not read yet.
struct Der<'a>(&'a [u8]);

/// One element.
struct Element<'a> {
    tag: u8,
    inside: &'a [u8],
    /// With tag and length.
    whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn next_is(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element: a tag of one byte, a length of at most four.
    fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let add = |length: usize, &digit: &u8| length << 8 | usize::from(digit);
                (digits.iter().fold(0, add), rest)
            }
            _ => return None,
        };
        let (inside, rest) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Element { tag, inside, whole })
    }
}

#[cfg(test)]
mod tests {
    //! The facts of certificates that another library made, and of none that is cut or altered into no certificate.

    use super::*;
    use rcgen::{CertificateParams, KeyPair, PublicKeyData, SanType};

    fn made(names: Vec<SanType>) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        (params.self_signed(&key).unwrap(), key)
    }

    #[test]
    fn key_hash_and_names_are_those_that_went_in() {
        let uri = SanType::URI("spiffe://example.com/orders".try_into().unwrap());
        let dns = SanType::DnsName("client.example.com".try_into().unwrap());
        let address = SanType::IpAddress([127, 0, 0, 1].into());
        let (certificate, key) = made(vec![uri, address, dns]);
        let read = read(&format!("\u{feff}noise\n{}more", certificate.pem())).unwrap();
        let spki = key.subject_public_key_info();
        let hex: String = Sha256::digest(&spki)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(*read.spki_sha256, *hex);
        let x5t = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()));
        assert_eq!(*read.x5t_s256, *x5t);
        assert_eq!(
            read.sans.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["spiffe://example.com/orders", "client.example.com"]
        );
    }

    #[test]
    fn a_certificate_without_names_has_none() {
        let (certificate, _) = made(Vec::new());
        assert!(read(&certificate.pem()).unwrap().sans.is_empty());
    }

    #[test]
    fn what_is_cut_short_is_no_certificate_and_nothing_panics() {
        let (certificate, _) = made(vec![SanType::DnsName("a.example".try_into().unwrap())]);
        let der = certificate.der();
        let pem = |der: &[u8]| format!("{BEGIN}{}{END}", STANDARD.encode(der));
        assert!(read(&pem(der)).is_some());
        for length in 0..der.len() {
            assert!(read(&pem(&der[..length])).is_none(), "{length} bytes");
        }
        for at in 0..der.len() {
            for value in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut altered = der.to_vec();
                altered[at] = value;
                let _ = read(&pem(&altered));
            }
        }
        for text in [
            "",
            BEGIN,
            "CERT_CONTENT",
            "-----BEGIN CERTIFICATE-----\nMIIE...",
            &pem(b""),
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        let mut longer = der.to_vec();
        longer.push(0);
        assert!(read(&pem(&longer)).is_none());
    }
}
