//! How many failed credentials a client address has left: guessing is bounded before a signature is computed.
//!
//! Shared by all workers, so that the budget holds over them together. A request pays one atomic read unless its
//! address, or one that shares its slot, has failed lately; only a failure always takes a lock. GCRA with the time
//! passed in; what is forgotten first is who failed least.

use crate::response::Exhausted;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Independent parts of the table; a power of two.
const SHARDS: usize = 64;
/// Addresses remembered in one part: over all, some 65,000 in about 4 MB.
const SHARD_ADDRESSES_MAX: usize = 1024;
/// Cells that say whether any of their addresses is in the table; a power of two.
const SLOTS: usize = 4096;
/// The budget's period.
const PERIOD: Duration = Duration::from_secs(60);

/// Failures of all addresses.
#[derive(Debug)]
pub(crate) struct FailedCredentials {
    base: Instant,
    hasher: RandomState,
    slots: Box<[AtomicU32]>,
    shards: Box<[Mutex<Shard>]>,
}

/// Addresses → when their budget will be whole again, in nanoseconds from `base` (the theoretical arrival time).
type Shard = HashMap<u128, u64>;

/// One request's view of its address's budget.
#[derive(Debug)]
pub(crate) struct Budget<'a> {
    pub(crate) failed: &'a FailedCredentials,
    pub(crate) per_minute: NonZeroU32,
    pub(crate) client: IpAddr,
    pub(crate) unix_s: u64,
}

impl Budget<'_> {
    /// Whether it is used up.
    pub(crate) fn exhausted(&self) -> Option<Exhausted> {
        // The clock is asked only for those who may have failed.
        if !self.failed.may_have_failed(self.client) {
            return None;
        }
        let wait = self
            .failed
            .exhausted(self.per_minute, self.client, Instant::now())?;
        Some(self.answer(wait))
    }

    /// Counts a failure; as `exhausted` where another worker took the last one meanwhile.
    pub(crate) fn spend(&self) -> Option<Exhausted> {
        let wait = self.failed.spend(self.per_minute, self.client, Instant::now())?;
        Some(self.answer(wait))
    }

    fn answer(&self, wait: Duration) -> Exhausted {
        let retry_after_s = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
        Exhausted {
            limit: self.per_minute.get(),
            retry_after_s,
            reset_s: self.unix_s + retry_after_s,
        }
    }
}

impl Default for FailedCredentials {
    fn default() -> Self {
        FailedCredentials {
            base: Instant::now(),
            hasher: RandomState::new(),
            slots: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl FailedCredentials {
    /// False where this address has certainly not failed lately.
    fn may_have_failed(&self, client: IpAddr) -> bool {
        self.slot(&self.place(client)).load(Ordering::Relaxed) != 0
    }

    /// Whether this address has used up `per_minute`: then, how long until it may fail once more.
    pub(crate) fn exhausted(&self, per_minute: NonZeroU32, client: IpAddr, now: Instant) -> Option<Duration> {
        let place = self.place(client);
        let now = self.nanos(now);
        let mut shard = self.shard(&place);
        let whole_at = *shard.get(&place.key)?;
        if whole_at <= now {
            shard.remove(&place.key);
            self.slot(&place).fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        wait(per_minute, whole_at, now)
    }

    /// Counts a failure. Where another worker took the last one meanwhile: how long until the address may fail once more.
    pub(crate) fn spend(&self, per_minute: NonZeroU32, client: IpAddr, now: Instant) -> Option<Duration> {
        let place = self.place(client);
        let now = self.nanos(now);
        let mut shard = self.shard(&place);
        let known = shard.get(&place.key).copied();
        let whole_at = known.unwrap_or(0).max(now);
        if let Some(wait) = wait(per_minute, whole_at, now) {
            return Some(wait);
        }
        if known.is_none() {
            self.make_room(&mut shard, now);
            self.slot(&place).fetch_add(1, Ordering::Relaxed);
        }
        shard.insert(place.key, whole_at + interval(per_minute));
        None
    }

    #[cfg(test)]
    fn addresses(&self) -> usize {
        let len = |shard: &Mutex<Shard>| shard.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.shards.iter().map(len).sum()
    }

    /// Forgets whose budget is whole; where that is nobody, whoever has failed least. To be forgotten while having
    /// failed often, an attacker would have to fail as often from every other place in the table.
    fn make_room(&self, shard: &mut Shard, now: u64) {
        if shard.len() < SHARD_ADDRESSES_MAX {
            return;
        }
        let forget = |key: u128| {
            let place = self.place_of(key);
            self.slot(&place).fetch_sub(1, Ordering::Relaxed);
        };
        shard.retain(|key, whole_at| {
            let stays = *whole_at > now;
            if !stays {
                forget(*key);
            }
            stays
        });
        if shard.len() >= SHARD_ADDRESSES_MAX
            && let Some((&key, _)) = shard.iter().min_by_key(|(_, whole_at)| **whole_at)
        {
            shard.remove(&key);
            forget(key);
        }
    }

    fn place(&self, client: IpAddr) -> Place {
        self.place_of(customer(client))
    }

    fn place_of(&self, key: u128) -> Place {
        let hash = self.hasher.hash_one(key);
        // Of its 64 bits, the lowest and the highest: a slot and a shard are chosen apart.
        let low = usize::try_from(hash & 0xffff_ffff).unwrap_or(0);
        let high = usize::try_from(hash >> 32).unwrap_or(0);
        Place {
            key,
            slot: low % SLOTS,
            shard: high % SHARDS,
        }
    }

    fn slot(&self, place: &Place) -> &AtomicU32 {
        &self.slots[place.slot]
    }

    fn shard(&self, place: &Place) -> MutexGuard<'_, Shard> {
        self.shards[place.shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn nanos(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.base))
    }
}

/// Where an address is kept; `slot` and `shard` are below their numbers.
struct Place {
    key: u128,
    slot: usize,
    shard: usize,
}

/// One IPv4 address; of IPv6 the /64 that one customer has at least.
pub(crate) fn customer(client: IpAddr) -> u128 {
    match client.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits() >> 64 << 64,
    }
}

/// Nanoseconds between two failures of a budget that is spent evenly.
fn interval(per_minute: NonZeroU32) -> u64 {
    nanos(PERIOD) / u64::from(per_minute.get())
}

/// How long until one more fits; `None` where it does now.
fn wait(per_minute: NonZeroU32, whole_at: u64, now: u64) -> Option<Duration> {
    let interval = interval(per_minute);
    // As many intervals as the budget has, not the period: rounding must cost or give nobody a failure.
    let most = now + interval * u64::from(per_minute.get());
    let over = (whole_at + interval).saturating_sub(most);
    (over > 0).then(|| Duration::from_nanos(over))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const BUDGET: NonZeroU32 = NonZeroU32::new(6).unwrap();

    fn v4(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    fn fail(table: &FailedCredentials, client: IpAddr, at: Instant) -> bool {
        table.exhausted(BUDGET, client, at).is_none() && table.spend(BUDGET, client, at).is_none()
    }

    #[test]
    fn so_many_may_fail_at_once_and_then_one_for_each_part_of_the_minute() {
        for per_minute in [1, 6, 7, 600, 999_999, 1_000_000] {
            let budget = NonZeroU32::new(per_minute).unwrap();
            let (table, client) = (FailedCredentials::default(), v4(1));
            let start = table.base + Duration::from_secs(100);
            for number in 0..per_minute {
                assert_eq!(
                    table.spend(budget, client, start),
                    None,
                    "{number} of {per_minute}"
                );
            }
            let wait = table.exhausted(budget, client, start).expect("all are spent");
            assert_eq!(table.spend(budget, client, start), Some(wait));
            let just_before = start + wait - Duration::from_nanos(1);
            assert!(table.exhausted(budget, client, just_before).is_some());
            assert_eq!(table.spend(budget, client, start + wait), None);
            assert!(table.spend(budget, client, start + wait).is_some());
            let later = start + wait + PERIOD + Duration::from_secs(1);
            assert_eq!(table.exhausted(budget, client, later), None);
            assert_eq!(table.addresses(), 0, "a whole budget is not remembered");
        }
    }

    #[test]
    fn an_ipv6_customer_has_one_budget_and_ipv4_addresses_one_each() {
        let (table, now) = (FailedCredentials::default(), Instant::now());
        let v6 = |low: u64| -> IpAddr { Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(low)).into() };
        for number in 0..6 {
            assert!(fail(&table, v6(number), now));
        }
        assert!(!fail(&table, v6(77), now));
        for number in 0..6 {
            assert!(fail(&table, v4(number), now));
            assert!(fail(&table, v4(number), now));
        }
        let mapped: IpAddr = Ipv4Addr::from_bits(0x0a00_0000).to_ipv6_mapped().into();
        for _ in 0..4 {
            assert!(fail(&table, mapped, now));
        }
        assert!(!fail(&table, v4(0), now), "a mapped address is the address in it");
    }

    #[test]
    fn many_addresses_take_bounded_memory_and_do_not_wash_out_who_failed_often() {
        let (table, now) = (FailedCredentials::default(), Instant::now());
        for _ in 0..6 {
            assert!(fail(&table, v4(0), now));
        }
        for number in 1..200_000 {
            assert!(fail(&table, v4(number), now));
        }
        assert!(table.addresses() <= SHARDS * SHARD_ADDRESSES_MAX);
        assert!(!fail(&table, v4(0), now));
        let marked: u32 = table.slots.iter().map(|slot| slot.load(Ordering::Relaxed)).sum();
        assert_eq!(
            marked as usize,
            table.addresses(),
            "slots say what the table holds"
        );
        let later = now + PERIOD * 2;
        for number in 0..400_000 {
            table.spend(BUDGET, v4(number), later);
        }
        let marked: u32 = table.slots.iter().map(|slot| slot.load(Ordering::Relaxed)).sum();
        assert_eq!(marked as usize, table.addresses());
    }
}
