//! An explanation for people: one screen, the answer first.

use super::{Authorization, Decision, Explanation, Outcome, PolicyVerdict, Rule, Signature, Verdict};
use std::fmt::{self, Write as _};

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[1;32m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

/// With ANSI colours; a writer that strips them makes it plain.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = &self.request;
        writeln!(
            f,
            "{BOLD}{} {}{RESET}  {DIM}Host: {}{RESET}",
            asked.method, asked.target, asked.host
        )?;
        let raw = asked.target.split('?').next().unwrap_or_default();
        if raw != asked.path {
            writeln!(f, "  canonical path  {}", asked.path)?;
        }
        f.write_char('\n')?;
        write_decision(f, &self.decision)?;
        if let Some(authorization) = &self.authorization {
            write!(f, "\n{authorization}")?;
        }
        if !self.candidates.is_empty() {
            writeln!(f, "\n{BOLD}Routes{RESET}")?;
        }
        let width = self
            .candidates
            .iter()
            .map(|candidate| candidate.route.len())
            .max()
            .unwrap_or(0)
            .min(48);
        for candidate in &self.candidates {
            let (mark, style) = match candidate.verdict {
                Verdict::Chosen => ('✔', GREEN),
                Verdict::OtherMethods | Verdict::Lost => ('✘', YELLOW),
                Verdict::NoMatch => ('·', DIM),
            };
            let (route, line) = (&candidate.route, candidate.line);
            writeln!(
                f,
                "  {style}{mark} {route:width$}{RESET}  {DIM}line {line:<4}{RESET} {}",
                candidate.because
            )?;
        }
        if self.candidates_left_out > 0 {
            writeln!(
                f,
                "  {DIM}… and {} more, further off{RESET}",
                self.candidates_left_out
            )?;
        }
        Ok(())
    }
}

fn write_decision(f: &mut fmt::Formatter<'_>, decision: &Decision) -> fmt::Result {
    match decision {
        Decision::Forward {
            route,
            line,
            upstream,
            through,
            request,
        } => {
            writeln!(
                f,
                "{GREEN}→ forwarded{RESET} to {BOLD}{upstream}{RESET} by {route} {DIM}(line {line}){RESET}"
            )?;
            if let Some(through) = through {
                let (endpoint, name) = (&through.vpc_endpoint, &through.server_name);
                writeln!(f, "  through the VPC endpoint {endpoint}")?;
                writeln!(f, "  SNI and Host  {name}")?;
            }
            writeln!(
                f,
                "\n{BOLD}What is sent{RESET} {DIM}(ids are examples, secrets are masked){RESET}"
            )?;
            request.iter().try_for_each(|line| writeln!(f, "  {line}"))
        }
        Decision::Redirect {
            route,
            line,
            status,
            to,
        } => {
            writeln!(
                f,
                "{GREEN}→ redirected{RESET} with {status} to {BOLD}{to}{RESET} by {route} {DIM}(line {line}){RESET}"
            )
        }
        Decision::Respond { route, line, status } => {
            writeln!(
                f,
                "{GREEN}→ answered{RESET} with {status} by {route} {DIM}(line {line}){RESET}"
            )
        }
        Decision::Capabilities => writeln!(
            f,
            "{GREEN}→ answered{RESET} by the gateway itself: what it can do"
        ),
        Decision::Refuse {
            status,
            code,
            message,
            allow,
        } => {
            writeln!(f, "{RED}✘ refused{RESET} with {status} {code}: {message}")?;
            allow.iter().try_for_each(|allow| writeln!(f, "  Allow: {allow}"))
        }
    }
}

/// What policy says, with ANSI colours.
impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.policy;
        writeln!(f, "{BOLD}Policy{RESET}  {DIM}from {source}{RESET}")?;
        for keys in &self.keys {
            let from = if keys.from == "never" {
                "none was ever fetched"
            } else {
                &keys.from
            };
            let issuer = &keys.issuer;
            writeln!(f, "  {DIM}keys of {issuer}: {from}{RESET}")?;
        }
        if self.credentials.is_empty() {
            writeln!(f, "  shown       nothing")?;
        }
        for shown in &self.credentials {
            let id = shown
                .id
                .as_ref()
                .map_or(String::new(), |id| format!(" with the id {id}"));
            writeln!(f, "  shown       {}{id}, in {}", shown.kind, shown.field)?;
        }
        let signature = match self.signature {
            Signature::Good => "good",
            Signature::Bad => "does not hold",
            Signature::KeyMissing => "its key is not there (`--fetch-keys` asks the issuer)",
            Signature::NotVerified => "none was verified",
        };
        writeln!(f, "  signature   {signature}")?;
        for found in &self.found {
            writeln!(f, "  {:<12}{}", found.rule, found.found)?;
        }
        write_rules(f, &self.rules)?;
        match &self.verdict {
            PolicyVerdict::Permit {
                identity,
                removed,
                scopes,
                plan,
            } => {
                writeln!(f, "  {GREEN}→ permitted{RESET}")?;
                identity
                    .iter()
                    .try_for_each(|(name, value)| writeln!(f, "    sets {name}: {value}"))?;
                removed
                    .iter()
                    .try_for_each(|name| writeln!(f, "    removes {name}"))?;
                if !scopes.is_empty() {
                    writeln!(f, "    scopes {}", scopes.join(" "))?;
                }
                plan.iter().try_for_each(|plan| writeln!(f, "    plan {plan}"))
            }
            PolicyVerdict::Reject {
                code,
                detail,
                challenges,
                ..
            } => {
                let detail = detail.map_or(String::new(), |detail| format!(" ({detail})"));
                writeln!(f, "  {RED}✘ {code}{RESET}{detail}")?;
                challenges
                    .iter()
                    .try_for_each(|value| writeln!(f, "    WWW-Authenticate: {value}"))
            }
        }
    }
}

/// Columns of a line of rules.
const RULES_COLUMNS_MAX: usize = 76;

/// The rules by what they said; each group in the order in which they are asked.
fn write_rules(f: &mut fmt::Formatter<'_>, rules: &[Rule]) -> fmt::Result {
    let groups = [
        (Outcome::Passed, GREEN, "✔"),
        (Outcome::Refused, RED, "✘"),
        (Outcome::NothingShown, DIM, "· none shown:"),
        (Outcome::NotReached, DIM, "· not reached:"),
        (Outcome::NotAsked, DIM, "· not asked, the operation is public:"),
    ];
    let mut label = "rules";
    for (outcome, style, mark) in groups {
        let of_group = rules.iter().filter(|rule| rule.outcome == outcome);
        let names: Vec<&str> = of_group.map(|rule| rule.rule).collect();
        if names.is_empty() {
            continue;
        }
        let mut line = mark.to_owned();
        for (index, name) in names.iter().enumerate() {
            let comma = if index + 1 < names.len() { "," } else { "" };
            if line.chars().count() + name.len() > RULES_COLUMNS_MAX {
                writeln!(f, "  {label:<12}{style}{line}{RESET}")?;
                label = "";
                line = " ".to_owned();
            }
            line.push_str(&format!(" {name}{comma}"));
        }
        writeln!(f, "  {label:<12}{style}{line}{RESET}")?;
        label = "";
    }
    Ok(())
}
