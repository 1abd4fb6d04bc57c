//! What lies between a reader and its broker, or a writer and its store: a relay on loopback that can be cut, so that one is alone while the other
//! goes on, and that keeps its address whoever is behind it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A relay of connections to one port at a time.
#[derive(Debug)]
pub struct Distance {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Where it leads.
    far: u16,
    is_cut: bool,
    /// Both ends of every connection there was.
    ends: Vec<TcpStream>,
}

impl Distance {
    /// To this port of loopback.
    pub(crate) fn to(port: u16) -> Distance {
        let distance = Distance::nowhere();
        distance.lead(port);
        distance
    }

    /// To nobody yet.
    pub fn nowhere() -> Distance {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let own = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(Mutex::new(State {
            is_cut: true,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // What cannot be connected is closed, as if nobody listened.
                let _ = relay(near, &shared);
            }
        });
        Distance { port: own, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// From now on to this port of loopback.
    pub fn lead(&self, port: u16) {
        self.cut();
        let mut state = self.state.lock().expect("nobody panics with it");
        (state.far, state.is_cut) = (port, false);
    }

    /// From now on nothing gets through.
    pub fn cut(&self) {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.is_cut = true;
        for end in state.ends.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// All gets through again.
    pub(crate) fn mend(&self) {
        self.state.lock().expect("nobody panics with it").is_cut = false;
    }
}

fn relay(near: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut state = state.lock().expect("nobody panics with it");
    if state.is_cut {
        return Ok(());
    }
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, state.far))?;
    state.ends.extend([near.try_clone()?, far.try_clone()?]);
    for (mut from, mut to) in [(near.try_clone()?, far.try_clone()?), (far, near)] {
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
