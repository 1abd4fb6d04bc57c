//! The scan looks at each byte once and says the same in any split.

use proptest::prelude::*;

use super::*;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 64,
    header_count_max: 3,
};

/// All that the scan says about `bytes` that arrive in reads of `read`: where the first line lies, and the end.
fn scan(bytes: &[u8], read: usize) -> (Option<Range<usize>>, Result<Scanned, HeadFault>) {
    let mut scan = HeadScan::default();
    let mut first_line = None;
    let mut arrived = 0;
    loop {
        match scan.advance(&bytes[..arrived], &LIMITS, true) {
            Ok(Scanned::FirstLine(line)) => first_line = Some(line),
            Ok(Scanned::Partial) if arrived < bytes.len() => {
                assert!(
                    scan.checked + 1 >= arrived,
                    "more than a CR is to be looked at again"
                );
                arrived = (arrived + read).min(bytes.len());
            }
            end => return (first_line, end),
        }
    }
}

/// The one helper of this area.
#[track_caller]
fn check(bytes: &str, first_line: Option<Range<usize>>, end: Result<Scanned, HeadFault>) {
    let expected = (first_line, end);
    for read in 1..=bytes.len() {
        assert_eq!(scan(bytes.as_bytes(), read), expected, "{bytes:?} by {read}");
    }
}

#[test]
fn heads_end_at_the_empty_line() {
    check("a\r\n\r\nb", Some(0..1), Ok(Scanned::End(5)));
    check("\r\na\r\nb: c\r\n\r\n\r\n", Some(2..3), Ok(Scanned::End(13)));
    check("a\r\nb: c\r\n\r", Some(0..1), Ok(Scanned::Partial));
    check("a", None, Ok(Scanned::Partial));
    check("\r", None, Ok(Scanned::Partial));
}

#[test]
fn faults_stand_at_the_first_byte_that_is_wrong() {
    let malformed = |rule| Err(HeadFault::Malformed(rule));
    check("a\n", None, malformed("a line of the head ends in a bare LF"));
    check("a\rb\0", None, malformed("a CR without LF stands in the head"));
    check("a\r\r\n", None, malformed("a CR without LF stands in the head"));
    check("a\0\n", None, malformed("a control byte stands in the head"));
    check(
        "a\r\n\tb\u{1f}c",
        Some(0..1),
        malformed("a control byte stands in the head"),
    );
    check(
        "a\r\n1234567\u{7f}",
        Some(0..1),
        malformed("a control byte stands in the head"),
    );
    let empty = malformed("an empty line stands where the first line of the head should");
    check("\r\n\r\na\r\n\r\n", None, empty);
}

#[test]
fn limits_come_before_what_lies_behind_them() {
    let long = "x".repeat(64);
    check(&format!("{long}\0"), None, Err(HeadFault::FirstLineTooLong));
    check(
        &format!("a\r\n{}\0", &long[3..]),
        Some(0..1),
        Err(HeadFault::TooLarge("the head is too long")),
    );
    check(
        &format!("a\r\n{}\0", &long[4..]),
        Some(0..1),
        Err(HeadFault::Malformed("a control byte stands in the head")),
    );
    check(
        &format!("a\r\n{}\r\n\r\n", &long[7..]),
        Some(0..1),
        Ok(Scanned::End(64)),
    );
    check(
        &format!("a\r\n{}\r\n\r\n", &long[6..]),
        Some(0..1),
        Err(HeadFault::TooLarge("the head is too long")),
    );
    let fields = "a\r\nb\r\nc\r\nd\r\n";
    check(&format!("{fields}\r\n"), Some(0..1), Ok(Scanned::End(14)));
    check(
        &format!("{fields}e\r\n\0"),
        Some(0..1),
        Err(HeadFault::TooLarge("the head has too many fields")),
    );
}

proptest! {
    #[test]
    fn the_first_control_byte_is_found(bytes in prop::collection::vec(prop_oneof![
        40 => any::<u8>().prop_map(|byte| byte | 0x20),
        5 => any::<u8>(),
        5 => Just(b'\t'),
        1 => Just(0x7f),
        1 => Just(0xff),
        1 => Just(0x80),
    ], 0..80)) {
        prop_assert_eq!(find_control(&bytes), bytes.iter().position(|&byte| is_control(byte)));
    }
}
