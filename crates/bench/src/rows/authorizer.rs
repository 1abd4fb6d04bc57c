//! How soon does an authorizer decide after it was started, and how many decisions a second does it make from then on? Both
//! builds, with a floor of 10,000 clients, against a Runtime API that speaks real HTTP.

use super::Plan;
use crate::identity::crowd;
use crate::lab::{EXTRA_ROUNDS, Event, Lab, Process, RuntimeApi, keep};
use crate::measure::{Spread, core_time, resident_bytes, tree_cpu_time};
use crate::page::{Section, Table, Target, megabytes, spread_cell};
use anyhow::{Context, Result};
use serde_json::json;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const CLIENTS: usize = 10_000;
/// How often it is started in one round: one start is short beside the hundredths of a second that steal time is told in.
const STARTS: usize = 5;
/// Different events, handed out in turn.
const EVENTS: usize = 1_000;
const WARM_EVENTS: usize = 10_000;
const QUICK_WARM_EVENTS: usize = 500;

/// One build of the authorizer.
#[derive(Debug)]
struct Build {
    name: &'static str,
    program: PathBuf,
    args: Vec<OsString>,
    /// What goes into the package that Lambda is given.
    packaged: PathBuf,
    start_ms_max: f64,
}

/// One round of one build.
#[derive(Debug)]
struct Round {
    start_ms: Vec<f64>,
    warm: Warm,
    stolen: f64,
}

#[derive(Debug)]
struct Warm {
    rate: f64,
    cpu_us: f64,
    resident_bytes: u64,
}

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("Authorizers");
    let floor = lab.dir.join("authorizer.floor");
    let args = [
        OsString::from("crowd"),
        format!("--clients={CLIENTS}").into(),
        format!("--floor={}", floor.display()).into(),
    ];
    Process::own(lab.load_core, "crowd", &args, &lab.dir)?
        .output()
        .context("cannot write the floor")?;
    section.intro = format!(
        "A floor of {CLIENTS} clients ({:.1} MB; its digest is checked, signatures it has none yet). `first decision` is from the \
        program's first instruction to its first answer at a Runtime API on loopback, with its files in the page cache; Lambda's own \
        work before that does not count. Then {EVENTS} different REST events of type REQUEST, each with an API key, are handed out in \
        turn, and each has to be allowed to the right client. For Node.js a loop of a few lines stands in for Lambda's runtime. \
        The package is the program, stripped, or the bundle, compressed as a zip is, without the floor.",
        std::fs::metadata(&floor)?.len() as f64 / 1e6
    );
    let head = [
        "build",
        "first decision ms",
        "warm decisions/s",
        "CPU µs a decision",
        "resident MB",
        "package MB",
    ];
    let mut table = Table::new("", &head);
    for build in builds(lab) {
        let rounds = measure(lab, plan, &build, &floor);
        let starts = tell(lab, &mut table, &build, &rounds);
        if let Ok((rounds, thrown_away)) = &rounds {
            let kept = rounds.len();
            section.notes.push(format!(
                "{}: {kept} rounds of {STARTS} starts, {thrown_away} more discarded for steal time.",
                build.name
            ));
        }
        section.targets.push(Target::milliseconds(
            &format!("authorizer, {}: start to first decision", build.name),
            Spread::of(starts).map(|spread| spread.median),
            build.start_ms_max,
        ));
    }
    section.tables.push(table);
    Ok(section)
}

fn builds(lab: &Lab) -> [Build; 2] {
    let programs = &lab.programs;
    [
        Build {
            name: "Rust",
            program: programs.authorizer.clone(),
            args: Vec::new(),
            packaged: programs.authorizer.clone(),
            start_ms_max: 15.0,
        },
        Build {
            name: "Node.js",
            program: programs.node.clone(),
            args: vec![programs.node_runtime.clone().into_os_string()],
            packaged: programs.authorizer_js.clone(),
            start_ms_max: 250.0,
        },
    ]
}

/// Rounds that count, and how many do not.
fn measure(lab: &Lab, plan: Plan, build: &Build, floor: &Path) -> Result<(Vec<Round>, usize)> {
    let extra = if plan.quick { 0 } else { EXTRA_ROUNDS };
    let tried = plan.rounds + extra;
    let events: Vec<Event> = (0..EVENTS)
        .map(|number| event(number * (CLIENTS / EVENTS)))
        .collect();
    let warm_events = if plan.quick {
        QUICK_WARM_EVENTS
    } else {
        WARM_EVENTS
    };
    let mut rounds = (0..tried)
        .map(|_| round(lab, build, floor, &events, warm_events))
        .collect::<Result<Vec<_>>>()?;
    keep(&mut rounds, plan.rounds, |round| round.stolen);
    let thrown_away = tried - rounds.len();
    Ok((rounds, thrown_away))
}

fn round(lab: &Lab, build: &Build, floor: &Path, events: &[Event], warm_events: usize) -> Result<Round> {
    let before = core_time(lab.proxy_core)?;
    let mut start_ms = Vec::new();
    let mut running = None;
    for _ in 0..STARTS {
        // The former one ends before the next begins.
        drop(running.take());
        let api = RuntimeApi::open(events.to_vec())?;
        let environment = environment(&api, build, floor);
        let (process, begun) = Process::stamped(
            lab.proxy_core,
            build.name,
            &build.program,
            &build.args,
            &environment,
            &lab.dir,
        )?;
        let first = api.invoke(1).with_context(|| process.complaint())?;
        start_ms.push(first.since(begun).as_secs_f64() * 1e3);
        running = Some((process, api));
    }
    let (process, api) = running.context("nothing was started")?;
    let warm = warm(&process, &api, warm_events)?;
    let stolen = core_time(lab.proxy_core)?.stolen_since(before);
    Ok(Round {
        start_ms,
        warm,
        stolen,
    })
}

fn warm(process: &Process, api: &RuntimeApi, events: usize) -> Result<Warm> {
    // A tenth of them warms up.
    let begun = api.invoke(events / 10)?;
    let cpu = tree_cpu_time(process.id())?;
    let ended = api.invoke(events)?;
    let cpu = tree_cpu_time(process.id())?.since(cpu);
    Ok(Warm {
        rate: events as f64 / ended.since(begun).as_secs_f64(),
        cpu_us: cpu.total().as_secs_f64() * 1e6 / events as f64,
        resident_bytes: resident_bytes(process.id())?,
    })
}

/// Adds the build's line; all its starts, in milliseconds.
fn tell(lab: &Lab, table: &mut Table, build: &Build, rounds: &Result<(Vec<Round>, usize)>) -> Vec<f64> {
    let rounds = match rounds {
        Ok((rounds, _)) => rounds,
        Err(error) => {
            table.row(
                build.name,
                Some(&format!("{error:#}")),
                [const { String::new() }; 5],
            );
            return Vec::new();
        }
    };
    let each = |number: fn(&Warm) -> f64| rounds.iter().map(|round| number(&round.warm)).collect::<Vec<_>>();
    let starts: Vec<f64> = rounds
        .iter()
        .flat_map(|round| round.start_ms.iter().copied())
        .collect();
    let package = package_bytes(lab, build);
    table.row(
        build.name,
        None,
        [
            spread_cell(&starts, 1),
            spread_cell(&each(|warm| warm.rate), 0),
            spread_cell(&each(|warm| warm.cpu_us), 0),
            spread_cell(&each(|warm| megabytes(warm.resident_bytes)), 0),
            package.map_or_else(
                |error| format!("{error:#}"),
                |bytes| format!("{:.2}", megabytes(bytes)),
            ),
        ],
    );
    starts
}

/// What Lambda sets, as far as a function may rely on it, and what the authorizer is told.
fn environment(api: &RuntimeApi, build: &Build, floor: &Path) -> Vec<(&'static str, String)> {
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let handler = shown(Path::new(build.packaged.file_stem().unwrap_or_default())) + ".handler";
    let apis: Vec<String> = (0..crowd::APIS).map(|number| format!("api-{number}")).collect();
    vec![
        ("AWS_LAMBDA_RUNTIME_API", api.address.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", "authorizer".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/authorizer".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        (
            "LAMBDA_TASK_ROOT",
            build.packaged.parent().map(shown).unwrap_or_default(),
        ),
        ("_HANDLER", handler),
        ("AWS_LC_SYS_NO_JITTER_ENTROPY", "1".to_owned()),
        ("SWITCHBOARD_FLOOR", shown(floor)),
        ("SWITCHBOARD_APIS", apis.join(",")),
    ]
}

/// A call of this client's API with its key, as API Gateway's REST APIs tell it.
fn event(client: usize) -> Event {
    let path = format!("{}/orders/7", crowd::base_path(client));
    let headers = [
        ("Accept", "*/*".to_owned()),
        ("Host", "shop.example.com".to_owned()),
        ("User-Agent", "bench".to_owned()),
        ("X-Api-Key", crowd::key(client)),
        ("X-Forwarded-For", "192.0.2.1".to_owned()),
    ];
    let single: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| ((*name).into(), json!(value)))
        .collect();
    let multiple: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| ((*name).into(), json!([value])))
        .collect();
    let body = json!({
        "type": "REQUEST",
        "methodArn": format!("arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/prod/GET{path}"),
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": single,
        "multiValueHeaders": multiple,
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "stageVariables": {},
        "requestContext": {
            "resourceId": "res123",
            "resourcePath": "/{proxy+}",
            "httpMethod": "GET",
            "path": format!("/prod{path}"),
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "requestId": "00000000-0000-4000-8000-000000000000",
            "identity": { "sourceIp": "192.0.2.1", "userAgent": "bench" },
            "apiId": "abcdef1234",
        },
    });
    Event {
        body: body.to_string(),
        holds: vec![
            format!("\"principalId\":\"client-{client}\""),
            "\"Effect\":\"Allow\"".to_owned(),
        ],
    }
}

/// The size of what Lambda would be given: a program without its symbols, compressed (a zip holds the same stream).
fn package_bytes(lab: &Lab, build: &Build) -> Result<u64> {
    let copy = lab.dir.join(format!("{}.package", build.name));
    std::fs::copy(&build.packaged, &copy).context("cannot copy what is packaged")?;
    let compress = |program: &str, args: &[&str]| -> Result<()> {
        let mut args: Vec<OsString> = args.iter().map(OsString::from).collect();
        args.push(copy.clone().into_os_string());
        Process::start(lab.load_core, program, Path::new(program), &args, &lab.dir, None)?.output()?;
        Ok(())
    };
    if build.args.is_empty() {
        compress("strip", &[])?;
    }
    compress("gzip", &["-9", "--force"])?;
    Ok(std::fs::metadata(copy.with_extension("package.gz"))?.len())
}
