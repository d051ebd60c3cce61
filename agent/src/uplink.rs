//! How much of all answers together may be on its way at once.
//!
//! A home's uplink is thin and its router's queue deep: what is sent beyond the link's capacity waits there, and
//! a small answer waits behind it. The bridge tells which bytes have arrived, so the time that a byte takes is
//! known here, and with it how much of that is queue. The window grows while there is none and shrinks when
//! there is (the idea of LEDBAT, RFC 6817, with one window for the whole home).

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Where a session starts: an eighth of a second at 1 Mbit/s. A fast line doubles it at each round trip.
const FIRST: u64 = 16 * 1024;
/// One frame is always allowed, or nothing could be measured.
const LEAST: u64 = 8 * 1024;
/// 1 MB fills 100 Mbit/s at 80 ms, and bounds what waits in this process and its socket.
const MOST: u64 = 1024 * 1024;
/// More queue than this is too much.
const TARGET: Duration = Duration::from_millis(40);
/// Of so many times in a row the shortest counts: a radio link delays single packets without any queue.
const FILTER: usize = 3;
/// Bytes of which nothing was heard for so long no longer count: their bridge is gone, their answer waits for
/// emoncms with less than a receipt's worth on the way, or the line is so slow that nothing can be said of it.
const SILENCE: Duration = Duration::from_secs(3);
/// The shortest time seen in this and the previous period counts as the time without a queue: routes change.
const PERIOD: Duration = Duration::from_secs(300);

/// The window's arithmetic, without clock or waiting.
#[derive(Debug)]
struct Window {
    size: u64,
    in_flight: u64,
    /// What makes up `in_flight`, oldest first: when it was sent, and how much.
    sent: VecDeque<(Instant, u64)>,
    /// Doubling until the first queue, then careful.
    probing: bool,
    shortest: VecDeque<(Instant, Duration)>,
    latest: VecDeque<Duration>,
    shrunk: Option<Instant>,
}

impl Window {
    fn new() -> Self {
        Self {
            size: FIRST,
            in_flight: 0,
            sent: VecDeque::new(),
            probing: true,
            shortest: VecDeque::new(),
            latest: VecDeque::new(),
            shrunk: None,
        }
    }

    /// Counts `bytes` as sent if they fit.
    fn send(&mut self, bytes: u64, now: Instant) -> bool {
        self.forget_silent(now);
        let fits = self.in_flight < self.size;
        if fits {
            self.in_flight += bytes;
            self.sent.push_back((now, bytes));
        }
        fits
    }

    /// When the oldest bytes stop counting.
    fn silent_at(&self) -> Option<Instant> {
        self.sent.front().map(|(sent, _)| *sent + SILENCE)
    }

    fn forget_silent(&mut self, now: Instant) {
        while self.silent_at().is_some_and(|at| at <= now) {
            let (_, bytes) = self.sent.pop_front().expect("there is a front, or nothing could be silent");
            self.in_flight -= bytes;
            self.probing = false;
        }
    }

    /// `bytes`, the oldest ones, are no longer on the way.
    fn take_off(&mut self, mut bytes: u64) {
        while let Some((_, oldest)) = self.sent.front_mut().filter(|_| bytes > 0) {
            let part = bytes.min(*oldest);
            *oldest -= part;
            bytes -= part;
            self.in_flight -= part;
            if *oldest == 0 {
                self.sent.pop_front();
            }
        }
    }

    /// `bytes` arrived; the newest of them had taken `took`.
    fn arrived(&mut self, bytes: u64, took: Duration, now: Instant) {
        let was_full = self.in_flight + LEAST >= self.size;
        self.take_off(bytes);
        let without_queue = self.without_queue(took, now);
        let queue = self.filtered(took).saturating_sub(without_queue);
        // The first sign of a queue ends the doubling, although it may be a single late packet.
        self.probing &= took.saturating_sub(without_queue) <= TARGET;
        if queue > TARGET {
            // Once per round trip: the bytes that are on their way now were sent under the old size.
            if self.shrunk.is_none_or(|at| now.saturating_duration_since(at) >= took) {
                self.shrunk = Some(now);
                self.size = (self.size * 7 / 10).max(LEAST);
            }
        } else if was_full {
            // A window that is not used up proves nothing.
            let step = if self.probing { bytes } else { (bytes * LEAST / self.size).max(1) };
            self.size = (self.size + step).min(MOST);
        }
    }

    fn filtered(&mut self, took: Duration) -> Duration {
        self.latest.push_back(took);
        if self.latest.len() > FILTER {
            self.latest.pop_front();
        }
        self.latest.iter().copied().min().unwrap_or(took)
    }

    fn without_queue(&mut self, took: Duration, now: Instant) -> Duration {
        match self.shortest.back_mut() {
            Some((since, shortest)) if now.saturating_duration_since(*since) < PERIOD => {
                *shortest = took.min(*shortest);
            }
            _ => self.shortest.push_back((now, took)),
        }
        if self.shortest.len() > 2 {
            self.shortest.pop_front();
        }
        self.shortest.iter().map(|(_, shortest)| *shortest).min().unwrap_or(took)
    }
}

/// One home's uplink, shared by the answers that are under way.
#[derive(Debug)]
pub struct Uplink {
    window: Mutex<Window>,
    arrived: Notify,
    /// Answers take turns, frame by frame, in the order in which they asked.
    turn: tokio::sync::Mutex<()>,
}

impl Default for Uplink {
    /// An uplink of which nothing is known.
    fn default() -> Self {
        Self { window: Mutex::new(Window::new()), arrived: Notify::new(), turn: tokio::sync::Mutex::new(()) }
    }
}

impl Uplink {
    /// Waits until `bytes` more may be sent, and counts them as sent.
    pub async fn send(&self, bytes: u64) {
        let _turn = self.turn.lock().await;
        while let Err(silent_at) = self.try_send(bytes) {
            let silent_at = tokio::time::Instant::from_std(silent_at);
            let _ = tokio::time::timeout_at(silent_at, self.arrived.notified()).await;
        }
    }

    /// `bytes` arrived, of which the newest had taken `took`.
    pub fn arrived(&self, bytes: u64, took: Duration) {
        self.locked(|window| window.arrived(bytes, took, tokio::time::Instant::now().into_std()));
        self.arrived.notify_one();
    }

    /// `bytes` will not be heard of any more: their answer has ended.
    pub fn forget(&self, bytes: u64) {
        self.locked(|window| window.take_off(bytes));
        self.arrived.notify_one();
    }

    /// Body bytes for the next frame: large ones on a fast link, small ones where each takes long.
    pub fn frame_size(&self) -> usize {
        let quarter = self.locked(|window| window.size / 4);
        usize::try_from(quarter)
            .unwrap_or(usize::MAX)
            .clamp(4096, remoteaccess_protocol::limits::MAX_FRAME_BODY_BYTES)
    }

    /// The error says when to try again, if nothing arrives before.
    fn try_send(&self, bytes: u64) -> Result<(), Instant> {
        let now = tokio::time::Instant::now().into_std();
        self.locked(|window| match window.send(bytes, now) {
            true => Ok(()),
            false => Err(window.silent_at().unwrap_or(now)),
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Window) -> T) -> T {
        work(&mut self.window.lock().expect("nothing panics while it holds the window"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link that carries `rate` bytes a second with `delay` there and back, fed as fast as the window lets it.
    /// Every tenth frame comes `jitter` late. Returns the mean goodput and the longest queue of the second half,
    /// both in steady state.
    fn run(rate: f64, delay: f64, jitter: f64, seconds: f64) -> (f64, f64) {
        const FRAME: u64 = 8 * 1024;
        let mut frames = 0;
        let start = Instant::now();
        let at = |t: f64| start + Duration::from_secs_f64(t);
        let mut window = Window::new();
        let (mut now, mut free, mut arrivals) = (0.0_f64, 0.0_f64, VecDeque::new());
        let (mut carried, mut longest) = (0.0, 0.0_f64);
        while now < seconds {
            while window.send(FRAME, at(now)) {
                free = free.max(now) + FRAME as f64 / rate;
                frames += 1;
                arrivals.push_back((now, free + delay + if frames % 10 == 0 { jitter } else { 0.0 }));
            }
            let (sent, arrives) = arrivals.pop_front().unwrap();
            now = now.max(arrives);
            window.arrived(FRAME, Duration::from_secs_f64(arrives - sent), at(now));
            if now > seconds / 2.0 {
                carried += FRAME as f64;
                longest = longest.max(arrives - sent - delay - FRAME as f64 / rate);
            }
        }
        (carried / (seconds / 2.0), longest)
    }

    #[test]
    fn a_thin_uplink_is_filled_with_a_short_queue() {
        let (rate, queue) = run(125_000.0, 0.030, 0.0, 30.0);
        assert!(rate > 0.9 * 125_000.0, "{rate}");
        assert!(queue < 0.25, "{queue}");
    }

    #[test]
    fn a_fast_uplink_is_filled() {
        let (rate, queue) = run(6_250_000.0, 0.030, 0.0, 30.0);
        assert!(rate > 0.9 * 6_250_000.0, "{rate}");
        assert!(queue < 0.2, "{queue}");
    }

    #[test]
    fn single_late_packets_do_not_empty_a_fast_uplink() {
        let (rate, _) = run(2_500_000.0, 0.030, 0.080, 30.0);
        assert!(rate > 0.75 * 2_500_000.0, "{rate}");
    }

    #[test]
    fn a_slow_link_with_a_long_delay_still_moves() {
        let (rate, _) = run(8_000.0, 0.600, 0.0, 300.0);
        assert!(rate > 0.6 * 8_000.0, "{rate}");
    }

    #[test]
    fn a_window_that_is_not_used_up_does_not_grow() {
        let mut window = Window::new();
        for _ in 0..100 {
            window.send(1024, Instant::now());
            window.arrived(1024, Duration::from_millis(1), Instant::now());
        }
        assert_eq!(window.size, FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_which_nothing_is_heard_holds_the_others_up_for_seconds_only() {
        let uplink = Uplink::default();
        uplink.send(FIRST).await;
        let waited = tokio::time::Instant::now();
        uplink.send(1000).await;
        assert_eq!(waited.elapsed(), SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_answers_take_turns() {
        let uplink = std::sync::Arc::new(Uplink::default());
        uplink.send(FIRST).await;
        let (tell, mut order) = tokio::sync::mpsc::unbounded_channel();
        for name in ["bulk", "small", "bulk again"] {
            let (uplink, tell) = (uplink.clone(), tell.clone());
            tokio::spawn(async move {
                uplink.send(FIRST).await;
                tell.send(name).unwrap();
            });
            tokio::task::yield_now().await;
        }
        for expected in ["bulk", "small", "bulk again"] {
            uplink.forget(FIRST);
            assert_eq!(order.recv().await, Some(expected));
        }
    }
}
