//! The part of the tour in which callers say who they are, and prove it: tokens, an API key, and why each was let
//! through or refused.

use super::client::Request;
use super::issuer::{CLIENT, unix_s};
use super::place::FILE;
use super::shop::Service;
use super::tour::Tour;
use anyhow::{Context as _, ensure};
use gateway::configuration;
use gateway::explain::{Question, explain};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};

/// What needs a credential.
const INVOICE: &str = "/api/invoices/inv_7h2p";
/// The scope that reading it asks for.
const SCOPE: &str = "invoices.read";
const USER: &str = "usr_8a3f";
/// A day, in seconds: longer than any token is good for.
const YESTERDAY_S: u64 = 86_400;
/// The key whose hash is in examples/shop/policy.yaml.
const API_KEY: &str = "sb_bookkeeping_Q2hhbmdlTWVfVGhpc0lzQURlbW9LZXlGb3JUaGVTaG9";

impl Tour<'_> {
    pub(super) fn anonymous(&mut self) -> anyhow::Result<()> {
        let answer = self.ask(&Request::get(INVOICE), 401, &["WWW-Authenticate"])?;
        ensure!(
            answer.field("www-authenticate").is_some(),
            "a 401 says what it would take"
        );
        self.saw(&[])?;
        self.why(
            "The route says where the request would go; policy.yaml says who may go there. The answer names what \
             would be taken: a token, or an API key.",
        )
    }

    pub(super) fn signed_in(&mut self) -> anyhow::Result<()> {
        let token = self.sign_in(SCOPE)?;
        let request = Request::get(INVOICE).bearer(&token);
        let answer = self.ask(&request, 200, &["Content-Type"])?;
        ensure!(
            answer.body.contains(USER) && answer.body.contains(CLIENT),
            "the service should know who asks: {}",
            answer.body
        );
        self.saw(&[(Service::Orders, "GET /invoices/inv_7h2p")])?;
        self.explained(&request)?;
        self.why(
            "The gateway fetched the provider's public key, verified the signature, and told the service who asks. \
             The token itself stays behind: what a service does not get, it cannot lose.",
        )
    }

    pub(super) fn lacks_scope(&mut self) -> anyhow::Result<()> {
        let token = self.sign_in("profile")?;
        let request = Request::get(INVOICE).bearer(&token);
        self.ask(&request, 403, &["WWW-Authenticate"])?;
        self.saw(&[])?;
        self.explained(&request)?;
        self.why(
            "403 and not 401: the caller is known, and may not. The client was granted invoices.read, but this user's \
             token does not have it; what counts is what both have.",
        )
    }

    pub(super) fn expired(&mut self) -> anyhow::Result<()> {
        self.screen.aside("a token from yesterday")?;
        let token = self.services.issuer.token(USER, SCOPE, YESTERDAY_S)?;
        let request = Request::get(INVOICE).bearer(&token);
        self.ask(&request, 401, &["WWW-Authenticate"])?;
        self.saw(&[])?;
        self.explained(&request)?;
        self.why("Signed by the right key, and too old. `exp` is required; a clock may be half a minute off.")
    }

    pub(super) fn with_key(&mut self) -> anyhow::Result<()> {
        let request = Request::get(INVOICE).field("X-Api-Key", API_KEY);
        let answer = self.ask(&request, 200, &[])?;
        ensure!(
            answer.body.contains("bookkeeping"),
            "the service should know the client: {}",
            answer.body
        );
        self.saw(&[(Service::Orders, "GET /invoices/inv_7h2p")])?;
        self.explained(&request)?;
        self.why(
            "A program has no user, and a key instead of a token. The policy holds only the key's hash, and the \
             service never sees the key.",
        )
    }

    /// Signs in as curl would, and shows it.
    fn sign_in(&mut self, scope: &str) -> anyhow::Result<String> {
        let accounts = self.services.address(Service::Accounts);
        let form = format!("user={USER}&scope={scope}");
        self.screen.command(&format!(
            "TOKEN=$(curl -s -d '{form}' http://{accounts}/sign-in | jq -r .access_token)"
        ))?;
        let answer = Request::get("/sign-in")
            .method("POST")
            .field("Content-Type", "application/x-www-form-urlencoded")
            .field("Content-Length", form.len().to_string())
            .body(form)
            .send(accounts)?;
        ensure!(answer.status == 200, "nobody can sign in: {}", answer.body);
        let body: Value = serde_json::from_str(&answer.body)?;
        let token = body.get("access_token").and_then(Value::as_str);
        Ok(token.context("the answer has no token")?.to_owned())
    }

    /// What `switchboard explain` says of the request: the part about who may.
    fn explained(&mut self, request: &Request) -> anyhow::Result<()> {
        let fields: Vec<String> = request
            .shown_fields()
            .map(|field| format!("-H {field} "))
            .collect();
        self.screen.command(&format!(
            "switchboard explain GET {} {}--fetch-keys --config {FILE}",
            request.target(),
            fields.concat()
        ))?;
        let checked = configuration::load(&self.place.file())?;
        let configuration = checked
            .configuration
            .context("the demo's own configuration is not good")?;
        let question = Question {
            method: "GET".to_owned(),
            target: request.target().to_owned(),
            headers: request.fields(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            unix_s: unix_s(),
            fetch_keys: true,
        };
        let explanation = explain(configuration, &question)?;
        let authorization = explanation
            .authorization
            .context("policy was not asked about this request")?;
        Ok(self.screen.said(&authorization.to_string())?)
    }
}
