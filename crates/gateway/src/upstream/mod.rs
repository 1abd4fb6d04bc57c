//! The other side of the gateway: which addresses may be dialled, connections, and the exchange.

mod dial;
mod download;
mod exchange;
mod fetch;
mod origin;
mod pool;
mod resolve;
mod target;
mod tls;
mod trailers;
mod upload;

pub(crate) use dial::dial;
pub(crate) use exchange::{Exchange, Exchanged, exchange};
pub use fetch::FetchError;
pub(crate) use fetch::{Fetched, Limits, Place, Streamed, Wanted, fetch_within, stream_within};
pub(crate) use origin::{Upstream, Upstreams};
pub(crate) use pool::{Pool, Pooled};
pub(crate) use resolve::Lookups;
pub use resolve::{Lookup, Resolve, SystemResolver};
pub use target::{NameRefusal, TargetRefusal, TargetRules};
pub use tls::TlsError;
pub(crate) use trailers::{Declared, is_spelled};
