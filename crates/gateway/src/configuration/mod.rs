//! From a file that a person wrote to the one internal form, with every problem at once.
//!
//! text → `tree` (YAML or JSON, references filled in) → `wire` (what the file may say) → `check` → `model` (what the
//! gateway serves by). Each step goes on after a problem. `switchboard check`, the start and every reload take the same way.

mod access;
mod check;
mod decode;
mod document;
mod environment;
mod load;
mod masked;
mod model;
mod policy_file;
mod problem;
mod report;
mod schema;
mod source;
mod tree;
pub(crate) mod url;
mod wire;

pub use access::{
    Auth, Bundle, Carrier, FAILED_CREDENTIALS_PER_MINUTE, Feed, Fleet, PolicySource, Portal, Token,
    TokenRefusal,
};
pub use document::{CheckedDocument, Judged, check_document_text, load_document};
pub use environment::{Environment, Process};
pub use load::{Checked, Unreadable, check_text, load, text_of};
pub use masked::masked;
pub(crate) use model::is_set;
pub use model::{
    AccessLog, Action, Configuration, EncodedSlash, Forward, LogField, Origin, PathParameters, PrivateApi,
    Redirect, Respond, Retries, Route, RouteTimeouts, Scheme, Timeouts,
};
pub use policy_file::{
    CheckedFile, CheckedPolicy, check_either_text, check_policy_text, load_either, load_policy,
};
pub use problem::{Problem, Severity};
pub use schema::schema;
