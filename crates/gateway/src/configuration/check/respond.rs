//! Answers that need no upstream: redirects and fixed responses.

use super::Checker;
use crate::configuration::decode::{At, Text};
use crate::configuration::model::{Redirect, Respond};
use crate::configuration::url;
use crate::configuration::wire;

const REDIRECT_STATUS: u16 = 302;
const RESPOND_STATUS: u16 = 200;
const LOCATION_BYTES_MAX: usize = 8_192;
const BODY_BYTES_MAX: usize = 1 << 20;

impl Checker<'_> {
    pub(super) fn redirect(&mut self, redirect: &wire::Redirect) -> Option<Redirect> {
        if let Some(to) = redirect.to.get() {
            self.location(to);
        }
        let status = match redirect.status.get() {
            None => REDIRECT_STATUS,
            Some(status) => match u16::try_from(status.value.0) {
                Ok(status @ (301 | 302 | 303 | 307 | 308)) => status,
                _ => {
                    let message = format!("{} is not the status of a redirect", status.value.0);
                    let help = "write 301 or 308 (for good), or 302, 303 or 307 (for now)";
                    self.problems.error(status.span, message).help(help);
                    return None;
                }
            },
        };
        let to = redirect.to.get()?;
        Some(Redirect {
            to: (*to.value).into(),
            status,
        })
    }

    /// A Location (RFC 9110 §10.2.2), literal: nothing of a request is put into it.
    fn location(&mut self, to: &At<Text>) {
        let text = &*to.value;
        if text.len() > LOCATION_BYTES_MAX {
            self.problems.error(
                to.span,
                format!("a Location of more than {LOCATION_BYTES_MAX} bytes"),
            );
            return;
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
        if !text.bytes().all(fits) {
            let message = "a character in a Location that no URL has";
            self.problems.error(to.span, message).help("percent-encode it");
            return;
        }
        if text.starts_with("//") {
            let message = "a Location without a scheme that names a host";
            self.problems
                .error(to.span, message)
                .help(format!("write `https:{text}`"));
            return;
        }
        if text.starts_with('/') {
            return;
        }
        // A fragment is fine here, and is no part of what a server is asked for.
        let without_fragment = text.split('#').next().unwrap_or(text);
        if let Err(refusal) = url::parse(without_fragment) {
            let message = format!(
                "{} is neither a URL nor a path: {}",
                to.value.shown(),
                refusal.message
            );
            self.problems
                .error(to.span, message)
                .help("write `https://HOST/PATH`, or `/PATH` on the same host");
        }
    }

    pub(super) fn respond(&mut self, at: &At<wire::Respond>) -> Option<Respond> {
        let respond = &at.value;
        let status = respond
            .status
            .get()
            .map_or(Some(RESPOND_STATUS), |at| u16::try_from(at.value.0).ok())?;
        let mut headers = self.response_headers(&respond.headers);
        let body = respond.body.get();
        if let Some(body) = body.filter(|body| !body.value.is_empty()) {
            // RFC 9110 §15.3.5, §15.3.6 and §15.4.5.
            if matches!(status, 204 | 205 | 304) {
                let message = format!("an answer with status {status} has no body");
                self.problems
                    .error(body.key, message)
                    .help("take the body out, or choose another status");
            }
            if body.value.len() > BODY_BYTES_MAX {
                let message = format!("a body of more than {BODY_BYTES_MAX} bytes");
                self.problems
                    .error(body.span, message)
                    .help("serve it from an upstream");
            }
            if !headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            {
                headers.push(("Content-Type".into(), "text/plain; charset=utf-8".into()));
            }
        }
        let body = body.map_or(Box::default(), |body| body.value.as_bytes().into());
        Some(Respond {
            status,
            headers,
            body,
        })
    }
}
