//! `switchboard demo`: three small services, a gateway before them, and a tour of requests, in one process.
//!
//! `shop` is what the services know, `services` runs them, `place` holds the files, `client` asks, `tour` tells, `screen`
//! prints, `stage` holds it together, and `run` starts and ends it all. The gateway is the real one, started as
//! `switchboard gateway` starts it.

mod client;
mod place;
mod run;
mod screen;
mod services;
mod shop;
mod stage;
mod tour;

pub(crate) use run::Demo;
