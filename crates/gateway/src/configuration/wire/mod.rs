//! The file as a person writes it: one type per map, key by key, with defaults and bounds.
//!
//! The doc comments of these types are the descriptions in the JSON Schema. Nothing outside `configuration` sees a wire
//! type; `check` turns them into the internal form.

mod federated;
mod gateway;
mod kafka;
mod route;
mod sections;
mod upstream;

pub(super) use federated::{Feed, Fleet, OnStale, Policy, Services};
pub(super) use gateway::{AccessLogKey, Gateway, Listener, LogFieldKey, Timeouts, TrustedEdge};
pub(super) use kafka::{Kafka, KafkaMechanism, KafkaSasl, KafkaTls};
pub(super) use route::{EncodedSlash, PathParameters, Redirect, Respond, Route};
pub(super) use sections::{
    Aggregation, Algorithm, Auth, Claims, OverriddenLimit, Part, RateLimiting, ResponseTransformation,
    Transformation,
};
pub(super) use upstream::{PrivateApi, UpstreamKey};
