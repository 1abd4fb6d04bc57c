//! A request target taken apart (RFC 9112 §3.2), and refused where its bytes are not RFC 3986's.
//!
//! Only the form is decided here. Whether a path is canonical is `policy::path`'s to say, whether an authority
//! is a host and the same as Host, the request head's.

use std::ops::Range;

use super::fault::RequestFault;
use super::request::TargetForm;

/// Offsets into the target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) form: TargetForm,
    /// Of the absolute form.
    pub(super) authority: Option<Range<usize>>,
    /// May be empty in the absolute form.
    pub(super) path: Range<usize>,
    pub(super) query: Option<Range<usize>>,
}

/// Takes `target` apart.
pub(super) fn parse(method: &[u8], target: &[u8]) -> Result<Target, RequestFault> {
    if target.starts_with(b"/") {
        return local_part(target, 0, TargetForm::Origin, None);
    }
    if target == b"*" {
        if method != b"OPTIONS" {
            return Err(RequestFault::Malformed("the target * goes with OPTIONS alone"));
        }
        return Ok(Target {
            form: TargetForm::Asterisk,
            authority: None,
            path: 0..1,
            query: None,
        });
    }
    let Some(start) = authority_start(target) else {
        return Err(RequestFault::Malformed(
            "the target is neither a path nor an absolute http or https URL",
        ));
    };
    let rest = &target[start..];
    let end = start
        + rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
            .unwrap_or(rest.len());
    let authority = start..end;
    if target[authority.clone()].contains(&b'@') {
        return Err(RequestFault::Malformed("the target has userinfo"));
    }
    local_part(target, end, TargetForm::Absolute, Some(authority))
}

/// Behind `http://` or `https://` in any case.
fn authority_start(target: &[u8]) -> Option<usize> {
    [b"http://".as_slice(), b"https://"]
        .iter()
        .find(|scheme| {
            target
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
        .map(|scheme| scheme.len())
}

/// Path and query, from `start` to the end.
fn local_part(
    target: &[u8],
    start: usize,
    form: TargetForm,
    authority: Option<Range<usize>>,
) -> Result<Target, RequestFault> {
    let local = &target[start..];
    let until = |bytes: &[u8], class| {
        let end = bytes
            .iter()
            .position(|&byte| CLASSES[usize::from(byte)] & class == 0);
        end.unwrap_or(bytes.len())
    };
    let path_len = until(local, PATH);
    let query = &local[path_len..];
    if !matches!(query, [] | [b'?', ..]) || until(query, QUERY) < query.len() {
        return Err(RequestFault::Malformed(
            "the target has a byte that no URL may have",
        ));
    }
    let path_end = start + path_len;
    Ok(Target {
        form,
        authority,
        path: start..path_end,
        query: (!query.is_empty()).then(|| path_end + 1..target.len()),
    })
}

const PATH: u8 = 1;
const QUERY: u8 = 2;

/// RFC 3986 §3.3 and §3.4. `[` and `]` are taken in a query, where the RFC would have them escaped and hardly any
/// client does; nothing here looks into a query. `%` is taken without a look at what follows.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let at = byte as usize;
        classes[at] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'%' => PATH | QUERY,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => PATH | QUERY,
            b':' | b'@' | b'/' => PATH | QUERY,
            b'?' | b'[' | b']' => QUERY,
            _ => 0,
        };
        byte += 1;
    }
    classes
};
