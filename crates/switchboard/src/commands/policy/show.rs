//! `switchboard policy show FLOOR`: a floor as the YAML that `policy build` takes, below what its commit says.

use super::counted;
use super::yaml::{Doc, write_item};
use crate::commands::screen::utc;
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
    let mut out = String::new();
    for comment in comments {
        // Writing to a string never fails, here and below.
        let _ = writeln!(out, "{faint}# {comment}{faint:#}");
    }
    let known = floor.live().iter().filter_map(|live| {
        Some(Item {
            kind: Kind::parse(live.kind())?,
            id: live.id(),
            body: live.body(),
            needs: live.needs(),
        })
    });
    write_sections(&known.collect::<Vec<_>>(), &mut out)?;
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

/// An entity of a policy that is written as a person would.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) kind: Kind,
    pub(super) id: &'a str,
    /// A JSON object.
    pub(super) body: &'a str,
    pub(super) needs: &'a [Box<str>],
}

/// The sections of a policy file, in colour.
pub(super) fn write_sections(items: &[Item<'_>], out: &mut String) -> anyhow::Result<()> {
    let faint = Style::new().dimmed();
    let strong = Style::new().bold();
    for kind in Kind::ALL {
        let mut all = items.iter().filter(|item| item.kind == kind).peekable();
        if all.peek().is_some() {
            // Writing to a string never fails, here and below.
            let _ = writeln!(out, "{strong}{}:{strong:#}", kind.section());
        }
        for item in all {
            if !item.needs.is_empty() {
                let _ = writeln!(out, "  {faint}# needs: {}{faint:#}", item.needs.join(", "));
            }
            let mut members = vec![("id".to_owned(), Doc::text(item.id))];
            if let Doc::Map(body) = serde_json::from_str(item.body)? {
                members.extend(body.into_iter().filter(|(key, _)| key != "id"));
            }
            write_item(&members, 2, out);
        }
    }
    Ok(())
}
