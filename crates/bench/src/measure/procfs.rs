//! What the kernel says of processes and cores, in /proc (proc(5)).

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// CPU time of one or more processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CpuTime {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl CpuTime {
    /// User and system together.
    pub(crate) fn total(self) -> Duration {
        self.user + self.system
    }

    /// From an earlier reading to this one.
    pub(crate) fn since(self, earlier: Self) -> Self {
        let user = self.user.saturating_sub(earlier.user);
        Self {
            user,
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// How one core spent its time, in clock ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CoreTime {
    all: u64,
    /// The hypervisor ran somebody else.
    steal: u64,
}

impl CoreTime {
    /// The part, 0 to 1, that was stolen from an earlier reading to this one.
    pub(crate) fn stolen_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all);
        if all == 0 {
            0.0
        } else {
            self.steal.saturating_sub(earlier.steal) as f64 / all as f64
        }
    }
}

/// The process and all its descendants.
pub(crate) fn tree(root: u32) -> Result<BTreeSet<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok())
            && let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat"))
            && let Some(stat) = parse_stat(&stat)
        {
            parents.push((pid, stat.parent));
        }
    }
    Ok(descendants(root, &parents))
}

fn descendants(root: u32, parents: &[(u32, u32)]) -> BTreeSet<u32> {
    let mut found = BTreeSet::from([root]);
    loop {
        let before = found.len();
        found.extend(
            parents
                .iter()
                .filter(|(_, parent)| found.contains(parent))
                .map(|(pid, _)| *pid)
                .collect::<Vec<_>>(),
        );
        if found.len() == before {
            return found;
        }
    }
}

/// CPU time of the process and all its descendants so far; an error if the process has ended.
pub(crate) fn tree_cpu_time(root: u32) -> Result<CpuTime> {
    let mut sum = CpuTime::default();
    for pid in tree(root)? {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process {pid} ended"))?;
        let stat = parse_stat(&text).with_context(|| format!("cannot understand /proc/{pid}/stat"))?;
        sum.user += ticks(stat.user);
        sum.system += ticks(stat.system);
    }
    Ok(sum)
}

/// Resident memory of the process and all its descendants; pages that they share count for each.
pub(crate) fn resident_bytes(root: u32) -> Result<u64> {
    let mut sum = 0;
    for pid in tree(root)? {
        let path = format!("/proc/{pid}/status");
        let text = fs::read_to_string(&path).with_context(|| format!("process {pid} ended"))?;
        sum += parse_resident(&text).with_context(|| format!("no VmRSS in {path}"))?;
    }
    Ok(sum)
}

/// How this core has spent its time so far.
pub(crate) fn core_time(core: usize) -> Result<CoreTime> {
    let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    parse_core(&text, core).with_context(|| format!("no line for core {core} in /proc/stat"))
}

/// What is used of /proc/PID/stat; times in clock ticks.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    user: u64,
    system: u64,
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The program's name, in parentheses, may itself hold blanks and parentheses: fields count from the last one.
    let (_, fields) = text.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // Numbered from 3, `state`: ppid is 4, utime 14, stime 15.
    let parent = fields.nth(1)?.parse().ok()?;
    let user = fields.nth(9)?.parse().ok()?;
    let system = fields.next()?.parse().ok()?;
    Some(Stat { parent, user, system })
}

fn parse_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn parse_core(stat: &str, core: usize) -> Option<CoreTime> {
    let name = format!("cpu{core} ");
    let line = stat.lines().find_map(|line| line.strip_prefix(&name))?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    // user nice system idle iowait irq softirq steal; the guest times behind them are in user and nice already.
    Some(CoreTime {
        all: fields.iter().take(8).sum(),
        steal: *fields.get(7)?,
    })
}

fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    //! Each file of /proc as the kernel writes it.

    use super::*;

    #[test]
    fn a_stat_line_whose_name_looks_like_fields() {
        let line = "4711 (a) b) S 12 4711 4711 0 -1 4194560 100 0 0 0 250 75 3 4 20 0 1 0 123 456 78\n";
        assert_eq!(
            parse_stat(line),
            Some(Stat {
                parent: 12,
                user: 250,
                system: 75
            })
        );
        assert_eq!(parse_stat("4711 (a) S 12"), None);
    }

    #[test]
    fn descendants_at_any_depth_and_nobody_else() {
        let parents = [(5, 4), (2, 1), (3, 2), (4, 3), (9, 8), (1, 0)];
        assert_eq!(descendants(2, &parents), BTreeSet::from([2, 3, 4, 5]));
        assert_eq!(descendants(7, &parents), BTreeSet::from([7]));
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(
            parse_resident("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t1\n"),
            Some(2_097_152)
        );
        assert_eq!(parse_resident("Name:\tx\n"), None);
    }

    #[test]
    fn steal_is_a_part_of_all_time() {
        let at = |steal| format!("cpu  1 1\ncpu0 9 9 9 9\ncpu1 10 0 20 60 0 0 5 {steal} 3 3\n");
        let (before, after) = (parse_core(&at(5), 1).unwrap(), parse_core(&at(105), 1).unwrap());
        assert_eq!(before, CoreTime { all: 100, steal: 5 });
        assert!((after.stolen_since(before) - 1.0).abs() < f64::EPSILON);
        assert!(before.stolen_since(before).abs() < f64::EPSILON);
        assert_eq!(parse_core("cpu1 1 2\n", 1), None);
    }

    #[test]
    fn this_process_has_used_memory_and_is_in_its_own_tree() {
        let own = std::process::id();
        assert!(tree(own).unwrap().contains(&own));
        assert!(resident_bytes(own).unwrap() > 100_000);
        assert!(tree_cpu_time(own).is_ok());
    }
}
