//! The signature algorithms that an issuer may name (RFC 7518 §3.1, RFC 8037, RFC 9864).
//!
//! A closed set without `none` and without HMAC: what is not here cannot be asked for.

/// A signature algorithm. `EdDSA` and `Ed25519` are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// The algorithm of this exact word.
    pub(crate) fn parse(word: &str) -> Option<Algorithm> {
        Some(match word {
            "RS256" => Algorithm::Rs256,
            "RS384" => Algorithm::Rs384,
            "RS512" => Algorithm::Rs512,
            "PS256" => Algorithm::Ps256,
            "PS384" => Algorithm::Ps384,
            "PS512" => Algorithm::Ps512,
            "ES256" => Algorithm::Es256,
            "ES384" => Algorithm::Es384,
            "EdDSA" | "Ed25519" => Algorithm::EdDsa,
            _ => return None,
        })
    }
}

/// A set of algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithms(u16);

impl Algorithms {
    pub(crate) const NONE: Algorithms = Algorithms(0);
    /// What an issuer takes that names none.
    pub(crate) const DEFAULT: Algorithms = Algorithms::NONE
        .with(Algorithm::Rs256)
        .with(Algorithm::Ps256)
        .with(Algorithm::Es256)
        .with(Algorithm::EdDsa);
    /// What an RSA key can be used for.
    pub(crate) const RSA: Algorithms = Algorithms::NONE
        .with(Algorithm::Rs256)
        .with(Algorithm::Rs384)
        .with(Algorithm::Rs512)
        .with(Algorithm::Ps256)
        .with(Algorithm::Ps384)
        .with(Algorithm::Ps512);

    pub(crate) const fn with(self, algorithm: Algorithm) -> Algorithms {
        Algorithms(self.0 | 1 << algorithm as u16)
    }

    pub(crate) const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// The set of these words; `None` where one is not known, stands twice, or there is none.
    pub(crate) fn parse<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<Algorithms> {
        let mut set = Algorithms::NONE;
        for word in words {
            let algorithm = Algorithm::parse(word)?;
            if set.contains(algorithm) {
                return None;
            }
            set = set.with(algorithm);
        }
        (set != Algorithms::NONE).then_some(set)
    }
}

#[cfg(test)]
mod tests {
    //! Words and sets.

    use super::*;

    #[test]
    fn words_are_exact_and_neither_none_nor_hmac_is_one() {
        for word in [
            "none", "None", "HS256", "HS512", "rs256", "RS1", "ES512", "ES256K", "ed25519", "Ed448", "",
        ] {
            assert_eq!(Algorithm::parse(word), None, "{word}");
        }
        assert_eq!(Algorithm::parse("Ed25519"), Algorithm::parse("EdDSA"));
    }

    #[test]
    fn sets() {
        assert_eq!(
            Algorithms::parse(["RS256", "PS256", "ES256", "EdDSA"]),
            Some(Algorithms::DEFAULT)
        );
        assert_eq!(Algorithms::parse([]), None);
        assert_eq!(Algorithms::parse(["RS256", "RS256"]), None);
        assert_eq!(Algorithms::parse(["EdDSA", "Ed25519"]), None);
        assert_eq!(Algorithms::parse(["RS256", "HS256"]), None);
        assert!(!Algorithms::DEFAULT.contains(Algorithm::Es384));
    }
}
