//! The tour: requests to the running gateway, each shown with its answer, what the services saw of it, and why.
//!
//! Nothing shown is made up. A step that does not turn out as it is told ends the tour with an error.

use super::client::{Answer, Request};
use super::place::Place;
use super::screen::Screen;
use super::services::Services;
use super::shop::Service;
use anyhow::{Context as _, bail, ensure};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a changed file may take to be live before the tour gives up.
const RELOAD_PATIENCE: Duration = Duration::from_secs(5);
/// How often the tour asks whether it is.
const RELOAD_POLL: Duration = Duration::from_millis(1);

/// Everything that the tour shows and does.
pub(super) struct Tour<'a> {
    pub(super) screen: &'a mut Screen,
    pub(super) gateway: SocketAddr,
    pub(super) services: &'a mut Services,
    pub(super) place: &'a mut Place,
    /// Turns true when the demo is to end.
    pub(super) stopped: &'a AtomicBool,
}

type Step<'t> = fn(&mut Tour<'t>) -> anyhow::Result<()>;

impl<'t> Tour<'t> {
    /// Walks through all steps, or until the demo is stopped; how many there are.
    pub(super) fn run(mut self) -> anyhow::Result<usize> {
        let steps: [(&str, Step<'t>); 15] = [
            ("A request goes where its path says", Self::forwarded),
            ("The most specific route wins, wherever it stands", Self::specific),
            ("A path that exists, but not with this method", Self::wrong_method),
            ("A path that leads nowhere", Self::no_route),
            ("A path with two meanings is refused", Self::two_meanings),
            ("So is a request with two lengths", Self::two_lengths),
            ("Callers cannot say who they are", Self::spoofed),
            ("Some answers need no service", Self::by_itself),
            ("One service is down, the others are not", Self::down),
            ("A change of the file is live at once", Self::reloaded),
            ("Some things are not for everybody", Self::anonymous),
            ("Whoever signs in is known", Self::signed_in),
            ("A token without the scope", Self::lacks_scope),
            ("A token that has expired", Self::expired),
            ("A program with an API key", Self::with_key),
        ];
        let count = steps.len();
        for (index, (title, step)) in steps.into_iter().enumerate() {
            if self.stopped.load(Ordering::Relaxed) {
                break;
            }
            self.screen.step(index + 1, title)?;
            step(&mut self).with_context(|| format!("step {} did not go as it should", index + 1))?;
            self.screen.flush()?;
        }
        Ok(count)
    }

    /// Asks as curl would, and shows it.
    pub(super) fn ask(
        &mut self,
        request: &Request,
        expected: u16,
        fields: &[&str],
    ) -> anyhow::Result<Answer> {
        self.screen.command(&request.curl(&self.gateway.to_string()))?;
        let answer = request.send(self.gateway)?;
        self.show(&answer, expected, fields)?;
        Ok(answer)
    }

    pub(super) fn show(&mut self, answer: &Answer, expected: u16, fields: &[&str]) -> anyhow::Result<()> {
        self.screen.answer(answer, fields)?;
        let got = answer.status;
        ensure!(
            got == expected,
            "expected {expected}, and {} answered {got}",
            self.gateway
        );
        Ok(())
    }

    /// Shows what reached the services since the last time.
    pub(super) fn saw(&mut self, expected: &[(Service, &str)]) -> anyhow::Result<()> {
        let seen = self.services.seen();
        let texts: Vec<String> = seen
            .iter()
            .map(|seen| format!("{} got `{}`", seen.service.name(), seen.line))
            .collect();
        let text = match texts.as_slice() {
            [] => "no service was asked".to_owned(),
            _ => texts.join(", "),
        };
        self.screen.saw(&text)?;
        let as_expected = seen.len() == expected.len()
            && seen
                .iter()
                .zip(expected)
                .all(|(seen, (service, line))| seen.service == *service && seen.line == *line);
        ensure!(as_expected, "the services should have seen {expected:?}");
        Ok(())
    }

    pub(super) fn why(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.screen.why(text)?)
    }

    fn forwarded(&mut self) -> anyhow::Result<()> {
        let request = Request::get("/api/orders/ord_x7k9");
        self.ask(&request, 200, &["Content-Type", "Proxy-Status"])?;
        self.saw(&[(Service::Orders, "GET /orders/ord_x7k9")])?;
        self.why(
            "The route /api/orders/** leads to the orders service, and its strip_prefix takes /api off. The \
             caller knows one address, the gateway's. Proxy-Status without an error: the service answered.",
        )
    }

    fn specific(&mut self) -> anyhow::Result<()> {
        self.ask(&Request::get("/api/users/usr_8a3f/orders"), 200, &[])?;
        self.saw(&[(Service::Orders, "GET /users/usr_8a3f/orders")])?;
        self.why(
            "/api/users/** matches too and stands before it, but /api/users/{id}/orders says more. Nobody has to \
             think about the order of routes, and adding one cannot quietly take another one's requests.",
        )
    }

    fn wrong_method(&mut self) -> anyhow::Result<()> {
        let request = Request::get("/api/orders/ord_x7k9").method("DELETE");
        let answer = self.ask(&request, 405, &["Allow", "Proxy-Status"])?;
        ensure!(answer.field("allow").is_some(), "a 405 has an Allow field");
        self.saw(&[])?;
        self.why(
            "405 and not 404: the path is there under other methods, and Allow lists them. The error in \
             Proxy-Status says that the gateway made this answer, not the service.",
        )
    }

    fn no_route(&mut self) -> anyhow::Result<()> {
        self.ask(&Request::get("/api/carts/crt_1"), 404, &[])?;
        self.saw(&[])?;
        self.why(
            "There is no default upstream: what no route names cannot be reached. Every refusal has this one \
             shape, with a stable code and the id that finds it in the log.",
        )
    }

    fn two_meanings(&mut self) -> anyhow::Result<()> {
        let orders = self.services.address(Service::Orders);
        let careless = Request::get("/orders/..%2fadmin").send(orders)?;
        ensure!(
            careless.status == 200,
            "the orders service should have fallen for it"
        );
        self.services.seen();
        self.ask(&Request::get("/api/orders/..%2fadmin"), 400, &[])?;
        self.saw(&[])?;
        self.why(&format!(
            "To a gateway this could be an order; the orders service decodes it to /admin, for staff only, and \
             answers {} when it is asked directly. A path that two programs may read differently goes no further.",
            careless.status
        ))
    }

    fn two_lengths(&mut self) -> anyhow::Result<()> {
        let host = self.gateway.to_string();
        let body = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: orders\r\n\r\n";
        let request = Request::get("/api/orders")
            .method("POST")
            .field("Content-Length", body.len().to_string())
            .field("Transfer-Encoding", "chunked")
            .body(body);
        let mut lines = request.head(&host);
        lines.extend(
            ["", "0", "", "GET /admin HTTP/1.1", "Host: orders", ""]
                .into_iter()
                .map(str::to_owned),
        );
        self.screen.lines('>', &lines)?;
        let answer = request.send_as_it_is(self.gateway)?;
        self.show(&answer, 400, &["Connection"])?;
        self.saw(&[])?;
        self.why(
            "By its Content-Length this is one request; by its Transfer-Encoding it ends at the 0, and a second \
             one hides behind it. Where two programs may disagree on that, one smuggles past the other: refused, \
             and the connection closed, so that nothing behind it is read as a request.",
        )
    }

    fn spoofed(&mut self) -> anyhow::Result<()> {
        let request = Request::get("/api/users/whoami")
            .field("X-User-Id", "usr_8a3f")
            .field("X_User_Role", "admin");
        let answer = self.ask(&request, 200, &[])?;
        ensure!(
            answer.body.contains(r#""x_user_id":null"#) && answer.body.contains(r#""x_user_role":null"#),
            "the service should have seen no identity"
        );
        self.saw(&[(Service::Users, "GET /users/whoami")])?;
        self.why(
            "Services trust these headers because only the gateway sets them. So what a caller sends under their \
             names, `_` for `-` included, is dropped, and X-Forwarded-For starts anew with the caller's address.",
        )
    }

    fn by_itself(&mut self) -> anyhow::Result<()> {
        self.ask(&Request::get("/catalogue"), 308, &["Location"])?;
        self.ask(&Request::get("/health"), 200, &["Content-Type"])?;
        self.saw(&[])?;
        self.why("A route has one action: an upstream, a redirect, or a fixed response.")
    }

    fn down(&mut self) -> anyhow::Result<()> {
        self.services.stop(Service::Products);
        self.screen
            .aside("the demo has just stopped the products service")?;
        self.ask(&Request::get("/api/products/prod_k3j7"), 502, &["Proxy-Status"])?;
        self.ask(&Request::get("/api/orders/ord_w2m1"), 200, &["Proxy-Status"])?;
        self.saw(&[(Service::Orders, "GET /orders/ord_w2m1")])?;
        self.services
            .resume(Service::Products)
            .context("the products service could not be started again")?;
        self.why(
            "The cause is in Proxy-Status, the address of the service only in the gateway's log. What fails is \
             this one service; it is running again now.",
        )
    }

    fn reloaded(&mut self) -> anyhow::Result<()> {
        let request = Request::get("/hello");
        self.ask(&request, 404, &[])?;
        let lines = [
            "",
            "  - path: /hello",
            "    respond: { body: \"a route that was not there a moment ago\\n\" }",
        ]
        .map(str::to_owned);
        self.screen.lines('+', lines.get(1..).unwrap_or_default())?;
        self.screen.command(&request.curl(&self.gateway.to_string()))?;
        let begun = Instant::now();
        self.place.append(&lines)?;
        // The first answer by the new file is the one that is shown: another worker may be about to take it over.
        let answer = loop {
            let answer = request.send(self.gateway)?;
            if answer.status == 200 {
                break answer;
            }
            if begun.elapsed() > RELOAD_PATIENCE || self.stopped.load(Ordering::Relaxed) {
                bail!("the changed file was not live after {RELOAD_PATIENCE:?}");
            }
            thread::sleep(RELOAD_POLL);
        };
        let took = begun.elapsed().as_millis();
        self.show(&answer, 200, &["Content-Type"])?;
        self.screen
            .saw(&format!("live {took} ms after the file was saved"))?;
        self.why(
            "The whole file is checked and compiled beside the running one, then swapped in: a request sees the \
             old one or the new one, never a mixture, and no connection is touched. A file with a mistake in it \
             changes nothing.",
        )
    }
}
