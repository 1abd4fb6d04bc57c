//! Kafka as a carrier: what may stand there, what goes together, and that no credential is shown.

use super::{check_told as check, checked};

fn kafka(keys: &str) -> String {
    format!("state_dir: s\npolicy: {{ floor: f, feed: {{ kafka: {{ {keys} }} }} }}\n")
}

#[cfg(not(feature = "kafka"))]
#[test]
fn a_build_without_kafka_refuses_brokers_by_name() {
    check(
        &kafka("brokers: ['a:1']"),
        &[
            "2:29 this build is without Kafka | take one that is built with the feature `kafka`, or follow `portal` or `bundle`",
        ],
    );
    let checked = checked(&kafka("brokers: ['a:1']"));
    assert!(checked.configuration.is_none());
}

#[cfg(feature = "kafka")]
mod built_in {
    use super::*;
    use gateway::configuration::masked;

    const TLS: &str = "brokers: ['a:1'], tls: {}, sasl";

    #[test]
    fn brokers_alone_and_each_way_to_say_who_one_is() {
        for good in [
            "brokers: ['a:1', '[::1]:2'], topic: other",
            "brokers: ['a:1'], sasl: { mechanism: SCRAM-SHA-512, user: u, password: p }",
            "brokers: ['a:1'], tls: { ca: ca.pem, certificate: c.pem, key: k.pem, key_password: p }",
            &format!("{TLS}: {{ mechanism: PLAIN, user: u, password: p }}"),
            &format!("{TLS}: {{ mechanism: OAUTHBEARER, token_file: t }}"),
            &format!(
                "{TLS}: {{ mechanism: OAUTHBEARER, token_url: 'https://a/t', client_id: c, client_secret: s, scope: x }}"
            ),
            &format!("{TLS}: {{ mechanism: AWS_MSK_IAM, region: eu-west-1 }}"),
        ] {
            check(&kafka(good), &[]);
        }
    }

    /// `|` stands before what is told of.
    #[track_caller]
    fn bad(keys: &str, expected: &str) {
        let text = kafka(keys);
        let line = text.lines().nth(1).unwrap();
        let column = line.split('|').next().unwrap().chars().count() + 1;
        check(&text.replacen('|', "", 1), &[&format!("2:{column} {expected}")]);
    }

    #[test]
    fn what_cannot_be_is_told_where_it_stands() {
        bad(
            "brokers: |[]",
            "1 to 64 brokers | name some of the brokers; they tell of the others",
        );
        bad(
            "brokers: ['a:1', |'kafka']",
            "\"kafka\" is no broker | write HOST:PORT, without a scheme",
        );
        bad(
            "brokers: [|'${env:HOST}']",
            "a value from outside the file is no broker | write HOST:PORT, without a scheme",
        );
        bad(
            "brokers: ['a:1'], topic: |'a/b'",
            "\"a/b\" is no name of a topic | write 1 to 249 letters, digits, `.`, `_` or `-`",
        );
        bad(
            "brokers: ['a:1'], sasl: |{ mechanism: PLAIN, user: u, password: p }",
            "PLAIN needs `tls`: what it sends is a credential | add `tls: {}` beside `sasl`",
        );
        bad(
            "brokers: ['a:1'], tls: { |certificate: c.pem }",
            "a client certificate is `certificate` and `key` | add the other one",
        );
        bad(
            "brokers: ['a:1'], tls: { |key_password: p }",
            "`key_password` has no effect without `key` | leave it out",
        );
    }

    #[test]
    fn what_belongs_to_a_mechanism_is_held_to_it() {
        let bad = |sasl: &str, expected: &str| super::built_in::bad(&format!("{TLS}: {sasl}"), expected);
        bad(
            "|{ mechanism: PLAIN, user: u }",
            "this mechanism needs `password` | add `password`",
        );
        bad(
            "{ mechanism: SCRAM-SHA-256, user: u, password: p, |region: eu-west-1 }",
            "`region` has no effect with this mechanism | leave it out",
        );
        bad(
            "|{ mechanism: OAUTHBEARER }",
            "OAUTHBEARER without `token_file` and `token_url` | say where a token comes from",
        );
        bad(
            "{ mechanism: OAUTHBEARER, token_file: t, |token_url: 'https://a' }",
            "`token_url` beside `token_file`: a token comes from one of them | keep one of them",
        );
        bad(
            "{ mechanism: OAUTHBEARER, token_url: |'http://a', client_id: c, client_secret: s }",
            "\"http://a\" is no `https` URL | a client's secret is sent to it: write `https://…`",
        );
        bad(
            "{ mechanism: AWS_MSK_IAM, region: |Frankfurt }",
            "\"Frankfurt\" is no region of AWS | write it as in eu-central-1",
        );
        bad(
            "|{ mechanism: PLAIN, user: u, password: '' }",
            "the password is empty, longer than 4096 bytes, or has a control character | name one, without a line's end",
        );
    }

    #[test]
    fn no_credential_is_shown() {
        let keys =
            format!("{TLS}: {{ mechanism: PLAIN, user: u, password: \"${{file:/etc/switchboard/token}}\" }}");
        let configuration = checked(&kafka(&keys)).configuration.unwrap();
        let shown = masked(&configuration).to_string();
        assert!(
            !shown.contains("s3cret") && !format!("{:?}", configuration.policy).contains("s3cret"),
            "{shown}"
        );
        assert!(shown.contains(r#""kafka":{"brokers":["a:1"]"#), "{shown}");
        assert!(shown.contains(r#""mechanism":"PLAIN""#), "{shown}");
    }
}
