//! One reader of a feed: what it lacks, then every revision as it comes, and the last commit every ten seconds.
//!
//! What it is sent lies in a channel that is bounded; a reader that does not take it is cut off, and resumes from where it is.

use super::follow::write_line;
use super::hub::{FeedHub, Hub, Standing};
use crate::store::snapshot::Live;
use crate::store::{Store, StoreError, feeds, outbox, revisions};
use hyper::body::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Pieces that wait for a reader.
const PIECES_MAX: usize = 64;
/// Bytes of a piece, roughly.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a reader may take nothing.
const SLOW_MAX: Duration = Duration::from_secs(10);
/// Changes that are sent to who resumes; who lacks more begins anew.
const RESUME_MAX: i64 = 200_000;

/// Where a reader says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) digest: String,
}

/// How a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// From the reader's position.
    Resumed,
    /// With all that is live.
    Reset,
}

/// What a reader takes from.
pub(crate) type Outlet = mpsc::Receiver<Bytes>;

/// A reader that is gone, too slow, or cannot be served.
#[derive(Debug)]
struct Over;

impl From<StoreError> for Over {
    fn from(error: StoreError) -> Over {
        tracing::warn!(error = %crate::causes(&error), "a reader cannot be served");
        Over
    }
}

struct Inlet {
    sender: mpsc::Sender<Bytes>,
    piece: String,
}

impl Inlet {
    async fn write(&mut self, text: &str) -> Result<(), Over> {
        self.piece.push_str(text);
        if self.piece.len() >= PIECE_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Over> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.piece).into();
        self.send(piece).await
    }

    /// What all readers share, in pieces that a slow one cannot hold many of.
    async fn send_shared(&mut self, whole: Bytes) -> Result<(), Over> {
        let mut rest = whole;
        while rest.len() > PIECE_BYTES {
            self.send(rest.split_to(PIECE_BYTES)).await?;
        }
        self.send(rest).await
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), Over> {
        match timeout(SLOW_MAX, self.sender.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over),
            Err(_) => {
                tracing::info!(
                    seconds = SLOW_MAX.as_secs(),
                    "a reader took nothing for too long, and is cut off"
                );
                Err(Over)
            }
        }
    }
}

fn channel() -> (Inlet, Outlet) {
    let (sender, outlet) = mpsc::channel(PIECES_MAX);
    let inlet = Inlet {
        sender,
        piece: String::new(),
    };
    (inlet, outlet)
}

/// Begins a stream. `may` is asked again with every heartbeat: whether the reader may still read.
pub(crate) async fn begin<M, F>(
    store: &Store,
    hubs: &Hub,
    hub: Arc<FeedHub>,
    environment: &str,
    position: Option<&Position>,
    may: M,
) -> Result<(Begin, Outlet), StoreError>
where
    M: Fn() -> F + Send + 'static,
    F: Future<Output = bool> + Send,
{
    let (mut inlet, outlet) = channel();
    let environment = environment.to_owned();
    let standing = hub.standing.borrow().clone();
    let from = match position {
        Some(position) => {
            notice_ahead(store, hubs, &environment, position).await?;
            resumes(store, &environment, &standing, position).await?
        }
        None => None,
    };
    let begin = if from.is_some() {
        Begin::Resumed
    } else {
        Begin::Reset
    };
    let store = store.clone();
    tokio::spawn(async move {
        // Its end closes the channel, and with it the answer.
        let _over = serve(&store, &hub, &environment, standing, from, may, &mut inlet).await;
    });
    Ok((begin, outlet))
}

/// A reader that has more than the database: nothing is taken from its word, but somebody has to know.
async fn notice_ahead(
    store: &Store,
    hubs: &Hub,
    environment: &str,
    position: &Position,
) -> Result<(), StoreError> {
    let mut connection = store.connection().await?;
    let Some(feed) = feeds::get(&mut connection, environment).await? else {
        return Ok(());
    };
    let held = (feed.published_epoch, feed.published);
    if (position.epoch, position.revision) > held {
        let what = format!(
            "epoch {} and revision {}, the database holds {} and {}",
            position.epoch, position.revision, held.0, held.1
        );
        hubs.is_ahead(environment, &what);
    }
    Ok(())
}

/// From which revision on a reader lacks something, where that can be told.
async fn resumes(
    store: &Store,
    environment: &str,
    standing: &Standing,
    position: &Position,
) -> Result<Option<i64>, StoreError> {
    if position.epoch != standing.epoch || position.revision > standing.revision {
        return Ok(None);
    }
    if position.revision == standing.revision {
        return Ok((position.digest == standing.digest).then_some(position.revision));
    }
    let mut connection = store.connection().await?;
    let revision = revisions::get(&mut connection, environment, position.revision).await?;
    let is_ours = revision.is_some_and(|revision| {
        revision.epoch == position.epoch && revision.digest.as_ref() == Some(&position.digest)
    });
    let oldest = outbox::oldest(&mut connection, environment).await?;
    let is_kept = oldest.is_some_and(|oldest| oldest <= position.revision + 1);
    let lacks =
        outbox::count_between(&mut connection, environment, position.revision, standing.revision).await?;
    Ok((is_ours && is_kept && lacks <= RESUME_MAX).then_some(position.revision))
}

async fn serve<M, F>(
    store: &Store,
    hub: &FeedHub,
    environment: &str,
    standing: Standing,
    from: Option<i64>,
    may: M,
    inlet: &mut Inlet,
) -> Result<(), Over>
where
    M: Fn() -> F,
    F: Future<Output = bool>,
{
    let mut watching = hub.standing.subscribe();
    let mut told = match from {
        Some(revision) => {
            inlet.write(&standing.keyring).await?;
            missed(store, environment, revision, &standing, inlet).await?;
            standing
        }
        None => whole(store, environment, inlet).await?,
    };
    inlet.flush().await?;
    loop {
        let now = watching.borrow_and_update().clone();
        // What was read from the database may be newer than what this portal was told so far.
        let is_news = place(&now) >= place(&told) && now != told;
        if is_news && now.epoch != told.epoch {
            // What follows is no continuation: the reader comes again, and is sent all of it.
            return Err(Over);
        }
        if is_news {
            if now.keyring != told.keyring {
                inlet.write(&now.keyring).await?;
            }
            match hub.recent(told.revision, now.revision) {
                Some(sent) if !sent.is_empty() => {
                    inlet.flush().await?;
                    for sent in sent {
                        inlet.send_shared(sent.bytes).await?;
                    }
                }
                _ => missed(store, environment, told.revision, &now, inlet).await?,
            }
            inlet.flush().await?;
            if now.revision == told.revision && !may().await {
                return Err(Over);
            }
            told = now;
        }
        tokio::select! {
            changed = watching.changed() => changed.map_err(|_| Over)?,
            () = inlet.sender.closed() => return Err(Over),
        }
    }
}

/// In the order in which standings follow each other.
fn place(standing: &Standing) -> (i64, i64, i64) {
    (standing.epoch, standing.revision, standing.committed_at)
}

/// What changed after a revision, and the commit.
async fn missed(
    store: &Store,
    environment: &str,
    after: i64,
    standing: &Standing,
    inlet: &mut Inlet,
) -> Result<(), Over> {
    if after < standing.revision {
        let mut connection = store.connection().await?;
        let changes =
            outbox::between(&mut connection, environment, after, standing.revision, RESUME_MAX).await?;
        drop(connection);
        let mut line = String::new();
        for (key, record) in changes {
            line.clear();
            write_line(&key, record.as_deref(), &mut line);
            inlet.write(&line).await?;
        }
    }
    inlet.write(&standing.commit).await
}

/// Keyring, everything that is live, and the commit.
async fn whole(store: &Store, environment: &str, inlet: &mut Inlet) -> Result<Standing, Over> {
    let tx = store.begin_reading().await?;
    let live = Live::begin(tx, environment)
        .await?
        .filter(Live::is_published)
        .ok_or(Over)?;
    send_all(live, inlet).await
}

async fn send_all(mut live: Live, inlet: &mut Inlet) -> Result<Standing, Over> {
    let standing = Standing::of(live.feed());
    inlet.write(&standing.keyring).await?;
    loop {
        let part = live.next().await?;
        if part.is_empty() {
            break;
        }
        for (_, record) in part {
            inlet.write(&record).await?;
            inlet.write("\n").await?;
        }
    }
    inlet.write(&standing.commit).await?;
    Ok(standing)
}

/// One file of all that is live: with roots a floor, without a bundle. `live` is at its beginning.
pub(crate) fn bundle(live: Live, roots: Option<&str>) -> Outlet {
    let (mut inlet, outlet) = channel();
    let roots = roots.map(|roots| format!("{roots}\n"));
    tokio::spawn(async move {
        let sent = async {
            if let Some(roots) = &roots {
                inlet.write(roots).await?;
            }
            send_all(live, &mut inlet).await?;
            inlet.flush().await?;
            inlet.send(Bytes::new()).await
        };
        // Without the empty piece the answer breaks off; and it has no commit at its end, so that nobody believes it.
        let _over = sent.await;
    });
    outlet
}
