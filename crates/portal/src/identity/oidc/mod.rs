//! Signing in at an organisation's identity provider: OpenID Connect, authorization code with PKCE.
//!
//! `flow`, `id_token`, `mapping` and `url` are pure and hold every rule; `provider` is the edge that asks the provider, within limits.

mod fetch;
mod flow;
mod form;
mod id_token;
mod mapping;
mod provider;
mod url;

pub use fetch::FetchError;
pub(crate) use flow::{FLOW_S, FlowError};
pub(crate) use flow::{Flow, Returned};
pub(crate) use mapping::SignedIn;
pub(crate) use provider::Provider;
pub(crate) use provider::ProviderError;
pub use url::UrlError;
pub(crate) use url::check as check_url;
