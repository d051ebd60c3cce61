//! A client of MQTT over WebSocket that may do what no library does: not read, put megabytes into one frame, break the rules.

use bytes::BytesMut;
use rumqttc::{Connect, Login, Publish, QoS, Subscribe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// What the operating system keeps of what was not read: little, so that not reading shows soon.
const BUFFER: u32 = 4096;
/// A frame of bytes, the last of its message.
const BINARY: u8 = 0x82;

/// One connection.
#[derive(Debug)]
pub struct WebSocket(TcpStream);

impl WebSocket {
    /// Asks the bridge at this port for MQTT over WebSocket; `Err` has the head of its answer, where that is another one.
    pub async fn open(port: u16) -> Result<Self, String> {
        let socket = TcpSocket::new_v4().expect("there is IPv4");
        socket.set_recv_buffer_size(BUFFER).expect("a buffer can be small");
        let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.expect("the bridge listens");
        let ask = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
                   Sec-WebSocket-Protocol: mqtt\r\n\r\n";
        stream.write_all(ask.as_bytes()).await.expect("the bridge reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the bridge answers"));
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        if head.starts_with("HTTP/1.1 101 ") { Ok(Self(stream)) } else { Err(head) }
    }

    /// The same, and connects to the broker as `name`.
    pub async fn connect(port: u16, name: &str, password: &str) -> Self {
        let mut socket = Self::open(port).await.expect("the bridge takes WebSockets");
        let mut connect = Connect::new("any");
        connect.login = Some(Login::new(name, password));
        socket.packet(|bytes| connect.write(bytes)).await;
        let greeting = socket.receive().await;
        assert_eq!(greeting, Some((BINARY, vec![0x20, 2, 0, 0])), "the broker takes {name}");
        socket
    }

    /// Subscribes, without waiting for what the broker says to it.
    pub async fn subscribe(&mut self, topic: &str) {
        let mut subscribe = Subscribe::new(topic, QoS::AtMostOnce);
        subscribe.pkid = 1;
        self.packet(|bytes| subscribe.write(bytes)).await;
    }

    /// Publishes in one frame, however large that is.
    pub async fn publish(&mut self, topic: &str, payload: Vec<u8>, retain: bool) {
        let mut publish = Publish::new(topic, QoS::AtMostOnce, payload);
        publish.retain = retain;
        self.packet(|bytes| publish.write(bytes)).await;
    }

    async fn packet<E: std::fmt::Debug>(&mut self, write: impl FnOnce(&mut BytesMut) -> Result<usize, E>) {
        let mut bytes = BytesMut::new();
        write(&mut bytes).expect("it is a packet");
        self.frame(BINARY, &bytes).await;
    }

    /// Sends one frame. Where the bridge has hung up, that shows when something is to be received.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first, 0x80 | 127];
        frame.extend((payload.len() as u64).to_be_bytes());
        // Every client has to mask, and may do so with nothing.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.0.write_all(&frame).await.ok();
    }

    /// The next frame: its first byte, and what is in it; `None` at the end.
    pub async fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, length) = (self.0.read_u8().await.ok()?, self.0.read_u8().await.ok()?);
        let length = match length {
            126 => self.0.read_u16().await.ok()?,
            127 => panic!("the bridge sends frames of a few kilobytes"),
            short => short.into(),
        };
        let mut payload = vec![0; length.into()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((first, payload))
    }

    /// Reads until the bridge ends it, and gives the code that it says then, if any.
    pub async fn end(&mut self) -> Option<u16> {
        let mut last = None;
        while let Some((first, payload)) = self.receive().await {
            last = (first == 0x88).then(|| u16::from_be_bytes([payload[0], payload[1]]));
        }
        last
    }
}
