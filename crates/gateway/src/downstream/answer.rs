//! From what was decided to the answer's bytes, with the account kept beside: what is recorded is what was sent.

use crate::configuration::Action;
use crate::http1::Version;
use crate::request::Why;
use crate::response::{self, AnswerContext, Beside, Reject};
use crate::usage::Account;

/// What every answer needs to know of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) version: Version,
    pub(super) to_head: bool,
    pub(super) keep_alive: bool,
    /// The current date (IMF-fixdate).
    pub(super) date: &'a str,
}

/// A refusal: `{"error", "message", "request_id"}` (request.md §4).
pub(super) fn refusal(
    out: &mut Vec<u8>,
    account: &mut Account,
    reject: Reject,
    why: &Why,
    context: &Context<'_>,
) {
    out.clear();
    account.reject = Some(reject);
    account.status = reject.status();
    let allow = why.allow.map(|methods| methods.to_string());
    let beside = Beside {
        allow: allow.as_deref(),
        challenges: &why.challenges,
    };
    account.bytes_out = response::refusal(out, reject, beside, &context.with(&account.request_id));
}

/// What a route answers by itself.
pub(super) fn fixed(out: &mut Vec<u8>, account: &mut Account, action: &Action, context: &Context<'_>) {
    out.clear();
    let with = context.with(&account.request_id);
    (account.status, account.bytes_out) = match action {
        Action::Redirect(redirect) => (redirect.status, response::redirect(out, redirect, &with)),
        Action::Respond(respond) => (respond.status, response::fixed(out, respond, &with)),
        // Never decided as fixed; refusing is what a fault of ours should do.
        Action::Forward(_) => return refusal(out, account, Reject::RouteNotFound, &Why::default(), context),
    };
}

/// `OPTIONS *`: what the gateway can do at all.
pub(super) fn capabilities(out: &mut Vec<u8>, account: &mut Account, context: &Context<'_>) {
    out.clear();
    account.status = 200;
    account.bytes_out = response::capabilities(out, &context.with(&account.request_id));
}

impl<'a> Context<'a> {
    fn with(&self, request_id: &'a str) -> AnswerContext<'a> {
        AnswerContext {
            version: self.version,
            to_head: self.to_head,
            keep_alive: self.keep_alive,
            request_id,
            date: self.date,
        }
    }
}
