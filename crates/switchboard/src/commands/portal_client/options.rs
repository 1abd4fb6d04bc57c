//! The options that every command against a portal has.

use super::client::Portal;
use super::failure::Failure;
use super::place::Place;
use super::token::Token;
use clap::Args;
use std::path::PathBuf;

/// Bytes of an id.
const ID_BYTES_MAX: usize = 128;

/// Where the portal is, and who asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Portal")]
pub(crate) struct PortalOptions {
    /// Where the portal is: https://…, or http:// on this machine alone. The environment's proxies are not used
    #[arg(long, env = "SWITCHBOARD_PORTAL", value_name = "URL", value_parser = Place::parse)]
    portal: Place,
    /// A file with a personal access token (`sbp_…`); `-` reads it from standard input; without it SWITCHBOARD_TOKEN counts
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl PortalOptions {
    /// The portal. Nothing is sent yet.
    pub(crate) fn open(&self) -> Result<Portal, Failure> {
        Portal::new(self.portal.clone(), Token::find(self.token_file.as_deref())?)
    }
}

/// The same for what lies in one environment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Portal")]
pub(crate) struct EnvironmentOptions {
    #[command(flatten)]
    portal: PortalOptions,
    /// The environment: the name of its feed, such as prod
    #[arg(long, env = "SWITCHBOARD_ENVIRONMENT", value_name = "NAME", value_parser = environment)]
    pub(crate) environment: String,
}

/// An id of an entity, as the command line gives it.
pub(crate) fn entity_id(text: &str) -> Result<String, &'static str> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    match (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_id) {
        true => Ok(text.to_owned()),
        false => Err("an id has 1 to 128 of A-Z, a-z, 0-9, `.` and `-`"),
    }
}

impl EnvironmentOptions {
    /// The portal. Nothing is sent yet.
    pub(crate) fn open(&self) -> Result<Portal, Failure> {
        self.portal.open()
    }

    /// The path of what lies in the environment.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/environments/{}{rest}", self.environment)
    }
}

fn environment(text: &str) -> Result<String, &'static str> {
    match feed::is_feed_name(text) {
        true => Ok(text.to_owned()),
        false => Err("an environment's name has 1 to 64 of a-z, 0-9 and `-`"),
    }
}
