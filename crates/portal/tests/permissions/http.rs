//! Requests to the portal under test, and of an answer what is looked at: a stream's end is not waited for.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::net::SocketAddr;

pub(crate) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) cookie: Option<String>,
}

impl Http {
    pub(crate) fn to(address: SocketAddr) -> Http {
        Http {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address,
        }
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        target: &str,
        lines: &[(String, String)],
        body: &Value,
    ) -> Answer {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut request = Request::new(Full::new(Bytes::from(text)));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a method");
        *request.uri_mut() = format!("http://{}{target}", self.address)
            .parse()
            .expect("a target");
        for (name, value) in lines {
            let name: hyper::header::HeaderName = name.parse().expect("a name");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a value"));
        }
        let response = self.client.request(request).await.expect("the portal answers");
        let status = response.status().as_u16();
        let cookie = response
            .headers()
            .get("set-cookie")
            .and_then(|set| set.to_str().ok());
        let cookie = cookie.and_then(|set| set.split(';').next()).map(str::to_owned);
        let is_json = response
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().ends_with(b"json") && kind != "application/x-ndjson");
        let body = if is_json {
            let body = Limited::new(response.into_body(), 1 << 20)
                .collect()
                .await
                .expect("it ends");
            serde_json::from_slice(&body.to_bytes()).expect("JSON")
        } else {
            Value::Null
        };
        Answer { status, body, cookie }
    }
}
