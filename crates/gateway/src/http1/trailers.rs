//! The trailer section of a chunked body: collected, bounded, and refused where it would change what was decided.
//!
//! Trailers come when routing, credentials and framing have long been acted on, so a trailer that names one of them
//! is a fault and not merely dropped. Which of the rest are passed on is the driver's to say.

use super::block::FieldBlock;
use super::fault::HeadFault;
use super::scan::{find_control, is_control};
use super::{BodyFault, FieldRef, Known};

/// The section, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    bytes: Vec<u8>,
    line_start: usize,
    lines: usize,
    /// The last byte taken was the CR of a line end.
    after_cr: bool,
    block: FieldBlock,
}

impl Trailers {
    /// Takes from the front of `input`; how many bytes were used up, and whether the section has ended.
    pub(super) fn push(
        &mut self,
        input: &[u8],
        bytes_max: usize,
        count_max: usize,
    ) -> Result<(usize, bool), BodyFault> {
        let mut rest = input;
        while let Some(&first) = rest.first() {
            if self.after_cr {
                if first != b'\n' {
                    return Err(BodyFault("a trailer has a CR without LF"));
                }
                self.after_cr = false;
                rest = &rest[1..];
                if self.bytes.len() == self.line_start {
                    self.finish()?;
                    return Ok((input.len() - rest.len(), true));
                }
                self.append(b"\r\n", bytes_max)?;
                self.line_start = self.bytes.len();
                self.lines += 1;
                if self.lines > count_max {
                    return Err(BodyFault("there are too many trailers"));
                }
                continue;
            }
            if is_control(first) {
                self.after_cr = match first {
                    b'\r' => true,
                    b'\n' => return Err(BodyFault("a trailer ends in a bare LF")),
                    _ => return Err(BodyFault("a trailer has a control byte")),
                };
                rest = &rest[1..];
                continue;
            }
            let (run, behind) = rest.split_at(find_control(rest).unwrap_or(rest.len()));
            self.append(run, bytes_max)?;
            rest = behind;
        }
        Ok((input.len(), false))
    }

    /// The fields, once the section has ended.
    pub(super) fn fields(&self) -> impl Iterator<Item = FieldRef<'_>> {
        self.block.fields(&self.bytes)
    }

    fn append(&mut self, run: &[u8], bytes_max: usize) -> Result<(), BodyFault> {
        if run.len() > bytes_max.saturating_sub(self.bytes.len()) {
            return Err(BodyFault("the trailers are too long"));
        }
        self.bytes.extend_from_slice(run);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BodyFault> {
        if self.lines == 0 {
            return Ok(());
        }
        self.bytes.extend_from_slice(b"\r\n");
        self.block
            .parse(&self.bytes, 0..self.bytes.len(), self.lines)
            .map_err(|fault| match fault {
                HeadFault::Malformed(rule) | HeadFault::TooLarge(rule) => BodyFault(rule),
                HeadFault::FirstLineTooLong => BodyFault("the trailers are too long"),
            })?;
        if self.fields().any(|field| is_forbidden(&field)) {
            return Err(BodyFault("a trailer names a field that belongs into the head"));
        }
        Ok(())
    }
}

/// RFC 9110 §6.5.1: framing, routing, hop-by-hop, credentials, and how the content is to be read.
fn is_forbidden(field: &FieldRef<'_>) -> bool {
    const NAMES: [&[u8]; 8] = [
        b"Authentication-Control",
        b"Cache-Control",
        b"Content-Encoding",
        b"Content-Range",
        b"Cookie",
        b"Max-Forwards",
        b"Set-Cookie",
        b"WWW-Authenticate",
    ];
    match field.known {
        Known::Authorization
        | Known::Connection
        | Known::ContentLength
        | Known::ContentType
        | Known::Expect
        | Known::Forwarded
        | Known::Host
        | Known::KeepAlive
        | Known::ProxyAuthenticate
        | Known::ProxyAuthorization
        | Known::ProxyConnection
        | Known::Te
        | Known::Trailer
        | Known::TransferEncoding
        | Known::Upgrade
        | Known::XForwardedFor
        | Known::XForwardedHost
        | Known::XForwardedPrefix
        | Known::XForwardedProto => true,
        Known::Other => NAMES.iter().any(|name| field.name.eq_ignore_ascii_case(name)),
        _ => false,
    }
}
