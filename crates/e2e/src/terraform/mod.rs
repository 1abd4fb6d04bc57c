//! Terraform against emulators of AWS: the real program and the real provider, on a copy of `terraform/`.
//!
//! The module gives its API as one OpenAPI document, and no emulator takes one whole. `front` stands before an emulator's
//! `apigateway` endpoint and makes single calls of it, as `document` reads it. Both are ours, not AWS's: what they make of
//! a document shows that the document is complete and means something, not that AWS reads it so.

mod document;
mod example;
mod front;
mod layer;
mod mapping;
mod moto;
mod package;
mod plan;
mod provider;
mod template;

pub use document::{Api, Operation, read_api};
pub use example::{Example, Given, Terraform, examples};
pub use front::{Dialect, Front};
pub use layer::{change_environment, environment, mount};
pub use mapping::{Inbound, forwarded};
pub use moto::Moto;
pub use package::Package;
pub use plan::{Change, Plan};
pub use template::{Rendered, render};
