//! Rules that hold whatever is asked.

use super::super::alternatives::Alternative;
use super::super::break_even::break_even;
use super::super::estimate::{Bill, team};
use super::super::number::{REQUESTS_MAX, float};
use super::super::prices::{Item, Tier, Tiers};
use super::super::question::{Kept, Question, Reach, Traced, Variant};
use super::prices;
use proptest::prelude::*;

/// Spread over orders of magnitude, as requests are.
fn requests() -> impl Strategy<Value = u64> {
    (0_u32..12, 1_u64..10).prop_map(|(zeros, digit)| (digit * 10_u64.pow(zeros)).min(REQUESTS_MAX))
}

fn questions() -> impl Strategy<Value = Question> {
    let kept = prop_oneof![
        (1_u64..1_000_000).prop_map(Kept::Credentials),
        (0.0..=1.0).prop_map(Kept::Share)
    ];
    let authorizer = (any::<bool>(), 0_u32..=3_600, kept, 128_u32..=2_048);
    let traffic = (requests(), 0.0..2_000.0, 0_u32..3_000, 1_u32..400);
    let network = (any::<bool>(), 1_u32..=3, 1_u32..20, 0.0..=0.2);
    (authorizer, traffic, network).prop_map(|(authorizer, traffic, network)| Question {
        requests: traffic.0,
        response_kb: traffic.1,
        variant: if authorizer.0 {
            Variant::Rust
        } else {
            Variant::TypeScript
        },
        ttl_s: authorizer.1,
        kept: authorizer.2,
        authorizer_ms: None,
        memory_mb: Some(authorizer.3),
        log_bytes: traffic.2,
        log_retention_days: traffic.3,
        reach: if network.0 {
            Reach::Private
        } else {
            Reach::Regional
        },
        zones: network.1,
        endpoint_shared_by: network.2,
        // A quarter of them by the rule of X-Ray itself.
        traced: if network.3 < 0.15 {
            Traced::Share(network.3)
        } else {
            Traced::ByDefault
        },
    })
}

fn bills(question: &Question, requests: u64) -> [Bill; 3] {
    let prices = prices();
    let other = |alternative: Alternative| alternative.bill(question, &prices, requests);
    [
        team(question, &prices, requests),
        other(Alternative::Router),
        other(Alternative::Shared),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_requests_never_cost_less(question in questions(), one in requests(), other in requests()) {
        let (few, many) = (one.min(other), one.max(other));
        for (few, many) in bills(&question, few).iter().zip(bills(&question, many)) {
            prop_assert!(few.total_usd() <= many.total_usd() + 1e-6);
            prop_assert!(few.total_cents() <= many.total_cents());
            let names = |bill: &Bill| bill.lines.iter().map(|line| line.name).collect::<Vec<_>>();
            prop_assert_eq!(names(few), names(&many));
        }
    }

    #[test]
    fn what_is_shown_adds_up(question in questions()) {
        for bill in bills(&question, question.requests) {
            let shown: u64 = bill.lines.iter().map(|line| line.cents()).sum();
            prop_assert_eq!(bill.total_cents(), shown);
            let off = (float(shown) / 100.0 - bill.total_usd()).abs();
            prop_assert!(off <= 0.005 * float(bill.lines.len() as u64) + 1e-6);
        }
    }

    #[test]
    fn the_authorizer_is_asked_at_most_once_a_request(question in questions()) {
        let invocations = question.invocations(question.requests, &prices());
        prop_assert!((0.0..=float(question.requests)).contains(&invocations));
    }

    #[test]
    fn a_quantity_costs_the_same_in_one_line_or_in_two(
        ups in prop::collection::btree_set(1_u32..10_000, 0..5),
        usd in prop::collection::vec(0.0..100.0, 6),
        (all, part) in (0.0..20_000.0, 0.0..=1.0),
    ) {
        let ends = ups.into_iter().map(f64::from).chain([f64::INFINITY]);
        let tiers: Vec<Tier> = ends.zip(usd).map(|(up_to, usd)| Tier { up_to, usd }).collect();
        // A naive model: unit by unit would take long, so tier by tier from the other end.
        let mut naive = 0.0;
        let mut begin = 0.0;
        for tier in &tiers {
            let until = tier.up_to.min(all);
            if until > begin {
                naive += (until - begin) * tier.usd;
            }
            begin = tier.up_to;
        }
        let tiers = Tiers::new(tiers);
        prop_assert!((tiers.cost(0.0, all) - naive).abs() < 1e-6 * (1.0 + naive));
        let first = all * part;
        let split = tiers.cost(0.0, first) + tiers.cost(first, all - first);
        prop_assert!((split - naive).abs() < 1e-6 * (1.0 + naive));
    }

    #[test]
    fn a_break_even_is_where_a_naive_look_finds_it(question in questions(), looks in prop::collection::vec(requests(), 20)) {
        let prices = prices();
        for alternative in Alternative::ALL {
            let found = break_even(&question, &prices, alternative);
            let dearer = |requests: u64| {
                let other = alternative.bill(&question, &prices, requests).total_usd();
                let team = team(&question, &prices, requests).total_usd();
                team - other > 1e-9 * team
            };
            let predicted = |requests: u64| {
                let passed = found.crossings.iter().take_while(|crossing| crossing.requests <= requests);
                passed.last().map_or(found.team_is_dearer_at_first, |crossing| crossing.team_is_dearer)
            };
            let at = found.crossings.iter().flat_map(|crossing| [crossing.requests - 1, crossing.requests]);
            for requests in looks.iter().copied().chain(at).filter(|requests| (1..=found.up_to).contains(requests)) {
                prop_assert_eq!(dearer(requests), predicted(requests), "{:?} at {}", alternative, requests);
            }
        }
    }
}

/// One unit more costs no more than the dearer of the two prices there.
#[test]
fn built_in_tiers_do_not_jump() {
    let prices = prices();
    for item in Item::ALL {
        let tiers = prices.tiers(*item);
        let dearest = tiers.tiers().iter().map(|tier| tier.usd).fold(0.0, f64::max);
        for border in tiers.borders() {
            let step = tiers.cost(0.0, border + 0.5) - tiers.cost(0.0, border - 0.5);
            assert!(
                (0.0..=dearest + 1e-9).contains(&step),
                "{} at {border}: {step}",
                item.key()
            );
        }
    }
}
