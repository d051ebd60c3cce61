//! The line between a home and the broker: a TCP proxy that can be cut, stalled, slowed and mended.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// A line to one server. Dropping it cuts it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: Arc<Line>,
    accepting: JoinHandle<()>,
}

/// How fast a line is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speed {
    /// Bits a second from the home to the server; `None` is as fast as this machine.
    pub up: Option<u64>,
    /// Bits a second from the server to the home.
    pub down: Option<u64>,
    /// There and back.
    pub round_trip: Duration,
}

impl Speed {
    /// The same in both directions.
    pub fn mbit(mbit: u64, round_trip_ms: u64) -> Self {
        let rate = Some(mbit * 1_000_000);
        Self { up: rate, down: rate, round_trip: Duration::from_millis(round_trip_ms) }
    }
}

/// What a line does to its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Passing,
    /// Connections stay open on both sides, and nothing passes.
    Stalled,
    /// Connections are closed as soon as they come.
    Refusing,
}

#[derive(Debug)]
struct Line {
    mode: watch::Sender<Mode>,
    cut: watch::Sender<u64>,
    up: Direction,
    down: Direction,
    connections: AtomicU64,
    open: AtomicU64,
}

/// All connections of one direction share its rate, as they do at home.
#[derive(Debug)]
struct Direction {
    rate: Option<u64>,
    delay: Duration,
    free_at: Mutex<Instant>,
    bytes: AtomicU64,
}

impl Proxy {
    /// A line to `port` of this machine, as fast as it goes.
    pub async fn to(port: u16) -> Self {
        Self::with_speed(port, Speed::default()).await
    }

    /// A line to `port` of this machine.
    pub async fn with_speed(port: u16, speed: Speed) -> Self {
        Self::on(Ipv4Addr::LOCALHOST, port, speed).await
    }

    /// A line to `port` of this machine for those who reach it at `address`.
    pub async fn on(address: Ipv4Addr, port: u16, speed: Speed) -> Self {
        let direction = |rate| Direction {
            rate,
            delay: speed.round_trip / 2,
            free_at: Mutex::new(Instant::now()),
            bytes: AtomicU64::new(0),
        };
        let line = Arc::new(Line {
            mode: watch::channel(Mode::Passing).0,
            cut: watch::channel(0).0,
            up: direction(speed.up),
            down: direction(speed.down),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
        });
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        if speed.up.is_some() {
            // What a sender may have on its way beside what the line itself holds: a home router's small queue.
            socket.set_recv_buffer_size(ROUTER_QUEUE).expect("a buffer can have this size");
        }
        socket.bind(SocketAddr::from((address, 0))).expect("port 0 is always free");
        let listener = socket.listen(1024).expect("a bound socket can listen");
        let own = listener.local_addr().expect("a listener has an address").port();

        let accepting = {
            let line = Arc::clone(&line);
            tokio::spawn(async move {
                while let Ok((home, _)) = listener.accept().await {
                    line.connections.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(carry(home, port, Arc::clone(&line)));
                }
            })
        };
        Self { port: own, line, accepting }
    }

    /// Where the home connects to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections. New ones are welcome.
    pub fn cut(&self) {
        self.line.cut.send_modify(|count| *count += 1);
    }

    /// Lets nothing pass any more, in neither direction; connections stay open.
    pub fn stall(&self) {
        self.line.mode.send_replace(Mode::Stalled);
    }

    /// Ends all connections, and new ones as soon as they come.
    pub fn refuse(&self) {
        self.line.mode.send_replace(Mode::Refusing);
        self.cut();
    }

    /// Lets everything pass again.
    pub fn mend(&self) {
        self.line.mode.send_replace(Mode::Passing);
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> u64 {
        self.line.connections.load(Ordering::Relaxed)
    }

    /// How many connections are open now.
    pub fn open(&self) -> u64 {
        self.line.open.load(Ordering::Relaxed)
    }

    /// Bytes that went from the home to the server.
    pub fn bytes_up(&self) -> u64 {
        self.line.up.bytes.load(Ordering::Relaxed)
    }

    /// Bytes that went from the server to the home.
    pub fn bytes_down(&self) -> u64 {
        self.line.down.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// Bytes in one step, about a packet.
const SEGMENT: usize = 1448;
/// The receive buffer of a slow line's near end.
const ROUTER_QUEUE: u32 = 8 * 1024;

async fn carry(home: TcpStream, port: u16, line: Arc<Line>) {
    let mut cut = line.cut.subscribe();
    cut.mark_unchanged();
    if *line.mode.borrow() == Mode::Refusing {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
    for socket in [&home, &server] {
        // A line has no Nagle; fails only for a socket that is closed already.
        let _ = socket.set_nodelay(true);
    }
    line.open.fetch_add(1, Ordering::Relaxed);
    let (home_in, home_out) = home.into_split();
    let (server_in, server_out) = server.into_split();
    tokio::select! {
        _ = cut.changed() => {}
        () = pump(home_in, server_out, &line, &line.up) => {}
        () = pump(server_in, home_out, &line, &line.down) => {}
    }
    line.open.fetch_sub(1, Ordering::Relaxed);
}

/// Moves bytes one way until either side ends: each leaves when the line is free, and arrives `delay` later.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Line, direction: &Direction) {
    let (sender, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(direction.on_the_way());
    let size = if direction.rate.is_some() { SEGMENT } else { 64 * 1024 };
    let depart = async move {
        let mut buffer = vec![0; size];
        loop {
            passing(line).await;
            let Ok(n @ 1..) = from.read(&mut buffer).await else { return };
            passing(line).await;
            direction.bytes.fetch_add(n as u64, Ordering::Relaxed);
            let gone = direction.occupy(n);
            // Timers tick in milliseconds; shorter waits add up until one is worth it.
            if gone > Instant::now() + Duration::from_millis(1) {
                sleep_until(gone).await;
            }
            if sender.send((gone + direction.delay, buffer[..n].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let arrive = async move {
        while let Some((at, bytes)) = arriving.recv().await {
            if !direction.delay.is_zero() {
                sleep_until(at).await;
            }
            passing(line).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(depart, arrive);
}

async fn passing(line: &Line) {
    let mut mode = line.mode.subscribe();
    // Fails only when the line is gone, and then this task is ended by that.
    let _ = mode.wait_for(|mode| *mode != Mode::Stalled).await;
}

impl Direction {
    /// How many reads can be between the two ends: what the delay holds at this rate, and a little.
    fn on_the_way(&self) -> usize {
        let bytes = self.rate.unwrap_or_default() as f64 / 8.0 * self.delay.as_secs_f64();
        (bytes / SEGMENT as f64) as usize + 8
    }

    /// Takes the line for `n` bytes, and gives when the last of them has left.
    fn occupy(&self, n: usize) -> Instant {
        /// What a late timer may make up for: the line was free, only nobody was awake to use it.
        const LATE: Duration = Duration::from_millis(4);
        let now = Instant::now();
        let Some(rate) = self.rate else { return now };
        let time = Duration::from_secs_f64(n as f64 * 8.0 / rate as f64);
        let mut free_at = self.free_at.lock().expect("nobody panics while holding the line");
        *free_at = (*free_at).max(now - LATE) + time;
        *free_at
    }
}
