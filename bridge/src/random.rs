//! Random numbers and their hexadecimal form.

use ring::rand::{SecureRandom, SystemRandom};
use std::fmt::Write;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system's random numbers never run out once it is up");
    bytes
}

/// `N` random bytes as 2 `N` hexadecimal digits.
pub fn hex_id<const N: usize>() -> String {
    hex(&bytes::<N>())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

/// A random part of `span`, for delays that must not fall together.
pub fn part_of(span: std::time::Duration) -> std::time::Duration {
    span.mul_f64(f64::from(u32::from_le_bytes(bytes())) / f64::from(u32::MAX))
}
