//! Who a request is from, as the service behind the gateway is told (policy §5).

use super::token_steps::Bearing;
use super::trail::Trail;
use crate::token::{HEADER_FORM_BYTES_MAX, header_form};
use std::borrow::Cow;

/// The values of the identity fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity<'d> {
    pub(super) user: Option<Cow<'d, str>>,
    pub(super) role: Option<Cow<'d, str>>,
    pub(super) client: Option<Cow<'d, str>>,
    pub(super) tenant: Option<Cow<'d, str>>,
    pub(super) cell: Option<&'d str>,
}

impl<'d> Identity<'d> {
    pub(super) fn new(
        trail: &Trail<'d>,
        bearing: Option<&Bearing<'d>>,
        tenant: Option<Cow<'d, str>>,
        cell: Option<&'d str>,
    ) -> Identity<'d> {
        let client = match trail.client {
            Some(client) => Some(Cow::Borrowed(client.id())),
            None => bearing.and_then(|bearing| header_form(bearing.client_claim()?)),
        };
        Identity {
            user: bearing.and_then(|bearing| header_form(bearing.user()?)),
            role: bearing.and_then(|bearing| header_form(bearing.role()?)),
            client,
            tenant,
            cell,
        }
    }

    pub(super) fn is_too_large(&self) -> bool {
        let values = [&self.user, &self.role, &self.client, &self.tenant];
        values.into_iter().any(is_over)
    }

    /// Without the values that are too large.
    pub(super) fn fitting(mut self) -> Identity<'d> {
        for value in [&mut self.user, &mut self.role, &mut self.client, &mut self.tenant] {
            if is_over(value) {
                *value = None;
            }
        }
        self
    }
}

fn is_over(value: &Option<Cow<'_, str>>) -> bool {
    value
        .as_ref()
        .is_some_and(|value| value.len() > HEADER_FORM_BYTES_MAX)
}
