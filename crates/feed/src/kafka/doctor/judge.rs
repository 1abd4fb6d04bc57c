//! What of a topic is as it should be, what is not, and the command that mends it. Pure.

use std::collections::BTreeMap;

/// What was seen of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Brokers of the cluster.
    pub brokers: usize,
    /// Partitions of the topic.
    pub partitions: usize,
    /// Copies of its first partition.
    pub replicas: usize,
    /// Copies that are in step with the leader.
    pub in_sync: usize,
    /// The topic's settings; absent where they may not be read.
    pub settings: Option<BTreeMap<String, String>>,
    /// The last stable offset, and the high watermark.
    pub end: (i64, i64),
    /// The same some seconds later, where the first was below the second.
    pub later: Option<(i64, i64)>,
    /// How much later, seconds.
    pub watched_s: u64,
}

/// How a finding is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// It could not be looked at.
    Unknown,
    /// It works, and is less than it could be.
    Warning,
    /// It is wrong: policy will be delayed, or lost.
    Wrong,
}

impl Grade {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Good => "good",
            Grade::Unknown => "unknown",
            Grade::Warning => "warning",
            Grade::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is meant.
    pub grade: Grade,
    /// What was looked at: a setting's name, where it is one.
    pub what: &'static str,
    /// What is.
    pub is: String,
    /// What should be, and why.
    pub should: &'static str,
    /// The command that mends it.
    pub mend: Option<String>,
}

/// A setting: its name, what it should be and why, the value that mends it, and what holds of a value that is good.
struct Rule {
    name: &'static str,
    should: &'static str,
    mended: &'static str,
    is_good: fn(&str) -> bool,
    otherwise: Grade,
}

fn whole(text: &str) -> Option<u64> {
    text.parse().ok()
}

const RULES: &[Rule] = &[
    Rule {
        name: "cleanup.policy",
        should: "exactly compact: `delete` takes live records, and without compaction a new reader reads for ever",
        mended: "compact",
        is_good: |value| value == "compact",
        otherwise: Grade::Wrong,
    },
    Rule {
        name: "min.compaction.lag.ms",
        should: "900000 (15 min) or more: a reader that is this much behind still finds whole revisions",
        mended: "900000",
        is_good: |value| whole(value).is_some_and(|ms| ms >= 900_000),
        otherwise: Grade::Wrong,
    },
    Rule {
        name: "max.compaction.lag.ms",
        should: "21600000 (6 h) or less: a new reader has no more than this to read twice",
        mended: "21600000",
        is_good: |value| whole(value).is_some_and(|ms| ms <= 21_600_000),
        otherwise: Grade::Warning,
    },
    Rule {
        name: "min.cleanable.dirty.ratio",
        should: "0.1 or less: heartbeats fill a log that is cleaned rarely",
        mended: "0.1",
        is_good: |value| value.parse::<f64>().is_ok_and(|ratio| ratio <= 0.1),
        otherwise: Grade::Warning,
    },
    Rule {
        name: "delete.retention.ms",
        should: "604800000 (7 days) or more: who is away for longer has to read all again",
        mended: "604800000",
        is_good: |value| whole(value).is_some_and(|ms| ms >= 604_800_000),
        otherwise: Grade::Wrong,
    },
    Rule {
        name: "segment.ms",
        should: "3600000 (1 h) or less: the newest segment is never cleaned",
        mended: "3600000",
        is_good: |value| whole(value).is_some_and(|ms| ms <= 3_600_000),
        otherwise: Grade::Warning,
    },
    Rule {
        name: "max.message.bytes",
        should: "270336 (a record of 256 KiB, and its frame) or more: a record that does not fit holds up every revision behind it",
        mended: "1048588",
        is_good: |value| whole(value).is_some_and(|bytes| bytes >= 270_336),
        otherwise: Grade::Wrong,
    },
];

/// What a topic is made with: the name of each setting, and its value.
pub fn wanted() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES.iter().map(|rule| (rule.name, rule.mended))
}

/// All of it, in the order of feed.md §3. `brokers` and `topic` are for the commands.
pub fn judge(facts: &Facts, brokers: &str, topic: &str) -> Vec<Finding> {
    let mut findings = vec![partitions(facts, brokers, topic)];
    if facts.partitions == 0 {
        return findings;
    }
    match &facts.settings {
        Some(settings) => {
            findings.extend(RULES.iter().map(|rule| setting(rule, settings, brokers, topic)));
            findings.push(replicas(facts));
            findings.push(min_in_sync(facts, settings, brokers, topic));
        }
        None => {
            findings.push(Finding {
                grade: Grade::Unknown,
                what: "settings",
                is: "they may not be read by this principal".to_owned(),
                should: "looked at by one who may: a reader does without",
                mend: Some(format!(
                    "kafka-acls.sh --bootstrap-server {brokers} --add --allow-principal User:NAME --operation DescribeConfigs --topic {topic}"
                )),
            });
            findings.push(replicas(facts));
        }
    }
    findings.push(end(facts, brokers, topic));
    findings.push(Finding {
        grade: Grade::Unknown,
        what: "access control",
        is: "no list can be read from here".to_owned(),
        should: "only the publisher's principal may write: a stranger's open transaction hides the feed from every reader",
        mend: Some(format!("kafka-acls.sh --bootstrap-server {brokers} --list --topic {topic}")),
    });
    findings
}

fn partitions(facts: &Facts, brokers: &str, topic: &str) -> Finding {
    let factor = facts.brokers.clamp(1, 3);
    let mut create = format!(
        "kafka-topics.sh --bootstrap-server {brokers} --create --topic {topic} --partitions 1 --replication-factor {factor}"
    );
    for rule in RULES {
        create.push_str(&format!(" --config {}={}", rule.name, rule.mended));
    }
    create.push_str(&format!(" --config min.insync.replicas={}", factor.min(2)));
    let mend = match facts.partitions {
        0 => Some(create),
        1 => None,
        _ => Some(format!(
            "kafka-topics.sh --bootstrap-server {brokers} --delete --topic {topic} && {create}; then `switchboard portal new-epoch`"
        )),
    };
    Finding {
        grade: if facts.partitions == 1 {
            Grade::Good
        } else {
            Grade::Wrong
        },
        what: "partitions",
        is: match facts.partitions {
            0 => "there is no such topic".to_owned(),
            count => count.to_string(),
        },
        should: "1: order is all that a revision has",
        mend,
    }
}

fn setting(rule: &Rule, settings: &BTreeMap<String, String>, brokers: &str, topic: &str) -> Finding {
    let value = settings.get(rule.name);
    let is_good = value.is_some_and(|value| (rule.is_good)(value));
    Finding {
        grade: if is_good { Grade::Good } else { rule.otherwise },
        what: rule.name,
        is: value.map_or("not said", |value| value).to_owned(),
        should: rule.should,
        mend: (!is_good).then(|| alter(brokers, topic, rule.name, rule.mended)),
    }
}

fn alter(brokers: &str, topic: &str, name: &str, value: &str) -> String {
    format!(
        "kafka-configs.sh --bootstrap-server {brokers} --alter --entity-type topics --entity-name {topic} --add-config {name}={value}"
    )
}

fn replicas(facts: &Facts) -> Finding {
    let (grade, is) = match facts.replicas {
        3.. if facts.in_sync >= 2 => (
            Grade::Good,
            format!("{} ({} in sync)", facts.replicas, facts.in_sync),
        ),
        3.. => (
            Grade::Wrong,
            format!(
                "{} ({} in sync: the next broker that fails stops the feed)",
                facts.replicas, facts.in_sync
            ),
        ),
        count if facts.brokers >= 3 => (Grade::Wrong, count.to_string()),
        count => (
            Grade::Warning,
            format!("{count}, on {} broker(s): for trying out", facts.brokers),
        ),
    };
    Finding {
        grade,
        what: "replication factor",
        is,
        should: "3, of which 2 or more are in sync: what was acknowledged outlives a broker",
        mend: (grade != Grade::Good)
            .then(|| "kafka-reassign-partitions.sh --execute, with three brokers for partition 0".to_owned()),
    }
}

fn min_in_sync(facts: &Facts, settings: &BTreeMap<String, String>, brokers: &str, topic: &str) -> Finding {
    let value = settings.get("min.insync.replicas");
    let count: usize = value.and_then(|value| value.parse().ok()).unwrap_or_default();
    let grade = match count {
        _ if count > facts.in_sync => Grade::Wrong,
        2.. if count < facts.replicas => Grade::Good,
        _ if facts.brokers < 3 => Grade::Warning,
        _ => Grade::Wrong,
    };
    Finding {
        grade,
        what: "min.insync.replicas",
        is: value.map_or("not said", |value| value).to_owned(),
        should: "2, and below the replication factor: one broker may fail, and what was acknowledged is kept twice",
        mend: (grade == Grade::Wrong).then(|| alter(brokers, topic, "min.insync.replicas", "2")),
    }
}

fn end(facts: &Facts, brokers: &str, topic: &str) -> Finding {
    let stands = match facts.later {
        Some((stable, _)) => stable == facts.end.0,
        None => false,
    };
    let (stable, high) = facts.later.unwrap_or(facts.end);
    Finding {
        grade: if stands { Grade::Wrong } else { Grade::Good },
        what: "last stable offset",
        is: match stands {
            true => format!("{stable} for {} s, below the high watermark {high}: a transaction is open", facts.watched_s),
            false => format!("{stable}, of {high}"),
        },
        should: "it moves on to the high watermark: behind it nobody reads",
        mend: stands.then(|| {
            format!(
                "kafka-transactions.sh --bootstrap-server {brokers} abort --topic {topic} --partition 0 --start-offset {stable}; and take the right to write from whoever that was"
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        let mut settings: BTreeMap<String, String> = RULES
            .iter()
            .map(|rule| (rule.name.to_owned(), rule.mended.to_owned()))
            .collect();
        settings.insert("min.insync.replicas".to_owned(), "2".to_owned());
        Facts {
            brokers: 3,
            partitions: 1,
            replicas: 3,
            in_sync: 3,
            settings: Some(settings),
            end: (7, 7),
            later: None,
            watched_s: 0,
        }
    }

    /// What is not good, but for the access control lists.
    fn check(change: impl FnOnce(&mut Facts), expected: &[(&str, Grade)]) {
        let mut facts = good();
        change(&mut facts);
        let findings = judge(&facts, "a:1", "t");
        let told: Vec<(&str, Grade)> = findings
            .iter()
            .filter(|finding| finding.grade != Grade::Good && finding.what != "access control")
            .map(|finding| (finding.what, finding.grade))
            .collect();
        assert_eq!(told, expected);
        let unmended = findings
            .iter()
            .find(|finding| finding.grade == Grade::Wrong && finding.mend.is_none());
        assert_eq!(unmended, None, "what is wrong says how it is mended");
    }

    #[test]
    fn what_its_own_commands_make_is_good() {
        check(|_| {}, &[]);
    }

    #[test]
    fn each_setting_is_told_by_name() {
        let set = |name: &'static str, value: &'static str| {
            move |facts: &mut Facts| {
                let settings = facts.settings.as_mut().unwrap();
                settings.insert(name.to_owned(), value.to_owned());
            }
        };
        for (name, value, grade) in [
            ("cleanup.policy", "compact,delete", Grade::Wrong),
            ("cleanup.policy", "delete", Grade::Wrong),
            ("min.compaction.lag.ms", "0", Grade::Wrong),
            ("max.compaction.lag.ms", "9223372036854775807", Grade::Warning),
            ("min.cleanable.dirty.ratio", "0.5", Grade::Warning),
            ("delete.retention.ms", "86400000", Grade::Wrong),
            ("segment.ms", "604800000", Grade::Warning),
            ("max.message.bytes", "100000", Grade::Wrong),
            ("min.insync.replicas", "1", Grade::Wrong),
            ("min.insync.replicas", "3", Grade::Wrong),
        ] {
            check(set(name, value), &[(name, grade)]);
        }
    }

    #[test]
    fn copies_partitions_and_an_end_that_stands_still() {
        check(|facts| facts.partitions = 2, &[("partitions", Grade::Wrong)]);
        check(|facts| facts.partitions = 0, &[("partitions", Grade::Wrong)]);
        check(
            |facts| facts.in_sync = 1,
            &[
                ("replication factor", Grade::Wrong),
                ("min.insync.replicas", Grade::Wrong),
            ],
        );
        check(
            |facts| (facts.replicas, facts.in_sync) = (2, 2),
            &[
                ("replication factor", Grade::Wrong),
                ("min.insync.replicas", Grade::Wrong),
            ],
        );
        check(|facts| facts.settings = None, &[("settings", Grade::Unknown)]);
        check(|facts| (facts.end, facts.later) = ((5, 9), Some((9, 9))), &[]);
        check(
            |facts| (facts.end, facts.later) = ((5, 9), Some((5, 12))),
            &[("last stable offset", Grade::Wrong)],
        );
    }
}
