//! Whether 32 bytes are a point of Ed25519 (RFC 8032 §5.1.3). The library takes any 32 bytes for a key and fails later.
//!
//! Public values only, once for each key: nothing here runs in constant time, and nothing needs to be fast.

/// Limbs of 64 bits, the lowest first.
type Limbs = [u64; 4];

/// 2^255 - 19.
const P: Limbs = [0xFFFF_FFFF_FFFF_FFED, u64::MAX, u64::MAX, 0x7FFF_FFFF_FFFF_FFFF];
/// (P - 1) / 2.
const HALF: Limbs = [0xFFFF_FFFF_FFFF_FFF6, u64::MAX, u64::MAX, 0x3FFF_FFFF_FFFF_FFFF];
/// The curve's constant d, -121665/121666.
const D: Limbs = [
    0x75EB_4DCA_1359_78A3,
    0x0070_0A4D_4141_D8AB,
    0x8CC7_4079_7779_E898,
    0x5203_6CEE_2B6F_FE73,
];
const ONE: Limbs = [1, 0, 0, 0];

/// Whether the bytes decode to a point.
pub(super) fn is_point(bytes: &[u8; 32]) -> bool {
    let mut y = [0; 4];
    for (limb, chunk) in y.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*chunk);
    }
    let sign = y[3] >> 63;
    y[3] &= u64::MAX >> 1;
    if !is_below(&y, &P) {
        return false;
    }
    // x² = (y² - 1) / (d y² + 1) has a root exactly where the product of both has one (Euler's criterion).
    let square = multiply(&y, &y);
    let above = add(&square, &negated(&ONE));
    let below = add(&multiply(&D, &square), &ONE);
    let product = multiply(&above, &below);
    if product == [0; 4] {
        return sign == 0;
    }
    power(&product, &HALF) == ONE
}

fn is_below(a: &Limbs, b: &Limbs) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// `number - P` where that is not negative; twice would do for anything below 2^256.
fn reduced(mut number: Limbs) -> Limbs {
    while !is_below(&number, &P) {
        number = subtract(&number, &P);
    }
    number
}

/// Where a is not below b.
fn subtract(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 4];
    let mut borrow = false;
    for index in 0..4 {
        let (less, first) = a[index].overflowing_sub(b[index]);
        let (less, second) = less.overflowing_sub(u64::from(borrow));
        out[index] = less;
        borrow = first || second;
    }
    out
}

fn negated(a: &Limbs) -> Limbs {
    reduced(subtract(&P, a))
}

/// Of two numbers below P: the sum has 256 bits at most.
fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 4];
    let mut carry = 0u128;
    for index in 0..4 {
        carry += u128::from(a[index]) + u128::from(b[index]);
        out[index] = low(carry);
        carry >>= 64;
    }
    reduced(out)
}

fn multiply(a: &Limbs, b: &Limbs) -> Limbs {
    let mut wide = [0u64; 8];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0u128;
        for (j, &y) in b.iter().enumerate() {
            carry += u128::from(x) * u128::from(y) + u128::from(wide[i + j]);
            wide[i + j] = low(carry);
            carry >>= 64;
        }
        wide[i + 4] = low(carry);
    }
    // 2^256 is 38 modulo P: the upper half comes back 38 times, and its own carry once more.
    let mut out = [0; 4];
    let mut carry = 0u128;
    for index in 0..4 {
        carry += u128::from(wide[index]) + 38 * u128::from(wide[index + 4]);
        out[index] = low(carry);
        carry >>= 64;
    }
    carry *= 38;
    while carry != 0 {
        for limb in &mut out {
            carry += u128::from(*limb);
            *limb = low(carry);
            carry >>= 64;
        }
        carry *= 38;
    }
    reduced(out)
}

fn power(base: &Limbs, exponent: &Limbs) -> Limbs {
    let mut result = ONE;
    for bit in (0..256).rev() {
        result = multiply(&result, &result);
        if exponent[bit / 64] >> (bit % 64) & 1 == 1 {
            result = multiply(&result, base);
        }
    }
    result
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the lower half is what is asked for"
)]
fn low(wide: u128) -> u64 {
    wide as u64
}

#[cfg(test)]
mod tests {
    //! Known points, their neighbours, and arithmetic at its limits.

    use super::*;

    fn encoded(y: u8, sign: bool) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = y;
        bytes[31] = u8::from(sign) << 7;
        bytes
    }

    #[test]
    fn points() {
        // The base point, 4/5.
        let mut base = [0x66; 32];
        base[0] = 0x58;
        assert!(is_point(&base));
        // The neutral element has x = 0, and then no sign.
        assert!(is_point(&encoded(1, false)));
        assert!(!is_point(&encoded(1, true)));
        assert!(is_point(&encoded(0, false)) && is_point(&encoded(0, true)));
        assert!(!is_point(&encoded(2, false)));
        assert!(is_point(&encoded(3, false)) && is_point(&encoded(4, true)));
        // P itself is zero in another spelling.
        let mut p = [0xFF; 32];
        p[0] = 0xED;
        p[31] = 0x7F;
        assert!(!is_point(&p));
        p[0] = 0xEC;
        assert!(is_point(&p), "-1");
        assert!(!is_point(&[0xFF; 32]));
    }

    #[test]
    fn arithmetic() {
        let minus_one = negated(&ONE);
        assert_eq!(multiply(&minus_one, &minus_one), ONE);
        assert_eq!(add(&minus_one, &ONE), [0; 4]);
        assert_eq!(negated(&[0; 4]), [0; 4]);
        assert_eq!(multiply(&D, &[121_666, 0, 0, 0]), negated(&[121_665, 0, 0, 0]));
        let all = reduced([u64::MAX; 4]);
        assert_eq!(all, [37, 0, 0, 0]);
        assert_eq!(power(&[2, 0, 0, 0], &[255, 0, 0, 0]), [19, 0, 0, 0]);
    }

    #[test]
    fn about_half_of_all_bytes_are_points() {
        let count = (2u8..=201).filter(|y| is_point(&encoded(*y, false))).count();
        assert!((70..130).contains(&count), "{count}");
    }
}
