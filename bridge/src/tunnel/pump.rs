//! Both directions of one connection. Neither holds more than a buffer: who is slow holds up the other end, and nobody else.

use super::frames::{self, Broken, Frames, Piece};
use crate::tunnels::{Broker, Place};
use bytes::BytesMut;
use std::{future::pending, io, pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::mpsc,
    time::{sleep, timeout},
};
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// What is read at once, each way.
pub(crate) const CHUNK: usize = 8 * 1024;
/// How long the broker may say nothing at first: it speaks as soon as a home has said who it is.
const SLOWEST_GREETING: Duration = Duration::from_secs(20);
/// For the broker to take the end, once the home has ended it.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the home is to be told beside what the broker says.
enum Word {
    Pong(BytesMut),
    /// It has ended the connection, or broken the rules.
    End(CloseCode),
}

/// Passes on what home and broker say until one of them leaves, or the bridge does.
pub(super) async fn pass(home: impl AsyncRead + AsyncWrite, broker: Broker, mut place: Place) {
    let (mut from_home, mut to_home) = split(home);
    let (from_broker, mut to_broker) = split(broker);
    // One: who asks faster than it is answered gets fewer answers (RFC 6455, section 5.5.3).
    let (words, heard) = mpsc::channel(1);
    let up = async {
        let end = up(&mut from_home, &mut to_broker, &words).await;
        // Before the broker hangs up in its turn: it does not know why.
        words.send(Word::End(end)).await.ok();
        to_broker.shutdown().await.ok();
        // What is to be said still goes the other way.
        pending::<()>().await;
    };
    let end = tokio::select! {
        end = down(from_broker, &mut to_home, heard, &mut place) => end,
        () = up => unreachable!("it waits for ever"),
    };
    if let Ok(code) = end {
        let mut frame = Vec::new();
        frames::write(&mut frame, OpCode::Control(Control::Close), &u16::from(code).to_be_bytes());
        let farewell = async {
            to_home.write_all(&frame).await?;
            to_home.shutdown().await
        };
        // Whoever is gone need not hear it.
        timeout(FAREWELL, farewell).await.ok();
    }
}

/// From the home to the broker, until the home ends it; how it is to be told of the end.
async fn up(
    home: &mut ReadHalf<impl AsyncRead>,
    broker: &mut WriteHalf<Broker>,
    words: &mpsc::Sender<Word>,
) -> CloseCode {
    let Err(error) = take(home, broker, words).await else { return CloseCode::Normal };
    tracing::debug!(%error, "a WebSocket with a home ends");
    match error.get_ref() {
        Some(inner) if inner.is::<Broken>() => CloseCode::Protocol,
        _ => CloseCode::Away,
    }
}

async fn take(
    home: &mut ReadHalf<impl AsyncRead>,
    broker: &mut WriteHalf<Broker>,
    words: &mpsc::Sender<Word>,
) -> io::Result<()> {
    let (mut frames, mut bytes) = (Frames::default(), BytesMut::new());
    loop {
        while let Some(piece) = frames.next(&mut bytes).map_err(io::Error::other)? {
            match piece {
                Piece::Data(data) => broker.write_all(&data).await?,
                Piece::Ping(said) => {
                    words.try_send(Word::Pong(said)).ok();
                }
                Piece::Close => return Ok(()),
            }
        }
        broker.flush().await?;
        bytes.reserve(CHUNK);
        if home.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}

/// From the broker to the home, until either ends it; how the home is to be told, if it is still there.
async fn down(
    mut broker: ReadHalf<Broker>,
    home: &mut WriteHalf<impl AsyncWrite>,
    mut words: mpsc::Receiver<Word>,
    place: &mut Place,
) -> io::Result<CloseCode> {
    let (mut bytes, mut frame) = (vec![0; CHUNK], Vec::new());
    let (mut greeted, mut greeting) = (false, pin!(sleep(SLOWEST_GREETING)));
    loop {
        tokio::select! {
            read = broker.read(&mut bytes) => match read {
                // Who is cut, or gives a wrong password, is told before.
                Ok(0) | Err(_) => return Ok(CloseCode::Normal),
                Ok(length) => {
                    greeted = true;
                    frames::write(&mut frame, OpCode::Data(Data::Binary), &bytes[..length]);
                }
            },
            Some(word) = words.recv() => match word {
                Word::Pong(said) => frames::write(&mut frame, OpCode::Control(Control::Pong), &said),
                Word::End(code) => {
                    // Where something is unread, the end would overtake what the home said last.
                    timeout(FAREWELL, drain(&mut broker, &mut bytes)).await.ok();
                    return Ok(code);
                }
            },
            () = &mut greeting, if !greeted => return Ok(CloseCode::Policy),
            () = place.is_withdrawn() => return Ok(CloseCode::Away),
        }
        home.write_all(&frame).await?;
        home.flush().await?;
    }
}

async fn drain(broker: &mut ReadHalf<Broker>, bytes: &mut [u8]) {
    while broker.read(bytes).await.is_ok_and(|length| length > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, peer::Peer, tunnels::Tunnels};
    use std::net::Ipv4Addr;
    use tokio::{
        io::{DuplexStream, duplex},
        task::JoinHandle,
        time::Instant,
    };
    use tungstenite::protocol::frame::FrameHeader;

    /// What each end keeps of what the other has not read yet.
    const ROOM: usize = 1024;

    struct Between {
        home: DuplexStream,
        broker: DuplexStream,
        tunnels: Tunnels,
        passing: JoinHandle<()>,
    }

    fn begin() -> Between {
        let text = "secret = \"0123456789abcdef0123456789abcdef\"\n[broker]\nhost = \"localhost\"\n";
        let tunnels = Tunnels::new(&Config::parse(text).unwrap());
        let place = tunnels.enter(Peer::new(Ipv4Addr::LOCALHOST.into())).unwrap();
        let ((home, inner), (broker, outer)) = (duplex(ROOM), duplex(ROOM));
        let passing = tokio::spawn(pass(inner, Box::new(outer), place));
        Between { home, broker, tunnels, passing }
    }

    /// Not masking is masking with nothing.
    fn sent(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        let head = FrameHeader { opcode, mask: Some([0; 4]), ..FrameHeader::default() };
        head.format(payload.len() as u64, &mut frame).unwrap();
        frame.extend_from_slice(payload);
        frame
    }

    async fn received(home: &mut DuplexStream) -> (OpCode, Vec<u8>) {
        let mut head = [0; 2];
        home.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; head[1].into()];
        home.read_exact(&mut payload).await.unwrap();
        (OpCode::from(head[0] & 0x0f), payload)
    }

    async fn ends(mut between: Between, code: CloseCode) {
        let code = u16::from(code).to_be_bytes().to_vec();
        assert_eq!(received(&mut between.home).await, (OpCode::Control(Control::Close), code));
        between.passing.await.unwrap();
        assert_eq!(between.tunnels.open(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn both_hear_what_the_other_says_and_pings_are_answered() {
        let mut between = begin();
        let said = [
            sent(OpCode::Data(Data::Binary), b"CONNECT"),
            sent(OpCode::Control(Control::Ping), b"there?"),
            sent(OpCode::Data(Data::Binary), b"PUBLISH"),
        ];
        between.home.write_all(&said.concat()).await.unwrap();
        let mut heard = [0; 14];
        between.broker.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"CONNECTPUBLISH");
        assert_eq!(received(&mut between.home).await, (OpCode::Control(Control::Pong), b"there?".to_vec()));
        between.broker.write_all(b"CONNACK").await.unwrap();
        assert_eq!(received(&mut between.home).await, (OpCode::Data(Data::Binary), b"CONNACK".to_vec()));
        // Once it has spoken, the broker may be silent.
        sleep(100 * SLOWEST_GREETING).await;
        assert!(!between.passing.is_finished());
        drop(between.broker);
        let (_gone, broker) = duplex(1);
        ends(Between { broker, ..between }, CloseCode::Normal).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_never_greets_ends_it() {
        let (between, start) = (begin(), Instant::now());
        ends(between, CloseCode::Policy).await;
        assert_eq!(start.elapsed(), SLOWEST_GREETING);
    }

    #[tokio::test(start_paused = true)]
    async fn who_breaks_the_rules_is_told_so_and_what_came_before_arrives() {
        let mut between = begin();
        let said = [sent(OpCode::Data(Data::Binary), b"good"), sent(OpCode::Data(Data::Text), b"bad")];
        between.home.write_all(&said.concat()).await.unwrap();
        let mut heard = Vec::new();
        between.broker.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"good");
        // It hangs up as well, and nobody takes that for the reason.
        let broker = std::mem::replace(&mut between.broker, duplex(1).0);
        drop(broker);
        ends(between, CloseCode::Protocol).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_home_that_leaves_is_heard_to_its_end_though_the_broker_had_more_to_say() {
        let mut between = begin();
        between.broker.write_all(&[7; ROOM]).await.unwrap();
        let said =
            [sent(OpCode::Data(Data::Binary), b"DISCONNECT"), sent(OpCode::Control(Control::Close), b"")];
        between.home.write_all(&said.concat()).await.unwrap();
        let mut heard = Vec::new();
        between.broker.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"DISCONNECT");
    }

    #[tokio::test(start_paused = true)]
    async fn a_home_that_does_not_read_holds_up_the_broker_and_fills_nothing() {
        let mut between = begin();
        let mut taken = 0;
        while let Ok(written) = timeout(Duration::from_secs(1), between.broker.write(&[7; ROOM])).await {
            taken += written.unwrap();
            assert!(taken <= 2 * ROOM + 2 * CHUNK, "{taken} bytes are held");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bridge_that_ends_says_so() {
        let mut between = begin();
        between.broker.write_all(b"CONNACK").await.unwrap();
        received(&mut between.home).await;
        between.tunnels.close().await;
        ends(between, CloseCode::Away).await;
    }
}
