//! Secrets that are shown once: how they are made, and the hash under which they are kept.
//!
//! 256 bits of chance need no slow hash: there is nothing to guess. Passwords are `password`'s business.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Characters of 256 bits in base64url.
pub(crate) const SECRET_CHARS: usize = 43;

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoChance;

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoChance> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoChance)?;
    Ok(bytes)
}

/// A new secret of 256 bits behind this prefix.
pub(crate) fn secret(prefix: &str) -> Result<String, NoChance> {
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// A new id: the prefix, and 80 bits of chance in lower-case hexadecimal.
pub(crate) fn id(prefix: &str) -> Result<String, NoChance> {
    Ok(format!("{prefix}{}", hex(&random::<10>()?)))
}

/// What is kept of a secret: SHA-256 over the whole of it, in lower-case hexadecimal.
pub(crate) fn kept(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether this can be a secret behind this prefix at all: saves the database a look.
pub(crate) fn is_secret(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == SECRET_CHARS
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    //! Form and difference.

    use super::*;

    #[test]
    fn secrets_differ_and_have_their_form() {
        let (one, two) = (secret("sbp_").unwrap(), secret("sbp_").unwrap());
        assert_ne!(one, two);
        assert!(is_secret(&one, "sbp_") && !is_secret(&one, "sbg_") && !is_secret(&one, ""));
        assert!(!is_secret(&one[..one.len() - 1], "sbp_") && !is_secret(&format!("{one}a"), "sbp_"));
        assert!(!is_secret(&one.replace(&one[10..11], "+"), "sbp_"));
    }

    #[test]
    fn what_is_kept_is_a_sha256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(kept(""), empty);
    }
}
