//! Issuers' keys in records: those that people gave, and behind them those that were fetched from the `jwks_uri` that people named.
//!
//! Both are kept apart. What an entity's versions, an export and `If-Match` know is what people gave; a record carries both. `gather` fetches what a
//! request will need before its transaction begins, `embed` makes the body of the record, `follow` writes down what is followed, `settle` is what
//! becomes of an attempt of the portal's own, and `view` what can be asked of one issuer's set.

mod embed;
mod follow;
mod gather;
mod settle;
#[cfg(test)]
mod tests;
mod view;

pub(super) use embed::{Embedded, embed};
pub(crate) use follow::adopt;
pub(super) use follow::{FETCH_KEYS, Followed, write};
pub(super) use gather::{Gathered, Wish, gather};
pub(crate) use settle::{Attempt, settle};
pub(crate) use view::{failing, fetch, see};
