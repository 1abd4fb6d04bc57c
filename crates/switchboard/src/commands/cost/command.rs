//! `switchboard cost --requests N --kb KB`: options, and which form of the answer is printed.

use super::alternatives::Alternative;
use super::break_even::break_even;
use super::estimate::{changes, team};
use super::number::parse_requests;
use super::price_file;
use super::prices::{BUILT_IN, Given, Prices};
use super::question::{Kept, Question, RESPONSE_KB_MAX, Reach, TTL_S_MAX, Traced, Variant};
use super::report::Answer;
use crate::commands::Format;
use crate::commands::unreadable;
use ::gateway::configuration::{CheckedDocument, check_document_text, load_document};
use anyhow::bail;
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Example: a team with 50 million requests a month, answers of 4 KB, an authorizer that is asked every time
  switchboard cost --requests 50M --kb 4

Prices are list prices from a dated file, without taxes, free tiers and discounts. To use yours:
  switchboard cost --print-prices > prices.yaml
  switchboard cost --requests 50M --kb 4 --prices prices.yaml

docs/aws-cost.md says what is counted, what is not, and where each figure comes from.
Exit code: 0 printed; 1 options that do not go together, or problems in the price file; 2 it cannot be read.";

/// Show what a team gateway on AWS costs a month, what would change it, and when something else is cheaper
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Cost {
    /// Requests a month: 750000, 500k, 50M, 1.5B
    #[arg(long, value_name = "N", value_parser = parse_requests, required_unless_present = "print_prices")]
    requests: Option<u64>,
    /// Mean size of a response with its head, in KB
    #[arg(long, value_name = "KB", value_parser = parse_kb, required_unless_present = "print_prices")]
    kb: Option<f64>,
    /// Which build of the authorizer
    #[arg(long, value_enum, default_value_t = Variant::Rust)]
    variant: Variant,
    /// For how long API Gateway keeps an authorizer's answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(TTL_S_MAX)))]
    ttl: u32,
    /// How many different tokens and keys call: with a TTL, each costs at most one invocation in it; default the price file's
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(1..=1_000_000_000), conflicts_with = "cache_hit")]
    credentials: Option<u64>,
    /// The share of requests that meet a kept answer, if you know it: 0 to 1
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    cache_hit: Option<f64>,
    /// Time that Lambda bills for an invocation, if you measured it; default from the price file's measurement and the memory
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=30_000))]
    authorizer_ms: Option<u32>,
    /// Memory of the authorizer in MB; default the price file's for the variant
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: Option<u32>,
    /// Length of an access log line in bytes; 0 for no access log; default the price file's
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    log_bytes: Option<u32>,
    /// How long logs are kept
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_653))]
    log_retention: u32,
    /// A private API behind an interface endpoint, not a regional one
    #[arg(long)]
    private: bool,
    /// Availability zones of the endpoint, or of a router's load balancer
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=6))]
    zones: u32,
    /// How many gateways share the endpoint and its hours
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    endpoint_shared_by: u32,
    /// The share of requests that X-Ray records: 0 to 1; default by its own rule, the first of each second and 5 % of the others
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    tracing: Option<f64>,
    /// What a shared gateway costs for a million requests, in USD; default the price file's, an assumption
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    shared_price: Option<f64>,
    /// A price file of yours; default the one that is built in
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print the price file that is built in, and nothing else
    #[arg(long, exclusive = true)]
    print_prices: bool,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Cost {
    /// Answers and prints.
    #[allow(clippy::print_stdout, reason = "the answer is this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (Some(requests), Some(kb)) = (self.requests, self.kb) else {
            print!("{BUILT_IN}");
            return Ok(ExitCode::SUCCESS);
        };
        if self.ttl == 0 && self.cache_hit.is_some() {
            bail!("with --ttl 0 API Gateway keeps no answer; leave --cache-hit out, or set --ttl");
        }
        let checked = match &self.prices {
            Some(file) => match load_document(file, price_file::judge) {
                Ok(checked) => checked,
                Err(error) => return Ok(unreadable(error)),
            },
            None => built_in(),
        };
        anstream::eprint!("{}", checked.render());
        let Some(mut prices) = checked.value else {
            bail!("these are no prices to reckon with: mend what stands above");
        };
        if let Some(usd) = self.shared_price {
            prices = prices.with_shared_price(usd);
        }
        let question = self.question(requests, kb, &prices);
        let answer = answer(&question, &prices);
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&answer.to_json())?),
            Format::Text => anstream::print!("{}", answer.to_text()),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn question(&self, requests: u64, response_kb: f64, prices: &Prices) -> Question {
        let kept = match (self.cache_hit, self.credentials) {
            (Some(share), _) => Kept::Share(share),
            (None, Some(credentials)) => Kept::Credentials(credentials),
            (None, None) => Kept::Credentials(whole(prices.value(Given::Credentials)).into()),
        };
        Question {
            requests,
            response_kb,
            variant: self.variant,
            ttl_s: self.ttl,
            kept,
            authorizer_ms: self.authorizer_ms,
            memory_mb: self.memory,
            log_bytes: self
                .log_bytes
                .unwrap_or_else(|| whole(prices.value(Given::LogBytes))),
            log_retention_days: self.log_retention,
            reach: if self.private {
                Reach::Private
            } else {
                Reach::Regional
            },
            zones: self.zones,
            endpoint_shared_by: self.endpoint_shared_by,
            traced: self.tracing.map_or(Traced::ByDefault, Traced::Share),
        }
    }
}

/// The whole answer to a question.
pub(super) fn answer<'a>(question: &'a Question, prices: &'a Prices) -> Answer<'a> {
    Answer {
        question,
        prices,
        bill: team(question, prices, question.requests),
        changes: changes(question, prices),
        break_evens: Alternative::ALL.map(|alternative| break_even(question, prices, alternative)),
    }
}

/// The prices that are built in; that they are good is tested.
pub(super) fn built_in() -> CheckedDocument<Prices> {
    check_document_text("aws-prices.yaml", BUILT_IN, price_file::judge)
}

/// A figure that the price file holds to whole numbers within bounds.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and the bounds lie within"
)]
fn whole(value: f64) -> u32 {
    value as u32
}

fn parse_between(text: &str, min: f64, max: f64) -> Option<f64> {
    // Neither `inf` nor `1e3` nor a sign.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse::<f64>().ok().filter(|_| is_plain)?;
    (min..=max).contains(&number).then_some(number)
}

fn parse_kb(text: &str) -> Result<f64, String> {
    parse_between(text, 0.0, RESPONSE_KB_MAX)
        .ok_or_else(|| format!("write a number of KB from 0 to {RESPONSE_KB_MAX}, such as 4 or 0.5"))
}

fn parse_ratio(text: &str) -> Result<f64, String> {
    parse_between(text, 0.0, 1.0).ok_or_else(|| "write a ratio from 0 to 1, such as 0.05".to_owned())
}

fn parse_usd(text: &str) -> Result<f64, String> {
    parse_between(text, 0.0, 1e6)
        .ok_or_else(|| "write USD for a million requests, such as 20 or 3.5".to_owned())
}
