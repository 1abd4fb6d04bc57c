//! The authorizer's zip with its digest, as a release would bring it, but of the build that is tested.

use crate::lambda::Build;
use archive::{Entry, Method};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The authorizer's zip.
#[derive(Debug, Clone)]
pub struct Package {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Package {
    /// Makes one of a build, in `directory`.
    pub fn of(build: Build, directory: &Path) -> Package {
        let (file, name, mode) = match build {
            Build::Rust => ("rust.zip", "bootstrap", 0o755),
            Build::Node => ("typescript.zip", "index.mjs", 0o644),
        };
        let content = std::fs::read(build.artefact()).expect("the build is there");
        let entry = Entry {
            name,
            mode,
            content: &content,
        };
        let bytes = archive::write(&[entry], Method::Deflated).expect("the package can be made");
        let path = directory.join(file);
        std::fs::write(&path, &bytes).expect("a scratch file can be written");
        let sha256 = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Package { path, sha256 }
    }
}
