//! Numbers as people write and read them: `50M` and `1.5M` in, `1,234.56` out.

/// Most requests a month that are asked about: 400,000 a second. Keeps every product of quantities exact enough.
pub(super) const REQUESTS_MAX: u64 = 1_000_000_000_000;

/// Most digits behind a point that `1.5M` may have.
const DECIMALS_MAX: usize = 9;

/// A count of requests: `750000`, `500k`, `1.5M`, `2B`.
pub(super) fn parse_requests(text: &str) -> Result<u64, String> {
    let refuse = || {
        Err(format!(
            "write a whole number from 1 to {}, such as 750000, 500k, 1.5M or 2B",
            grouped(REQUESTS_MAX)
        ))
    };
    let (number, scale) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'M')) => (&text[..at], 1_000_000),
        Some((at, 'B')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_empty_part = whole.is_empty() || (number.contains('.') && decimals.is_empty());
    if has_empty_part || !is_digits(whole) || !is_digits(decimals) || decimals.len() > DECIMALS_MAX {
        return refuse();
    }
    // As one whole number of parts, so that `0.1M` is exactly 100,000.
    let parts = format!("{whole}{decimals}").parse::<u128>().ok();
    let divisor = decimals.bytes().fold(1_u128, |divisor, _| divisor * 10);
    let scaled = parts.and_then(|parts| parts.checked_mul(scale));
    let count = scaled.filter(|scaled| scaled.is_multiple_of(divisor));
    match count.map(|scaled| u64::try_from(scaled / divisor)) {
        Some(Ok(count)) if (1..=REQUESTS_MAX).contains(&count) => Ok(count),
        _ => refuse(),
    }
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,234.5`, with at most two decimals and none that says nothing.
pub(super) fn quantity(number: f64) -> String {
    let text = format!("{number:.2}");
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), grouped);
    match decimals.trim_end_matches('0') {
        // Less than a hundredth is not nothing.
        "" if number > 0.0 && whole == "0" => "< 0.01".to_owned(),
        "" => whole,
        decimals => format!("{whole}.{decimals}"),
    }
}

/// Millions of requests, short: `24.6 M`, `1,204 M`.
pub(super) fn millions(requests: u64) -> String {
    let tenths = requests.div_ceil(100_000);
    if tenths < 10 {
        return grouped(requests);
    }
    match tenths % 10 {
        0 => format!("{} M", grouped(tenths / 10)),
        tenth => format!("{}.{tenth} M", grouped(tenths / 10)),
    }
}

/// Cents as `$1,234.56`.
pub(super) fn dollars(cents: u64) -> String {
    format!("${}.{:02}", grouped(cents / 100), cents % 100)
}

/// A difference in cents as `+$1.00` or `-$1.00`.
pub(super) fn difference(cents: u64, from: u64) -> String {
    let sign = if cents < from { '-' } else { '+' };
    format!("{sign}{}", dollars(cents.abs_diff(from)))
}

/// A price of one unit: all its digits, and two decimals at least.
pub(super) fn unit_price(usd: f64) -> String {
    let text = usd.to_string();
    match text.split_once('.') {
        Some((_, decimals)) if decimals.len() >= 2 => format!("${text}"),
        _ => format!("${usd:.2}"),
    }
}

/// USD to cents, the half cent up. What is no amount is none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and amounts are positive"
)]
pub(super) fn cents(usd: f64) -> u64 {
    (usd * 100.0 + 0.5).floor() as u64
}

/// For quantities: exact up to 2^53.
#[allow(
    clippy::cast_precision_loss,
    reason = "counts are at most REQUESTS_MAX, far below 2^53"
)]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    //! What is read and what is written.

    use super::*;

    #[test]
    fn requests_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1", 1),
            ("750000", 750_000),
            ("500k", 500_000),
            ("500K", 500_000),
            ("50M", 50_000_000),
            ("1.5M", 1_500_000),
            ("0.1M", 100_000),
            ("2B", 2_000_000_000),
            ("0.000000001B", 1),
            ("1000B", REQUESTS_MAX),
        ] {
            assert_eq!(parse_requests(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "M",
            ".5M",
            "5.M",
            "0",
            "-1",
            "+5",
            "1e6",
            "1.5",
            "0.0000001M",
            "1001B",
            "5m",
            "5 M",
            "5,000",
            "٥",
            "1.0000000001B",
            "99999999999999999999999999999999999999999M",
        ] {
            assert!(parse_requests(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(quantity(0.0), "0");
        assert_eq!(quantity(0.001), "< 0.01");
        assert_eq!(quantity(1_460.0), "1,460");
        assert_eq!(quantity(190.734_863), "190.73");
        assert_eq!(quantity(190.7), "190.7");
        assert_eq!(millions(24_550_001), "24.6 M");
        assert_eq!(millions(24_000_000), "24 M");
        assert_eq!(millions(500_000), "500,000");
        assert_eq!(dollars(123_456), "$1,234.56");
        assert_eq!(dollars(5), "$0.05");
        assert_eq!(difference(100, 250), "-$1.50");
        assert_eq!(difference(250, 100), "+$1.50");
        assert_eq!(unit_price(3.5), "$3.50");
        assert_eq!(unit_price(20.0), "$20.00");
        assert_eq!(unit_price(0.0225), "$0.0225");
        assert_eq!(unit_price(0.000_016_666_7), "$0.0000166667");
        assert_eq!(cents(1.234), 123);
        assert_eq!(cents(1.235), 124);
        assert_eq!(cents(f64::NAN), 0);
    }
}
