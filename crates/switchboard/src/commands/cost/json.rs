//! The answer for a program.
//!
//! Amounts in USD with two decimals at most, quantities as they are; every price and assumption with its origin.

use super::alternatives::Alternative;
use super::break_even::BreakEven;
use super::estimate::{Bill, Line};
use super::number::float;
use super::prices::{Given, Item, Origin};
use super::question::{Kept, Reach, Traced};
use super::report::Answer;
use serde_json::{Value, json};

impl Answer<'_> {
    /// For a program.
    pub(super) fn to_json(&self) -> Value {
        let Answer { question, prices, .. } = self;
        let (credentials, share) = match question.kept {
            Kept::Credentials(count) => (Some(count), None),
            Kept::Share(share) => (None, Some(share)),
        };
        let total = self.bill.total_cents();
        let changes = self
            .changes
            .iter()
            .map(|change| json!({ "what": change.what, "total_usd": usd(change.total_cents) }));
        json!({
            "region": prices.region,
            "as_of": prices.as_of,
            "question": {
                "requests": question.requests,
                "response_kb": question.response_kb,
                "variant": question.variant.name().to_lowercase(),
                "ttl_s": question.ttl_s,
                "credentials": credentials,
                "cache_hit": share,
                "authorizer_ms": question.authorizer_ms(prices),
                "memory_mb": question.memory_mb(prices),
                "log_bytes": question.log_bytes,
                "log_retention_days": question.log_retention_days,
                "private": question.reach == Reach::Private,
                "zones": question.zones,
                "endpoint_shared_by": question.endpoint_shared_by,
                "tracing": match question.traced {
                    Traced::ByDefault => json!("default"),
                    Traced::Share(share) => json!(share),
                },
            },
            "lines": self.bill.lines.iter().map(line).collect::<Vec<_>>(),
            "total_usd": usd(total),
            "usd_a_million_requests": usd(total) / (float(question.requests) / 1e6),
            "largest": self.bill.largest().map(|line| line.name),
            "changes": changes.collect::<Vec<_>>(),
            "break_even": self.break_evens.iter().map(break_even).collect::<Vec<_>>(),
            "prices": Item::ALL.iter().map(|item| {
                let price = prices.price(*item);
                let tiers = price.tiers.tiers().iter().map(|tier| json!({
                    "up_to": tier.up_to.is_finite().then_some(tier.up_to),
                    "usd": tier.usd,
                }));
                let tiers = tiers.collect::<Vec<_>>();
                with_origin(json!({ "key": item.key(), "unit": item.unit(), "tiers": tiers }), &price.origin)
            }).collect::<Vec<_>>(),
            "assumptions": Given::ALL.iter().map(|given| {
                let assumed = prices.given(*given);
                let value = json!({ "key": given.key(), "unit": given.unit(), "value": assumed.value });
                with_origin(value, &assumed.origin)
            }).collect::<Vec<_>>(),
        })
    }
}

fn usd(cents: u64) -> f64 {
    float(cents) / 100.0
}

fn line(line: &Line) -> Value {
    json!({
        "name": line.name,
        "price": line.item.key(),
        "quantity": line.quantity,
        "unit": line.item.unit(),
        "usd": usd(line.cents()),
    })
}

fn bill_lines(bill: &Bill) -> Vec<Value> {
    bill.lines.iter().map(line).collect()
}

fn break_even(found: &BreakEven) -> Value {
    let name = match found.alternative {
        Alternative::Router => "router",
        Alternative::Shared => "shared",
    };
    let cheaper = |team_is_dearer: bool| if team_is_dearer { name } else { "team" };
    let crossings = found.crossings.iter().map(|crossing| {
        json!({ "requests": crossing.requests, "cheaper_from_there": cheaper(crossing.team_is_dearer) })
    });
    json!({
        "against": name,
        "lines": bill_lines(&found.bill),
        "total_usd": usd(found.bill.total_cents()),
        "tasks": found.tasks,
        "cheaper_at_first": cheaper(found.team_is_dearer_at_first),
        "crossings": crossings.collect::<Vec<_>>(),
        "looked_up_to": found.up_to,
    })
}

fn with_origin(mut value: Value, origin: &Origin) -> Value {
    match origin {
        Origin::Source { source, date } => {
            value["source"] = source.as_str().into();
            value["date"] = date.as_str().into();
        }
        Origin::Assumption(reason) => value["assumption"] = reason.as_str().into(),
    }
    value
}
