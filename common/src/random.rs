//! Random numbers and their hexadecimal form.

use ring::rand::{SecureRandom, SystemRandom};
use std::time::Duration;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the kernel always has randomness once it has booted");
    bytes
}

/// `N` random bytes as 2 `N` hexadecimal digits.
pub fn hex_id<const N: usize>() -> String {
    hex(&bytes::<N>())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// A random part of `span`, for delays that must not fall together.
pub fn part_of(span: Duration) -> Duration {
    span.mul_f64(f64::from(u32::from_ne_bytes(bytes())) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_those_of_the_bytes() {
        assert_eq!(hex(&[0, 9, 0xaf, 0xff]), "0009afff");
        assert_eq!(hex_id::<16>().len(), 32);
        assert_ne!(hex_id::<16>(), hex_id::<16>());
    }

    #[test]
    fn a_part_is_never_more_than_the_whole() {
        let whole = Duration::from_secs(1);
        assert!((0..100).all(|_| part_of(whole) <= whole));
    }
}
