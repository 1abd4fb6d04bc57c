//! `switchboard cost`: what a team gateway costs a month, what would change it, and from where on something else is cheaper.
//!
//! In the order in which a question is answered: `command` has the options, `question` what is asked, `price_file` and
//! `prices` what things cost, `estimate` the lines of the team gateway, `alternatives` those of a router and of a shared
//! gateway, `break_even` where the cheaper one changes, `report` and `json` the two forms of the answer. All but `command`
//! is pure. Amounts are doubles in USD until a line is done; there it is rounded to cents, and a total is the sum of its lines.

mod alternatives;
mod break_even;
mod command;
mod estimate;
mod json;
mod number;
mod price_file;
mod prices;
mod question;
mod report;

pub(crate) use command::Cost;

#[cfg(test)]
mod tests;
