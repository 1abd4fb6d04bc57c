//! The process that AWS Lambda starts on `provided.al2023`: reads settings and floor, then answers event by event, by the newest policy that it
//! could have within each invocation.
//!
//! What is wrong with settings or floor is reported to Lambda as an error of the start. An answer is JSON that goes out as
//! it is; the one error is `Unauthorized`, with no other word beside it, since API Gateway compares the whole message. Why a
//! request is refused goes to standard output, from where Lambda takes it to the function's log.

use authorizer::{
    Authorizer, FloorFault, FollowFault, Function, Refused, Settings, SettingsError, Source, StartError,
    config_digest,
};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long Lambda may take to hear why the function does not start. It ends the process after ten seconds by itself.
const REPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the function does not start.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Floor(#[from] FloorFault),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Follow(#[from] FollowFault),
}

fn main() -> ExitCode {
    match start() {
        Ok(function) => serve(function),
        Err(fault) => {
            say(&fault.to_string());
            if let Err(error) = report(&fault.to_string()) {
                say(&format!("and Lambda could not be told: {error}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<Function, Fault> {
    let variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect();
    let name = variables
        .iter()
        .find(|(name, _)| name == "AWS_LAMBDA_FUNCTION_NAME")
        .map_or_else(|| "authorizer".to_owned(), |(_, value)| value.clone());
    let config = config_digest(variables.clone());
    let settings = Settings::read(variables)?;
    let (source, beginning) = Source::begin(&settings, settings.following.as_ref().map(|_| unix_s()))?;
    let authorizer = Authorizer::start(settings.clone(), source)?;
    Ok(Function::start(
        &settings,
        beginning,
        authorizer,
        (&name, &config),
        Box::new(say),
    )?)
}

/// Answers until Lambda ends the process.
fn serve(function: Function) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    // Lambda gives one event after the other; the lock is never waited for.
    let function = Arc::new(tokio::sync::Mutex::new(function));
    // Not `lambda_runtime::run`, which adds spans to each event that nothing here would record.
    let handler = lambda_runtime::Runtime::new(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let function = Arc::clone(&function);
        async move { answer(&mut *function.lock().await, &event.payload).await }
    }));
    match runtime.block_on(handler.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn answer(function: &mut Function, event: &RawValue) -> Result<Box<RawValue>, Diagnostic> {
    let answer = function.answer(event.get().as_bytes(), log).await;
    let unauthorized = |message: &str| Diagnostic {
        error_type: message.to_owned(),
        error_message: message.to_owned(),
    };
    match answer.error() {
        Some(message) => Err(unauthorized(message)),
        None => Ok(RawValue::from_string(answer.to_json().into_owned()).expect("an answer is JSON")),
    }
}

fn unix_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// In one write, so that no other line gets in between.
fn log(refused: &Refused<'_>) {
    // Nobody is there to be told of a log that cannot be written, and the answer does not depend on it.
    let _ = io::stdout().lock().write_all(refused.to_line().as_bytes());
}

/// Tells Lambda why the function does not start (Runtime API, `init/error`), which its own crate does not offer.
fn report(message: &str) -> io::Result<()> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let body = serde_json::json!({ "errorType": "Runtime.InitError", "errorMessage": message }).to_string();
    let mut stream = TcpStream::connect(&address)?;
    stream.set_read_timeout(Some(REPORT_TIMEOUT))?;
    stream.set_write_timeout(Some(REPORT_TIMEOUT))?;
    write!(
        stream,
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Function-Error-Type: Runtime.InitError\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    // Until the first byte of the answer the report may not have been read.
    stream.read_exact(&mut [0; 1])
}

/// To the function's log.
#[allow(clippy::print_stderr, reason = "Lambda's log is standard error")]
fn say(message: &str) {
    eprintln!("{message}");
}
