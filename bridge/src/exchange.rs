//! Requests under way: who waits for which answer.

use crate::{
    error::Error,
    hoard::Hoard,
    offenders::{Offence, Offenders},
    outbox::{Control, Outbox},
    pending::{Pending, Piece},
    rate::{Rate, Rates},
    window::Window,
};
use bytes::Bytes;
use remoteaccess_common::random;
use remoteaccess_protocol::{
    ClientId, ErrorCode, Frame, Site, Start, first_generation,
    frame::FrameError,
    limits::{CREDIT_WINDOW, MAX_FIRST_GENERATION_ANSWER_BYTES, MAX_PRESENCE_BYTES, MIN_FRAME_BODY_BYTES},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};
use tokio::sync::mpsc;

/// Pieces that wait for their caller: a full window of the smallest frames.
const MAX_PIECES: usize = CREDIT_WINDOW as usize / MIN_FRAME_BODY_BYTES;

/// Kilobytes a second that a home may send without credit: answers of the first generation, presence, and what nobody
/// waits for. All homes' messages come through one connection, so who sends without end would keep others waiting.
const WITHOUT_CREDIT: u32 = 8 * 1024;
/// The same at once: the first generation's answers to a page with fifty graphs.
const WITHOUT_CREDIT_AT_ONCE: u32 = 32 * 1024;
/// How often a home may say that it is there or gone.
const SAYS: Rate = Rate { per_second: 1, burst: 30 };
/// Who has used that up so many times, 64 MB within seconds, is not answering but flooding.
const FLOODS: u128 = 2;

/// All requests under way, at most as many as the gate lets in.
#[derive(Debug)]
pub struct Exchange {
    client: ClientId,
    waiting: Mutex<HashMap<String, Waiter>>,
    outbox: Outbox,
    hoard: Hoard,
    without_credit: Rates<Site>,
    statuses: Rates<Site>,
    offenders: Offenders,
}

#[derive(Debug)]
struct Waiter {
    site: Site,
    /// Whether the agent has the request and knows credit and cancel.
    tells: bool,
    pieces: mpsc::Sender<Piece>,
    end: Arc<OnceLock<Error>>,
    next_seq: u32,
    taken: u64,
    window: Window,
}

impl Exchange {
    /// Nothing is under way. `client` names this bridge towards the agents; of answers that come whole so many bytes
    /// are held.
    pub fn new(client: ClientId, whole_answers: usize) -> Self {
        Self {
            client,
            waiting: Mutex::default(),
            outbox: Outbox::default(),
            hoard: Hoard::new(whole_answers),
            without_credit: Rates::new(Rate::new(WITHOUT_CREDIT, WITHOUT_CREDIT_AT_ONCE)),
            statuses: Rates::new(Some(SAYS)),
            offenders: Offenders::default(),
        }
    }

    /// This bridge's name towards the agents.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// What agents are to be told.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Homes that are to be cut.
    pub fn offenders(&self) -> &Offenders {
        &self.offenders
    }

    /// How many answers are yet to come.
    pub fn under_way(&self) -> usize {
        self.waiting().len()
    }

    /// Lets a request to `site` be made.
    ///
    /// # Errors
    /// [`Error::HomeTooMuch`] while the home has sent too much.
    pub fn check(&self, site: &Site) -> Result<(), Error> {
        let fine = self.without_credit.has_some(site, Instant::now());
        fine.then_some(()).ok_or(Error::HomeTooMuch)
    }

    /// `site` has said something of itself: not too often, not too much, and no credit covered it.
    pub fn hear_status(&self, site: &Site, message: &[u8]) {
        self.charge(site, message);
        let now = Instant::now();
        if message.len() > MAX_PRESENCE_BYTES {
            self.offenders.put(site, Offence::Hoards, now);
        } else if self.statuses.take(site.clone(), now).is_err() {
            self.offenders.put(site, Offence::Floods, self.statuses.since(site, now));
        }
    }

    /// `site` has sent something that no credit covered; false where that is more than it may.
    pub fn charge(&self, site: &Site, message: &[u8]) -> bool {
        let kilobytes = u32::try_from(message.len() / 1024).unwrap_or(u32::MAX).saturating_add(1);
        let now = Instant::now();
        let used_up = self.without_credit.spend(site.clone(), kilobytes, now);
        if used_up > 0 {
            self.fail_site(site, &Error::HomeTooMuch);
        }
        if used_up >= FLOODS {
            self.offenders.put(site, Offence::Floods, self.without_credit.since(site, now));
        }
        used_up == 0
    }

    /// What `site` has sent so far is not held against it.
    pub fn forgive(&self, site: &Site) {
        self.without_credit.forget(site);
        self.statuses.forget(site);
    }

    /// Makes an id and waits for its answer from `site`.
    pub fn open(self: &Arc<Self>, site: &Site) -> Pending {
        let id = random::hex_id::<16>();
        let (sender, pieces) = mpsc::channel(MAX_PIECES);
        let end = Arc::new(OnceLock::new());
        let waiter = Waiter {
            site: site.clone(),
            tells: false,
            pieces: sender,
            end: Arc::clone(&end),
            next_seq: 0,
            taken: 0,
            window: Window::default(),
        };
        self.waiting().insert(id.clone(), waiter);
        Pending::new(Arc::clone(self), id, pieces, end)
    }

    /// The request has gone out to an agent that knows credit and cancel: from now on it is told.
    pub(crate) fn tell(&self, id: &str) {
        if let Some(waiter) = self.waiting().get_mut(id) {
            waiter.tells = true;
            self.report(id, waiter);
        }
    }

    /// The caller has taken `bytes` more.
    pub(crate) fn taken(&self, id: &str, bytes: u64) {
        if let Some(waiter) = self.waiting().get_mut(id) {
            waiter.taken += bytes;
            waiter.window.take(waiter.taken);
            self.report(id, waiter);
        }
    }

    /// Nobody waits any more.
    pub(crate) fn close(&self, id: &str) {
        if let Some(waiter) = self.waiting().remove(id) {
            self.cancel(id, &waiter);
        }
    }

    /// Takes in a message from `site`. Never waits: who does not keep to the window loses that one exchange.
    pub fn deliver(&self, site: &Site, message: &Bytes) {
        match Frame::parse(message) {
            Ok(Frame::Piece { id, seq, last, start, body }) => {
                if !self.piece(site, &id, seq, start, body, last) {
                    self.charge(site, message);
                }
            }
            Ok(Frame::Refusal { id, refusal, .. }) => {
                // A frame that is none is read as such a refusal, and more of them may follow.
                let goes_on = refusal.code == ErrorCode::BadAnswer;
                self.end(site, &id, Error::from_home(&refusal), goes_on);
            }
            // Looking for the id costs time in the size of the message, which a home chooses.
            Err(FrameError::NotAFrame) => {
                if self.charge(site, message) {
                    self.first_generation(site, message);
                }
            }
        }
    }

    /// `site` has gone: so has everything that was asked of it.
    pub fn fail_site(&self, site: &Site, error: &Error) {
        self.waiting().retain(|id, waiter| {
            let stays = waiter.site != *site;
            if !stays {
                self.finish(id, waiter, error.clone());
            }
            stays
        });
    }

    /// The broker is lost: nothing that was asked will be answered, nothing that was to be told gets through.
    pub fn fail_all(&self, error: &Error) {
        for (id, waiter) in self.waiting().drain() {
            self.finish(&id, &waiter, error.clone());
        }
        self.outbox.clear();
    }

    /// False where no credit covered it.
    fn piece(&self, site: &Site, id: &str, seq: u32, start: Option<Start>, body: &[u8], last: bool) -> bool {
        let mut waiting = self.waiting();
        let Some(waiter) = waiting.get_mut(id).filter(|waiter| waiter.site == *site) else {
            tracing::debug!(home = %site, id, "nobody waits for this answer");
            return false;
        };
        let fault = if seq != waiter.next_seq {
            Some("a part of it was lost on the way")
        } else if waiter.window.receive(body.len() as u64).is_err() {
            Some("it sent more than was asked for")
        } else {
            let piece = Piece { start, body: Bytes::copy_from_slice(body), last };
            waiter.pieces.try_send(piece).err().map(|_| "it sent faster than was asked for")
        };
        waiter.next_seq += 1;
        let covered = fault.is_none();
        match fault {
            None if last => {
                waiting.remove(id);
                self.outbox.withdraw(id);
            }
            None => self.report(id, waiter),
            Some(fault) => {
                tracing::debug!(home = %site, id, fault, "answer given up");
                let waiter = waiting.remove(id).expect("it was found above, under the same lock");
                self.cancel(id, &waiter);
                waiter.end.set(Error::BadAnswer(fault)).ok();
            }
        }
        covered
    }

    fn first_generation(&self, site: &Site, message: &Bytes) {
        if !self.waiting().values().any(|waiter| waiter.site == *site) {
            return;
        }
        let Some(answer) = first_generation::Answer::parse(message) else {
            tracing::debug!(home = %site, bytes = message.len(), "no answer of either generation");
            return;
        };
        if message.len() > MAX_FIRST_GENERATION_ANSWER_BYTES {
            return self.end(site, &answer.id, Error::AnswerTooLarge, false);
        }
        let mut waiting = self.waiting();
        if waiting.get(&answer.id).is_none_or(|waiter| waiter.site != *site || waiter.next_seq > 0) {
            return;
        }
        let waiter = waiting.remove(&answer.id).expect("it was found above, under the same lock");
        let Some(body) = self.hoard.keep(site, answer.result.as_bytes()) else {
            tracing::debug!(home = %site, "no room for an answer that came whole");
            return self.finish(&answer.id, &waiter, Error::Busy);
        };
        let content_type = Some("application/json".to_owned());
        let start = Start { status: 200, content_type, zstd: false, etag: None };
        // Nothing was put into this channel before, so there is room.
        waiter.pieces.try_send(Piece { start: Some(start), body, last: true }).ok();
    }

    fn end(&self, site: &Site, id: &str, error: Error, cancel: bool) {
        let mut waiting = self.waiting();
        if waiting.get(id).is_some_and(|waiter| waiter.site == *site) {
            let waiter = waiting.remove(id).expect("it was found above, under the same lock");
            self.finish(id, &waiter, error);
            if cancel {
                self.cancel(id, &waiter);
            }
        }
    }

    fn finish(&self, id: &str, waiter: &Waiter, error: Error) {
        self.outbox.withdraw(id);
        // Only who removes a waiter ends it, so this is the first word.
        waiter.end.set(error).ok();
    }

    fn report(&self, id: &str, waiter: &mut Waiter) {
        if !waiter.tells {
            return;
        }
        if let Some(report) = waiter.window.report() {
            self.outbox.put(id, &waiter.site, Control::Progress(report));
        }
    }

    fn cancel(&self, id: &str, waiter: &Waiter) {
        if waiter.tells {
            self.outbox.put(id, &waiter.site, Control::Cancel);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
