//! Which glibc a program asks for: AWS Lambda's `provided.al2023` has 2.34, and a program that was linked against a newer
//! one may not start there.

use std::path::Path;

/// What stands before the minor version of a symbol.
const PREFIX: &[u8] = b"GLIBC_2.";

/// The minor version of the newest glibc 2 symbol version that the program names; `None` where it names none.
pub fn newest_glibc_minor(program: &Path) -> Option<u32> {
    let bytes = std::fs::read(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    newest(&bytes)
}

/// Names of versions stand as text in the table of dynamic strings (gABI, `.gnu.version_r`); nothing else spells them so.
fn newest(bytes: &[u8]) -> Option<u32> {
    let found = bytes
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(_, window)| *window == PREFIX);
    let minor = |at: usize| {
        let digits = bytes
            .get(at + PREFIX.len()..)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        digits.fold(None, |minor: Option<u32>, digit| {
            minor
                .unwrap_or(0)
                .checked_mul(10)?
                .checked_add(u32::from(digit - b'0'))
        })
    };
    found.filter_map(|(at, _)| minor(at)).max()
}

#[cfg(test)]
mod tests {
    //! The newest is found, and text that only looks alike is none.

    use super::newest;

    #[test]
    fn the_newest_counts() {
        assert_eq!(newest(b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0"), Some(34));
        assert_eq!(newest(b"GLIBC_PRIVATE\0GLIBC_2."), None);
        assert_eq!(newest(b""), None);
    }
}
