//! What is asked: one team gateway, and how much of everything a number of requests means for it.

use super::number::float;
use super::prices::{Given, Prices};
use clap::ValueEnum;

/// Most of a response, in KB: what API Gateway lets through.
pub(super) const RESPONSE_KB_MAX: f64 = 10_240.0;
/// Longest time that API Gateway keeps an answer.
pub(super) const TTL_S_MAX: u32 = 3_600;

/// KB to the GB of AWS's bills.
const KB_A_GB: f64 = 1024.0 * 1024.0;
/// Bytes to the GB of AWS's bills.
const BYTES_A_GB: f64 = KB_A_GB * 1024.0;
const SECONDS_AN_HOUR: f64 = 3_600.0;

/// Which build of the authorizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Variant {
    /// For `provided.al2023`
    Rust,
    /// For `nodejs22.x`
    #[value(name = "typescript")]
    TypeScript,
}

impl Variant {
    pub(super) fn other(self) -> Variant {
        match self {
            Variant::Rust => Variant::TypeScript,
            Variant::TypeScript => Variant::Rust,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Variant::Rust => "Rust",
            Variant::TypeScript => "TypeScript",
        }
    }
}

/// How many requests meet an answer that API Gateway kept, where the TTL is above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kept {
    /// At most one invocation for each credential and TTL: the worst that so many credentials can do.
    Credentials(u64),
    /// This share of all requests.
    Share(f64),
}

/// Where the API can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A regional API: from the internet.
    Regional,
    /// A private API: through an interface endpoint of a VPC.
    Private,
}

/// Which requests leave a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Traced {
    /// By the rule that holds where nobody wrote one: the first of each second, and a share of the others.
    ByDefault,
    /// This share of all requests.
    Share(f64),
}

/// One team gateway.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// A month.
    pub(super) requests: u64,
    pub(super) response_kb: f64,
    pub(super) variant: Variant,
    pub(super) ttl_s: u32,
    pub(super) kept: Kept,
    /// Billed time of an invocation; worked out of the benchmark where it is not given.
    pub(super) authorizer_ms: Option<u32>,
    pub(super) memory_mb: Option<u32>,
    /// Of an access log line; 0 is no access log.
    pub(super) log_bytes: u32,
    pub(super) log_retention_days: u32,
    pub(super) reach: Reach,
    /// Availability zones of an endpoint, or of a router's load balancer.
    pub(super) zones: u32,
    /// How many gateways pay for one endpoint's hours.
    pub(super) endpoint_shared_by: u32,
    pub(super) traced: Traced,
}

impl Question {
    pub(super) fn memory_mb(&self, prices: &Prices) -> f64 {
        let default = match self.variant {
            Variant::Rust => Given::MemoryMbRust,
            Variant::TypeScript => Given::MemoryMbTypeScript,
        };
        self.memory_mb.map_or(prices.value(default), f64::from)
    }

    /// Whole milliseconds, as Lambda bills. What was measured had a core to itself; a function has the share of one that
    /// its memory buys.
    pub(super) fn authorizer_ms(&self, prices: &Prices) -> f64 {
        let measured_us = prices.value(match self.variant {
            Variant::Rust => Given::AuthorizerUsRust,
            Variant::TypeScript => Given::AuthorizerUsTypeScript,
        });
        let share = (self.memory_mb(prices) / prices.value(Given::MemoryMbAVcpu)).min(1.0);
        let scaled_ms = measured_us / 1_000.0 / share;
        self.authorizer_ms.map_or(scaled_ms, f64::from).ceil().max(1.0)
    }

    /// Invocations of the authorizer for so many requests a month.
    pub(super) fn invocations(&self, requests: u64, prices: &Prices) -> f64 {
        let requests = float(requests);
        match self.kept {
            _ if self.ttl_s == 0 => requests,
            Kept::Share(share) => requests * (1.0 - share),
            Kept::Credentials(credentials) => {
                let ttls = prices.value(Given::HoursAMonth) * SECONDS_AN_HOUR / f64::from(self.ttl_s);
                requests.min(float(credentials) * ttls)
            }
        }
    }

    /// Traces of so many requests a month, which come evenly.
    pub(super) fn traces(&self, requests: u64, prices: &Prices) -> f64 {
        let of_first = Question::first_of_seconds(prices);
        match self.traced {
            Traced::Share(share) => float(requests) * share,
            Traced::ByDefault => {
                let others = (float(requests) - of_first).max(0.0);
                float(requests).min(of_first) + others * prices.value(Given::TracedShare)
            }
        }
    }

    /// Requests a month that are each the first of its second, where there are enough.
    pub(super) fn first_of_seconds(prices: &Prices) -> f64 {
        prices.value(Given::HoursAMonth) * SECONDS_AN_HOUR
    }

    /// GB of responses.
    pub(super) fn out_gb(&self, requests: u64) -> f64 {
        float(requests) * self.response_kb / KB_A_GB
    }

    /// GB of requests and responses.
    pub(super) fn both_ways_gb(&self, requests: u64, prices: &Prices) -> f64 {
        float(requests) * (self.response_kb + prices.value(Given::RequestKb)) / KB_A_GB
    }

    /// GB of access log.
    pub(super) fn access_log_gb(&self, requests: u64) -> f64 {
        float(requests) * f64::from(self.log_bytes) / BYTES_A_GB
    }

    /// GB of what Lambda logs itself.
    pub(super) fn authorizer_log_gb(&self, requests: u64, prices: &Prices) -> f64 {
        self.invocations(requests, prices) * prices.value(Given::AuthorizerLogBytes) / BYTES_A_GB
    }

    /// GB that lie stored, once as much is forgotten as comes in, for so many GB that come in a month.
    pub(super) fn stored_gb(&self, ingested_gb: f64, prices: &Prices) -> f64 {
        let months = f64::from(self.log_retention_days) * 24.0 / prices.value(Given::HoursAMonth);
        ingested_gb * prices.value(Given::LogCompression) * months
    }

    /// Requests a second, by the mean of the month.
    pub(super) fn mean_per_s(requests: u64, prices: &Prices) -> f64 {
        float(requests) / (prices.value(Given::HoursAMonth) * SECONDS_AN_HOUR)
    }
}
