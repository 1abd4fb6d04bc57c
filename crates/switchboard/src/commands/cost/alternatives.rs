//! What else could stand in the team gateway's place: the gateway of this project as a router on ECS Fargate, or a shared
//! gateway that is paid for by request.

use super::estimate::{Bill, logs};
use super::number::float;
use super::prices::{Given, Item, Prices};
use super::question::{Question, Reach};

/// New connections a second in one capacity unit of a load balancer ("Elastic Load Balancing pricing").
const NEW_CONNECTIONS_A_LCU: f64 = 25.0;
/// Open connections in one.
const OPEN_CONNECTIONS_A_LCU: f64 = 3_000.0;
/// GB an hour in one.
const GB_AN_HOUR_A_LCU: f64 = 1.0;
const MILLION: f64 = 1e6;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alternative {
    Router,
    Shared,
}

impl Alternative {
    pub(super) const ALL: [Alternative; 2] = [Alternative::Router, Alternative::Shared];

    /// Its bill with so many requests a month. Which lines there are does not depend on that number.
    pub(super) fn bill(self, question: &Question, prices: &Prices, requests: u64) -> Bill {
        match self {
            Alternative::Router => router(question, prices, requests),
            Alternative::Shared => shared(question, prices, requests),
        }
    }
}

/// Tasks that carry the busiest minute, and stay within the utilisation.
pub(super) fn tasks(question: &Question, prices: &Prices, requests: u64) -> f64 {
    let request_us = prices.value(Given::RouterUs) + prices.value(Given::RouterUsAKb) * question.response_kb;
    let peak_per_s = Question::mean_per_s(requests, prices) * prices.value(Given::PeakToMean);
    let cores = peak_per_s * request_us / MILLION;
    let task = prices.value(Given::RouterTaskVcpu) * prices.value(Given::RouterUtilisation);
    (cores / task).ceil().max(prices.value(Given::RouterTasksMin))
}

/// Capacity-unit hours: the dimension of which most is used, in proportion to the requests.
fn capacity_hours(question: &Question, prices: &Prices, requests: u64) -> f64 {
    let hours = prices.value(Given::HoursAMonth);
    let new_per_s = Question::mean_per_s(requests, prices) / prices.value(Given::RequestsAConnection);
    let open = new_per_s * prices.value(Given::ConnectionS);
    let gb_an_hour = question.both_ways_gb(requests, prices) / hours;
    let units = (new_per_s / NEW_CONNECTIONS_A_LCU)
        .max(open / OPEN_CONNECTIONS_A_LCU)
        .max(gb_an_hour / GB_AN_HOUR_A_LCU);
    units * hours
}

fn router(question: &Question, prices: &Prices, requests: u64) -> Bill {
    let mut bill = Bill::default();
    let hours = prices.value(Given::HoursAMonth);
    let task_hours = tasks(question, prices, requests) * hours;
    let vcpu_hours = task_hours * prices.value(Given::RouterTaskVcpu);
    bill.add(prices, "Router tasks, vCPU", Item::FargateVcpu, vcpu_hours);
    let gb_hours = task_hours * prices.value(Given::RouterTaskGb);
    bill.add(prices, "Router tasks, memory", Item::FargateMemory, gb_hours);
    bill.add(prices, "Load balancer, hours", Item::BalancerHours, hours);
    bill.add(
        prices,
        "Load balancer, capacity",
        Item::BalancerCapacity,
        capacity_hours(question, prices, requests),
    );
    if question.reach == Reach::Regional {
        let addresses = f64::from(question.zones) * hours;
        bill.add(
            prices,
            "Load balancer, public addresses",
            Item::PublicIpv4,
            addresses,
        );
        bill.add(prices, "Data out", Item::DataOut, question.out_gb(requests));
    }
    logs(&mut bill, question, prices, requests, 0.0);
    bill.add(prices, "Alarms", Item::Alarms, prices.value(Given::Alarms));
    bill
}

fn shared(question: &Question, prices: &Prices, requests: u64) -> Bill {
    let mut bill = Bill::default();
    let millions = float(requests) / MILLION;
    bill.add(prices, "Shared gateway, requests", Item::SharedRequests, millions);
    if question.reach == Reach::Regional {
        bill.add(prices, "Data out", Item::DataOut, question.out_gb(requests));
    }
    // Whoever has an API behind it watches it all the same.
    bill.add(prices, "Alarms", Item::Alarms, prices.value(Given::Alarms));
    bill
}
