//! What is dialled when a name answers this or that, and differently the next time.

use super::*;
use crate::configuration::{Origin, Scheme};
use crate::upstream::{Lookup, Resolve, Upstreams};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Answers to this name alone, with the next of these; `None` never answers.
#[derive(Debug)]
struct Answers {
    name: &'static str,
    next: Mutex<VecDeque<Option<Vec<&'static str>>>>,
}

impl Resolve for Answers {
    fn resolve(&self, name: &str) -> Lookup {
        assert_eq!(name, self.name);
        let next = self
            .next
            .lock()
            .unwrap()
            .pop_front()
            .expect("asked once for each dial");
        Box::pin(async move {
            match next {
                Some(addresses) => Ok(addresses
                    .into_iter()
                    .map(|text| text.parse::<IpAddr>().unwrap())
                    .collect()),
                None => std::future::pending().await,
            }
        })
    }
}

/// Dials once for each answer; loopback is permitted as far as `allowed` says. What came of each dial.
async fn check(allowed: &str, answers: &[Option<&[&'static str]>], expected: &[Result<&str, Reject>]) {
    check_via(None, allowed, answers, expected).await;
}

/// The same for an upstream that is dialled by another name than its own.
async fn check_via(
    via: Option<&'static str>,
    allowed: &str,
    answers: &[Option<&[&'static str]>],
    expected: &[Result<&str, Reject>],
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let origin = Arc::new(Origin {
        scheme: Scheme::Http,
        host: "service.example".into(),
        via: via.map(Into::into),
        port,
        authority: format!("service.example:{port}").into(),
        ca: None,
    });
    let upstream = Upstreams::default().intern(&origin).unwrap();
    let queue = answers.iter().map(|answer| answer.map(<[_]>::to_vec)).collect();
    let lookups = Lookups::new(Arc::new(Answers {
        name: via.unwrap_or("service.example"),
        next: Mutex::new(queue),
    }));
    let rules = TargetRules {
        allowed: vec![allowed.parse().unwrap()],
        ..TargetRules::default()
    };
    for (index, expected) in expected.iter().enumerate() {
        let dialled = dial(&upstream, &lookups, &rules, Duration::from_millis(400)).await;
        let found = dialled
            .map(|(_, endpoint)| endpoint)
            .map_err(|failure| failure.reject);
        let expected = expected.map(|address| SocketAddr::new(address.parse().unwrap(), port));
        assert_eq!(found, expected, "dial {index} of {answers:?}");
    }
}

#[tokio::test(flavor = "local")]
async fn a_name_that_answers_differently_the_second_time_is_judged_the_second_time() {
    check(
        "127.0.0.1/32",
        &[
            Some(&["127.0.0.1"]),
            Some(&["169.254.169.254"]),
            Some(&["127.0.0.2"]),
            Some(&["127.0.0.1"]),
        ],
        &[
            Ok("127.0.0.1"),
            Err(Reject::UpstreamForbidden),
            Err(Reject::UpstreamForbidden),
            Ok("127.0.0.1"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "local")]
async fn a_forbidden_address_among_permitted_ones_is_not_dialled() {
    check(
        "127.0.0.1/32",
        &[
            Some(&["127.0.0.2", "169.254.169.254", "127.0.0.1"]),
            Some(&["::ffff:127.0.0.2", "::1"]),
            Some(&["::ffff:169.254.169.254"]),
        ],
        &[
            Ok("127.0.0.1"),
            Err(Reject::UpstreamForbidden),
            Err(Reject::UpstreamForbidden),
        ],
    )
    .await;
}

#[tokio::test(flavor = "local")]
async fn the_next_address_is_tried_when_one_refuses() {
    // Somebody listens on 127.0.0.1 alone.
    check(
        "127.0.0.0/8",
        &[
            Some(&["127.0.0.3", "127.0.0.1"]),
            Some(&["127.0.0.3", "127.0.0.4"]),
        ],
        &[Ok("127.0.0.1"), Err(Reject::UpstreamRefused)],
    )
    .await;
}

#[tokio::test(flavor = "local")]
async fn a_name_without_an_address_or_without_an_answer_is_unresolved() {
    check(
        "127.0.0.1/32",
        &[Some(&[]), None],
        &[Err(Reject::UpstreamUnresolved), Err(Reject::UpstreamUnresolved)],
    )
    .await;
}

/// What the API's own name resolves to, if it does, plays no part.
#[tokio::test(flavor = "local")]
async fn of_a_private_api_the_endpoint_is_resolved_and_judged_each_time() {
    check_via(
        Some("vpce.example"),
        "127.0.0.1/32",
        &[
            Some(&["127.0.0.1"]),
            Some(&["169.254.169.254"]),
            Some(&["127.0.0.2"]),
            Some(&["127.0.0.2", "127.0.0.1"]),
        ],
        &[
            Ok("127.0.0.1"),
            Err(Reject::UpstreamForbidden),
            Err(Reject::UpstreamForbidden),
            Ok("127.0.0.1"),
        ],
    )
    .await;
}
