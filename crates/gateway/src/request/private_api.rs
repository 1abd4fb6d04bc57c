//! What API Gateway would refuse of a request to a private API, judged on the head as it would be sent. A client then
//! gets a refusal that tells what to change, and not one that looks like the team's.
//!
//! The last step of `rewrite`, towards private APIs alone. Bodies are bounded by the route's `body_bytes_max`.

use crate::response::Reject;

/// Most bytes of a URL. Counted is the target, stage and query included.
const TARGET_BYTES_MAX: usize = 8_192;
/// Most bytes of all field lines together, those that the gateway adds included.
const FIELDS_BYTES_MAX: usize = 8_000;

/// Whether this head, which is whole and ours, is within both limits.
pub(super) fn fits(head: &[u8]) -> Result<(), Reject> {
    let line_end = head.iter().position(|byte| *byte == b'\r').unwrap_or(head.len());
    let (line, fields) = head.split_at(line_end);
    let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if target.len() > TARGET_BYTES_MAX {
        return Err(Reject::TargetTooLong);
    }
    // The end of the request line and the empty line are no field's.
    if fields.len().saturating_sub(2 * b"\r\n".len()) > FIELDS_BYTES_MAX {
        return Err(Reject::HeadTooLarge(
            "the header fields are larger than this path takes; send fewer, or smaller cookies",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a head with a target and field lines of so many bytes.
    #[track_caller]
    fn check(target: usize, fields: usize, expected: Result<(), (u16, &str)>) {
        let line = "X-A: \r\n".len();
        let head = format!(
            "GET /{} HTTP/1.1\r\nX-A: {}\r\n\r\n",
            "a".repeat(target - 1),
            "b".repeat(fields - line)
        );
        let found = fits(head.as_bytes()).map_err(|reject| (reject.status(), reject.code()));
        assert_eq!(found, expected, "{target} and {fields}");
    }

    #[test]
    fn the_last_byte_that_fits_and_the_first_that_does_not() {
        check(8_192, 8_000, Ok(()));
        check(8_193, 10, Err((414, "target_too_long")));
        check(10, 8_001, Err((431, "head_too_large")));
        check(8_193, 8_001, Err((414, "target_too_long")));
    }
}
