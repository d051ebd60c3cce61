//! A load generator: kept-alive HTTP/1.1 connections, one request under way on each.

use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What is asked, and where.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    request: Vec<u8>,
    /// Body bytes that a right answer has; `None` where compression makes them unknown.
    expected: Option<usize>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Microseconds from the request's first byte to the answer's last, sorted.
    pub(crate) micros: Vec<u32>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Target {
    /// `GET path` at `address`, with a key.
    pub(crate) fn get(address: SocketAddr, path: &str, key: &str) -> Self {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\n\r\n"
        );
        Self { address, request: request.into_bytes(), expected: None }
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, header: &str) -> Self {
        self.request.truncate(self.request.len() - 2);
        self.request.extend_from_slice(header.as_bytes());
        self.request.extend_from_slice(b"\r\n\r\n");
        self
    }

    /// The same, where only answers of this size count.
    pub(crate) fn expecting(mut self, bytes: usize) -> Self {
        self.expected = Some(bytes);
        self
    }
}

/// Asks for so long with so many at once, spread over `targets`.
///
/// # Errors
/// Any answer that is not a whole 200: a peer that fails is not measured.
pub(crate) async fn run(targets: &[Target], in_flight: usize, lasting: Duration) -> Result<Outcome> {
    let mut connections = Vec::new();
    for target in targets.iter().cycle().take(in_flight) {
        let mut connection = Connection::open(target).await?;
        // The first request on a connection pays for what later ones find ready.
        connection.ask().await?;
        connections.push(connection);
    }
    let start = Instant::now();
    let mut tasks: JoinSet<Result<Vec<u32>>> = JoinSet::new();
    for mut connection in connections {
        tasks.spawn(async move {
            let mut micros = Vec::with_capacity(4096);
            loop {
                let asked = Instant::now();
                connection.ask().await?;
                micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                if start.elapsed() >= lasting {
                    return Ok(micros);
                }
            }
        });
    }
    let mut outcome = Outcome::default();
    while let Some(ended) = tasks.join_next().await {
        outcome.micros.extend(ended.context("a connection's task ended")??);
    }
    outcome.elapsed = start.elapsed();
    outcome.micros.sort_unstable();
    Ok(outcome)
}

/// One kept-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    target: Target,
    buffer: Vec<u8>,
    /// What is in `buffer`.
    filled: usize,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let socket = TcpStream::connect(target.address).await;
        let socket = socket.with_context(|| format!("nobody listens on {}", target.address))?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, target: target.clone(), buffer: vec![0; 256 * 1024], filled: 0 })
    }

    /// One request and its whole answer; gives the body bytes on the wire.
    pub(crate) async fn ask(&mut self) -> Result<usize> {
        self.socket.write_all(&self.target.request).await?;
        self.filled = 0;
        let (head, framing) = loop {
            self.fill().await?;
            if let Some(head) = head(&self.buffer[..self.filled])? {
                break head;
            }
        };
        let bytes = match framing {
            Framing::Length(length) => self.skip(head, length).await?,
            Framing::Chunked => self.chunks(head).await?,
        };
        if let Some(expected) = self.target.expected {
            ensure!(bytes == expected, "an answer of {bytes} bytes instead of {expected}");
        }
        Ok(bytes)
    }

    async fn fill(&mut self) -> Result<()> {
        if self.filled == self.buffer.len() {
            bail!("more than was asked for");
        }
        let n = self.socket.read(&mut self.buffer[self.filled..]).await?;
        ensure!(n > 0, "the connection was closed in the middle of an answer");
        self.filled += n;
        Ok(())
    }

    async fn skip(&mut self, head: usize, length: usize) -> Result<usize> {
        let mut left = length.saturating_sub(self.filled - head);
        while left > 0 {
            self.filled = 0;
            self.fill().await?;
            left = left.saturating_sub(self.filled);
        }
        Ok(length)
    }

    async fn chunks(&mut self, head: usize) -> Result<usize> {
        let (mut at, mut bytes) = (head, 0);
        loop {
            match httparse::parse_chunk_size(&self.buffer[at..self.filled]) {
                Ok(httparse::Status::Complete((line, size))) => {
                    let size = usize::try_from(size)?;
                    // The chunk, and the line's end behind it.
                    let end = line + size + 2;
                    while self.filled - at < end {
                        if self.filled == self.buffer.len() {
                            self.buffer.copy_within(at..self.filled, 0);
                            (self.filled, at) = (self.filled - at, 0);
                        }
                        self.fill().await?;
                    }
                    at += end;
                    bytes += size;
                    if size == 0 {
                        return Ok(bytes);
                    }
                }
                Ok(httparse::Status::Partial) => {
                    self.buffer.copy_within(at..self.filled, 0);
                    (self.filled, at) = (self.filled - at, 0);
                    self.fill().await?;
                }
                Err(_) => bail!("chunks that are none"),
            }
        }
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

/// The head's length and what follows it, once it is complete.
fn head(bytes: &[u8]) -> Result<Option<(usize, Framing)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(&bytes[length..]));
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let body = std::str::from_utf8(header.value)?.trim().parse()?;
            return Ok(Some((length, Framing::Length(body))));
        }
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Some((length, Framing::Chunked)));
        }
    }
    bail!("an answer of unknown length")
}
