//! The control plane: the source of truth for who may do what, who may change it, and how a change is published.
#![allow(dead_code, unused_imports, reason = "what calls it comes with the API")]

mod identity;

pub use identity::{SettingsError, SignInSettings};
