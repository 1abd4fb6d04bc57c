//! Who runs what: reports of gateways, authorizers and relays, and what follows of them.
//!
//! `report` takes one, `pending` keeps what is not written yet, `uses` those of credentials among it, `judge` says what the reports mean (pure), `view` answers, `versions` says what
//! is to run, `alarm` finds who has more than the database.

mod alarm;
mod judge;
mod pending;
mod report;
mod uses;
mod versions;
mod view;

pub(crate) use pending::{Pending, write_reports};
pub(crate) use report::{NewReport, report};
pub(crate) use versions::{get_versions, set_versions};
pub(crate) use view::view;
