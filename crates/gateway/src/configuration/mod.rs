//! From a file that a person wrote to the one internal form, with every problem at once.

mod model;

pub use model::{
    AccessLog, Action, Configuration, EncodedSlash, Forward, LogField, Origin, Redirect, Respond, Retries,
    Route, RouteTimeouts, Scheme, Timeouts,
};
