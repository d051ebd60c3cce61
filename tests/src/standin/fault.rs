//! What can be wrong with an emoncms.

use super::http::{Answer, Seen, Shared, write_answer};
use super::routes;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// A fault, ordered by a test.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The right answer, too late.
    Slow(Duration),
    /// No answer, with the connection open.
    Hang,
    /// The connection is closed instead of an answer.
    HangUp,
    /// PHP died.
    Error500,
    /// A web page where JSON was asked for, with status 200: a login form, or a router in between.
    Html,
    /// A way to somewhere else.
    Redirect(String),
    /// Whatever is wanted.
    Say {
        /// HTTP status.
        status: u16,
        /// Content type.
        content_type: &'static str,
        /// The body.
        body: Vec<u8>,
    },
    /// JSON in a coding that nobody asked for.
    Compressed {
        /// `Content-Encoding`.
        encoding: &'static str,
        /// The body.
        body: Vec<u8>,
    },
    /// Fewer bytes than announced, then the end.
    WrongLength,
    /// A chunk whose length is not a number.
    BrokenChunk,
    /// Bytes that are not HTTP.
    Nonsense,
    /// A CSV export of this many bytes (see [`export_line`]), as fast as it is taken.
    Export(u64),
    /// An export that announces this many bytes.
    Claim(u64),
    /// The start of an export, and then silence.
    Stuck,
    /// The first bytes of a small answer, and then silence.
    Stall,
    /// An answer that comes byte by byte, and never ends.
    Drip(Duration),
}

/// A line of an export: always 32 bytes, and never the same.
pub fn export_line(index: u64) -> [u8; EXPORT_LINE] {
    let value = index.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 40;
    let text = format!("{:013},{:012}.{:04}\n", 1_700_000_000_000 + index * 10_000, value, index % 10_000);
    text.into_bytes().try_into().expect("13 + 1 + 12 + 1 + 4 + 1 are 32 bytes")
}

/// The length of [`export_line`].
pub const EXPORT_LINE: usize = 32;

pub(super) async fn answer(
    fault: &Fault,
    seen: &Seen,
    stream: &mut TcpStream,
    shared: &Shared,
) -> io::Result<()> {
    const PAGE: &str =
        "<!doctype html>\n<html><head><title>Emoncms - user login</title></head><body></body></html>\n";
    let broken = |head: &str, rest: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}\r\n\r\n{rest}")
    };
    let closed = || Err(io::ErrorKind::ConnectionAborted.into());
    match fault {
        Fault::Slow(delay) => {
            let answer = routes::answer(seen, shared);
            unless_left(stream, *delay).await?;
            write_answer(stream, &answer, shared).await
        }
        Fault::Hang => unless_left(stream, FOREVER).await,
        Fault::HangUp => closed(),
        Fault::Error500 => {
            write_answer(stream, &Answer::new(500, "text/html; charset=UTF-8", ""), shared).await
        }
        Fault::Html => {
            write_answer(stream, &Answer::new(200, "text/html; charset=UTF-8", PAGE), shared).await
        }
        Fault::Redirect(to) => {
            let mut answer = Answer::new(302, "text/html; charset=UTF-8", "");
            answer.headers.push(("Location", to.clone()));
            write_answer(stream, &answer, shared).await
        }
        Fault::Say { status, content_type, body } => {
            write_answer(stream, &Answer::new(*status, content_type, body.clone()), shared).await
        }
        Fault::Compressed { encoding, body } => {
            let mut answer = Answer::new(200, "application/json", body.clone());
            answer.headers.push(("Content-Encoding", (*encoding).to_owned()));
            write_answer(stream, &answer, shared).await
        }
        Fault::WrongLength => {
            stream.write_all(broken("Content-Length: 5000", "[[1,2],[3,4").as_bytes()).await?;
            closed()
        }
        Fault::BrokenChunk => {
            stream
                .write_all(broken("Transfer-Encoding: chunked", "5\r\n[[1,2\r\nxyz\r\n").as_bytes())
                .await?;
            closed()
        }
        Fault::Nonsense => {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\x00\x01\x02\r\n\r\n").await?;
            closed()
        }
        Fault::Export(bytes) => {
            stream.write_all(export_head("Transfer-Encoding: chunked").as_bytes()).await?;
            export(stream, *bytes, true, shared).await?;
            stream.write_all(b"0\r\n\r\n").await
        }
        Fault::Claim(bytes) => {
            stream.write_all(export_head(&format!("Content-Length: {bytes}")).as_bytes()).await?;
            export(stream, *bytes, false, shared).await
        }
        Fault::Stuck => {
            stream.write_all(export_head("Transfer-Encoding: chunked").as_bytes()).await?;
            export(stream, 64 * 1024, true, shared).await?;
            unless_left(stream, FOREVER).await
        }
        Fault::Stall => {
            stream.write_all(broken("Content-Length: 5000", "[[1").as_bytes()).await?;
            unless_left(stream, FOREVER).await
        }
        Fault::Drip(pause) => {
            stream.write_all(broken("Transfer-Encoding: chunked", "1\r\n[\r\n").as_bytes()).await?;
            loop {
                unless_left(stream, *pause).await?;
                stream.write_all(b"1\r\n1\r\n").await?;
            }
        }
    }
}

const FOREVER: Duration = Duration::from_secs(3600);

fn export_head(framing: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename=1.csv\r\n{framing}\r\n\r\n"
    )
}

async fn export(stream: &mut TcpStream, bytes: u64, chunked: bool, shared: &Shared) -> io::Result<()> {
    const LINES: u64 = 512;
    let mut at = 0;
    while at * (EXPORT_LINE as u64) < bytes {
        let lines = LINES.min(bytes / EXPORT_LINE as u64 + 1 - at);
        let mut piece: Vec<u8> = (at..at + lines).flat_map(export_line).collect();
        piece.truncate(
            usize::try_from(bytes - at * EXPORT_LINE as u64).unwrap_or(usize::MAX).min(piece.len()),
        );
        let message = match chunked {
            true => [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat(),
            false => piece.clone(),
        };
        stream.write_all(&message).await?;
        shared.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        at += lines;
    }
    Ok(())
}

/// Waits; an error if the caller closes the connection meanwhile.
async fn unless_left(stream: &TcpStream, delay: Duration) -> io::Result<()> {
    let left = async {
        loop {
            let mut byte = [0];
            match stream.peek(&mut byte).await {
                Ok(0) | Err(_) => return,
                Ok(_) => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        () = tokio::time::sleep(delay) => Ok(()),
        () = left => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
