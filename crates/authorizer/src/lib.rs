//! The same decision as in the gateway, as an AWS Lambda authorizer: from the bytes of an event to the exact answer.
//!
//! [`Authorizer::answer`] is a pure function of settings, policy, event and time; the binary `bootstrap` is a loop around
//! it. An event is the caller's word: nothing in it may cause a panic, or any error but the one that is a 401. What AWS
//! does with an answer is in `docs/authorizers.md`; `packages/authorizer` gives the same answers, held by vectors.

mod answer;
mod arn;
mod authorizer;
mod cached;
mod certificate;
mod event;
mod floor;
#[cfg(feature = "lambda")]
mod follow;
mod kept;
mod refused;
mod settings;

pub use answer::{
    About, Answer, Context, Effect, PermitContext, PolicyAnswer, PolicyDocument, PolicyState, RefusalContext,
    SimpleAnswer, Statement,
};
pub use authorizer::{Authorizer, Explanation, StartError};
pub use floor::{Beginning, FloorFault, Source};
#[cfg(feature = "lambda")]
pub use follow::{FollowFault, Function};
pub use refused::Refused;
pub use settings::{
    Bundle, Following, Portal, Response, Secret, Settings, SettingsError, Token, Url, config_digest,
};
