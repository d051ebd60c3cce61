//! The emoncms of the bench: answers of fixed sizes, as fast as they can be written.

use anyhow::Result;
use bytes::Bytes;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Its API key.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The sizes of its answers, in bytes: a feed list, a small and a large graph.
pub(crate) const SIZES: [usize; 3] = [2_000, 12_000, 200_000];

/// Whatever else is asked for in bytes, at most.
const MOST: usize = 8 << 20;

/// Where it answers with so many bytes of feed data.
pub(crate) fn path(bytes: usize) -> String {
    format!("/feed/data.json?id={bytes}")
}

/// Where it answers with so many bytes that nothing makes smaller, as pictures and packed scripts are.
pub(crate) fn noise_path(bytes: usize) -> String {
    format!("/feed/csvexport.json?id={bytes}")
}

/// Serves until the process is ended.
pub(crate) async fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    crate::say(&format!("listening on http://{}\n", listener.local_addr()?));
    let answers = Arc::new(Answers::new());
    loop {
        let (socket, _) = listener.accept().await?;
        let answers = Arc::clone(&answers);
        // Whoever breaks off only ends its own connection.
        tokio::spawn(async move { connection(socket, &answers).await.ok() });
    }
}

async fn connection(mut socket: TcpStream, answers: &Answers) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(length) = request.parse(&buffer[..filled])? {
            let answer = answers.to(&request);
            buffer.copy_within(length..filled, 0);
            filled -= length;
            socket.write_all(&answer).await?;
            continue;
        }
        anyhow::ensure!(filled < buffer.len(), "too long a head");
        let n = socket.read(&mut buffer[filled..]).await?;
        if n == 0 {
            return Ok(());
        }
        filled += n;
    }
}

struct Answers {
    fixed: Vec<(usize, Bytes)>,
    data: Bytes,
    noise: Bytes,
}

impl Answers {
    fn new() -> Self {
        let fixed = SIZES.iter().map(|size| (*size, whole("application/json", &feed_data(*size))));
        Self { fixed: fixed.collect(), data: feed_data(MOST).into(), noise: noise(MOST).into() }
    }

    fn to(&self, request: &httparse::Request<'_, '_>) -> Bytes {
        let key = |header: &httparse::Header<'_>| {
            header.name.eq_ignore_ascii_case("authorization")
                && header.value.strip_prefix(b"Bearer ") == Some(KEY.as_bytes())
        };
        if !request.headers.iter().any(key) {
            return Bytes::from_static(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        }
        let path = request.path.unwrap_or_default();
        let size = path.split_once("id=").and_then(|(_, size)| size.parse().ok()).unwrap_or(0).min(MOST);
        if path.contains("csvexport") {
            return whole("application/octet-stream", &self.noise[..size]);
        }
        let fixed = self.fixed.iter().find(|(fixed, _)| *fixed == size);
        fixed.map_or_else(|| whole("application/json", &self.data[..size]), |(_, answer)| answer.clone())
    }
}

fn whole(content_type: &str, body: &[u8]) -> Bytes {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat().into()
}

/// What `feed/data` says of a day's power, for as many bytes: it compresses as such data do.
fn feed_data(size: usize) -> Vec<u8> {
    let mut text = String::from("[");
    let (mut time, mut watts, mut random) = (1_609_459_200_000_u64, 400_i64, 1_u64);
    while text.len() + 26 < size {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        watts = (watts + (random >> 40) as i64 % 41 - 20).clamp(60, 9_000);
        write!(text, "[{time},{watts}],").expect("a string can be written to");
        time += 10_000;
    }
    text.pop();
    text.push(']');
    let mut bytes = text.into_bytes();
    bytes.resize(size, b' ');
    bytes
}

fn noise(size: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let next = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    next.take(size.div_ceil(8)).flatten().take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_size_that_is_asked_for() {
        for size in SIZES {
            assert_eq!(feed_data(size).len(), size);
            assert!(serde_json::from_slice::<serde_json::Value>(&feed_data(size)).is_ok(), "{size}");
        }
        assert_eq!(noise(13).len(), 13);
    }
}
