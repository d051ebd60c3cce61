//! Free ports for programs that cannot be started on port 0.

use std::net::TcpListener;

/// A port that nobody listens on now. It lies below the range from which the kernel takes ports for outgoing
/// connections, so it stays free while its server is stopped and started again.
pub fn free() -> u16 {
    const FIRST: u16 = 10_240;
    const COUNT: u16 = 22_000;
    for _ in 0..1000 {
        let port = FIRST + random() % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port between {FIRST} and {} is free", FIRST + COUNT);
}

fn random() -> u16 {
    u16::from_le_bytes(random_bytes())
}

/// Random bytes of the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let value = ring::rand::generate(&ring::rand::SystemRandom::new());
    value.expect("the operating system has random numbers").expose()
}

/// Random bytes as text.
pub fn random_hex<const N: usize>() -> String {
    random_bytes::<N>().iter().map(|byte| format!("{byte:02x}")).collect()
}
