//! Apache Kafka on the load's core: one broker in a directory of its own, which holds nothing, and the topic of one feed.

use super::{Lab, Process};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a Java program may take.
const START: Duration = Duration::from_secs(60);
const TOPIC: &str = "switchboard.policy.prod";

/// It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Broker {
    address: String,
    _process: Process,
}

impl Broker {
    /// Of Kafka in this directory.
    pub(crate) fn start(lab: &Lab, kafka: &Path) -> Result<Broker> {
        let dir = lab.dir.join("kafka");
        std::fs::create_dir_all(&dir)?;
        // It cannot tell which port it was given, so they are free, and not held, until it listens.
        let free =
            || Ok::<u16, std::io::Error>(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
        let (clear, controller) = (free()?, free()?);
        let properties = dir.join("server.properties");
        std::fs::write(&properties, settings(clear, controller, &dir.join("data")))?;
        let java = |class: &str| -> Vec<OsString> {
            let log = format!(
                "-Dlog4j2.configurationFile={}",
                kafka.join("log4j2.yaml").display()
            );
            let path = kafka.join("libs").join("*").into();
            vec![
                "-Xmx256m".into(),
                "-XX:+UseSerialGC".into(),
                "-cp".into(),
                path,
                log.into(),
                class.into(),
            ]
        };
        let format = Command::new("java")
            .args(java("kafka.tools.StorageTool"))
            .args(["format", "--cluster-id", "c3dpdGNoYm9hcmQtYmVuY2g", "--config"])
            .arg(&properties)
            .output()
            .context("cannot start java")?;
        ensure!(
            format.status.success(),
            "Kafka's storage cannot be made: {}",
            String::from_utf8_lossy(&format.stderr)
        );
        let mut args = java("kafka.Kafka");
        args.push(properties.into());
        let mut process = Process::start(lab.load_core, "kafka", Path::new("java"), &args, &lab.dir, None)?;
        let address = format!("127.0.0.1:{clear}");
        process.wait_within(START, |_| TcpStream::connect(&address).ok())?;
        let made = Command::new("java")
            .args(java("org.apache.kafka.tools.TopicCommand"))
            .args(["--bootstrap-server", &address, "--create", "--topic", TOPIC])
            .args(["--partitions", "1", "--config", "cleanup.policy=compact"])
            .output()?;
        ensure!(
            made.status.success(),
            "the topic cannot be made: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        Ok(Broker {
            address,
            _process: process,
        })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

fn settings(clear: u16, controller: u16, data: &Path) -> String {
    format!(
        "process.roles=broker,controller\nnode.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\ncontroller.listener.names=CONTROLLER\n\
         listeners=CLEAR://127.0.0.1:{clear},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=CLEAR://127.0.0.1:{clear}\n\
         listener.security.protocol.map=CLEAR:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         inter.broker.listener.name=CLEAR\nlog.dirs={}\nauto.create.topics.enable=false\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n",
        data.display()
    )
}
