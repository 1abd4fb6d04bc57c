//! Where the access log goes and what its lines hold.

use super::Checker;
use crate::configuration::decode::{At, Slot, Text, nearest};
use crate::configuration::model::{AccessLog, LogField};
use crate::configuration::wire::{AccessLogKey, LogFieldKey};
use std::sync::Arc;

/// Each member under its name in the file.
const FIELDS: [(LogFieldKey, LogField); 21] = [
    (LogFieldKey::Time, LogField::Time),
    (LogFieldKey::RequestId, LogField::RequestId),
    (LogFieldKey::TraceId, LogField::TraceId),
    (LogFieldKey::ClientIp, LogField::ClientIp),
    (LogFieldKey::Method, LogField::Method),
    (LogFieldKey::Host, LogField::Host),
    (LogFieldKey::Path, LogField::Path),
    (LogFieldKey::Route, LogField::Route),
    (LogFieldKey::Api, LogField::Api),
    (LogFieldKey::ClientId, LogField::ClientId),
    (LogFieldKey::Status, LogField::Status),
    (LogFieldKey::Error, LogField::Error),
    (LogFieldKey::Detail, LogField::Detail),
    (LogFieldKey::Upstream, LogField::Upstream),
    (LogFieldKey::BytesIn, LogField::BytesIn),
    (LogFieldKey::BytesOut, LogField::BytesOut),
    (LogFieldKey::DurationUs, LogField::DurationUs),
    (LogFieldKey::UpstreamUs, LogField::UpstreamUs),
    (LogFieldKey::Tries, LogField::Tries),
    (LogFieldKey::UserAgent, LogField::UserAgent),
    (LogFieldKey::Protocol, LogField::Protocol),
];

impl Checker<'_> {
    pub(super) fn access_log(&mut self, slot: &Slot<AccessLogKey>) -> (AccessLog, Arc<[LogField]>) {
        let every = || FIELDS.iter().map(|(_, field)| *field).collect();
        let Some(At {
            value: AccessLogKey(log),
            ..
        }) = slot.get()
        else {
            return (AccessLog::Stdout, every());
        };
        let to = log.to.get().map_or(AccessLog::Stdout, |to| self.destination(to));
        let fields = log.fields.get().map(|fields| self.log_fields(fields));
        (to, fields.unwrap_or_else(every))
    }

    fn destination(&mut self, to: &At<Text>) -> AccessLog {
        match &*to.value {
            "stdout" => AccessLog::Stdout,
            "off" => AccessLog::Off,
            // A slip in one of the two words must not become a file of that name.
            word if !word.trim_start_matches('.').contains(['/', '.']) => {
                let message = format!(
                    "{} is neither `stdout` nor `off` nor the path of a file",
                    to.value.shown()
                );
                let help = match nearest(word, &["stdout", "off"]) {
                    Some(near) => format!("write `{near}`? A file in this directory is written as `./NAME`"),
                    None => "a file in this directory is written as `./NAME`".to_owned(),
                };
                self.problems.error(to.span, message).help(help);
                AccessLog::Off
            }
            _ => AccessLog::File(self.locate(&to.value)),
        }
    }

    fn log_fields(&mut self, fields: &At<Vec<At<LogFieldKey>>>) -> Arc<[LogField]> {
        if fields.value.is_empty() {
            let help = "leave `fields` out for all of them, or write `access_log: off`";
            self.problems
                .error(fields.key, "a log line without members")
                .help(help);
        }
        for (index, field) in fields.value.iter().enumerate() {
            let first = fields
                .value
                .iter()
                .take(index)
                .find(|other| other.value == field.value);
            if let Some(first) = first {
                self.problems
                    .error(field.span, "given twice")
                    .help("keep one")
                    .related(first.span, "first here");
            }
        }
        let model = |key: LogFieldKey| {
            FIELDS
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, field)| *field)
        };
        fields.value.iter().filter_map(|at| model(at.value)).collect()
    }
}
