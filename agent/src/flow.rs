//! How much of one answer may be sent: what the bridge granted, and what the home's uplink takes.

use crate::uplink::Uplink;
use remoteaccess_protocol::limits::RECEIPT_EVERY;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, timeout};

/// A bridge whose caller takes nothing for so long has lost interest without saying so.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer whose caller has kept it waiting for so long in all does not keep others waiting at home: what is left to
/// do is the caller's, not emoncms'.
const SLOW_CALLER: Duration = Duration::from_secs(1);
/// A receipt that is due comes within this time over any line, or its bridge is gone. Until it comes, nothing more
/// is sent there.
const OVERDUE: Duration = Duration::from_secs(3);
/// So long one is waited for.
const LOST: Duration = Duration::from_secs(15);

/// The flow of one answer. Dropping it gives back what was still on its way.
#[derive(Debug)]
pub struct Flow {
    uplink: Arc<Uplink>,
    counts: Mutex<Counts>,
    granted: Notify,
}

#[derive(Debug)]
struct Counts {
    credit: u64,
    sent: u64,
    received: u64,
    frames: u32,
    /// Where each frame ended and when it was sent, oldest first. Bounded by the credit window.
    marks: VecDeque<(u64, Instant)>,
    /// One of the few that may run at once.
    turn: Option<OwnedSemaphorePermit>,
    /// How long it waited for its caller in all.
    waited: Duration,
}

impl Counts {
    /// Whether the bridge should have told by now that something arrived: it does for every
    /// [`RECEIPT_EVERY`] bytes.
    fn is_overdue(&self) -> bool {
        let due = self.marks.iter().find(|(end, _)| *end >= self.received + RECEIPT_EVERY);
        due.is_some_and(|(_, sent)| sent.elapsed() >= OVERDUE)
    }
}

/// The bridge stopped granting.
#[derive(Debug, PartialEq, Eq)]
pub struct NoCredit;

impl Flow {
    /// A flow of which `credit` bytes may be sent before the first grant.
    pub fn new(uplink: Arc<Uplink>, credit: u64) -> Self {
        let counts = Counts {
            credit,
            sent: 0,
            received: 0,
            frames: 0,
            marks: VecDeque::new(),
            turn: None,
            waited: Duration::ZERO,
        };
        Self { uplink, counts: Mutex::new(counts), granted: Notify::new() }
    }

    /// The answer is worked on. It gives its turn back where its caller is slow to take it.
    pub fn begin_turn(&self, turn: OwnedSemaphorePermit) {
        self.locked(|counts| counts.turn = Some(turn));
    }

    /// The answer is no longer worked on.
    pub fn end_turn(&self) {
        self.locked(|counts| counts.turn = None);
    }

    /// Waits until a frame with `bytes` may be sent, and returns its number.
    ///
    /// # Errors
    /// Nothing was granted for a minute, or receipts stay out.
    pub async fn next_frame(&self, bytes: u64) -> Result<u32, NoCredit> {
        loop {
            let (overdue, credit) =
                self.locked(|counts| (counts.is_overdue(), counts.sent + bytes <= counts.credit));
            let patience = match (overdue, credit) {
                (true, _) => LOST,
                (false, false) => PATIENCE,
                (false, true) => break,
            };
            self.wait(patience).await?;
        }
        self.uplink.send(bytes).await;
        Ok(self.locked(|counts| {
            counts.sent += bytes;
            counts.marks.push_back((counts.sent, Instant::now()));
            counts.frames += 1;
            counts.frames - 1
        }))
    }

    /// Waits until the bridge has granted something.
    async fn wait(&self, patience: Duration) -> Result<(), NoCredit> {
        let (began, granted) = (Instant::now(), self.granted.notified());
        let mut granted = pin!(granted);
        let left = self.locked(|counts| SLOW_CALLER.saturating_sub(counts.waited));
        let granted = match timeout(left, &mut granted).await {
            Ok(()) => Ok(()),
            Err(_) => {
                self.end_turn();
                timeout(patience.saturating_sub(left), granted).await.map_err(|_| NoCredit)
            }
        };
        self.locked(|counts| counts.waited += began.elapsed());
        granted
    }

    /// The bridge tells how much it takes and how much arrived, both counted from the answer's start. Numbers
    /// that go back, or beyond what was sent, change nothing.
    pub fn grant(&self, credit: u64, received: u64) {
        let (bytes, took) = self.locked(|counts| {
            counts.credit = counts.credit.max(credit);
            let received = received.clamp(counts.received, counts.sent);
            let bytes = received - counts.received;
            counts.received = received;
            let mut newest = None;
            while counts.marks.front().is_some_and(|(end, _)| *end <= received) {
                newest = counts.marks.pop_front();
            }
            (bytes, newest.map(|(_, sent)| sent.elapsed()))
        });
        match took {
            Some(took) => self.uplink.arrived(bytes, took),
            None => self.uplink.forget(bytes),
        }
        self.granted.notify_one();
    }

    /// Frames sent so far.
    pub fn frames(&self) -> u32 {
        self.locked(|counts| counts.frames)
    }

    /// Body bytes sent so far.
    pub fn sent(&self) -> u64 {
        self.locked(|counts| counts.sent)
    }

    /// Body bytes that the next frame should carry.
    pub fn frame_size(&self) -> usize {
        self.uplink.frame_size()
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.counts.lock().expect("nothing panics while it holds the counts"))
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.uplink.forget(self.locked(|counts| counts.sent - counts.received));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_beyond_the_credit() {
        let flow = Flow::new(Arc::new(Uplink::default()), 1000);
        assert_eq!(flow.next_frame(600).await, Ok(0));
        assert_eq!(flow.next_frame(600).await, Err(NoCredit));
        flow.grant(1200, 600);
        assert_eq!(flow.next_frame(600).await, Ok(1));
        assert_eq!(flow.sent(), 1200);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_slow_caller_gives_its_turn_to_others() {
        let turns = Arc::new(tokio::sync::Semaphore::new(1));
        let flow = Arc::new(Flow::new(Arc::new(Uplink::default()), 1000));
        flow.begin_turn(turns.clone().acquire_owned().await.unwrap());
        let sending = flow.clone();
        let sending = tokio::spawn(async move { while sending.next_frame(1000).await.is_ok() {} });
        let mut credit = 1000;
        for _ in 0..3 {
            tokio::time::sleep(SLOW_CALLER / 4).await;
            credit += 1000;
            flow.grant(credit, credit - 1000);
        }
        assert_eq!(turns.available_permits(), 0, "it was not slow for long");
        tokio::time::sleep(SLOW_CALLER / 2).await;
        assert_eq!(turns.available_permits(), 1);
        flow.grant(credit + 1000, credit);
        tokio::time::sleep(SLOW_CALLER).await;
        assert_eq!(flow.sent(), credit + 1000, "it goes on all the same");
        sending.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_bridge_that_sends_no_receipts_is_given_up() {
        let flow = Flow::new(Arc::new(Uplink::default()), u64::MAX);
        let began = Instant::now();
        while flow.next_frame(8 * 1024).await.is_ok() {}
        assert!(began.elapsed() <= 2 * OVERDUE + LOST, "{:?}", began.elapsed());
        assert!(flow.sent() <= 64 * 1024, "{}", flow.sent());
    }

    #[tokio::test(start_paused = true)]
    async fn less_than_a_receipt_on_the_way_is_no_reason_to_give_up() {
        let flow = Flow::new(Arc::new(Uplink::default()), u64::MAX);
        flow.next_frame(8 * 1024 - 1).await.unwrap();
        tokio::time::sleep(2 * LOST).await;
        assert_eq!(flow.next_frame(10).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn grants_that_lie_change_nothing() {
        let flow = Flow::new(Arc::new(Uplink::default()), 1000);
        flow.next_frame(1000).await.unwrap();
        flow.grant(500, u64::MAX);
        flow.grant(0, 0);
        assert_eq!(flow.next_frame(1).await, Err(NoCredit));
        assert_eq!(flow.sent(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_ends_gives_back_what_was_on_its_way() {
        let uplink = Arc::new(Uplink::default());
        for _ in 0..20 {
            let flow = Flow::new(uplink.clone(), 32 * 1024);
            tokio::time::timeout(Duration::from_secs(1), flow.next_frame(32 * 1024)).await.unwrap().unwrap();
        }
    }
}
