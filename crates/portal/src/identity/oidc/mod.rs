//! Signing in at an organisation's identity provider: OpenID Connect, authorization code with PKCE.
//!
//! `flow`, `id_token` and `mapping` are pure and hold every rule; `provider` is the edge that asks the provider, within limits.

mod flow;
mod form;
mod id_token;
mod mapping;
mod provider;

pub(crate) use flow::{FLOW_S, FlowError};
pub(crate) use flow::{Flow, Returned};
pub(crate) use mapping::SignedIn;
pub(crate) use provider::Provider;
pub(crate) use provider::ProviderError;
