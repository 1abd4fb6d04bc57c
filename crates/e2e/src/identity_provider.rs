//! An organisation's identity provider, as OpenID Connect has it: discovery, authorization, token and key endpoints, with PKCE checked; and
//! it can lie, one lie at a time.
//!
//! Written from the standards alone; nothing here reads what the portal reads. Whoever comes to its authorization endpoint is signed in at once.

use crate::issuer::{SigningKey, json_answer, key_set, seconds_from_now};
use crate::message::Request;
use crate::upstream::Upstream;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// What is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// The ID token is of another sign-in.
    Nonce,
    /// It is another issuer's.
    Issuer,
    /// It is for another client.
    Audience,
    /// It is from yesterday.
    Expired,
    /// It has no signature, and says so.
    Unsigned,
    /// It is signed by a key that is not published, under the name of one that is.
    Key,
    /// The discovery document speaks for another issuer.
    Discovery,
    /// The key set is somewhere else, says a redirect.
    Redirect,
    /// The key set is on another machine, over plain HTTP.
    PlainKeys,
    /// The answer to the browser names another issuer (RFC 9207).
    Mixed,
    /// The user said no.
    Denied,
    /// Nothing works.
    Down,
}

/// An identity provider with one client and one user.
#[derive(Debug)]
pub struct IdentityProvider {
    upstream: Upstream,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    url: String,
    client: String,
    secret: Option<String>,
    key: SigningKey,
    /// Of the same name, and not published.
    other: SigningKey,
    lie: Lie,
    claims: Value,
    /// What each code was given for.
    codes: HashMap<String, Asked>,
    count: usize,
}

#[derive(Debug, Clone)]
struct Asked {
    redirect_uri: String,
    challenge: String,
    nonce: String,
}

impl IdentityProvider {
    /// Knows this client; with a secret, it has to show it.
    pub fn start(client: &str, secret: Option<&str>) -> IdentityProvider {
        let state = Arc::new(Mutex::new(State {
            url: String::new(),
            client: client.to_owned(),
            secret: secret.map(str::to_owned),
            key: SigningKey::new("idp-1"),
            other: SigningKey::new("idp-1"),
            lie: Lie::None,
            claims: json!({ "sub": "nobody" }),
            codes: HashMap::new(),
            count: 0,
        }));
        let current = Arc::clone(&state);
        let upstream = Upstream::answering(move |request| {
            current.lock().expect("nobody panics with it").answer(request)
        });
        let provider = IdentityProvider { upstream, state };
        provider.state().url = provider.upstream.url();
        provider
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// Its identifier.
    pub fn issuer(&self) -> String {
        self.upstream.url()
    }

    /// From now on whoever comes is this user: at least `sub`.
    pub fn signs_in(&self, claims: Value) {
        self.state().claims = claims;
    }

    /// From now on this is not as it should be.
    pub fn lies(&self, lie: Lie) {
        self.state().lie = lie;
    }

    /// From now on another key signs, and is published under another name.
    pub fn rotate(&self, kid: &str) {
        self.state().key = SigningKey::new(kid);
    }

    /// How often it was asked for this path.
    pub fn asked(&self, path: &str) -> usize {
        let requests = self.upstream.requests();
        requests
            .iter()
            .filter(|request| request.target.split('?').next() == Some(path))
            .count()
    }

    /// All that it was sent, as text.
    pub fn received_text(&self) -> String {
        self.upstream.received_text()
    }

    /// Listens no more.
    pub fn stop(&self) {
        self.upstream.stop();
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> String {
        if self.lie == Lie::Down {
            return refusal(500, &json!({ "error": "server_error" }));
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match (request.method.as_str(), path) {
            ("GET", "/.well-known/openid-configuration") => self.discovery(),
            ("GET", "/authorize") => self.authorize(&pairs(query)),
            ("POST", "/token") => self.token(request),
            ("GET", "/keys") if self.lie == Lie::Redirect => {
                "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            ("GET", "/keys" | "/elsewhere") => json_answer(&key_set(&[&self.key])),
            _ => refusal(404, &json!({ "error": "not_found" })),
        }
    }

    fn discovery(&self) -> String {
        let url = &self.url;
        let issuer = if self.lie == Lie::Discovery {
            "https://other.example"
        } else {
            url
        };
        let keys = match self.lie {
            Lie::PlainKeys => "http://keys.example.com/keys".to_owned(),
            _ => format!("{url}/keys"),
        };
        json_answer(
            &json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"),
                "jwks_uri": keys,
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": true,
            })
            .to_string(),
        )
    }

    fn authorize(&mut self, asked: &HashMap<String, String>) -> String {
        let get = |name: &str| asked.get(name).cloned().unwrap_or_default();
        let good = get("response_type") == "code"
            && get("client_id") == self.client
            && get("scope").split(' ').any(|scope| scope == "openid")
            && get("code_challenge_method") == "S256"
            && get("code_challenge").len() == 43
            && !get("state").is_empty()
            && !get("nonce").is_empty();
        if !good {
            return refusal(400, &json!({ "error": "invalid_request" }));
        }
        let issuer = if self.lie == Lie::Mixed {
            "https://other.example"
        } else {
            &self.url
        };
        let (redirect, state) = (get("redirect_uri"), get("state"));
        let answer = if self.lie == Lie::Denied {
            "error=access_denied".to_owned()
        } else {
            self.count += 1;
            let code = format!("code-{}", self.count);
            let answer = format!("code={code}");
            self.codes.insert(
                code,
                Asked {
                    redirect_uri: redirect.clone(),
                    challenge: get("code_challenge"),
                    nonce: get("nonce"),
                },
            );
            answer
        };
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {redirect}?{answer}&state={state}&iss={}\r\nContent-Length: 0\r\n\r\n",
            issuer.replace(':', "%3A").replace('/', "%2F")
        )
    }

    fn token(&mut self, request: &Request) -> String {
        let form = pairs(&request.text());
        let get = |name: &str| form.get(name).cloned().unwrap_or_default();
        let shown = request.field("Authorization").map(str::to_owned);
        let known = match &self.secret {
            None => shown.is_none() && get("client_id") == self.client,
            Some(secret) => {
                shown
                    == Some(format!(
                        "Basic {}",
                        STANDARD.encode(format!("{}:{secret}", self.client))
                    ))
            }
        };
        if !known {
            return refusal(401, &json!({ "error": "invalid_client" }));
        }
        // A code is good once.
        let asked = self.codes.remove(&get("code"));
        let proven = |asked: &Asked| {
            asked.redirect_uri == get("redirect_uri")
                && asked.challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")))
        };
        match asked.filter(proven) {
            Some(asked) if get("grant_type") == "authorization_code" => {
                let answer = json!({
                    "access_token": "not-for-us", "token_type": "Bearer", "id_token": self.id_token(&asked),
                });
                json_answer(&answer.to_string())
            }
            _ => refusal(400, &json!({ "error": "invalid_grant" })),
        }
    }

    fn id_token(&self, asked: &Asked) -> String {
        let mut claims = self.claims.clone();
        claims["iss"] = json!(self.url);
        claims["aud"] = json!(self.client);
        claims["nonce"] = json!(asked.nonce);
        claims["iat"] = json!(seconds_from_now(0));
        claims["exp"] = json!(seconds_from_now(300));
        match self.lie {
            Lie::Nonce => claims["nonce"] = json!("another"),
            Lie::Issuer => claims["iss"] = json!("https://other.example"),
            Lie::Audience => claims["aud"] = json!("another"),
            Lie::Expired => claims["exp"] = json!(seconds_from_now(-86_400)),
            Lie::Unsigned => {
                let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                return format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(&claims));
            }
            Lie::Key => return self.other.sign(&claims),
            _ => {}
        }
        self.key.sign(&claims)
    }
}

fn refusal(status: u16, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A query's or a form's names and values.
fn pairs(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (unescaped(name), unescaped(value)))
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| std::str::from_utf8(behind.get(..2)?).ok())
            .flatten();
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
