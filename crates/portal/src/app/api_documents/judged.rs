//! Reads a document beside everything else: what it costs is its sender's doing, so it holds up no other request and no transaction.

use super::covered;
use super::document::Document;
use crate::app::refused::{FieldError, Refused};
use hyper::body::Bytes;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

/// Documents that are read at a time: each takes a core, and many times its size.
const AT_A_TIME_MAX: usize = 2;

static PLACES: Semaphore = Semaphore::const_new(AT_A_TIME_MAX);

/// A document that is one.
pub(super) struct Judged {
    pub(super) document: Document,
    /// What it says of itself: a JSON object.
    pub(super) summary: String,
    pub(super) warnings: Vec<FieldError>,
}

/// Reads what was sent for an API with this body.
pub(super) async fn judge(sent: Bytes, api: Map<String, Value>) -> Result<Judged, Refused> {
    // It fails only where the semaphore is closed, which nobody does.
    let place = PLACES.acquire().await;
    let read = tokio::task::spawn_blocking(move || {
        // Also where nobody waits for it any more.
        let _place = place;
        let document = Document::read(&sent).map_err(Refused::Invalid)?;
        Ok(Judged {
            summary: document.summary().to_string(),
            warnings: covered::warnings(&api, &document.value),
            document,
        })
    });
    let broke_off = |_| Refused::Unavailable("reading the document broke off: try again".to_owned());
    read.await.map_err(broke_off)?
}
