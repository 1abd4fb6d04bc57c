//! Plans, tenants and cells.
//!
//! All that a decision asks of a plan or a cell is whether it is understood; what a plan allows is counted elsewhere.

use super::reading::{Read, Refused, State, holds, ruled, wire};
use crate::entity;
use crate::policy::Body;
use crate::rules;

/// What a client buys.
#[derive(Debug)]
pub struct Plan {
    pub(crate) id: Box<str>,
    rate: Option<(u64, &'static str)>,
    burst: Option<u64>,
    quota: Option<(u64, &'static str)>,
    pub(crate) is_supported: bool,
}

impl Plan {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Requests for each `s`, `m` or `h`.
    pub fn rate(&self) -> Option<(u64, &'static str)> {
        self.rate
    }

    /// The most requests at once.
    pub fn burst(&self) -> Option<u64> {
        self.burst
    }

    /// Requests for each `day` or `month`.
    pub fn quota(&self) -> Option<(u64, &'static str)> {
        self.quota
    }

    /// From the body of a record.
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>]) -> Read<Plan> {
        let whole = wire(body, needs)
            .and_then(|wire: entity::Plan| Plan::new(id, &wire).map_err(|refused| refused.to_string()));
        whole.map_or_else(
            |message| {
                let unknown = Plan {
                    id: id.into(),
                    rate: None,
                    burst: None,
                    quota: None,
                    is_supported: false,
                };
                Read::Unsupported(unknown, message)
            },
            Read::Whole,
        )
    }

    fn new(id: &str, wire: &entity::Plan) -> Result<Plan, Refused> {
        let rate = wire
            .rate
            .as_deref()
            .map(|rate| ruled("rate", rules::short_rate(rate)));
        let quota = wire
            .quota
            .as_deref()
            .map(|quota| ruled("quota", rules::long_rate(quota)));
        holds("burst", wire.burst.is_none_or(rules::is_burst))?;
        holds("rate", rate.is_some() || quota.is_some())?;
        Ok(Plan {
            id: id.into(),
            rate: rate.transpose()?,
            burst: wire.burst,
            quota: quota.transpose()?,
            is_supported: true,
        })
    }
}

/// Whose data it is.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Box<str>,
    pub(crate) cell: Option<Box<str>>,
    pub(crate) state: State,
}

impl Tenant {
    /// From the body of a record.
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>]) -> Read<Tenant> {
        let tenant = |cell, state| Tenant {
            id: id.into(),
            cell,
            state,
        };
        let whole = wire(body, needs).and_then(|wire: entity::Tenant| {
            holds("cell", wire.cell.as_deref().is_none_or(rules::is_id))
                .map_err(|refused| refused.to_string())?;
            Ok(tenant(wire.cell, wire.status.into()))
        });
        whole.map_or_else(
            |message| Read::Unsupported(tenant(None, State::Unsupported), message),
            Read::Whole,
        )
    }
}

/// A deployment cell.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) id: Box<str>,
    pub(crate) is_supported: bool,
}

impl Cell {
    /// From the body of a record.
    pub(crate) fn read(id: &str, body: Body<'_>, needs: &[Box<str>]) -> Read<Cell> {
        let cell = |is_supported| Cell {
            id: id.into(),
            is_supported,
        };
        match wire::<entity::Cell>(body, needs) {
            Ok(_) => Read::Whole(cell(true)),
            Err(message) => Read::Unsupported(cell(false), message),
        }
    }
}
