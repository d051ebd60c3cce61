//! Both directions of one connection. Neither holds more than a buffer: who is slow holds up the other end, and nobody else.

use super::frames::{self, Broken, Frames, Piece};
use crate::tunnels::{Broker, Place};
use bytes::BytesMut;
use std::{
    io,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::{mpsc, oneshot},
    task::yield_now,
    time::{sleep, timeout},
};
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// What is read at once, each way.
const CHUNK: usize = 8 * 1024;
/// What may come of somebody before the broker has said whether it takes him: who he is, and what he leaves to be said. The broker
/// holds a message until all of it is there.
const MOST_OF_STRANGERS: usize = 2 * CHUNK;
/// How long the broker may say nothing at first: it speaks as soon as a home has said who it is.
const SLOWEST_GREETING: Duration = Duration::from_secs(10);
/// For the broker to take the end, once the home has ended it, and the other way round.
const FAREWELL: Duration = Duration::from_secs(5);

/// What ends the way from a home to its broker, but for the home itself.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Lost(#[from] io::Error),
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("too much before the broker has taken it")]
    TooMuch,
}

/// Passes on what home and broker say until one of them leaves, or the bridge does.
pub(super) async fn pass(home: impl AsyncRead + AsyncWrite, broker: Broker, mut place: Place) {
    let (from_home, to_home) = split(home);
    let (from_broker, to_broker) = split(broker);
    // One: who asks faster than it is answered gets fewer answers (RFC 6455, section 5.5.3).
    let (pings, pinged) = mpsc::channel(1);
    let (end, ended) = oneshot::channel();
    let greeted = AtomicBool::new(false);
    let mut up = pin!(up(from_home, to_broker, pings, end, &greeted));
    let mut down = pin!(down(from_broker, to_home, pinged, ended, &greeted, &mut place));
    let told = tokio::select! {
        told = &mut down => told,
        () = &mut up => {
            down.await.ok();
            return;
        }
    };
    // Who reads no more may have said something before.
    if told.is_err() {
        timeout(FAREWELL, up).await.ok();
    }
}

/// From the home to the broker, until the home ends it.
async fn up(
    mut home: ReadHalf<impl AsyncRead>,
    mut broker: WriteHalf<Broker>,
    pings: mpsc::Sender<BytesMut>,
    end: oneshot::Sender<CloseCode>,
    greeted: &AtomicBool,
) {
    let code = match take(&mut home, &mut broker, &pings, greeted).await {
        Ok(()) => CloseCode::Normal,
        Err(error) => {
            tracing::debug!(%error, "a WebSocket with a home ends");
            match error {
                End::Lost(_) => CloseCode::Away,
                End::Broken(_) => CloseCode::Protocol,
                End::TooMuch => CloseCode::Policy,
            }
        }
    };
    // Before the broker hangs up in its turn: it does not know why.
    end.send(code).ok();
    broker.shutdown().await.ok();
}

async fn take(
    home: &mut ReadHalf<impl AsyncRead>,
    broker: &mut WriteHalf<Broker>,
    pings: &mpsc::Sender<BytesMut>,
    greeted: &AtomicBool,
) -> Result<(), End> {
    let (mut frames, mut bytes, mut of_a_stranger) = (Frames::default(), BytesMut::new(), 0);
    loop {
        bytes.reserve(CHUNK);
        let length = home.read_buf(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        if !greeted.load(Relaxed) {
            of_a_stranger += length;
            if of_a_stranger > MOST_OF_STRANGERS {
                return Err(End::TooMuch);
            }
        }
        // Frames of a byte each are one message to the broker.
        let mut data = BytesMut::new();
        let end = loop {
            match frames.next(&mut bytes) {
                Ok(Some(Piece::Data(piece))) if data.is_empty() => data = piece,
                Ok(Some(Piece::Data(piece))) => data.extend_from_slice(&piece),
                Ok(Some(Piece::Ping(said))) => {
                    pings.try_send(said).ok();
                }
                Ok(Some(Piece::Close)) => break Some(Ok(())),
                Ok(None) => break None,
                Err(broken) => break Some(Err(broken.into())),
            }
        };
        broker.write_all(&data).await?;
        broker.flush().await?;
        if let Some(end) = end {
            return end;
        }
        // Others have their turn, however much of this there is.
        yield_now().await;
    }
}

/// From the broker to the home, until either ends it and the home has been told so.
async fn down(
    broker: ReadHalf<Broker>,
    mut home: WriteHalf<impl AsyncWrite>,
    pinged: mpsc::Receiver<BytesMut>,
    ended: oneshot::Receiver<CloseCode>,
    greeted: &AtomicBool,
    place: &mut Place,
) -> io::Result<()> {
    let code = tell(broker, &mut home, pinged, ended, greeted, place).await?;
    let mut frame = Vec::new();
    frames::write(&mut frame, OpCode::Control(Control::Close), &u16::from(code).to_be_bytes());
    let farewell = async {
        home.write_all(&frame).await?;
        home.shutdown().await
    };
    // Whoever is gone need not hear it.
    timeout(FAREWELL, farewell).await.ok();
    Ok(())
}

async fn tell(
    mut broker: ReadHalf<Broker>,
    home: &mut WriteHalf<impl AsyncWrite>,
    mut pinged: mpsc::Receiver<BytesMut>,
    mut ended: oneshot::Receiver<CloseCode>,
    greeted: &AtomicBool,
    place: &mut Place,
) -> io::Result<CloseCode> {
    let (mut bytes, mut frame) = (vec![0; CHUNK], Vec::new());
    let mut greeting = pin!(sleep(SLOWEST_GREETING));
    loop {
        tokio::select! {
            // Where both have ended it, the home knows why.
            biased;
            Ok(code) = &mut ended => {
                // Where something is unread, the end would overtake what the home said last.
                timeout(FAREWELL, drain(&mut broker, &mut bytes)).await.ok();
                return Ok(code);
            }
            () = place.is_withdrawn() => return Ok(CloseCode::Away),
            read = broker.read(&mut bytes) => {
                let length = match read {
                    // Who is cut, or gives a wrong password, is told before.
                    Ok(0) | Err(_) => return Ok(CloseCode::Normal),
                    Ok(length) => length,
                };
                if !greeted.swap(true, Relaxed) && !place.greeted(&bytes[..length]) {
                    return Ok(CloseCode::Again);
                }
                frames::write(&mut frame, OpCode::Data(Data::Binary), &bytes[..length]);
            }
            Some(said) = pinged.recv() => frames::write(&mut frame, OpCode::Control(Control::Pong), &said),
            () = &mut greeting, if !greeted.load(Relaxed) => return Ok(CloseCode::Policy),
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

    async fn heard(broker: &mut DuplexStream) -> Vec<u8> {
        let mut heard = Vec::new();
        broker.read_to_end(&mut heard).await.unwrap();
        heard
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
        assert_eq!(heard(&mut between.broker).await, b"good");
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
        assert_eq!(heard(&mut between.broker).await, b"DISCONNECT");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_says_who_he_is_and_no_more() {
        let mut between = begin();
        let said = sent(OpCode::Data(Data::Binary), &[7; MOST_OF_STRANGERS + 1]);
        let (heard, _) = tokio::join!(heard(&mut between.broker), between.home.write_all(&said));
        assert!(heard.len() <= MOST_OF_STRANGERS);
        ends(between, CloseCode::Policy).await;
        let mut between = begin();
        between.broker.write_all(b"CONNACK").await.unwrap();
        received(&mut between.home).await;
        between.home.write_all(&said[..ROOM]).await.unwrap();
        drop(between.home);
        assert!(!self::heard(&mut between.broker).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_home_said_last_arrives_though_it_is_gone() {
        let mut between = begin();
        let said = sent(OpCode::Data(Data::Binary), &[7; 2 * ROOM]);
        between.home.write_all(&said).await.unwrap();
        drop(between.home);
        // Nobody is there for it any more, which is found out before the rest could be passed on.
        between.broker.write_all(b"CONNACK").await.unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(heard(&mut between.broker).await.len(), 2 * ROOM);
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
