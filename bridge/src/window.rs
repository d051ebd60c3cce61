//! How much of one answer may be under way: counters, all in body bytes from the answer's start.

use remoteaccess_protocol::limits::{CREDIT_WINDOW, INITIAL_CREDIT, RECEIPT_EVERY};

/// Credit is told anew when it has grown by this much. Well below the window, so that no agent runs dry while
/// a grant is held back.
const GRANT_STEP: u64 = CREDIT_WINDOW / 8;

/// One answer's counters.
#[derive(Debug)]
pub struct Window {
    received: u64,
    granted: u64,
    told_received: u64,
    told_granted: u64,
}

/// What the agent is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Body bytes that may have been sent in all.
    pub credit: u64,
    /// Body bytes that have arrived.
    pub received: u64,
}

/// More came than was granted.
#[derive(Debug, PartialEq, Eq)]
pub struct Overrun;

impl Default for Window {
    /// The window that a request opens by itself.
    fn default() -> Self {
        Self { received: 0, granted: INITIAL_CREDIT, told_received: 0, told_granted: INITIAL_CREDIT }
    }
}

impl Window {
    /// `bytes` have arrived.
    pub fn receive(&mut self, bytes: u64) -> Result<(), Overrun> {
        self.received += bytes;
        if self.received > self.granted { Err(Overrun) } else { Ok(()) }
    }

    /// The caller has taken everything up to `taken` bytes.
    pub fn take(&mut self, taken: u64) {
        self.granted = self.granted.max(taken + CREDIT_WINDOW);
    }

    /// What to tell the agent now, if anything. An answer below [`RECEIPT_EVERY`] costs no message.
    pub fn report(&mut self) -> Option<Report> {
        let receipt = self.received - self.told_received >= RECEIPT_EVERY;
        let grant = self.granted - self.told_granted >= GRANT_STEP && self.received >= RECEIPT_EVERY;
        if !receipt && !grant {
            return None;
        }
        (self.told_received, self.told_granted) = (self.received, self.granted);
        Some(Report { credit: self.granted, received: self.received })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KB: u64 = 1024;

    #[test]
    fn a_small_answer_is_not_reported() {
        let mut window = Window::default();
        window.receive(RECEIPT_EVERY - 1).unwrap();
        window.take(RECEIPT_EVERY - 1);
        assert_eq!(window.report(), None);
    }

    #[test]
    fn receipts_do_not_wait_for_the_caller() {
        let mut window = Window::default();
        window.receive(8 * KB).unwrap();
        assert_eq!(window.report(), Some(Report { credit: INITIAL_CREDIT, received: 8 * KB }));
        assert_eq!(window.report(), None);
        window.receive(4 * KB).unwrap();
        assert_eq!(window.report(), None);
        window.receive(4 * KB).unwrap();
        assert_eq!(window.report(), Some(Report { credit: INITIAL_CREDIT, received: 16 * KB }));
    }

    #[test]
    fn credit_follows_what_the_caller_takes() {
        let mut window = Window::default();
        window.receive(8 * KB).unwrap();
        window.report();
        window.take(8 * KB);
        assert_eq!(window.report(), Some(Report { credit: 8 * KB + CREDIT_WINDOW, received: 8 * KB }));
        window.take(9 * KB);
        assert_eq!(window.report(), None, "too little to tell");
    }

    #[test]
    fn more_than_granted_is_an_overrun() {
        let mut window = Window::default();
        assert_eq!(window.receive(INITIAL_CREDIT), Ok(()));
        assert_eq!(window.receive(1), Err(Overrun));
    }

    #[test]
    fn an_agent_that_obeys_never_runs_dry_when_the_caller_takes_all() {
        let (mut window, mut credit, mut sent) = (Window::default(), INITIAL_CREDIT, 0);
        while sent < 4 << 20 {
            let frame = (credit - sent).min(8 * KB);
            assert!(frame >= KB, "stuck after {sent} bytes");
            sent += frame;
            window.receive(frame).unwrap();
            window.take(sent);
            if let Some(report) = window.report() {
                credit = report.credit;
            }
        }
    }
}
