//! The control plane: the source of truth for who may do what, who may change it, and how a change is published.
//!
//! `api` is HTTP, `app` what may be done, `store` the database, `publish` the way to every reader. Decisions on requests are
//! not made here, and nothing that is down here stops a gateway.

mod api;
mod app;
mod configuration;
mod fetch;
mod first_start;
mod identity;
mod key_sets;
mod keys;
pub mod operate;
mod publish;
mod serve;
mod settings;
mod store;
mod text;

pub use api::openapi;
pub use configuration::Configuration;
pub use fetch::{FetchError, UrlError};
pub use identity::{SettingsError as ConfigurationError, SignInSettings};
pub use keys::KeyFileError;
pub use serve::{Portal, StartError};
pub use settings::{Settings, SettingsError};
pub use store::StoreError;

/// An error and what caused it, as one line for a log.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
