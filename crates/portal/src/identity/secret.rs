//! What a secret that is shown once looks like: a prefix that says what it is, and 256 bits of chance in base64url.
//!
//! Such a secret needs no slow hash: there is nothing to guess. Passwords are `password`'s business.

/// Characters of 256 bits in base64url.
pub(crate) const SECRET_CHARS: usize = 43;

/// Whether this can be a secret behind this prefix at all: saves the database a look.
pub(crate) fn is_secret(text: &str, prefix: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == SECRET_CHARS && rest.bytes().all(is_digit))
}

#[cfg(test)]
mod tests {
    //! Form.

    use super::*;

    #[test]
    fn secrets_have_their_form() {
        let one = format!("sbp_{}", crate::text::secret());
        assert!(is_secret(&one, "sbp_") && !is_secret(&one, "sbg_") && !is_secret(&one, ""));
        assert!(!is_secret(&one[..one.len() - 1], "sbp_") && !is_secret(&format!("{one}a"), "sbp_"));
        assert!(!is_secret(&one.replace(&one[10..11], "+"), "sbp_"));
    }
}
