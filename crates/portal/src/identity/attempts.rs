//! How often a password may be tried: for one account, and from one address.
//!
//! Both are buckets that refill: ten tries of an account at once, then one in half a minute; sixty from an address, then one in two
//! seconds. A try that succeeds is given back. Kept in memory and bounded; several portals count each for itself. Time is passed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

const ACCOUNT: Rate = Rate {
    burst: 10,
    refill_ms: 30_000,
};
const ADDRESS: Rate = Rate {
    burst: 60,
    refill_ms: 2_000,
};
/// Accounts, and addresses, of which anything is remembered.
const ENTRIES_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u64,
    refill_ms: u64,
}

/// Too many: try again in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {retry_after_s} s")]
pub(crate) struct TooMany {
    /// At least 1.
    pub(crate) retry_after_s: u64,
}

/// What was tried lately.
#[derive(Debug)]
pub(crate) struct Attempts {
    accounts: Buckets<String>,
    addresses: Buckets<Network>,
}

impl Default for Attempts {
    fn default() -> Self {
        Attempts {
            accounts: Buckets::new(ACCOUNT),
            addresses: Buckets::new(ADDRESS),
        }
    }
}

impl Attempts {
    /// Counts a try before it is made, so that many at once count too. `account`: as it was typed; folded here.
    pub(crate) fn take(&mut self, account: &str, address: IpAddr, now_ms: u64) -> Result<(), TooMany> {
        let (account, network) = (account.to_lowercase(), Network::of(address));
        // The address first: who floods from one place does not use up other people's accounts.
        self.addresses.take(network, now_ms)?;
        self.accounts.take(account, now_ms)
    }

    /// Takes back what a try cost: it succeeded, or was none.
    pub(crate) fn give_back(&mut self, account: &str, address: IpAddr, now_ms: u64) {
        self.addresses.give_back(&Network::of(address), now_ms);
        self.accounts.give_back(&account.to_lowercase(), now_ms);
    }
}

/// Where somebody is: an IPv4 address, or a /64, which is one subscriber's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u64),
}

impl Network {
    fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(address) => Network::V4(address.to_bits()),
            IpAddr::V6(address) => Network::V6(u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX)),
        }
    }
}

/// For each key the moment at which its bucket is full again: all that a bucket is.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    full_at_ms: HashMap<K, u64>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Buckets {
            rate,
            full_at_ms: HashMap::new(),
        }
    }

    fn take(&mut self, key: K, now_ms: u64) -> Result<(), TooMany> {
        let Rate { burst, refill_ms } = self.rate;
        let full_at = self.full_at_ms.get(&key).copied().unwrap_or(0).max(now_ms) + refill_ms;
        let over = full_at.saturating_sub(now_ms + burst * refill_ms);
        if over > 0 {
            return Err(TooMany {
                retry_after_s: over.div_ceil(1_000),
            });
        }
        if self.full_at_ms.len() >= ENTRIES_MAX && !self.full_at_ms.contains_key(&key) {
            self.make_room(now_ms);
        }
        self.full_at_ms.insert(key, full_at);
        Ok(())
    }

    fn give_back(&mut self, key: &K, now_ms: u64) {
        if let Some(full_at) = self.full_at_ms.get_mut(key) {
            *full_at -= self.rate.refill_ms.min(*full_at);
            if *full_at <= now_ms {
                self.full_at_ms.remove(key);
            }
        }
    }

    /// Forgets the full ones, which say nothing; where there are none, the fullest.
    fn make_room(&mut self, now_ms: u64) {
        self.full_at_ms.retain(|_, full_at| *full_at > now_ms);
        if self.full_at_ms.len() >= ENTRIES_MAX {
            let fullest = self.full_at_ms.iter().min_by_key(|(_, full_at)| **full_at);
            if let Some(key) = fullest.map(|(key, _)| key.clone()) {
                self.full_at_ms.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Against a clock of the test's own.

    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn an_account_is_tried_ten_times_then_once_in_half_a_minute_from_anywhere() {
        let mut attempts = Attempts::default();
        for last in 0..10 {
            attempts.take("ada", address(last), 1_000_000).unwrap();
        }
        let refused = attempts.take("Ada", address(99), 1_000_000).unwrap_err();
        assert_eq!(refused.retry_after_s, 30);
        assert!(attempts.take("ada", address(99), 1_029_999).is_err());
        attempts.take("ada", address(99), 1_030_000).unwrap();
        assert!(attempts.take("ada", address(99), 1_030_000).is_err());
        attempts.take("bob", address(99), 1_030_000).unwrap();
    }

    #[test]
    fn an_address_tries_sixty_accounts_and_others_go_on() {
        let mut attempts = Attempts::default();
        for number in 0..60 {
            attempts
                .take(&format!("user{number}"), address(1), 5_000)
                .unwrap();
        }
        assert_eq!(
            attempts.take("ada", address(1), 5_000),
            Err(TooMany { retry_after_s: 2 })
        );
        attempts.take("ada", address(2), 5_000).unwrap();
        let within = |last: u16| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        for number in 0..60 {
            attempts
                .take(&format!("v6-{number}"), within(number), 5_000)
                .unwrap();
        }
        assert!(attempts.take("ada", within(999), 5_000).is_err());
    }

    #[test]
    fn who_succeeds_is_never_sent_away() {
        let mut attempts = Attempts::default();
        for _ in 0..1_000 {
            attempts.take("ada", address(1), 7_000).unwrap();
            attempts.give_back("ada", address(1), 7_000);
        }
        assert!(attempts.accounts.full_at_ms.is_empty() && attempts.addresses.full_at_ms.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_most_suspicious_stays() {
        let mut attempts = Attempts::default();
        for last in 0..10 {
            attempts.take("ada", address(last), 0).unwrap();
        }
        for number in 0..20_000u64 {
            let address = IpAddr::from(Ipv4Addr::from_bits(u32::try_from(number).unwrap() + 0x0a00_0000));
            attempts.take(&format!("user{number}"), address, 1).unwrap();
        }
        assert!(
            attempts.accounts.full_at_ms.len() <= ENTRIES_MAX
                && attempts.addresses.full_at_ms.len() <= ENTRIES_MAX
        );
        assert!(attempts.take("ada", address(99), 1).is_err());
    }
}
