//! The Rust authorizer's `bootstrap`, in such a way that the place where it was built makes no difference to it: the same
//! flags everywhere, and a name for each directory that the compiler would otherwise write into the program.

use super::place::{Place, TARGET};
use crate::install::{self, PypiProgram};
use crate::steps::call;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The profile of the workspace's Cargo.toml.
const PROFILE: &str = "lambda";
/// What zig links against; the glibc of `provided.al2023`.
const ZIG_TARGET: &str = "x86_64-unknown-linux-gnu.2.34";
/// From PyPI, in the versions that were tried.
const ZIGBUILD: PypiProgram = PypiProgram {
    package: "cargo-zigbuild",
    extras: "",
    version: "0.24.1",
    program: "cargo-zigbuild",
    others: &[("ziglang", "0.15.2")],
};
/// Variables that change what comes out, by how their names begin. What is wanted of them is set here.
const STRAY: [&str; 9] = [
    "RUSTFLAGS",
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CFLAGS",
    "TARGET_CFLAGS",
    "AWS_LC_SYS_",
    "SOURCE_DATE_EPOCH",
];

/// Who links, and so whose glibc is asked for.
#[derive(Debug)]
pub(super) enum Linker {
    /// This machine's.
    System,
    /// cargo-zigbuild, in a directory with the zig that it calls.
    Zig { bin: PathBuf },
}

impl Linker {
    /// Installs zig where it is asked for and missing.
    pub(super) fn choose(zig: bool) -> Result<Linker> {
        if !zig {
            return Ok(Linker::System);
        }
        let program = install::pypi_program(ZIGBUILD)?;
        let bin = program.parent().context("a program is in a directory")?;
        Ok(Linker::Zig {
            bin: bin.to_path_buf(),
        })
    }
}

/// The release build, without symbols and without a trace of this machine.
pub(super) fn release(place: &Place, linker: &Linker) -> Result<Vec<u8>> {
    let (verb, target) = match linker {
        Linker::System => ("build", TARGET),
        Linker::Zig { .. } => ("zigbuild", ZIG_TARGET),
    };
    let mut build = place.cargo(&[verb, "--package", "authorizer", "--bin", "bootstrap", "--locked"])?;
    build.args(["--profile", PROFILE, "--target", target]);
    build.arg("--target-dir").arg(&place.target);
    for (name, _) in std::env::vars_os() {
        if STRAY
            .iter()
            .any(|stray| name.to_string_lossy().starts_with(stray))
        {
            build.env_remove(name);
        }
    }
    let names = names(place)?;
    build.env("CARGO_ENCODED_RUSTFLAGS", rustflags(&names));
    // A setting of aws-lc's build, not of the process: its first random number, which is that of the first TLS connection, would wait for entropy
    // gathered from timing, for longer than a start takes. The system's is taken alone.
    build.env("AWS_LC_SYS_NO_JITTER_ENTROPY", "1");
    if let Linker::Zig { bin } = linker {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin.clone()).chain(std::env::split_paths(&path)));
        build.env("PATH", path.context("a directory of PATH cannot be named in it")?);
    }
    call(&mut build)?;
    let file = place.target.join(TARGET).join(PROFILE).join("bootstrap");
    let program = read(&file)?;
    let mut private: Vec<PathBuf> = names.into_iter().map(|(directory, _)| directory).collect();
    private.extend([place.cargo_home.clone()]);
    // Whoever's home is `/` has no path to hide.
    private.extend(
        std::env::var_os("HOME")
            .map(PathBuf::from)
            .filter(|home| home.parent().is_some()),
    );
    if let Some(found) = trace(&program, &private) {
        bail!(
            "the bootstrap has a path of this machine in it: {found}. Something writes it there that \
             --remap-path-prefix does not reach: give its compiler -ffile-prefix-map, in {}",
            file!()
        );
    }
    Ok(program)
}

/// The build that tests use, without symbols, so that it is small.
pub(super) fn debug(place: &Place) -> Result<Vec<u8>> {
    let mut build = place.cargo(&[
        "build",
        "--package",
        "authorizer",
        "--bin",
        "bootstrap",
        "--locked",
    ])?;
    call(build.arg("--target-dir").arg(&place.target))?;
    let built = place.target.join("debug");
    let stripped = built.join("bootstrap.stripped");
    call(
        Command::new("strip")
            .arg("-o")
            .arg(&stripped)
            .arg(built.join("bootstrap")),
    )?;
    read(&stripped)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Directories that the compiler sees, and what they are called in the program. A later one counts for what is in both:
/// the build directory is usually inside of the workspace.
fn names(place: &Place) -> Result<Vec<(PathBuf, String)>> {
    let rustc = place.rustc()?;
    let mut names = vec![
        (rustc.library, rustc.library_name),
        (place.root.clone(), "/switchboard".to_owned()),
        (place.target.clone(), "/target".to_owned()),
    ];
    // The directory's own name tells which registry it came through.
    let dependencies = place.metadata()?.dependencies;
    names.extend(
        dependencies
            .into_iter()
            .map(|directory| (directory, "/crates".to_owned())),
    );
    Ok(names)
}

/// In cargo's form for flags that may hold blanks: 0x1f between them.
fn rustflags(names: &[(PathBuf, String)]) -> OsString {
    let mut flags = OsString::new();
    for (directory, name) in names {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(directory);
        flags.push(format!("={name}"));
    }
    flags
}

/// The first of the directories that stands in the program, with what is behind it.
fn trace(program: &[u8], directories: &[PathBuf]) -> Option<String> {
    const SHOWN_BYTES: usize = 120;
    let slashes = program.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let mut tails = slashes.map(|(at, _)| &program[at..]);
    let found = tails.find(|tail| {
        let mut names = directories
            .iter()
            .map(|directory| directory.as_os_str().as_encoded_bytes());
        names.any(|name| {
            tail.strip_prefix(name)
                .is_some_and(|behind| behind.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
        })
    })?;
    let shown: Vec<u8> = found
        .iter()
        .copied()
        .take(SHOWN_BYTES)
        .take_while(u8::is_ascii_graphic)
        .collect();
    Some(String::from_utf8_lossy(&shown).into_owned())
}

#[cfg(test)]
mod tests {
    //! Flags, and what counts as a trace.

    use super::*;

    #[test]
    fn each_directory_has_its_flag() {
        let names = [("/a b", "/x"), ("/a b/target", "/y")].map(|(from, to)| (from.into(), to.to_owned()));
        assert_eq!(
            rustflags(&names),
            "--remap-path-prefix=/a b=/x\u{1f}--remap-path-prefix=/a b/target=/y"
        );
    }

    #[test]
    fn a_directory_is_found_as_a_whole_and_shown_with_what_is_behind_it() {
        let check = |program: &str, expected: Option<&str>| {
            let found = trace(program.as_bytes(), &["/me/here".into(), "/elsewhere".into()]);
            assert_eq!(found.as_deref(), expected, "{program:?}");
        };
        check("\0/me/here/a.rs\0", Some("/me/here/a.rs"));
        check("xx/elsewhere", Some("/elsewhere"));
        check("/me/heretics /me /me/her", None);
        check("", None);
    }
}
