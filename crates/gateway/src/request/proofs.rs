//! Tokens whose signature was found good, so that it is computed once and not for every request.
//!
//! One worker's own. It says nothing of whether a token is still to be taken: claims, revocations and grants are decided
//! anew each time, and a proof holds only under the very key that it was made with (`policy` compares). So a change
//! of policy drops nothing here, and nothing here can outlive a change.

use foldhash::quality::RandomState;
use policy::{Claimed, Facts, Policy, Proof, Recall, Token, Verified};
use quick_cache::unsync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What all tokens of one worker may weigh, in bytes: some 10,000 of a usual size.
const WEIGHT_MAX: u64 = 48 * 1024 * 1024;
/// A usual one, for the first allocation.
const WEIGHT_USUAL: u64 = 4 * 1024;
/// Key, entry and allocations, beside the token itself.
const WEIGHT_EACH: u64 = 512;

/// One worker's proofs.
#[derive(Debug)]
pub(crate) struct Proofs(RefCell<Cache<Bytes, Verified, ByWeight, RandomState>>);

impl Default for Proofs {
    fn default() -> Self {
        let usual = usize::try_from(WEIGHT_MAX / WEIGHT_USUAL).unwrap_or(0);
        // Seeded at random: nobody can choose tokens that fall together.
        let (hasher, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
        Proofs(RefCell::new(Cache::with(
            usual, WEIGHT_MAX, ByWeight, hasher, lifecycle,
        )))
    }
}

impl Proofs {
    /// What is shown, and its proof where the same token was verified before under the same key.
    pub(super) fn recall<'p>(&self, policy: &'p Policy, facts: &Facts<'_>) -> Result<Proof<'p>, Claimed<'p>> {
        let cache = self.0.borrow();
        let recalling = Recalling {
            cache: &cache,
            found: Cell::new(None),
        };
        let claimed = policy::present(policy, facts, &recalling);
        match recalling.found.get() {
            Some(verified) => claimed.recall(verified),
            None => Err(claimed),
        }
    }

    /// Keeps a proof.
    pub(super) fn keep(&self, verified: Verified) {
        let key = Bytes(Arc::clone(verified.token()));
        self.0.borrow_mut().insert(key, verified);
    }
}

/// The cache while one request's credentials are looked at.
struct Recalling<'c> {
    cache: &'c Cache<Bytes, Verified, ByWeight, RandomState>,
    found: Cell<Option<&'c Verified>>,
}

impl Recall for Recalling<'_> {
    fn token(&self, bytes: &[u8]) -> Option<Arc<Token>> {
        let verified = self.cache.get(&Shown(bytes))?;
        self.found.set(Some(verified));
        Some(Arc::clone(verified.token()))
    }
}

/// A kept token under all of its bytes.
#[derive(Debug)]
struct Bytes(Arc<Token>);

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.bytes().hash(state);
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        self.0.bytes() == other.0.bytes()
    }
}

impl Eq for Bytes {}

/// A token as it is shown.
#[derive(Hash)]
struct Shown<'b>(&'b [u8]);

impl Equivalent<Bytes> for Shown<'_> {
    fn equivalent(&self, key: &Bytes) -> bool {
        self.0 == key.0.bytes()
    }
}

#[derive(Debug, Clone)]
struct ByWeight;

impl Weighter<Bytes, Verified> for ByWeight {
    fn weight(&self, key: &Bytes, _: &Verified) -> u64 {
        key.0.memory_bytes() as u64 + WEIGHT_EACH
    }
}
