//! `switchboard policy show FLOOR`: a floor as the YAML that `policy build` takes, below what its commit says.

use super::counted;
use super::yaml::{Doc, write_item};
use ::policy::entity::Kind;
use anstyle::Style;
use clap::Parser;
use feed::{Floor, FloorError, Live, read_floor};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code: 0 shown; 1 the floor does not hold, so that nothing of it is believed; 2 the file cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct Show {
    /// The floor
    floor: PathBuf,
}

impl Show {
    /// Reads and prints.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let bytes = match std::fs::read(&self.floor) {
            Ok(bytes) => bytes,
            Err(error) => {
                let error =
                    anyhow::Error::new(error).context(format!("{} cannot be read", self.floor.display()));
                crate::commands::report_error(&error);
                return Ok(ExitCode::from(crate::commands::UNREADABLE));
            }
        };
        let floor = match read_floor(&bytes) {
            Ok(floor) => floor,
            Err(error) => return Ok(self.refuse(error)),
        };
        anstream::print!("{}", shown(&floor)?);
        Ok(ExitCode::SUCCESS)
    }

    fn refuse(&self, error: FloorError) -> ExitCode {
        let error = anyhow::Error::new(error).context(self.floor.display().to_string());
        crate::commands::report_error(&error);
        ExitCode::FAILURE
    }
}

/// In colour; whoever prints it takes the colours out where they are not wanted.
fn shown(floor: &Floor<'_>) -> anyhow::Result<String> {
    let mut comments = Vec::new();
    comments.push(format!("feed: {}", floor.feed()));
    comments.push(format!(
        "revision: {} (built {})",
        floor.revision(),
        utc(floor.at())
    ));
    comments.push(format!("digest: {}", floor.digest()));
    comments.push(match floor.roots() {
        Some(roots) => format!(
            "signed, epoch {}; roots: {}",
            floor.epoch(),
            roots.ids().collect::<Vec<_>>().join(", ")
        ),
        None => "not signed: as good as the place that it was kept in".to_owned(),
    });
    comments.push(counted(floor.live().iter().map(Live::kind)));
    for (count, what) in [
        (floor.skipped(), "lines that are no record were skipped"),
        (
            floor.foreign(),
            "records of another feed, epoch or later revision were left out",
        ),
    ] {
        if count > 0 {
            comments.push(format!("{count} {what}"));
        }
    }
    let faint = Style::new().dimmed();
    let strong = Style::new().bold();
    let mut out = String::new();
    for comment in comments {
        // Writing to a string never fails, here and below.
        let _ = writeln!(out, "{faint}# {comment}{faint:#}");
    }
    for kind in Kind::ALL {
        let mut all = floor
            .live()
            .iter()
            .filter(|live| live.kind() == kind.as_str())
            .peekable();
        if all.peek().is_some() {
            let _ = writeln!(out, "{strong}{}:{strong:#}", kind.section());
        }
        for live in all {
            if !live.needs().is_empty() {
                let _ = writeln!(out, "  {faint}# needs: {}{faint:#}", live.needs().join(", "));
            }
            let mut members = vec![("id".to_owned(), Doc::text(live.id()))];
            if let Doc::Map(body) = serde_json::from_str(live.body())? {
                members.extend(body.into_iter().filter(|(key, _)| key != "id"));
            }
            write_item(&members, 2, &mut out);
        }
    }
    for live in floor
        .live()
        .iter()
        .filter(|live| Kind::parse(live.kind()).is_none())
    {
        let (kind, id) = (live.kind(), live.id());
        let _ = writeln!(
            out,
            "{faint}# of a kind that this version does not know: {kind}/{id} {}{faint:#}",
            live.body()
        );
    }
    Ok(out)
}

/// RFC 3339 of Unix seconds.
fn utc(seconds: u64) -> String {
    const DAY_S: u64 = 86_400;
    let (days, second) = (seconds / DAY_S, seconds % DAY_S);
    // Years that begin in March, from the year 0; a cycle of 400 of them has 146,097 days.
    let days = days + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = cycle * 400 + year + next;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    //! Days that are easy to get wrong.

    use super::utc;

    #[test]
    fn days() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_763_900_421, "2025-11-23T12:20:21Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), expected);
        }
    }
}
