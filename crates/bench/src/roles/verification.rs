//! How long does one RS256 verification take in this process? A public key that was parsed before, and a message as long
//! as the signed part of a token.

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

const MESSAGE_BYTES: usize = 450;
const REPETITIONS: u32 = 40_000;

/// Prints microseconds.
pub(crate) fn run() -> Result<()> {
    let key = KeyPair::generate(KeySize::Rsa2048).context("cannot make an RSA key")?;
    let message = [b'm'; MESSAGE_BYTES];
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature)
        .context("cannot sign")?;
    let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())?;
    let begun = Instant::now();
    for _ in 0..REPETITIONS {
        public
            .verify_sig(black_box(&message), black_box(&signature))
            .context("a good signature was refused")?;
    }
    let each = begun.elapsed() / REPETITIONS;
    writeln!(std::io::stdout(), "{}", each.as_secs_f64() * 1e6)?;
    Ok(())
}
