//! One reader of a feed: what it lacks, then every revision as it comes, and the last commit every ten seconds.
//!
//! What it is sent lies in a channel that is bounded; a reader that does not take it is cut off, and resumes from where it is.

use super::follow::write_line;
use super::hub::{FeedHub, Standing};
use crate::store::snapshot::Live;
use crate::store::{Store, StoreError, outbox, revisions};
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
pub(crate) type Outlet = mpsc::Receiver<Arc<str>>;

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
    sender: mpsc::Sender<Arc<str>>,
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

    async fn send(&mut self, piece: Arc<str>) -> Result<(), Over> {
        match timeout(SLOW_MAX, self.sender.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
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
        Some(position) => resumes(store, &environment, &standing, position).await?,
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
        if now.epoch != told.epoch || now.revision < told.revision {
            // What follows is no continuation: the reader comes again, and is sent all of it.
            return Err(Over);
        }
        if now != told {
            if now.keyring != told.keyring {
                inlet.write(&now.keyring).await?;
            }
            match hub.recent(told.revision, now.revision) {
                Some(sent) if !sent.is_empty() => {
                    inlet.flush().await?;
                    for sent in sent {
                        inlet.send(sent.bytes).await?;
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
            inlet.flush().await
        };
        // What breaks off has no commit at its end, and is believed by nobody.
        let _over = sent.await;
    });
    outlet
}
