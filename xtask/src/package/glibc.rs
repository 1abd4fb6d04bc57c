//! Which glibc a program asks for: AWS Lambda's `provided.al2023` has 2.34, and a program that was linked against a newer one
//! may not start there.
//!
//! Read where the loader reads it (gABI, `SHT_GNU_verneed`), not by looking for text that looks alike.

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::{EM_X86_64, FileHeader64, VER_FLG_WEAK};
use object::read::elf::FileHeader;
use std::fmt;

/// What Lambda has.
const NEWEST: Version = Version(2, 34);

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32, u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The newest version that the program cannot start without; an error where Lambda does not have it.
pub(super) fn check(program: &[u8]) -> Result<Version> {
    let asked = needed(program).context("the bootstrap is no program that can be read")?;
    judge(asked.iter().map(|(name, is_weak)| (&**name, *is_weak)))
}

/// `(name, whether the program starts without it)` of every version that is asked for.
fn needed(program: &[u8]) -> Result<Vec<(String, bool)>> {
    let header = FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    if header.e_machine(endian) != EM_X86_64 {
        bail!("it is not for x86_64");
    }
    let sections = header.sections(endian, program)?;
    let mut all = Vec::new();
    let Some((mut files, link)) = sections.gnu_verneed(endian, program)? else {
        return Ok(all);
    };
    let strings = sections.strings(endian, program, link)?;
    while let Some((_, mut versions)) = files.next()? {
        while let Some(version) = versions.next()? {
            let name = String::from_utf8_lossy(version.name(endian, strings)?).into_owned();
            all.push((name, version.vna_flags.get(endian).contains(VER_FLG_WEAK)));
        }
    }
    Ok(all)
}

fn judge<'a>(asked: impl Iterator<Item = (&'a str, bool)>) -> Result<Version> {
    let required = asked.filter(|(_, is_weak)| !is_weak);
    let newest = required.filter_map(|(name, _)| parse(name)).max();
    let newest = newest.context("the bootstrap asks for no glibc: it was not built for provided.al2023")?;
    if newest > NEWEST {
        bail!(
            "the bootstrap asks for glibc {newest}, and AWS Lambda has {NEWEST}: run `cargo xtask package --zig`, which \
             links against that one, or build on a system that is not newer, such as Debian 12"
        );
    }
    Ok(newest)
}

/// Of `GLIBC_2.34` or `GLIBC_2.2.5`; the third number never decided anything since 2.34.
fn parse(name: &str) -> Option<Version> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    Some(Version(
        numbers.next()?.parse().ok()?,
        numbers.next()?.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    //! The newest that is required counts, and this test's own program can be read.

    use super::*;

    fn check(asked: &[(&str, bool)], expected: Result<Version, &str>) {
        match (judge(asked.iter().copied()), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn the_newest_that_is_required_counts() {
        let old = ("GLIBC_2.2.5", false);
        check(
            &[old, ("GLIBC_2.34", false), ("GLIBC_2.17", false)],
            Ok(Version(2, 34)),
        );
        check(
            &[old, ("GCC_4.2.0", false), ("GLIBC_PRIVATE", false)],
            Ok(Version(2, 2)),
        );
        check(&[old, ("GLIBC_2.39", true)], Ok(Version(2, 2)));
        check(
            &[old, ("GLIBC_2.38", false)],
            Err("glibc 2.38, and AWS Lambda has 2.34: run"),
        );
        check(&[("GLIBC_3.0", false)], Err("3.0"));
        check(&[], Err("no glibc"));
    }

    #[test]
    fn what_this_program_asks_for_is_found() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let asked = needed(&own).unwrap();
        assert!(
            asked
                .iter()
                .any(|(name, is_weak)| name == "GLIBC_2.34" && !is_weak),
            "{asked:?}"
        );
        assert!(needed(b"#!/bin/sh\n").is_err());
        assert!(
            needed(&own[..own.len() / 2]).is_err(),
            "its tables are at its end"
        );
    }
}
