//! Apache Kafka: from Maven Central into the build directory, and as one broker that is its own controller (KRaft).
//!
//! No script of Kafka's is needed: its classes are started as its scripts do.

use crate::install::debian_packages;
use crate::steps::{call, say};
use crate::workspace::target_dir;
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version; crates/e2e looks for it by this name.
const VERSION: &str = "4.1.0";

/// The broker, and Kafka's command-line tools (topics, access control lists). Without a logging backend, which Kafka leaves to its distribution, a broker would say nothing.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>switchboard</groupId>
  <artifactId>services</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>4.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>4.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"#;

/// What is written to standard output.
const LOGGING: &str = "Configuration:
  Appenders:
    Console:
      name: out
      PatternLayout: { pattern: \"%d{HH:mm:ss,SSS} %-5p %m%n\" }
  Loggers:
    Root: { level: WARN, AppenderRef: [{ ref: out }] }
    Logger: [{ name: kafka.server.KafkaRaftServer, level: INFO }]
";

/// Makes sure that it is there; the directory with its libraries.
pub(crate) fn install() -> Result<PathBuf> {
    let home = target_dir()?.join("tools").join(format!("kafka-{VERSION}"));
    let libraries = home.join("libs");
    // A Java is needed to run it too.
    debian_packages(&[("java", "default-jre-headless")])?;
    if libraries.is_dir() {
        return Ok(libraries);
    }
    debian_packages(&[("mvn", "maven")])?;
    say(&format!(
        "fetching Apache Kafka {VERSION} (org.apache.kafka:kafka_2.13 and kafka-tools) from Maven Central into {}",
        home.display()
    ));
    std::fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    write(&home.join("pom.xml"), POM)?;
    write(&home.join("log4j2.yaml"), LOGGING)?;
    let half = home.join("libs.part");
    // What an earlier attempt left.
    let _ = std::fs::remove_dir_all(&half);
    call(
        Command::new("mvn")
            .args([
                "--quiet",
                "--batch-mode",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
            ])
            .arg(format!("-DoutputDirectory={}", half.display()))
            .current_dir(&home),
    )?;
    // Whole or not at all.
    std::fs::rename(&half, &libraries).with_context(|| format!("cannot make {}", libraries.display()))?;
    Ok(libraries)
}

/// Runs a broker until it ends. What it holds stays for the next time.
pub(super) fn serve(port: u16) -> Result<()> {
    let home = target_dir()?.join("services").join("kafka");
    std::fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let properties = home.join("server.properties");
    write(&properties, &settings(port, free_port()?, &home.join("data")))?;
    // `--ignore-formatted`: a directory that holds something already stays as it is.
    let format = [
        "format",
        "--ignore-formatted",
        "--cluster-id",
        "c3dpdGNoYm9hcmQtbG9jYQ",
        "--config",
    ];
    call(
        java("kafka.tools.StorageTool")?
            .args(format)
            .arg(&properties)
            .stdout(Stdio::null()),
    )?;
    say(&format!(
        "Kafka on 127.0.0.1:{port}; what it holds is in {}. Ctrl-C ends it",
        home.display()
    ));
    say(&format!(
        "next: `switchboard feed doctor --brokers 127.0.0.1:{port} --feed prod` says how to make the topic of a feed"
    ));
    call(java("kafka.Kafka")?.arg(&properties))
}

/// One broker for one person: everything is kept once.
fn settings(port: u16, controller: u16, data: &Path) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
log.dirs={}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
",
        data.display()
    )
}

fn java(class: &str) -> Result<Command> {
    let tools = target_dir()?.join("tools").join(format!("kafka-{VERSION}"));
    let mut command = Command::new("java");
    command
        .args(["-Xmx512m", "-XX:+UseSerialGC", "-cp"])
        .arg(tools.join("libs").join("*"))
        .arg(format!(
            "-Dlog4j2.configurationFile={}",
            tools.join("log4j2.yaml").display()
        ))
        .arg(class);
    Ok(command)
}

/// The controller's port is nobody's business but the broker's own.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("loopback has no free port")?;
    Ok(listener.local_addr()?.port())
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    //! What is fetched is what is looked for.

    use super::*;

    #[test]
    fn the_version_that_is_fetched_is_the_one_that_is_named() {
        assert!(POM.contains(&format!(
            "<artifactId>kafka_2.13</artifactId>\n      <version>{VERSION}<"
        )));
    }

    #[test]
    fn a_broker_listens_on_loopback_alone() {
        let settings = settings(9092, 9093, Path::new("/data"));
        let listeners = settings
            .lines()
            .find(|line| line.starts_with("listeners="))
            .unwrap();
        assert!(
            listeners.split(',').all(|one| one.contains("://127.0.0.1:")),
            "{listeners}"
        );
    }
}
