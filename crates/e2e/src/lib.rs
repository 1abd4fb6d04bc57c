//! The harness of the end-to-end tests: it starts the real `switchboard` binary and scripted peers on both sides of it.
//!
//! Rules that keep the scenarios honest and steady: real processes, ports from 0, nothing but loopback, every wait
//! bounded and on a condition, never a sleep in place of one. The harness parses HTTP by itself, so that a mistake of
//! the gateway's codec cannot hide behind the same mistake here. It panics where a scenario cannot go on.

mod authority;
mod case;
mod client;
mod distance;
mod emulator;
mod feed_server;
mod gateway;
mod identity_provider;
mod issuer;
pub mod kafka;
mod lambda;
mod log;
mod message;
mod metrics;
mod object_store;
mod portal;
mod postgres;
mod process;
mod publisher;
mod refusal;
mod scratch;
mod stream_server;
pub mod terraform;
mod upstream;
mod vectors;
mod wait;

pub use authority::{Authority, Identity};
pub use case::case;
pub use client::Client;
pub use distance::Distance;
pub use emulator::{DeployedApi, Emulator};
pub use feed_server::{Asked, FeedServer, Manner};
pub use gateway::{Gateway, Setup, start_in_vain};
pub use identity_provider::{IdentityProvider, Lie};
pub use issuer::{Issuer, SigningKey, json_answer, key_set, seconds_from_now};
pub use lambda::{Build, Function, Invoked};
pub use log::Record;
pub use message::{End, Fields, Request, Response};
pub use metrics::Metrics;
pub use object_store::{ObjectStore, Owner};
pub use portal::{FeedStream, Portal, PortalSetup};
pub use postgres::Postgres;
pub use process::{Finished, Lines, Process, Signal, binary, run, switchboard};
pub use publisher::{BundleServer, Content, Publisher};
pub use refusal::{SMUGGLED, check_refusals, check_refusals_with};
pub use scratch::Scratch;
pub use stream_server::{Opened, StreamServer};
pub use upstream::{BlackHole, Closed, Peer, Upstream};
pub use vectors::{AuthorizerCase, authorizer_cases, floor_of, given_floor, given_text, given_texts};
pub use wait::{Gate, LIMIT, wait_for, wait_within};
