//! Where the AWS provider is: in a mirror on this machine, which is looked for where people and Terraform keep such, else
//! in the registry. The end-to-end tests find it under one name below the build directory, whichever it was.

use super::terraform;
use crate::steps::{call_within, say};
use crate::workspace::target_dir;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names a mirror: a directory as `terraform init -plugin-dir` takes it.
const VARIABLE: &str = "SWITCHBOARD_TERRAFORM_PLUGINS";

/// What a mirror has in it.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// The version that is fetched where there is no mirror: the one that the modules are tested with.
const VERSION: &str = "5.100.0";

/// How long the registry may take.
const REGISTRY: Duration = Duration::from_secs(30);

/// How deep below the usual places a mirror is looked for, and in how many directories at most.
const DEPTH_MAX: usize = 2;
const DIRECTORIES_MAX: usize = 2_000;

/// A directory for `-plugin-dir`; an error that says what was tried.
pub(super) fn link() -> Result<PathBuf> {
    let tools = target_dir()?.join("tools");
    let mirror = match mirror()? {
        Some(mirror) => mirror,
        None => from_registry(&tools.join("terraform-registry"))?,
    };
    let link = tools.join("terraform-plugins");
    if std::fs::read_link(&link).is_ok_and(|now| now == mirror) {
        return Ok(link);
    }
    // Absent, or of another mirror.
    let _ = std::fs::remove_file(&link);
    std::fs::create_dir_all(&tools).with_context(|| format!("cannot make {}", tools.display()))?;
    std::os::unix::fs::symlink(&mirror, &link).with_context(|| format!("cannot make {}", link.display()))?;
    Ok(link)
}

fn mirror() -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = std::path::absolute(&named)?;
        if !is_mirror(&named) {
            bail!(
                "{VARIABLE} is {}, and there is no {PROVIDER} in it",
                named.display()
            );
        }
        return Ok(Some(named));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let below_home = |path: &str| home.iter().map(|home| home.join(path)).collect::<Vec<_>>();
    // Terraform's own implied mirrors (its page "CLI Configuration", "Implied Local Mirror Directories").
    let implied = [
        below_home(".terraform.d/plugins"),
        below_home(".local/share/terraform/plugins"),
        vec![
            "/usr/local/share/terraform/plugins".into(),
            "/usr/share/terraform/plugins".into(),
        ],
    ]
    .concat();
    if let Some(found) = implied.into_iter().find(|directory| is_mirror(directory)) {
        return Ok(Some(found));
    }
    let places = ["/opt", "/usr/local", "/usr/share", "/srv"].map(PathBuf::from);
    Ok(places.into_iter().chain(home).find_map(|place| search(&place)))
}

fn is_mirror(directory: &Path) -> bool {
    directory.join(PROVIDER).is_dir()
}

/// The nearest mirror at or below `place`.
fn search(place: &Path) -> Option<PathBuf> {
    let mut level = vec![place.to_path_buf()];
    let mut looked_at = 0;
    for _ in 0..=DEPTH_MAX {
        let mut next = Vec::new();
        for directory in level {
            looked_at += 1;
            if is_mirror(&directory) {
                return Some(directory);
            }
            if looked_at >= DIRECTORIES_MAX {
                return None;
            }
            // What cannot be read is not looked into.
            let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
            // Links are not followed: they may lead in circles.
            next.extend(
                entries
                    .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                    .map(|entry| entry.path()),
            );
        }
        next.sort();
        level = next;
    }
    None
}

/// Fetches the provider; Terraform's cache of plugins has the form of a mirror.
fn from_registry(cache: &Path) -> Result<PathBuf> {
    if is_mirror(cache) {
        return Ok(cache.to_path_buf());
    }
    say(&format!(
        "fetching the AWS provider {VERSION} from the registry into {}",
        cache.display()
    ));
    let asking = cache.with_extension("asking");
    for directory in [cache, asking.as_path()] {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let wanted = format!(
        "terraform {{\n  required_providers {{\n    aws = {{ source = \"hashicorp/aws\", version = \"{VERSION}\" }}\n  }}\n}}\n"
    );
    std::fs::write(asking.join("main.tf"), wanted).context("cannot write what is asked for")?;
    let mut init = terraform(&asking)?;
    init.args(["init", "-input=false", "-no-color"])
        .env("TF_PLUGIN_CACHE_DIR", cache);
    let fetched = call_within(REGISTRY, &mut init);
    if fetched.is_err() || !is_mirror(cache) {
        // Half of a provider is none.
        let _ = std::fs::remove_dir_all(cache);
        bail!(
            "there is no mirror with {PROVIDER} on this machine ({VARIABLE} names one), and the registry did not give it within {} s",
            REGISTRY.as_secs()
        );
    }
    Ok(cache.to_path_buf())
}

#[cfg(test)]
mod tests {
    //! A mirror is found where it is, and the search ends.

    use super::*;

    #[test]
    fn the_nearest_mirror_is_found_and_nothing_too_deep() {
        let place = std::env::temp_dir().join(format!("xtask-provider-{}", std::process::id()));
        let near = place.join("b/plugins");
        for mirror in [&near, &place.join("a/deep/er/plugins")] {
            std::fs::create_dir_all(mirror.join(PROVIDER)).unwrap();
        }
        std::os::unix::fs::symlink(&place, place.join("a/circle")).unwrap();
        assert_eq!(search(&place), Some(near));
        assert_eq!(search(&place.join("a")), None, "too deep");
        assert_eq!(search(&place.join("nothing")), None);
        std::fs::remove_dir_all(place).unwrap();
    }
}
