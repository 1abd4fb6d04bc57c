//! Object storage: a bucket in an emulator of Amazon S3 (PyPI `moto[server]`, which `cargo xtask test` installs). Whether it looks at signatures
//! and at what their owners may do is switched while it runs.

use crate::client::Client;
use crate::message::Response;
use crate::terraform::Moto;
use serde_json::json;
use std::net::SocketAddr;

/// The bucket.
const BUCKET: &str = "acme-policy";
const REGION: &str = "eu-central-1";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// A running store.
#[derive(Debug)]
pub struct ObjectStore {
    moto: Moto,
}

/// Whoever signs.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The access key's id.
    pub id: String,
    /// The secret of it.
    pub secret: String,
}

impl Owner {
    /// Somebody whom no store knows.
    pub fn stranger() -> Owner {
        Owner {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        }
    }
}

impl ObjectStore {
    /// With an empty bucket, which everybody may read and whoever signs may write.
    pub fn start() -> ObjectStore {
        let store = ObjectStore { moto: Moto::start() };
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        store.moto.ask("s3", "PUT", &format!("/{BUCKET}"), "", &place);
        let readers = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{BUCKET}/prod/*") }] });
        let path = format!("/{BUCKET}?policy");
        store.moto.ask("s3", "PUT", &path, "", &readers.to_string());
        store
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.moto.address()
    }

    /// Somebody who may do this with objects below `prod/`, such as `s3:GetObject`.
    pub fn owner(&self, name: &str, actions: &[&str]) -> Owner {
        let iam = |action: &str| {
            let body = format!("Action={action}&Version=2010-05-08&UserName={name}");
            self.moto.ask("iam", "POST", "/", FORM, &body).text()
        };
        iam("CreateUser");
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": format!("arn:aws:s3:::{BUCKET}/prod/*") }] });
        let policy = encoded(&policy.to_string());
        iam(&format!("PutUserPolicy&PolicyName=relay&PolicyDocument={policy}"));
        let made = iam("CreateAccessKey");
        let member = |name: &str| {
            let behind = made.split_once(&format!("<{name}>")).map(|(_, behind)| behind);
            let text = behind.and_then(|behind| behind.split('<').next());
            text.expect("a key has an id and a secret").to_owned()
        };
        Owner {
            id: member("AccessKeyId"),
            secret: member("SecretAccessKey"),
        }
    }

    /// From now on nobody is answered who does not sign, or may not do what is asked; or, again, everybody is.
    pub fn check_signatures(&self, on: bool) {
        let requests_without = if on { "0" } else { "inf" };
        self.moto
            .ask("s3", "POST", "/moto-api/reset-auth", "", requests_without);
    }

    /// What a reader without a name is given for an object below `prod/`.
    pub fn get(&self, name: &str, lines: &[&str]) -> Response {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        // The host names no bucket, or it would be that one.
        Client::connect(self.address()).exchange(format!(
            "GET /{BUCKET}/prod/{name} HTTP/1.1\r\nHost: {}\r\n{lines}Connection: close\r\n\r\n",
            self.address()
        ))
    }

    /// All of an object below `prod/`, which is there.
    pub fn object(&self, name: &str) -> String {
        self.get(name, &[]).expect(200).text()
    }

    /// Puts an object below `prod/`, past everybody.
    pub fn put(&self, name: &str, content: &str) {
        self.moto
            .ask("s3", "PUT", &format!("/{BUCKET}/prod/{name}"), "", content);
    }

    /// Deletes an object below `prod/`, past everybody.
    pub fn delete(&self, name: &str) {
        self.moto
            .ask("s3", "DELETE", &format!("/{BUCKET}/prod/{name}"), "", "");
    }

    /// How often an object below `prod/` was written, and how often that was refused.
    pub fn writes(&self, name: &str) -> (usize, usize) {
        // Colours stand between it and the quotation mark.
        let wanted = format!("PUT /{BUCKET}/prod/{name} HTTP/1.1");
        let log = self.moto.log();
        let statuses = log
            .iter()
            .filter_map(|line| Some(line.split_once(&wanted)?.1.split_once("\" ")?.1));
        let (good, bad): (Vec<&str>, Vec<&str>) = statuses.partition(|status| status.starts_with('2'));
        (good.len(), bad.len())
    }
}

/// As a form has it.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
