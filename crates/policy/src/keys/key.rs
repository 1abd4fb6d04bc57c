//! One public key, and whether a signature holds under it.
//!
//! A key is bound to algorithms by its kind and by its JWK's `alg`; `verify` refuses every other one, so that a
//! token's header can never choose how a key is used.

use super::{Algorithm, Algorithms};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};

/// Modulus of an RSA key, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// The largest public exponent that is verified with, 2^33 - 1.
const RSA_EXPONENT_MAX: u64 = (1 << 33) - 1;

/// A public key that some algorithm can be verified with.
#[derive(Debug)]
pub struct Key {
    kid: Option<Box<str>>,
    algorithms: Algorithms,
    material: Material,
}

/// The key itself, parsed.
#[derive(Debug)]
pub(super) enum Material {
    /// One parsed form for each of RS256, RS384, RS512, PS256, PS384, PS512 that the key is bound to.
    Rsa(Box<[(Algorithm, ParsedPublicKey)]>),
    P256(ParsedPublicKey),
    P384(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

impl Material {
    /// From big-endian numbers; `None` where the key is too small, too large, or has an exponent that no one should.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8], bound: Algorithms) -> Option<Material> {
        let (n, e) = (without_zeros(modulus), without_zeros(exponent));
        let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
        if !RSA_BITS.contains(&bits) || e.len() > 8 {
            return None;
        }
        let exponent = e.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        if exponent % 2 == 0 || !(3..=RSA_EXPONENT_MAX).contains(&exponent) {
            return None;
        }
        let components = RsaPublicKeyComponents { n, e };
        let forms: [(Algorithm, &'static RsaParameters); 6] = [
            (Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
            (Algorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384),
            (Algorithm::Rs512, &RSA_PKCS1_2048_8192_SHA512),
            (Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
            (Algorithm::Ps384, &RSA_PSS_2048_8192_SHA384),
            (Algorithm::Ps512, &RSA_PSS_2048_8192_SHA512),
        ];
        let parsed = forms
            .into_iter()
            .filter(|(algorithm, _)| bound.contains(*algorithm))
            .map(|(algorithm, form)| Some((algorithm, components.to_parsed_public_key(form).ok()?)));
        parsed.collect::<Option<Box<[_]>>>().map(Material::Rsa)
    }

    /// From an affine point; `None` where it is not on the curve.
    pub(super) fn p256(x: &[u8; 32], y: &[u8; 32]) -> Option<Material> {
        let point = [&[4], x.as_slice(), y].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .ok()
            .map(Material::P256)
    }

    /// As `p256`.
    pub(super) fn p384(x: &[u8; 48], y: &[u8; 48]) -> Option<Material> {
        let point = [&[4], x.as_slice(), y].concat();
        ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
            .ok()
            .map(Material::P384)
    }

    /// From the bytes of RFC 8032; `None` where they are no point.
    pub(super) fn ed25519(bytes: &[u8; 32]) -> Option<Material> {
        if !super::ed25519::is_point(bytes) {
            return None;
        }
        ParsedPublicKey::new(&ED25519, bytes).ok().map(Material::Ed25519)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            // All forms of one key have the same bytes.
            Material::Rsa(forms) => forms.first().map_or(&[], |(_, key)| key.as_ref()),
            Material::P256(key) | Material::P384(key) | Material::Ed25519(key) => key.as_ref(),
        }
    }
}

impl Key {
    /// `algorithms`: what the key may be used for, a subset of what its kind can.
    pub(super) fn new(kid: Option<Box<str>>, algorithms: Algorithms, material: Material) -> Key {
        Key {
            kid,
            algorithms,
            material,
        }
    }

    /// The name by which tokens ask for it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(algorithm)
    }

    /// Whether nothing tells one from the other: name, use and material.
    pub(crate) fn is_copy_of(&self, other: &Key) -> bool {
        self.kid == other.kid && self.algorithms == other.algorithms && self.is_same_as(other)
    }

    /// Whether both are one key, by whatever name: what a proof that was kept depends on.
    pub(crate) fn is_same_as(&self, other: &Key) -> bool {
        std::ptr::eq(self, other)
            || (std::mem::discriminant(&self.material) == std::mem::discriminant(&other.material)
                && self.material.bytes() == other.material.bytes())
    }

    /// Whether the signature is one of this message. PS256 and the like have a salt as long as their hash; ES256 and
    /// ES384 are two numbers of fixed length side by side (RFC 7518 §3.4, §3.5).
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        let key = match (&self.material, algorithm) {
            (Material::Rsa(forms), _) => forms
                .iter()
                .find_map(|(form, key)| (*form == algorithm).then_some(key)),
            (Material::P256(key), Algorithm::Es256)
            | (Material::P384(key), Algorithm::Es384)
            | (Material::Ed25519(key), Algorithm::EdDsa) => Some(key),
            (Material::P256(_) | Material::P384(_) | Material::Ed25519(_), _) => None,
        };
        key.is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
