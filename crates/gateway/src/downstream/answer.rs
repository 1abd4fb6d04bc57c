//! stub
use crate::configuration::Action;
use crate::http1::Version;
use crate::response::Reject;
use crate::usage::Account;
pub(super) struct Context {
    pub(super) version: Version,
    pub(super) to_head: bool,
    pub(super) keep_alive: bool,
}
pub(super) fn fixed(_: &mut Vec<u8>, _: &mut Account, _: &Action, _: &Context, _: &str) {}
pub(super) fn capabilities(_: &mut Vec<u8>, _: &mut Account, _: &Context, _: &str) {}
pub(super) fn refusal(_: &mut Vec<u8>, _: &mut Account, _: Reject, _: Option<&str>, _: &Context, _: &str) {}
