//! What is to be written after what came of the former.

use super::*;

fn commit(at: u64) -> Box<[u8]> {
    let digest = "0".repeat(64);
    let line = format!(
        "{{\"feed\":\"prod\",\"epoch\":7,\"revision\":1,\"entities\":0,\"digest\":\"{digest}\",\"at\":{at},\"key\":\"a\",\"sig\":\"s\"}}"
    );
    line.into_bytes().into()
}

/// Whether the next is a bundle, and when its commit was made. `None` at the end.
fn next(publication: &Publication) -> Option<(bool, Written)> {
    match publication.next() {
        Next::Bundle(written) => Some((true, written)),
        Next::Commit(written) => Some((false, written)),
        Next::End => None,
    }
}

/// One whose bundle is written, and whose next commit is due.
fn with_heartbeat() -> Arc<Publication> {
    let day = Duration::from_secs(86_400);
    let beats = Beats {
        bundle: day,
        commit: day,
    };
    let publication = Publication::of(BTreeMap::new(), b"{}"[..].into(), commit(1), beats);
    let (is_bundle, written) = next(&publication).unwrap();
    assert!(is_bundle);
    publication.done(written, None);
    Publisher::new(Arc::clone(&publication)).renew(b"{}", &commit(2));
    publication.state().commit_at = None;
    publication
}

#[test]
fn what_failed_is_wanted_again_and_no_more_than_that() {
    let publication = with_heartbeat();
    for _ in 0..2 {
        let (is_bundle, written) = next(&publication).unwrap();
        assert_eq!((is_bundle, written.position.at), (false, 2));
        publication.failed("it breaks off".to_owned());
    }
    let (_, written) = next(&publication).unwrap();
    publication.done(written, None);
    assert_eq!(publication.failure(), None);
    publication.want_bundle();
    for _ in 0..2 {
        let (is_bundle, written) = next(&publication).unwrap();
        assert_eq!((is_bundle, written.position.at), (true, 2));
        publication.failed("it breaks off".to_owned());
    }
}

#[test]
fn a_bundle_that_may_be_gone_comes_before_its_commit() {
    let publication = with_heartbeat();
    assert!(next(&publication).is_some_and(|(is_bundle, _)| !is_bundle));
    publication.want_bundle();
    assert!(next(&publication).is_some_and(|(is_bundle, _)| is_bundle));
    publication.end();
    assert!(next(&publication).is_none());
}
