//! What readers of feeds are told: where each feed stands, and the last revisions as they go out.

use crate::store::feeds::Feed;
use hyper::body::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Notify, watch};

/// Revisions that are kept for readers which are a little behind, and their bytes.
const RECENT_MAX: usize = 512;
const RECENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a feed stands for its readers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) digest: String,
    /// The last commit with its line end; empty: nothing was published.
    pub(crate) commit: Arc<str>,
    /// The keyring with its line end.
    pub(crate) keyring: Arc<str>,
    pub(crate) committed_at: i64,
}

impl Standing {
    /// As the database has it.
    pub(crate) fn of(feed: &Feed) -> Standing {
        let line = |text: &Option<String>| -> Arc<str> {
            text.as_ref()
                .map(|text| format!("{text}\n"))
                .unwrap_or_default()
                .into()
        };
        Standing {
            epoch: feed.published_epoch,
            revision: feed.published,
            digest: feed.digest.clone().unwrap_or_default(),
            commit: line(&feed.commit_line),
            keyring: line(&feed.keyring),
            committed_at: feed.committed_at,
        }
    }
}

/// One revision as it goes out: its lines, and its commit.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) revision: i64,
    pub(crate) bytes: Bytes,
}

/// One feed's.
#[derive(Debug)]
pub(crate) struct FeedHub {
    pub(crate) standing: watch::Sender<Standing>,
    recent: Mutex<VecDeque<Sent>>,
}

impl FeedHub {
    /// The revisions after one and up to another, where all of them are kept.
    pub(crate) fn recent(&self, after: i64, up_to: i64) -> Option<Vec<Sent>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted: Vec<Sent> = recent
            .iter()
            .filter(|sent| sent.revision > after && sent.revision <= up_to)
            .cloned()
            .collect();
        (i64::try_from(wanted.len()) == Ok(up_to - after)).then_some(wanted)
    }

    /// From now on this holds; `sent` is what led to it, or nothing where that is not known.
    pub(crate) fn tell(&self, standing: Standing, sent: Vec<Sent>) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if self.standing.borrow().epoch != standing.epoch {
            recent.clear();
        }
        recent.extend(sent);
        let mut bytes: usize = recent.iter().map(|sent| sent.bytes.len()).sum();
        while recent.len() > RECENT_MAX || bytes > RECENT_BYTES_MAX {
            let Some(oldest) = recent.pop_front() else { break };
            bytes -= oldest.bytes.len();
        }
        drop(recent);
        self.standing.send_replace(standing);
    }
}

/// All feeds'.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub {
    feeds: Arc<RwLock<HashMap<String, Arc<FeedHub>>>>,
    /// Something was published.
    pub(crate) published: Arc<Notify>,
    leads: Arc<AtomicBool>,
    trouble: Arc<RwLock<HashMap<String, String>>>,
    ahead: Arc<RwLock<HashMap<String, String>>>,
}

impl Hub {
    /// One feed's; `None`: there is none of this name, or it was not heard of yet.
    pub(crate) fn feed(&self, name: &str) -> Option<Arc<FeedHub>> {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        feeds.get(name).cloned()
    }

    /// One feed's, made where it is new.
    pub(crate) fn feed_or_new(&self, name: &str) -> Arc<FeedHub> {
        if let Some(found) = self.feed(name) {
            return found;
        }
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(FeedHub {
                standing: watch::Sender::new(Standing::default()),
                recent: Mutex::default(),
            })
        };
        Arc::clone(feeds.entry(name.to_owned()).or_insert_with(new))
    }

    /// Whether this portal publishes.
    pub(crate) fn leads(&self) -> bool {
        self.leads.load(Ordering::Acquire)
    }

    pub(crate) fn set_leads(&self, leads: bool) {
        self.leads.store(leads, Ordering::Release);
    }

    /// Why a feed is not published, as far as this portal knows.
    pub(crate) fn troubles(&self) -> Vec<(String, String)> {
        let trouble = self.trouble.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<(String, String)> = trouble
            .iter()
            .map(|(feed, why)| (feed.clone(), why.clone()))
            .collect();
        all.sort();
        all
    }

    /// What readers of a feed have and this database does not: it was restored, or it is not the one that they follow.
    pub(crate) fn alarms(&self) -> Vec<(String, String)> {
        let ahead = self.ahead.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<(String, String)> = ahead
            .iter()
            .map(|(feed, what)| (feed.clone(), what.clone()))
            .collect();
        all.sort();
        all
    }

    /// A reader has what the database does not.
    pub(crate) fn is_ahead(&self, feed: &str, what: &str) {
        let mut ahead = self.ahead.write().unwrap_or_else(PoisonError::into_inner);
        if ahead.insert(feed.to_owned(), what.to_owned()).is_none() {
            tracing::error!(
                feed,
                "a reader has {what}: was the database restored? then run `switchboard portal new-epoch`"
            );
        }
    }

    /// The database is ahead of all again.
    pub(crate) fn is_not_ahead(&self, feed: &str) {
        let mut ahead = self.ahead.write().unwrap_or_else(PoisonError::into_inner);
        ahead.remove(feed);
    }

    /// Says why a feed is not published, or that it is; whether that is news.
    pub(crate) fn set_trouble(&self, feed: &str, why: Option<&str>) -> bool {
        let mut trouble = self.trouble.write().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) if trouble.get(feed).is_some_and(|known| known == why) => false,
            Some(why) => {
                trouble.insert(feed.to_owned(), why.to_owned());
                true
            }
            None => trouble.remove(feed).is_some(),
        }
    }
}
