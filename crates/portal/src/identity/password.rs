//! Passwords of local users: argon2id, a few at a time.
//!
//! One hash takes 64 MiB and a good part of a second on purpose (RFC 9106 §4, the second recommended option), so that only so many run
//! at once and only so many wait: a flood of sign-ins costs the rest of the portal nothing. An unknown user costs what a known one does.

use crate::text::secret_bytes;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes at once: with 64 MiB each.
const AT_ONCE_MAX: usize = 2;
/// Requests that wait for their turn; more are sent away.
const WAITING_MAX: usize = 32;
/// Characters of a new password. There is no rule but length (NIST SP 800-63B §3.1.1).
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;
/// Bytes of a password.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1_024;

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
const TAG_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// Of the same cost as any, and no password's: what an unknown user's password is held against.
const NOBODYS: &str = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// 503.
    #[error("too many people are signing in; try again in a second")]
    Busy,
    /// 422.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// 422.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    Long,
    /// 422.
    #[error("the password is the user's name or address; choose another")]
    Name,
    /// 500.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// Whether a new password may be one. `names`: what the user is called.
pub(crate) fn check_new(password: &str, names: &[&str]) -> Result<(), PasswordError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::Short);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::Long);
    }
    let is_name = |name: &&str| name.to_lowercase() == password.to_lowercase();
    if names.iter().any(is_name) {
        return Err(PasswordError::Name);
    }
    Ok(())
}

/// Hashes passwords.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords::new()
    }
}

/// One that waits; whoever goes away waits no more.
struct Waiting<'w>(&'w AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    /// With all turns free.
    pub(crate) fn new() -> Passwords {
        Passwords {
            turns: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Arc::default(),
        }
    }

    /// What is kept of a password: a string in the PHC format, with a salt of its own.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let salt = secret_bytes();
        self.run(move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt[..SALT_BYTES]);
            hash.map(|hash| hash.to_string())
                .map_err(|error| PasswordError::Failed(error.to_string()))
        })
        .await
    }

    /// Whether this is the password of which that was kept; `None`: there is no such user, which takes as long.
    pub(crate) async fn verify(&self, password: String, kept: Option<String>) -> Result<bool, PasswordError> {
        // More was never taken, and would only cost.
        let fits = password.len() <= PASSWORD_BYTES_MAX;
        self.run(move || {
            let held = kept.as_deref().unwrap_or(NOBODYS);
            let hash = PasswordHash::new(held).map_err(|error| PasswordError::Failed(error.to_string()))?;
            let password = if fits { password.as_bytes() } else { &[] };
            let same = argon2()?.verify_password(password, &hash).is_ok();
            Ok(same && fits && kept.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = {
            let before = self.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiting = Waiting(&self.waiting);
            if before >= WAITING_MAX {
                return Err(PasswordError::Busy);
            }
            let turns = Arc::clone(&self.turns);
            turns.acquire_owned().await.map_err(|_| PasswordError::Busy)?
        };
        // The turn goes with the work, which ends even if whoever asked has gone.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await
            .unwrap_or_else(|error| Err(PasswordError::Failed(error.to_string())))
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(TAG_BYTES))
        .map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    //! What is kept, what is taken for the same, and how many run.

    use super::*;

    #[tokio::test]
    async fn the_same_password_is_and_others_are_not() {
        let passwords = Passwords::new();
        let kept = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{kept}");
        let verify = |password: &str, kept: Option<&str>| {
            passwords.verify(password.to_owned(), kept.map(str::to_owned))
        };
        assert!(verify("correct horse battery", Some(&kept)).await.unwrap());
        assert!(!verify("correct horse batterz", Some(&kept)).await.unwrap());
        assert!(
            !verify(&"c".repeat(PASSWORD_BYTES_MAX + 1), Some(&kept))
                .await
                .unwrap()
        );
        assert!(!verify("", None).await.unwrap());
    }

    #[test]
    fn nobodys_hash_costs_what_any_costs() {
        let params = Params::try_from(&PasswordHash::new(NOBODYS).unwrap()).unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (MEMORY_KIB, PASSES, LANES)
        );
    }

    #[tokio::test]
    async fn a_flood_is_sent_away_and_leaves_nothing_behind() {
        let passwords = Passwords::new();
        let taken = passwords.turns.acquire_many(2).await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.verify("x".into(), None).await })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < WAITING_MAX {
            tokio::task::yield_now().await;
        }
        let refused = passwords.verify("x".into(), None).await;
        assert!(matches!(refused, Err(PasswordError::Busy)), "{refused:?}");
        for task in &waiting {
            task.abort();
        }
        while passwords.waiting.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        drop(taken);
        assert!(!passwords.verify("x".into(), None).await.unwrap());
        assert_eq!(passwords.turns.available_permits(), AT_ONCE_MAX);
    }

    #[test]
    fn new_passwords() {
        let names = ["ada", "ada.lovelace@example.com"];
        assert!(check_new("correct horse", &names).is_ok());
        assert!(matches!(
            check_new("elevenchars", &names),
            Err(PasswordError::Short)
        ));
        // Twelve characters, whatever their bytes.
        assert!(check_new("ééééééééééé", &names).is_err() && check_new("éééééééééééé", &names).is_ok());
        assert!(matches!(
            check_new("Ada.Lovelace@example.com", &names),
            Err(PasswordError::Name)
        ));
        assert!(matches!(
            check_new(&"a".repeat(1_025), &names),
            Err(PasswordError::Long)
        ));
    }
}
