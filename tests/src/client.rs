//! What a person's browser or script does: plain HTTP to the bridge.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks one server. It follows no redirects and undoes no compression.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the server at `url`.
    pub fn new(url: &str) -> Self {
        // Fails only where a provider is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(120))
            .tcp_nodelay(true)
            .build();
        Self { http: http.expect("a client can be made"), url: url.trim_end_matches('/').to_owned() }
    }

    /// A request that is still to be filled in.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Asks with a key.
    pub async fn get(&self, path: &str, key: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).bearer_auth(key)).await
    }

    /// Asks without a key.
    pub async fn get_anonymously(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Posts a form with a key.
    pub async fn post(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.request(Method::POST, path).bearer_auth(key).form(form)).await
    }

    /// Says name and password as a home's settings page does, and more.
    pub async fn connects_home(&self, name: &str, password: &str, more: &[(&str, &str)]) -> Value {
        let form: Vec<_> = [("username", name), ("password", password)].iter().chain(more).copied().collect();
        let answer = Answer::of(self.request(Method::POST, "/user/auth.json").form(&form)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The password at the broker that the account's first home gets.
    pub async fn device_password(&self, name: &str, password: &str) -> String {
        let answer = self.connects_home(name, password, &[("remoteaccess", "1")]).await;
        let device = &answer["remoteaccess"];
        assert_eq!(device["mqtt_username"], name, "{answer}");
        device["mqtt_password"].as_str().expect("a password").to_owned()
    }

    /// Sends bytes as they are on a connection of their own, and gives what comes back.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let address = self.url.strip_prefix("http://").expect("tests speak plain HTTP to the bridge");
        let mut stream = TcpStream::connect(address).await.expect("the bridge listens");
        stream.write_all(bytes).await.expect("the bridge reads");
        let mut answer = Vec::new();
        let read = async {
            // The answer's end is the connection's end: callers send `Connection: close`.
            let _ = stream.read_to_end(&mut answer).await;
        };
        crate::wait::within("an answer to raw bytes", Duration::from_secs(30), read).await;
        Answer::parse(&answer)
    }

    /// A GET whose target is sent exactly as given.
    pub async fn raw_get(&self, target: &str, key: &str) -> Answer {
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: bridge\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        );
        self.raw(head.as_bytes()).await
    }
}

impl Answer {
    /// Sends a request and reads its answer.
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the bridge answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.expect("the bridge ends its answers").to_vec();
        Self { status, headers, body }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        let parsed = serde_json::from_slice(&self.body);
        parsed.unwrap_or_else(|error| panic!("no JSON ({error}), status {}: {}", self.status, self.text()))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The content type without its parameters.
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default()
    }

    /// The status, and the code that a refusal of the bridge or the agent carries.
    pub fn refusal(&self) -> (u16, String) {
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        (self.status, value["error"].as_str().unwrap_or_default().to_owned())
    }

    /// Fails unless this is a refusal of ours: the status, the code, and a sentence.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.refusal(), (status, code.to_owned()), "{}", self.text());
        let value = self.json();
        assert_eq!(value["success"], false, "{value}");
        assert!(value["message"].as_str().is_some_and(|text| !text.is_empty()), "{value}");
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(length)) = head.parse(bytes) else {
            return Self { status: 0, headers: HeaderMap::new(), body: bytes.to_vec() };
        };
        let status = head.code.unwrap_or_default();
        let headers = head.headers.iter().filter_map(|header| {
            let name: reqwest::header::HeaderName = header.name.parse().ok()?;
            Some((name, reqwest::header::HeaderValue::from_bytes(header.value).ok()?))
        });
        let headers: HeaderMap = headers.collect();
        let body = &bytes[length..];
        let chunked = headers.get("transfer-encoding").is_some();
        Self { status, headers, body: if chunked { unchunk(body) } else { body.to_vec() } }
    }
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(body) {
        let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        let Some(chunk) = body.get(start..end).filter(|chunk| !chunk.is_empty()) else { break };
        whole.extend_from_slice(chunk);
        body = body.get(end + 2..).unwrap_or_default();
    }
    whole
}
