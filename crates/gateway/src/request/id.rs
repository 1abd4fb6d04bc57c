//! The request id: kept where the caller's is well-formed, else made anew (request.md §3.5).

/// Writes the id of this request to `out`: the client's own if it is 8 to 128 of `[A-Za-z0-9._-]`, else 32 hex digits.
pub(crate) fn request_id(sent: Option<&[u8]>, out: &mut String, random: &mut fastrand::Rng) {
    out.clear();
    if let Some(kept) = sent.and_then(well_formed) {
        out.push_str(kept);
        return;
    }
    let mut value = random.u128(..);
    for _ in 0..32 {
        out.push(char::from(b"0123456789abcdef"[(value & 15) as usize]));
        value >>= 4;
    }
}

fn well_formed(value: &[u8]) -> Option<&str> {
    let fits = (8..=128).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if fits {
        std::str::from_utf8(value).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sent: Option<&str>) -> String {
        let mut out = String::from("left over");
        request_id(
            sent.map(str::as_bytes),
            &mut out,
            &mut fastrand::Rng::with_seed(1),
        );
        out
    }

    #[test]
    fn a_well_formed_id_is_kept_and_anything_else_replaced() {
        assert_eq!(id(Some("req_abc.123-x")), "req_abc.123-x");
        for bad in [
            None,
            Some("short"),
            Some("has blank"),
            Some("né-ascii-id"),
            Some(&*"x".repeat(129)),
        ] {
            let made = id(bad);
            assert_eq!(made.len(), 32, "{bad:?}");
            assert!(made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bad:?}");
        }
    }
}
