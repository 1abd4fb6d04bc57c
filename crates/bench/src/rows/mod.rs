//! The rows of the benchmark: each starts its proxies, measures, and makes one section of the page.

mod authorizer;
mod bodies;
mod decide;
mod feed;
mod guarded;
mod idle;
mod instructions;
mod jwt;
mod jwt_new;
mod plain;
mod propagation;
mod replaced;
mod routes;

use crate::lab::{Case, Kind, Lab, Programs, Proxy, Settings, Shot};
use crate::page::{Page, Section};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Options of the lab.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A smoke run: one short round of everything. Says that it works, not how fast; writes no page.
    #[arg(long)]
    quick: bool,
    /// Only these rows; writes no page.
    #[arg(long, value_enum, value_name = "NAME")]
    row: Vec<Row>,
    /// Interleaved rounds of each row.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Length of one run.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Where the page is written; without it, it is only printed.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// The gateway; default: beside this binary.
    #[arg(long, value_name = "FILE")]
    switchboard: Option<PathBuf>,
    /// Envoy.
    #[arg(long, value_name = "FILE", default_value = "envoy")]
    envoy: PathBuf,
    /// nginx.
    #[arg(long, value_name = "FILE", default_value = "nginx")]
    nginx: PathBuf,
    /// HAProxy.
    #[arg(long, value_name = "FILE", default_value = "haproxy")]
    haproxy: PathBuf,
    /// Node.js.
    #[arg(long, value_name = "FILE", default_value = "node")]
    node: PathBuf,
    /// The authorizer in Rust; default: `bootstrap` beside this binary.
    #[arg(long, value_name = "FILE")]
    authorizer: Option<PathBuf>,
    /// The authorizer in TypeScript, bundled.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "packages/authorizer/dist/index.mjs"
    )]
    authorizer_js: PathBuf,
    /// The loop that stands in for Lambda's Node.js runtime.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "packages/authorizer/tools/runtime.mjs"
    )]
    node_runtime: PathBuf,
    /// The benchmark of the policy in TypeScript, bundled.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "packages/policy/dist/tools/bench.mjs"
    )]
    policy_bench: PathBuf,
    /// Where Apache Kafka is, as `cargo xtask services --install-only` fetches it.
    #[arg(long, value_name = "DIR")]
    kafka: Option<PathBuf>,
}

/// The rows, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    /// Plain routing: CPU time a request, throughput, latency at a fixed rate.
    Plain,
    /// User-space instructions a request, where they can be counted.
    Instructions,
    /// 100,000 routes beside one.
    Routes,
    /// 10,000 routes replaced under load.
    Replaced,
    /// 10,000 idle keep-alive connections.
    Idle,
    /// 1 MB bodies, down and up.
    Bodies,
    /// 10,000 known RS256 tokens, by Zipf's law.
    Jwt,
    /// Every token new.
    JwtNew,
    /// Decisions among 1,000,000 clients, in Rust and in TypeScript.
    Decide,
    /// A feed of 1,000,000 clients: read, changed; and a gateway that is alone.
    Feed,
    /// From the portal's answer to the last of 50 gateways, over its stream and over Kafka.
    Propagation,
    /// The authorizers: from their start to their first decision, and warm.
    Authorizer,
}

/// How long and how often.
#[derive(Debug, Clone, Copy)]
struct Plan {
    quick: bool,
    rounds: usize,
    seconds: f64,
}

/// Measures what the options ask for, prints it, and writes the page if it is the whole.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !(options.seconds > 0.0 && options.seconds <= 60.0 && (1..=100).contains(&options.rounds)) {
        bail!("--seconds must be above 0 and at most 60, --rounds 1 to 100");
    }
    let begun = Instant::now();
    let lab = Lab::open(programs(options)?)?;
    let plan = match options.quick {
        true => Plan {
            quick: true,
            rounds: 1,
            seconds: 0.5,
        },
        false => Plan {
            quick: false,
            rounds: options.rounds,
            seconds: options.seconds,
        },
    };
    let chosen = if options.row.is_empty() {
        Row::value_variants()
    } else {
        &options.row
    };
    let mut page = Page::new(&lab);
    for row in chosen {
        let name = row
            .to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default();
        anstream::eprintln!("{name}");
        let section = match row {
            Row::Plain => plain::run(&lab, plan),
            Row::Instructions => instructions::run(&lab, plan),
            Row::Routes => routes::run(&lab, plan),
            Row::Replaced => replaced::run(&lab, plan),
            Row::Idle => idle::run(&lab, plan),
            Row::Bodies => bodies::run(&lab, plan),
            Row::Jwt => jwt::run(&lab, plan),
            Row::JwtNew => jwt_new::run(&lab, plan),
            Row::Decide => decide::run(&lab, plan),
            Row::Feed => feed::run(&lab, plan),
            Row::Propagation => propagation::run(&lab, plan),
            Row::Authorizer => authorizer::run(&lab, plan),
        };
        let section = section.with_context(|| format!("row {name}"))?;
        anstream::println!("\n{}", section.text());
        page.sections.push(section);
    }
    anstream::println!("{}", page.targets_text());
    anstream::eprintln!("took {:.0} s", begun.elapsed().as_secs_f64());
    match &options.page {
        Some(path) if !plan.quick && options.row.is_empty() => {
            std::fs::write(path, page.markdown())
                .with_context(|| format!("cannot write {}", path.display()))?;
            anstream::eprintln!("wrote {}", path.display());
        }
        _ => {}
    }
    Ok(())
}

fn programs(options: &Options) -> Result<Programs> {
    let own = std::env::current_exe().context("cannot tell where this binary is")?;
    let beside = own.with_file_name("switchboard");
    // Daemons are in sbin on Debian, which a user's PATH may lack.
    let in_sbin = |program: &Path| {
        let sbin = Path::new("/usr/sbin").join(program);
        if sbin.is_file() { sbin } else { program.to_owned() }
    };
    Ok(Programs {
        nginx: in_sbin(&options.nginx),
        haproxy: in_sbin(&options.haproxy),
        envoy: options.envoy.clone(),
        switchboard: options.switchboard.clone().unwrap_or(beside),
        node: options.node.clone(),
        authorizer: options
            .authorizer
            .clone()
            .unwrap_or_else(|| own.with_file_name("bootstrap")),
        authorizer_js: options.authorizer_js.clone(),
        node_runtime: options.node_runtime.clone(),
        policy_bench: options.policy_bench.clone(),
        kafka: options.kafka.clone(),
    })
}

/// Those that start; the page names the others with what they said.
fn start_all(lab: &Lab, wanted: &[(&str, Kind)], section: &mut Section) -> Vec<Proxy> {
    let mut started = Vec::new();
    for (name, kind) in wanted {
        match lab.start(name, *kind) {
            Ok(proxy) => started.push(proxy),
            Err(error) => {
                anstream::eprintln!("  {error:#}");
                section.notes.push(format!("Not measured: {error:#}"));
            }
        }
    }
    started
}

/// The same shot at each, after a short one that fills caches and pools.
fn cases<'a>(lab: &Lab, proxies: &'a [Proxy], shot: &Shot) -> Vec<Case<'a>> {
    for proxy in proxies {
        // A wrong answer here will show, and count, in the first round.
        let _ = lab.measure(
            proxy,
            &Shot {
                seconds: shot.seconds.min(0.3),
                ..shot.clone()
            },
        );
    }
    proxies
        .iter()
        .map(|proxy| Case {
            proxy,
            shot: shot.clone(),
        })
        .collect()
}

/// The gateway as the plain row has it.
const SWITCHBOARD: (&str, Kind) = ("switchboard", Kind::Switchboard(Settings::PLAIN));
const NGINX: (&str, Kind) = ("nginx", Kind::Nginx);
const HAPROXY: (&str, Kind) = ("haproxy", Kind::Haproxy);
const ENVOY: (&str, Kind) = ("envoy", Kind::Envoy);
const FLOOR: (&str, Kind) = ("floor", Kind::Floor);
const FORWARDER: (&str, Kind) = ("codec forwarder", Kind::Forwarder);
