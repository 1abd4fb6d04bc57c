//! `switchboard revoke …`: what must not count any more, on every gateway (policy.md §1, revocations).
//!
//! The id of a revocation comes of what it revokes, so that the same command again makes no second one, and never shortens the first.

use super::change::{ChangeOptions, Outcome, good};
use super::exit;
use super::portal_client::{Call, EnvironmentOptions, Failure, entity_id, printable, read_secret};
use super::screen::{STRONG, Table, now_s, span, utc};
use anstyle::Style;
use aws_lc_rs::digest::{SHA256, digest};
use clap::{Parser, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Bytes of the digest that an id has.
const ID_BYTES: usize = 10;
const PAGE: u32 = 1_000;
const PAGES_MAX: usize = 100;

/// Takes back what was given, at once and everywhere.
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  switchboard revoke token --file leaked.txt --wait         a token or an API key that leaked; `-` reads standard input
  switchboard revoke token --issuer corp --jti 7c1f --until 24h
  switchboard revoke subject u1 --issuer corp --wait        all tokens of a user up to now; later ones count
  switchboard revoke signing-key k-2025 --issuer corp       all tokens under a key of an issuer

Exit code: 0 done; 1 refused, or not on every live gateway yet; 2 options that cannot be used; 3 the portal was not reached.")]
pub(crate) struct Revoke {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A single token, by its jti or by itself in a file; or an API key that is in the file
    Token(OfToken),
    /// An API key, or another credential of a client, by its id
    Key(OfKey),
    /// All tokens of a subject that were issued before a moment
    Subject(OfSubject),
    /// All tokens with a client claim that were issued before a moment
    Client(OfClient),
    /// All tokens that a key of an issuer signed
    SigningKey(OfSigningKey),
    /// Show all revocations
    List(List),
    /// Let it count again: deletes a revocation
    Lift(Lift),
}

#[derive(Debug, Parser)]
struct OfToken {
    /// The id of the issuer, with --jti
    #[arg(long, value_name = "ISSUER", value_parser = entity_id, requires = "jti")]
    issuer: Option<String>,
    /// The token's jti claim
    #[arg(
        long,
        value_name = "JTI",
        requires = "issuer",
        required_unless_present = "file"
    )]
    jti: Option<String>,
    /// A file with the token or API key; `-` reads standard input. It is not sent: its hash is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["jti", "issuer"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Debug, Parser)]
struct OfKey {
    /// The credential's id
    #[arg(value_parser = entity_id)]
    key: String,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Debug, Parser)]
struct OfSubject {
    /// The `sub` claim
    subject: String,
    /// The id of the issuer
    #[arg(long, value_name = "ISSUER", value_parser = entity_id)]
    issuer: String,
    /// Tokens issued before it are refused, RFC 3339 with Z; now where absent
    #[arg(long, value_name = "TIME")]
    issued_before: Option<String>,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Debug, Parser)]
struct OfClient {
    /// The token's client claim, which need not be the id of a client
    client: String,
    /// The id of the issuer
    #[arg(long, value_name = "ISSUER", value_parser = entity_id)]
    issuer: String,
    /// Tokens issued before it are refused, RFC 3339 with Z; now where absent
    #[arg(long, value_name = "TIME")]
    issued_before: Option<String>,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Debug, Parser)]
struct OfSigningKey {
    /// The key's `kid`
    kid: String,
    /// The id of the issuer
    #[arg(long, value_name = "ISSUER", value_parser = entity_id)]
    issuer: String,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Debug, clap::Args)]
struct Rest {
    /// Until when it is revoked: RFC 3339 with Z, or a span from now on; for ever where absent
    #[arg(long, value_name = "TIME|SPAN", value_parser = until)]
    until: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Debug, Parser)]
struct List {
    #[command(flatten)]
    at: EnvironmentOptions,
    /// Print one revocation a line, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Parser)]
struct Lift {
    /// The revocation's id, as `list` shows it
    #[arg(value_parser = entity_id)]
    id: String,
    #[command(flatten)]
    change: ChangeOptions,
}

fn until(text: &str) -> Result<String, String> {
    if text.ends_with('Z') {
        // What is no time is the portal's to refuse: it says where.
        return Ok(text.to_owned());
    }
    span(text).map(|span| utc(now_s().saturating_add(span.as_secs())))
}

impl Revoke {
    /// Runs it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let before = |given: Option<String>| given.unwrap_or_else(|| utc(now_s()));
        let (what, body, rest) = match self.command {
            Command::Token(of) => match (of.issuer, of.jti, of.file) {
                (_, _, Some(file)) => {
                    let (what, body) = shown_in(&read_secret(&file)?)?;
                    (what, body, of.rest)
                }
                (issuer, jti, None) => (
                    "the token".to_owned(),
                    json!({ "issuer": issuer, "jti": jti }),
                    of.rest,
                ),
            },
            Command::Key(of) => (
                format!("credential {}", of.key),
                json!({ "credential": of.key }),
                of.rest,
            ),
            Command::Subject(of) => (
                format!("what subject {} was given", of.subject),
                json!({ "issuer": of.issuer, "subject": of.subject, "issued_before": before(of.issued_before) }),
                of.rest,
            ),
            Command::Client(of) => (
                format!("what client {} was given", of.client),
                json!({ "issuer": of.issuer, "client": of.client, "issued_before": before(of.issued_before) }),
                of.rest,
            ),
            Command::SigningKey(of) => (
                format!("what key {} signed", of.kid),
                json!({ "issuer": of.issuer, "kid": of.kid }),
                of.rest,
            ),
            Command::List(command) => return command.run(),
            Command::Lift(command) => return command.run(),
        };
        rest.put(&what, body)
    }
}

/// A token or an API key: what it is, and the revocation of it.
fn shown_in(text: &str) -> Result<(String, Value), Failure> {
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if let Some((id, _)) = text.strip_prefix("sb_").and_then(|rest| rest.split_once('_')) {
        return Ok((
            format!("credential {}", printable(id)),
            json!({ "credential": id }),
        ));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, _] = parts.as_slice() else {
        return Err(Failure::Usage(
            "the file holds neither a token (three parts with dots between) nor an API key (`sb_…`)"
                .to_owned(),
        ));
    };
    // Never over the signature, which can be varied.
    let covered = format!("{header}.{claims}");
    Ok((
        "the token".to_owned(),
        json!({ "token_sha256": hex(digest(&SHA256, covered.as_bytes()).as_ref()) }),
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id that everybody gives the revocation of this.
fn id_of(body: &Map<String, Value>) -> String {
    let mut named = body.clone();
    named.remove("issued_before");
    named.remove("until");
    let digest = digest(&SHA256, Value::Object(named).to_string().as_bytes());
    format!("r-{}", hex(digest.as_ref().get(..ID_BYTES).unwrap_or_default()))
}

/// The two together: whatever either refuses is refused.
fn widened(there: &Value, wanted: &Map<String, Value>) -> Map<String, Value> {
    let mut body = wanted.clone();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    // Times of one form compare as texts.
    if let (Some(one), Some(other)) = (
        text(there.get("issued_before")),
        text(wanted.get("issued_before")),
    ) {
        body.insert("issued_before".to_owned(), one.max(other).into());
    }
    match (text(there.get("until")), text(wanted.get("until"))) {
        (Some(one), Some(other)) => drop(body.insert("until".to_owned(), one.max(other).into())),
        _ => drop(body.remove("until")),
    }
    body
}

impl Rest {
    fn put(self, what: &str, body: Value) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let Value::Object(mut wanted) = body else {
            return Ok(ExitCode::from(exit::INPUT));
        };
        if let Some(until) = self.until {
            wanted.insert("until".to_owned(), until.into());
        }
        let id = id_of(&wanted);
        let path = self.change.at.path(&format!("/revocations/{id}"));
        let wanted = match portal.ask(Call::get(path.clone())) {
            Ok(there) => widened(&there.json()?, &wanted),
            Err(failure) if failure.refused(404).is_some() => wanted,
            Err(failure) => return Err(failure.into()),
        };
        let call = Call::put(path, &Value::Object(wanted.clone())).flag("confirm", self.change.confirm);
        let answer = portal.ask(call)?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let until = wanted.get("until").and_then(Value::as_str);
        let until = until
            .map(|until| format!(" until {}", printable(until)))
            .unwrap_or_default();
        let outcome = Outcome {
            said: format!("{what} is {}{until} as {id}", good("revoked")),
            verb: "refused",
            members: json!({ "id": id, "revocation": wanted }),
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }
}

impl List {
    #[allow(clippy::print_stdout, reason = "the revocations are this command's output")]
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.at.open()?;
        let mut table = Table::new(&["REVOCATION", "WHAT", "ISSUER", "UNTIL"]);
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let call = Call::get(self.at.path("/revocations"))
                .query(&[("limit", Some(PAGE.to_string())), ("cursor", cursor.take())]);
            let page = portal.ask(call)?.json()?;
            for one in page["items"].as_array().into_iter().flatten() {
                match self.json {
                    true => println!("{one}"),
                    false => table.styled(row(one)),
                }
            }
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        anstream::print!("{}", table.render());
        Ok(ExitCode::from(exit::DONE))
    }
}

fn row(revocation: &Value) -> [(String, Style); 4] {
    let text = |key: &str| revocation[key].as_str().map(printable);
    let named = ["jti", "token_sha256", "credential", "kid", "subject", "client"];
    let what = named
        .into_iter()
        .find_map(|key| text(key).map(|value| format!("{key} {value}")));
    let before = text("issued_before")
        .map(|time| format!(", issued before {time}"))
        .unwrap_or_default();
    [
        (text("id").unwrap_or_default(), STRONG),
        (what.unwrap_or_default() + &before, Style::new()),
        (text("issuer").unwrap_or_else(|| "-".to_owned()), Style::new()),
        (text("until").unwrap_or_else(|| "-".to_owned()), Style::new()),
    ]
}

impl Lift {
    fn run(self) -> anyhow::Result<ExitCode> {
        let portal = self.change.at.open()?;
        let path = self.change.at.path(&format!("/revocations/{}", self.id));
        let answer = portal.ask(Call::delete(path).flag("confirm", self.change.confirm))?;
        if answer.is_waiting() {
            return self.change.waits_for_another(&answer);
        }
        let outcome = Outcome {
            said: format!("revocation {} is {}", self.id, good("lifted")),
            verb: "lifted",
            members: json!({ "id": self.id }),
            position: answer.position(),
        };
        self.change.finish(&portal, outcome)
    }
}

#[cfg(test)]
mod tests {
    //! What leaked is named without being sent, and a revocation never becomes less.

    use super::*;

    #[test]
    fn what_leaked_is_revoked_by_its_name_or_hash() {
        let key = shown_in("sb_k7f3_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").unwrap();
        assert_eq!(key.1, json!({ "credential": "k7f3" }));
        let expected = hex(digest(&SHA256, b"aa.bb").as_ref());
        for text in ["aa.bb.cc", " Bearer aa.bb.other\n"] {
            assert_eq!(shown_in(text).unwrap().1, json!({ "token_sha256": expected }));
        }
        for none in ["", "aa.bb", "a.b.c.d", "hello"] {
            assert!(shown_in(none).is_err(), "{none}");
        }
    }

    #[test]
    fn the_same_again_is_the_same_one_and_never_less() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let one =
            object(json!({ "issuer": "corp", "subject": "u1", "issued_before": "2026-01-01T00:00:00Z" }));
        let later = object(
            json!({ "issuer": "corp", "subject": "u1", "issued_before": "2026-02-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" }),
        );
        assert_eq!(id_of(&one), id_of(&later));
        assert_ne!(
            id_of(&one),
            id_of(&object(json!({ "issuer": "corp", "subject": "u2" })))
        );
        let both = widened(&Value::Object(one.clone()), &later);
        assert_eq!(
            Value::Object(both),
            json!({ "issuer": "corp", "subject": "u1", "issued_before": "2026-02-01T00:00:00Z" })
        );
        let both = widened(&Value::Object(later), &one);
        assert_eq!(both["issued_before"], "2026-02-01T00:00:00Z");
        assert_eq!(both.get("until"), None);
    }
}
