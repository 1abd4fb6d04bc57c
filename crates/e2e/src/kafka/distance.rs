//! What lies between a reader and its broker: a relay on loopback that can be cut, so that a reader is alone while the broker goes on.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A relay of connections to one port.
#[derive(Debug)]
pub(super) struct Distance {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    /// Both ends of every connection there was.
    ends: Vec<TcpStream>,
}

impl Distance {
    /// To this port of loopback.
    pub(super) fn to(port: u16) -> Distance {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let own = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // What cannot be connected is closed, as if nobody listened.
                let _ = relay(near, port, &shared);
            }
        });
        Distance { port: own, state }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing gets through.
    pub(super) fn cut(&self) {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.is_cut = true;
        for end in state.ends.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// All gets through again.
    pub(super) fn mend(&self) {
        self.state.lock().expect("nobody panics with it").is_cut = false;
    }
}

fn relay(near: TcpStream, port: u16, state: &Mutex<State>) -> io::Result<()> {
    let mut state = state.lock().expect("nobody panics with it");
    if state.is_cut {
        return Ok(());
    }
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
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
