//! As much of an HTTP/1.1 server as is needed to answer like nginx with PHP behind it, and to break the rules on demand.

use super::fault::{self, Fault};
use super::{Keys, feeds::State, routes};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) keys: Mutex<Keys>,
    pub(super) faults: Mutex<Vec<(String, Fault)>>,
    pub(super) state: Mutex<State>,
    pub(super) seen: Mutex<Vec<Seen>>,
    /// The beginning of paths that are remembered.
    pub(super) keeps: Mutex<String>,
    pub(super) abandoned: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) connections: AtomicU64,
}

/// One request, for assertions.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// `GET`, `POST`, …
    pub method: String,
    /// `controller/action[/subaction]`, without the format.
    pub path: String,
    /// What stood behind the dot; empty for a page.
    pub format: String,
    /// The query's parameters.
    pub query: Vec<(String, String)>,
    /// The form's parameters.
    pub form: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The request line's target as it came.
    pub target: String,
}

impl Seen {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The value of a parameter in the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The value of a parameter in the form.
    pub fn form(&self, name: &str) -> Option<&str> {
        find(&self.form, name)
    }

    /// The key in `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

/// An answer within the rules.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into() }
    }
}

impl Shared {
    pub(super) fn new(keys: Keys) -> Self {
        Self {
            keys: Mutex::new(keys),
            faults: Mutex::default(),
            state: Mutex::new(State::new()),
            seen: Mutex::default(),
            keeps: Mutex::default(),
            abandoned: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }
}

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping the set ends the connections together with the listener.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                shared.connections.fetch_add(1, Ordering::Relaxed);
                connections.spawn(converse(stream, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    // Fails only for a socket that is closed already.
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Ok(Some(seen)) = read_request(&mut stream).await {
        let fault = {
            let faults = shared.faults.lock().expect("nobody panics while holding the faults");
            faults.iter().find(|(path, _)| seen.path.starts_with(path)).map(|(_, fault)| fault.clone())
        };
        if seen.path.starts_with(&*shared.keeps.lock().expect("nobody panics while holding this")) {
            shared.seen.lock().expect("nobody panics while holding the log").push(seen.clone());
        }
        let answered = match fault {
            Some(fault) => fault::answer(&fault, &seen, stream.get_mut(), &shared).await,
            None => write_answer(stream.get_mut(), &routes::answer(&seen, &shared), &shared).await,
        };
        if answered.is_err() {
            shared.abandoned.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}

/// PHP's way: chunked, without a length.
pub(super) async fn write_answer(stream: &mut TcpStream, answer: &Answer, shared: &Shared) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\nServer: nginx\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n";
    let mut message = head.into_bytes();
    for chunk in answer.body.chunks(8192) {
        message.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        message.extend_from_slice(chunk);
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"0\r\n\r\n");
    shared.sent.fetch_add(answer.body.len() as u64, Ordering::Relaxed);
    stream.write_all(&message).await
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        401 => "Unauthorized",
        406 => "Not Acceptable",
        500 => "Internal Server Error",
        _ => "Status",
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Seen>> {
    const MAX_HEAD: usize = 64 * 1024;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
        if head.len() > MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(io::Error::other)?;
    let target = request.path.unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let path = path.trim_start_matches('/');
    let path = path.strip_prefix("emoncms").unwrap_or(path).trim_start_matches('/');
    let (path, format) = path.rsplit_once('.').unwrap_or((path, ""));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut seen = Seen {
        method: request.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        format: format.to_owned(),
        query: pairs(query),
        headers: (request.headers.iter())
            .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
            .collect(),
        target: target.clone(),
        ..Seen::default()
    };
    seen.body = read_body(stream, &seen).await?;
    if seen.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        seen.form = pairs(&text(&seen.body));
    }
    Ok(Some(seen))
}

async fn read_body(stream: &mut BufReader<TcpStream>, seen: &Seen) -> io::Result<Vec<u8>> {
    const MAX_BODY: usize = 32 * 1024 * 1024;
    if seen.header("transfer-encoding").is_some() {
        // nginx takes it, but nothing that is tested here should need it.
        return Err(io::Error::other("the stand-in takes bodies with a length only"));
    }
    let length = seen.header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    if length > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

fn find<'a>(list: &'a [(String, String)], name: &str) -> Option<&'a str> {
    list.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut rest = text.as_bytes();
    let mut out = Vec::new();
    while let [byte, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, escaped) {
            (_, Some(value)) => out.push(value),
            (b'+', None) => out.push(b' '),
            (byte, None) => out.push(*byte),
        }
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}
