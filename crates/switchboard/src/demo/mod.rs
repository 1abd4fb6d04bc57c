//! `switchboard demo`: three small services and an identity provider, a gateway before them, and a tour of requests, in
//! one process.
//!
//! `shop` is what the services know, `issuer` signs people in, `services` runs them, `place` holds the files, `client` asks, `tour` and `signing_in` tell, `screen`
//! prints, `federation` is the second act, of processes of their own, `stage` holds it together, and `run` starts and ends it all. The gateway is the real one, started as
//! `switchboard gateway` starts it.

mod client;
mod federation;
mod issuer;
mod place;
mod run;
mod screen;
mod services;
mod shop;
mod signing_in;
mod stage;
mod tour;

pub(crate) use run::Demo;
