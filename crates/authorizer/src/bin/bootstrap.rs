//! The process that AWS Lambda starts on `provided.al2023`: reads settings and floor, then answers event by event.
//!
//! What is wrong with settings or floor is reported to Lambda as an error of the start. An answer is JSON that goes out as
//! it is; the one error is `Unauthorized`, with no other word beside it, since API Gateway compares the whole message. Why a
//! request is refused goes to standard output, from where Lambda takes it to the function's log.

use authorizer::{Authorizer, FloorFault, Refused, Settings, SettingsError, Source, StartError};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
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
}

fn main() -> ExitCode {
    match start() {
        Ok(authorizer) => serve(authorizer),
        Err(fault) => {
            say(&fault.to_string());
            if let Err(error) = report(&fault.to_string()) {
                say(&format!("and Lambda could not be told: {error}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<Authorizer, Fault> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    let settings = Settings::read(variables)?;
    let source = Source::read(&settings)?;
    Ok(Authorizer::start(settings, source)?)
}

/// Answers until Lambda ends the process.
fn serve(authorizer: Authorizer) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    // Not `lambda_runtime::run`, which adds spans to each event that nothing here would record.
    let handler = lambda_runtime::Runtime::new(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        std::future::ready(answer(&authorizer, &event.payload))
    }));
    match runtime.block_on(handler.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn answer(authorizer: &Authorizer, event: &RawValue) -> Result<Box<RawValue>, Diagnostic> {
    // A clock before 1970 permits nothing that ends.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(u64::MAX, |since| since.as_secs());
    let answer = authorizer.answer(event.get().as_bytes(), now, log);
    let unauthorized = |message: &str| Diagnostic {
        error_type: message.to_owned(),
        error_message: message.to_owned(),
    };
    match answer.error() {
        Some(message) => Err(unauthorized(message)),
        None => Ok(RawValue::from_string(answer.to_json().into_owned()).expect("an answer is JSON")),
    }
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
