//! `switchboard feed doctor`: whether a feed's topic is what feed.md §3 asks for. Changes nothing.

#[cfg(feature = "kafka")]
use anstyle::{AnsiColor, Style};
use clap::Parser;
#[cfg(feature = "kafka")]
use feed::kafka::Settings;
#[cfg(feature = "kafka")]
use feed::kafka::doctor::{Finding, Grade, judge, look_at_topic};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code: 0 nothing is wrong (warnings allowed); 1 something is; 2 it cannot be looked at.
#[derive(Debug, Parser)]
pub(crate) struct Doctor {
    /// The brokers, HOST:PORT; in the clear, unless a configuration says how one speaks to them
    #[arg(long, value_delimiter = ',', required_unless_present_any = ["config", "kafka"])]
    brokers: Vec<String>,
    /// The feed's name; that of the configuration's floor where it is left out
    #[arg(long, required_unless_present = "config")]
    feed: Option<String>,
    /// A gateway's configuration, whose `policy.feed.kafka` says where Kafka is and who one is there
    #[arg(long)]
    config: Option<PathBuf>,
    /// A file that says where Kafka is, as `relay --kafka` reads it
    #[arg(long, conflicts_with = "config", requires = "feed")]
    kafka: Option<PathBuf>,
    /// How long an end below the high watermark is watched, seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3_600))]
    watch_s: u16,
    /// Print {"feed","topic","findings":[{"grade","what","is","should","mend"}]}
    #[arg(long)]
    json: bool,
}

/// It cannot be looked at.
const NOT_SEEN: u8 = 2;

#[cfg(not(feature = "kafka"))]
impl Doctor {
    /// Refuses.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let error =
            anyhow::anyhow!("this build is without Kafka; take one that is built with the feature `kafka`");
        crate::commands::report_error(&error);
        Ok(ExitCode::from(NOT_SEEN))
    }
}

#[cfg(feature = "kafka")]
impl Doctor {
    /// Looks and prints.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.look() {
            Ok(code) => Ok(code),
            Err(error) => {
                crate::commands::report_error(&error);
                Ok(ExitCode::from(NOT_SEEN))
            }
        }
    }

    #[allow(clippy::print_stdout, reason = "the findings are this command's output")]
    fn look(&self) -> anyhow::Result<ExitCode> {
        let (settings, feed) = self.settings()?;
        let topic = settings.topic(&feed);
        let watch = std::time::Duration::from_secs(self.watch_s.into());
        let facts = look_at_topic(&settings, &topic, watch)?;
        let findings = judge(&facts, &settings.brokers().join(","), &topic);
        match self.json {
            true => println!("{}", to_json(&feed, &topic, &findings)),
            false => anstream::print!("{}", shown(&topic, &findings)),
        }
        let is_wrong = findings.iter().any(|finding| finding.grade == Grade::Wrong);
        Ok(if is_wrong {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    /// Where Kafka is, and the feed's name. What is given by name goes before what the configuration says.
    fn settings(&self) -> anyhow::Result<(Settings, String)> {
        let of_file = match (&self.config, &self.kafka) {
            (Some(file), _) => {
                of_configuration(file).map(|(settings, floor)| Some((settings, Some(floor))))?
            }
            (None, Some(file)) => Some((Settings::load(file)?, None)),
            (None, None) => None,
        };
        let brokers: Vec<Box<str>> = self.brokers.iter().map(|broker| broker.as_str().into()).collect();
        let (settings, floor) = match of_file {
            Some((settings, floor)) if brokers.is_empty() => (settings, floor),
            Some((settings, floor)) => {
                let topic = settings.named_topic().map(Box::from);
                let (tls, sasl) = (settings.tls().cloned(), settings.sasl().cloned());
                (Settings::new(brokers, topic, tls, sasl)?, floor)
            }
            None => (Settings::new(brokers, None, None, None)?, None),
        };
        let feed = match (&self.feed, floor) {
            (Some(feed), _) => feed.clone(),
            (None, Some(floor)) => feed_of(&floor)?,
            (None, None) => anyhow::bail!("say which feed with `--feed`"),
        };
        if !feed::is_feed_name(&feed) {
            anyhow::bail!("{feed:?} is no feed's name: 1 to 64 of a-z, 0-9 and `-`");
        }
        Ok((settings, feed))
    }
}

#[cfg(feature = "kafka")]
fn of_configuration(file: &std::path::Path) -> anyhow::Result<(Settings, PathBuf)> {
    use ::gateway::configuration::{Carrier, PolicySource, load};
    let name = file.display();
    let checked = load(file)?;
    let Some(configuration) = checked.configuration else {
        anyhow::bail!("{name} has problems; `switchboard check {name}` shows them");
    };
    match &configuration.policy {
        PolicySource::Feed(followed) => match &followed.carrier {
            Carrier::Kafka(settings) => Ok(((**settings).clone(), followed.floor.clone())),
            _ => anyhow::bail!("{name} follows its feed by another carrier than Kafka"),
        },
        _ => anyhow::bail!("{name} follows no feed"),
    }
}

/// Whose feed a floor pins.
#[cfg(feature = "kafka")]
fn feed_of(floor: &std::path::Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    let name = floor.display();
    let bytes = std::fs::read(floor)
        .with_context(|| format!("{name} cannot be read; say which feed with `--feed`"))?;
    let floor = feed::read_floor(&bytes).with_context(|| name.to_string())?;
    Ok(floor.feed().to_owned())
}

#[cfg(feature = "kafka")]
fn to_json(feed: &str, topic: &str, findings: &[Finding]) -> serde_json::Value {
    let findings: Vec<serde_json::Value> = findings
        .iter()
        .map(|finding| {
            serde_json::json!({
                "grade": finding.grade.word(), "what": finding.what, "is": finding.is, "should": finding.should,
                "mend": finding.mend,
            })
        })
        .collect();
    serde_json::json!({ "feed": feed, "topic": topic, "findings": findings })
}

/// In colour; whoever prints it takes the colours out where they are not wanted.
#[cfg(feature = "kafka")]
fn shown(topic: &str, findings: &[Finding]) -> String {
    use std::fmt::Write as _;
    let (strong, faint) = (Style::new().bold(), Style::new().dimmed());
    let width = findings
        .iter()
        .map(|finding| finding.what.len())
        .max()
        .unwrap_or(0);
    let mut out = format!("{strong}{topic}{strong:#}\n");
    for finding in findings {
        let style = match finding.grade {
            Grade::Good => AnsiColor::Green,
            Grade::Unknown => AnsiColor::Cyan,
            Grade::Warning => AnsiColor::Yellow,
            Grade::Wrong => AnsiColor::Red,
        };
        let style = style.on_default().bold();
        let (word, what, is) = (finding.grade.word(), finding.what, &finding.is);
        // Writing to a string never fails.
        let _ = writeln!(out, "{style}{word:7}{style:#}  {what:width$}  {is}");
        if finding.grade == Grade::Good {
            continue;
        }
        let _ = writeln!(out, "         {faint}should be:{faint:#} {}", finding.should);
        if let Some(mend) = &finding.mend {
            let _ = writeln!(out, "         {faint}command:{faint:#}   {mend}");
        }
    }
    let count = |grade| findings.iter().filter(|finding| finding.grade == grade).count();
    let _ = writeln!(
        out,
        "{} wrong, {} warnings, {} not seen",
        count(Grade::Wrong),
        count(Grade::Warning),
        count(Grade::Unknown)
    );
    out
}
