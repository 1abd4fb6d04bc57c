//! What does a connection cost that does nothing? 10,000 of them, each with one request behind it.

use super::{ENVOY, FORWARDER, HAPROXY, NGINX, Plan, SWITCHBOARD};
use crate::lab::{Kind, Lab, Process};
use crate::measure::resident_bytes;
use crate::page::{Section, Table, Target, megabytes};
use anyhow::Result;

const CONNECTIONS: u64 = 10_000;

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let connections = if plan.quick { 500 } else { CONNECTIONS };
    let mut section = Section::new("10,000 idle keep-alive connections");
    section.intro = format!(
        "{connections} connections, one answered request on each, then nothing. Resident memory is that of \
        the whole process tree; pages that its processes share count for each."
    );
    let head = [
        "proxy",
        "resident MB before",
        "resident MB with all open",
        "bytes a connection",
    ];
    let mut table = Table::new("", &head);
    let mut own = None;
    for (name, kind) in [NGINX, HAPROXY, ENVOY, FORWARDER, SWITCHBOARD] {
        match hold(lab, name, kind, connections) {
            Ok((before, after)) => {
                table.row(
                    name,
                    None,
                    [
                        format!("{:.1}", megabytes(before)),
                        format!("{:.1}", megabytes(after)),
                        format!("{}", after.saturating_sub(before) / connections),
                    ],
                );
                if name == SWITCHBOARD.0 {
                    own = Some(megabytes(after));
                }
            }
            Err(error) => table.row(name, Some(&format!("{error:#}")), [const { String::new() }; 3]),
        }
    }
    section.tables.push(table);
    section.targets.push(Target::megabytes(
        "10,000 idle connections: resident memory",
        own,
        50.0,
    ));
    Ok(section)
}

/// Resident bytes before the first connection and with all open.
fn hold(lab: &Lab, name: &str, kind: Kind, connections: u64) -> Result<(u64, u64)> {
    let proxy = lab.start(&format!("idle {name}"), kind)?;
    let before = resident_bytes(proxy.process.id())?;
    let args = [
        "idle".to_owned(),
        format!("--target={}", proxy.address),
        format!("--connections={connections}"),
        "--path=/api/orders/7".to_owned(),
    ];
    let mut clients = Process::own(lab.load_core, "idle", &args.map(Into::into), &lab.dir)?;
    clients.first_line()?;
    let after = resident_bytes(proxy.process.id())?;
    clients.finish()?;
    Ok((before, after))
}
