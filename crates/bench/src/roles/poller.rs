//! epoll(7), level-triggered, as backend, floor and load use it.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// At most this many events are taken at once.
const EVENTS_MAX: usize = 128;

/// What to wait for on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    Nothing,
    Read,
    Write,
    ReadWrite,
}

impl Interest {
    pub(super) fn of(read: bool, write: bool) -> Self {
        match (read, write) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Read,
            (false, true) => Self::Write,
            (true, true) => Self::ReadWrite,
        }
    }

    fn flags(self) -> EventFlags {
        match self {
            Self::Nothing => EventFlags::empty(),
            Self::Read => EventFlags::IN,
            Self::Write => EventFlags::OUT,
            Self::ReadWrite => EventFlags::IN | EventFlags::OUT,
        }
    }
}

/// What has become possible. A socket that is broken is readable: the read tells how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ready {
    pub(super) token: usize,
    pub(super) read: bool,
    pub(super) write: bool,
}

pub(super) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("epoll", &self.epoll)
            .finish_non_exhaustive()
    }
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self {
            epoll,
            events: Vec::with_capacity(EVENTS_MAX),
        })
    }

    pub(super) fn add(&self, source: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            source,
            EventData::new_u64(token as u64),
            interest.flags(),
        )?)
    }

    pub(super) fn modify(&self, source: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(
            &self.epoll,
            source,
            EventData::new_u64(token as u64),
            interest.flags(),
        )?)
    }

    pub(super) fn remove(&self, source: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, source)?)
    }

    /// Waits until something is ready, and puts it into `ready` in place of what was there.
    pub(super) fn wait(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        for event in self.events.drain(..) {
            let flags = event.flags;
            let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
            let token = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            let (read, write) = (
                flags.contains(EventFlags::IN) || broken,
                flags.contains(EventFlags::OUT),
            );
            ready.push(Ready { token, read, write });
        }
        Ok(())
    }
}
