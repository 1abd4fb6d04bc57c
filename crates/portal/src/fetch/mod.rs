//! What the portal asks of others: an identity provider's documents, and issuers' key sets.
//!
//! `url` says which addresses are asked, `fetcher` asks: verified TLS, caps on size and time, never a second place.

mod fetcher;
mod url;

pub use fetcher::FetchError;
pub(crate) use fetcher::{Answer, Fetcher};
pub use url::UrlError;
pub(crate) use url::{check as check_url, check_named, is_host};
