//! A client that sends exactly the bytes it is told to, and reads what comes back, with a limit on every wait.

use crate::message::{End, Response, broken, read_response};
use crate::wait::LIMIT;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// One connection to the gateway.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Client {
        Client::try_connect(address).expect("the gateway listens")
    }

    /// Connects where somebody listens.
    pub fn try_connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_nodelay(true).expect("a TCP socket has options");
        stream
            .set_read_timeout(Some(LIMIT))
            .expect("the limit is not zero");
        stream
            .set_write_timeout(Some(LIMIT))
            .expect("the limit is not zero");
        Ok(Client {
            reader: BufReader::new(stream),
        })
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("the gateway takes what is sent");
    }

    /// Sends these bytes; the gateway may have closed.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes.as_ref())
    }

    /// Sends these bytes in segments of their own, as far as the gateway takes them.
    pub fn send_bytewise(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            if self.try_send([*byte]).is_err() {
                // Whoever reads the answer finds out whether closing was right.
                return;
            }
            // Gives the gateway the processor, so that it often reads this byte alone.
            std::thread::yield_now();
        }
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&self) {
        self.stream()
            .shutdown(Shutdown::Write)
            .expect("the connection is up");
    }

    /// The next response to a GET, interim ones included; it must be whole.
    pub fn response(&mut self) -> Response {
        self.response_to("GET")
    }

    /// The next response to a request with this method; it must be whole.
    pub fn response_to(&mut self, method: &str) -> Response {
        let response = self
            .receive(method)
            .expect("an answer comes before the connection ends");
        assert_eq!(response.end, End::Whole, "{response:#?}");
        response
    }

    /// The next response, however it ends; `None` where the connection ended without one.
    pub fn receive(&mut self, method: &str) -> Option<Response> {
        read_response(&mut self.reader, method)
    }

    /// Sends a request and reads its response.
    pub fn exchange(&mut self, request: impl AsRef<[u8]>) -> Response {
        self.send(request);
        self.response()
    }

    /// Sends a GET without anything special and reads its response.
    pub fn get(&mut self, target: &str) -> Response {
        self.exchange(format!("GET {target} HTTP/1.1\r\nHost: test.example\r\n\r\n"))
    }

    /// Sends a GET with these further field lines and reads its response.
    pub fn get_with(&mut self, target: &str, lines: &[&str]) -> Response {
        let lines = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
        self.exchange(format!(
            "GET {target} HTTP/1.1\r\nHost: test.example\r\n{lines}\r\n"
        ))
    }

    /// Sends a GET with a bearer token and reads its response.
    pub fn get_as(&mut self, token: &str, target: &str) -> Response {
        self.get_with(target, &[&format!("Authorization: Bearer {token}")])
    }

    /// Everything until the connection ends, and how it does.
    pub fn rest(&mut self) -> (Vec<u8>, End) {
        let mut rest = Vec::new();
        let end = match self.reader.read_to_end(&mut rest) {
            Ok(_) => End::Closed,
            Err(error) => broken(&error),
        };
        (rest, end)
    }

    /// Asserts that the gateway closes the connection, in order and without another byte.
    pub fn expect_close(&mut self) {
        let (rest, end) = self.rest();
        assert_eq!(String::from_utf8_lossy(&rest), "", "nothing more was to come");
        assert_eq!(end, End::Closed);
    }
}
