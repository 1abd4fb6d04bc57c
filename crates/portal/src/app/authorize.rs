//! The one place that asks whether an actor may: every operation of every handler comes through here.
//!
//! What is allowed is [`may`]'s, which is pure; here its refusal becomes an answer.

use super::refused::Refused;
use crate::identity::{Actor, Object, Operation, may};

/// Whether the actor may. What they may not see is `Hidden`: see [`Refused::naming`].
pub(crate) fn authorize(actor: &Actor, operation: Operation, object: Object<'_>) -> Result<(), Refused> {
    Ok(may(actor, operation, &object)?)
}

/// The object that somebody's team owns; nobody's where there is none.
pub(crate) fn of_team(team: Option<&str>) -> Object<'_> {
    team.map_or(Object::Organisation, |team| Object::Of { team })
}
