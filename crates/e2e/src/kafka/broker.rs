//! A broker as a process: started, ended, killed, frozen, and started again with what it holds.
//!
//! In the clear everybody may do everything (`User:ANONYMOUS` is a super user); within TLS one has to say who one is, and may do what an access
//! control list allows.

use crate::authority::Authority;
use crate::distance::Distance;
use crate::process::{Process, Signal, tools};
use crate::scratch::Scratch;
use crate::wait::wait_within;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The version that `cargo xtask test` installs.
const VERSION: &str = "4.1.0";
/// A Java that shares two cores with other tests takes its time.
const START: Duration = Duration::from_secs(60);
/// How often other ports are tried.
const STARTS_MAX: usize = 5;
/// A user that may do nothing that no access control list allows it.
pub const GATEWAY: &str = "gateway";
/// A user that may do everything.
pub const PUBLISHER: &str = "publisher";
/// The password of both.
pub const PASSWORD: &str = "tell-nobody";

/// A running broker.
pub struct Broker {
    process: Option<Process>,
    jwks_uri: Option<String>,
    clear: u16,
    secure: u16,
    distance: Distance,
    scratch: Scratch,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("clear", &self.clear)
            .finish_non_exhaustive()
    }
}

/// `jwks_uri`: what Kafka may ask for keys; it asks nobody that is not named to it.
fn java(class: &str, jwks_uri: Option<&str>) -> Command {
    let kafka = tools(&format!("kafka-{VERSION}"));
    assert!(
        kafka.join("libs").is_dir(),
        "Kafka {VERSION} is not installed; `cargo xtask services --install-only` does that"
    );
    let mut command = Command::new("java");
    // Ready soon matters more than fast later.
    command
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(kafka.join("libs").join("*"))
        .arg(format!(
            "-Dlog4j2.configurationFile={}",
            kafka.join("log4j2.yaml").display()
        ))
        .args(jwks_uri.map(|uri| format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={uri}")))
        .arg(class)
        .stdin(Stdio::null());
    command
}

impl Broker {
    /// Starts one that holds nothing. Its cleaner looks ten times a second.
    pub fn start() -> Broker {
        Broker::start_with(None)
    }

    /// The same; a bearer's token (RFC 7628) has to be signed by a key of this set and made for `kafka`. Of any other broker it needs no signature.
    pub fn start_believing(jwks_uri: &str) -> Broker {
        Broker::start_with(Some(jwks_uri))
    }

    fn start_with(jwks_uri: Option<&str>) -> Broker {
        // Between finding free ports and listening on them, somebody else may take one.
        let found = (0..STARTS_MAX).find_map(|_| Broker::formatted(jwks_uri).listening().ok());
        found.expect("one of several brokers gets its ports")
    }

    fn formatted(jwks_uri: Option<&str>) -> Broker {
        let scratch = Scratch::new();
        // It cannot tell which port it was given, so they are free, but not held, until it listens.
        let held: Vec<TcpListener> = (0..4)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port"))
            .collect();
        let ports = held
            .iter()
            .map(|held| held.local_addr().expect("it is bound").port());
        let ports: Vec<u16> = ports.collect();
        drop(held);
        let [clear, secure, far, controller] = ports[..] else {
            unreachable!("four were bound")
        };
        let distance = Distance::to(far);
        let authority = Authority::new();
        authority.pem_file(&scratch, "ca.pem");
        let identity = authority.pem_identity(&["localhost", "127.0.0.1"]);
        scratch.write("broker.pem", &identity);
        scratch.write("client.pem", &authority.pem_identity(&["client"]));
        let ports = Ports {
            clear,
            secure,
            far,
            advertised: distance.port(),
            controller,
        };
        let settings = settings(&ports, &scratch) + &bearers(jwks_uri);
        scratch.write("server.properties", &settings);
        let mut format = java("kafka.tools.StorageTool", jwks_uri);
        format.args(["format", "--cluster-id", "c3dpdGNoYm9hcmQtZTJlMQ", "--config"]);
        format.arg(scratch.path("server.properties"));
        for user in [GATEWAY, PUBLISHER] {
            for hash in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
                format.args([
                    "--add-scram",
                    &format!("{hash}=[name={user},password={PASSWORD}]"),
                ]);
            }
        }
        let formatted = Process::start(format).finish_within(START);
        assert_eq!(formatted.code, Some(0), "{formatted:?}");
        Broker {
            process: None,
            jwks_uri: jwks_uri.map(str::to_owned),
            clear,
            secure,
            distance,
            scratch,
        }
    }

    /// Starts it on what it holds, at the same address, and waits until it answers.
    pub fn start_again(&mut self) {
        if let Err(said) = self.try_to_start() {
            panic!("the broker ended:\n{said}");
        }
    }

    fn listening(mut self) -> Result<Broker, String> {
        self.try_to_start()?;
        Ok(self)
    }

    /// What it said, where it ended.
    fn try_to_start(&mut self) -> Result<(), String> {
        assert!(self.process.is_none(), "it is running");
        let mut command = java("kafka.Kafka", self.jwks_uri.as_deref());
        command.arg(self.scratch.path("server.properties"));
        let client: BaseConsumer = self.config().create().expect("librdkafka makes clients");
        let process = self.process.insert(Process::start(command));
        wait_within(START, "the broker", || {
            if process.has_ended() {
                return Some(Err(process.stdout().so_far().join("\n")));
            }
            let metadata = client.fetch_metadata(None, Duration::from_millis(200)).ok()?;
            (!metadata.brokers().is_empty()).then_some(Ok(()))
        })
    }

    /// Where it is in the clear.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.clear)
    }

    /// Where it is in the clear for those who can be cut off from it.
    pub fn far_address(&self) -> String {
        format!("127.0.0.1:{}", self.distance.port())
    }

    /// Whoever reads from a distance is alone.
    pub fn cut(&self) {
        self.distance.cut();
    }

    /// And reaches it again.
    pub fn mend(&self) {
        self.distance.mend();
    }

    /// Where it is within TLS.
    pub fn secure_address(&self) -> String {
        format!("localhost:{}", self.secure)
    }

    /// The certificate of the authority that signed its own, and that of a client with its key.
    pub fn certificates(&self) -> (PathBuf, PathBuf) {
        (self.scratch.path("ca.pem"), self.scratch.path("client.pem"))
    }

    /// Writes a file beside what it holds.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        self.scratch.write(name, content)
    }

    /// Ends it as an operator does: what it holds is written down.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("it is running");
        process.signal(Signal::TERM);
        process.wait();
    }

    /// Kills it.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it is running");
        process.signal(Signal::KILL);
        process.wait();
    }

    /// It answers nobody, and keeps its connections, until it is thawed.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// It goes on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("it is running").signal(signal);
    }

    /// What a client of it is configured with, in the clear.
    pub(super) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.address())
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.max.ms", "200");
        config
    }
}

struct Ports {
    clear: u16,
    secure: u16,
    far: u16,
    /// Where those at a distance are told to go.
    advertised: u16,
    controller: u16,
}

fn settings(ports: &Ports, scratch: &Scratch) -> String {
    let Ports {
        clear,
        secure,
        far,
        advertised,
        controller,
    } = ports;
    let directory = scratch.directory().display();
    let plain = format!(
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_{GATEWAY}=\"{PASSWORD}\" user_{PUBLISHER}=\"{PASSWORD}\";"
    );
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=CLEAR://127.0.0.1:{clear},FAR://127.0.0.1:{far},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLEAR://127.0.0.1:{clear},FAR://127.0.0.1:{advertised},SECURE://localhost:{secure}
listener.security.protocol.map=CLEAR:PLAINTEXT,FAR:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLEAR
log.dirs={directory}/data
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{PUBLISHER}
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.secure.scram-sha-256.sasl.jaas.config={scram}
listener.name.secure.scram-sha-512.sasl.jaas.config={scram}
listener.name.secure.plain.sasl.jaas.config={plain}
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={directory}/broker.pem
listener.name.secure.ssl.truststore.type=PEM
listener.name.secure.ssl.truststore.location={directory}/ca.pem
listener.name.secure.ssl.client.auth=requested
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
transaction.partition.verification.enable=true
num.network.threads=2
num.io.threads=2
log.cleaner.backoff.ms=100
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.io.buffer.size=262144
log.segment.delete.delay.ms=100
log.retention.check.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
message.max.bytes=2097152
controlled.shutdown.enable=true
"
    )
}

/// How a bearer's token is judged. The validator is named: the default of Kafka 4.1.0 verifies nothing.
fn bearers(jwks_uri: Option<&str>) -> String {
    const PREFIX: &str = "listener.name.secure.oauthbearer.sasl";
    const MODULE: &str = "org.apache.kafka.common.security.oauthbearer";
    match jwks_uri {
        None => format!(
            "{PREFIX}.jaas.config={MODULE}.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";\n"
        ),
        Some(uri) => format!(
            "{PREFIX}.jaas.config={MODULE}.OAuthBearerLoginModule required;
{PREFIX}.server.callback.handler.class={MODULE}.OAuthBearerValidatorCallbackHandler
sasl.oauthbearer.jwt.validator.class={MODULE}.BrokerJwtValidator
sasl.oauthbearer.jwks.endpoint.url={uri}
sasl.oauthbearer.expected.audience=kafka
"
        ),
    }
}

impl Broker {
    /// Allows this user these operations on a topic, as `kafka-acls.sh` does.
    pub fn allow(&self, user: &str, operations: &[&str], topic: &str) {
        let mut command = java("org.apache.kafka.tools.AclCommand", None);
        command.args(["--bootstrap-server", &self.address(), "--add", "--topic", topic]);
        command.args(["--allow-principal", &format!("User:{user}")]);
        for operation in operations {
            command.args(["--operation", operation]);
        }
        let allowed = Process::start(command).finish_within(START);
        assert_eq!(allowed.code, Some(0), "{allowed:?}");
    }
}
