//! A token, out of a file or the environment: never out of the command line, which everybody on the machine can read.

use super::failure::Failure;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The variable that holds a token.
pub(super) const VARIABLE: &str = "SWITCHBOARD_TOKEN";
/// Bytes of a secret: the longest token that policy takes.
const BYTES_MAX: u64 = 16_384;
/// What others than the owner may do with a file.
const OTHERS: u32 = 0o077;

/// A token. Its text is in nothing that is printed.
#[derive(Clone)]
pub(super) struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// From the file, or from the variable where there is none.
    pub(super) fn find(file: Option<&Path>) -> Result<Token, Failure> {
        let text = match file {
            Some(file) => read_secret(file)?,
            None => std::env::var(VARIABLE).map_err(|_| {
                Failure::Usage(format!(
                    "no token: name a file with --token-file, or set {VARIABLE} (a personal access token, `sbp_…`)"
                ))
            })?,
        };
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let place = file.map_or_else(|| VARIABLE.to_owned(), |file| file.display().to_string());
            return Err(Failure::Usage(format!(
                "{place} holds no token: a token is one line of visible ASCII without blanks"
            )));
        }
        Ok(Token(text.to_owned()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// A file with a secret in it; `-` is standard input. Warns where others may read it.
///
/// # Errors
/// Where there is none, or it is longer than a secret.
pub(crate) fn read_secret(file: &Path) -> Result<String, Failure> {
    let cannot =
        |why: &dyn std::fmt::Display| Failure::Usage(format!("{} cannot be read: {why}", file.display()));
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(BYTES_MAX + 1)
            .read_to_string(&mut text)
    } else {
        let opened = std::fs::File::open(file).map_err(|error| cannot(&error))?;
        let mode = opened
            .metadata()
            .map_err(|error| cannot(&error))?
            .permissions()
            .mode();
        if mode & OTHERS != 0 {
            let style = anstyle::AnsiColor::Yellow.on_default().bold();
            anstream::eprintln!(
                "{style}warning{style:#}: {} may be read by others than its owner (mode {:03o}): chmod 600",
                file.display(),
                mode & 0o777
            );
        }
        opened.take(BYTES_MAX + 1).read_to_string(&mut text)
    };
    read.map_err(|error| cannot(&error))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(cannot(&format!("it has more than {BYTES_MAX} bytes")));
    }
    Ok(text)
}
