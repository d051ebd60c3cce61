//! One request's wait for its answer.

use crate::{error::Error, exchange::Exchange};
use bytes::Bytes;
use remoteaccess_protocol::Start;
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;

/// A piece of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// What emoncms said of its answer; stands in the first piece only.
    pub start: Option<Start>,
    /// The bytes.
    pub body: Bytes,
    /// Whether the answer is complete with this piece.
    pub last: bool,
}

/// Yields the answer's pieces in order. Dropped before the last one, it tells the home to stop.
#[derive(Debug)]
pub struct Pending {
    exchange: Arc<Exchange>,
    id: String,
    pieces: mpsc::Receiver<Piece>,
    end: Arc<OnceLock<Error>>,
}

impl Pending {
    pub(crate) fn new(
        exchange: Arc<Exchange>,
        id: String,
        pieces: mpsc::Receiver<Piece>,
        end: Arc<OnceLock<Error>>,
    ) -> Self {
        Self { exchange, id, pieces, end }
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request has gone out. Only agents that speak v2 know credit and cancel.
    pub fn published(&self, speaks_v2: bool) {
        if speaks_v2 {
            self.exchange.tell(&self.id);
        }
    }

    /// The next piece; it counts as handed on to the caller.
    ///
    /// # Errors
    /// Why there is none. Not to be called after the last piece.
    pub async fn next(&mut self) -> Result<Piece, Error> {
        let Some(piece) = self.pieces.recv().await else {
            let unexplained = Error::BadAnswer("it ended early");
            return Err(self.end.get().cloned().unwrap_or(unexplained));
        };
        self.exchange.taken(&self.id, piece.body.len() as u64);
        Ok(piece)
    }

    /// Why the answer will never be complete, as soon as that is known: even while pieces wait.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), Error> {
        self.end.get().cloned().map_or(Ok(()), Err)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.exchange.close(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::outbox::Control;
    use remoteaccess_protocol::{
        ClientId, ErrorCode, Frame, Refusal, Site, first_generation,
        limits::{INITIAL_CREDIT, MAX_FRAME_BODY_BYTES},
    };

    const KB8: usize = MAX_FRAME_BODY_BYTES;

    fn exchange() -> (Arc<Exchange>, Site) {
        let exchange = Exchange::new(ClientId::new("b-test").unwrap(), 64 << 20);
        (Arc::new(exchange), Site::new("ann").unwrap())
    }

    fn open(exchange: &Arc<Exchange>, site: &Site) -> Pending {
        let pending = exchange.open(site);
        pending.published(true);
        pending
    }

    fn frame(id: &str, seq: u32, last: bool, bytes: usize) -> Bytes {
        let start = (seq == 0).then_some(Start { status: 200, content_type: None, zstd: false, etag: None });
        let body = &vec![b'x'; bytes];
        Frame::Piece { id: id.to_owned(), seq, last, start, body }.encode().into()
    }

    async fn said(exchange: &Exchange, id: &str) -> Option<Control> {
        // Whatever is there is there at once.
        let words = tokio::time::timeout(std::time::Duration::ZERO, exchange.outbox().take()).await;
        words.ok()?.get(id).map(|(_, control)| *control)
    }

    #[tokio::test]
    async fn pieces_arrive_in_order_and_a_complete_answer_is_not_cancelled() {
        let (exchange, ann) = exchange();
        let mut pending = open(&exchange, &ann);
        exchange.deliver(&ann, &frame(pending.id(), 0, false, KB8));
        exchange.deliver(&ann, &frame(pending.id(), 1, true, 5));
        assert_eq!(pending.next().await.unwrap().body.len(), KB8);
        let last = pending.next().await.unwrap();
        assert_eq!((last.body.len(), last.last), (5, true));
        let id = pending.id().to_owned();
        drop(pending);
        assert_eq!(said(&exchange, &id).await, None, "no word after the last frame");
    }

    #[tokio::test]
    async fn hanging_up_cancels_at_home() {
        let (exchange, ann) = exchange();
        let pending = open(&exchange, &ann);
        let id = pending.id().to_owned();
        drop(pending);
        assert_eq!(said(&exchange, &id).await, Some(Control::Cancel));

        let unpublished = exchange.open(&ann);
        let of_the_first_generation = exchange.open(&ann);
        of_the_first_generation.published(false);
        for pending in [unpublished, of_the_first_generation] {
            let id = pending.id().to_owned();
            drop(pending);
            assert_eq!(said(&exchange, &id).await, None);
        }
    }

    #[tokio::test]
    async fn receipts_come_before_the_caller_reads() {
        let (exchange, ann) = exchange();
        let pending = open(&exchange, &ann);
        exchange.deliver(&ann, &frame(pending.id(), 0, false, KB8));
        let Some(Control::Progress(report)) = said(&exchange, pending.id()).await else { panic!() };
        assert_eq!((report.credit, report.received), (INITIAL_CREDIT, KB8 as u64));
    }

    #[tokio::test]
    async fn what_a_home_does_wrong_ends_that_exchange_alone() {
        for (seqs, bytes) in [(vec![1], KB8), (vec![0, 2], KB8), (vec![0, 0], KB8), ((0..9).collect(), KB8)] {
            let (exchange, ann) = exchange();
            let (mut pending, mut other) = (open(&exchange, &ann), open(&exchange, &ann));
            for seq in &seqs {
                exchange.deliver(&ann, &frame(pending.id(), *seq, false, bytes));
            }
            let error = loop {
                if let Err(error) = pending.next().await {
                    break error;
                }
            };
            assert_eq!(error.code(), Code::Relay(ErrorCode::BadAnswer), "{seqs:?}");
            assert_eq!(said(&exchange, pending.id()).await, Some(Control::Cancel), "{seqs:?}");
            exchange.deliver(&ann, &frame(other.id(), 0, true, 5));
            assert!(other.next().await.is_ok());
        }
    }

    #[tokio::test]
    async fn an_answer_counts_only_from_the_home_that_was_asked() {
        let (exchange, ann) = exchange();
        let eve = Site::new("eve").unwrap();
        let mut pending = open(&exchange, &ann);
        let refusal = Refusal::new(ErrorCode::Denied, "no");
        let refuse = Frame::Refusal { id: pending.id().to_owned(), seq: 0, refusal: refusal.clone() };
        exchange.deliver(&eve, &frame(pending.id(), 0, true, 5));
        exchange.deliver(&eve, &refuse.encode().into());
        exchange.deliver(&eve, &first_answer(pending.id()));
        exchange.deliver(&ann, &refuse.encode().into());
        assert_eq!(pending.next().await, Err(Error::Refused(refusal)));
    }

    #[tokio::test]
    async fn a_first_generation_answer_is_the_whole_answer() {
        let (exchange, ann) = exchange();
        let mut pending = exchange.open(&ann);
        exchange.deliver(&ann, &first_answer(pending.id()));
        let piece = pending.next().await.unwrap();
        assert_eq!(piece.start.unwrap().content_type.as_deref(), Some("application/json"));
        assert_eq!((&piece.body[..], piece.last), (&b"[1,2]"[..], true));
    }

    #[tokio::test]
    async fn who_goes_offline_fails_alone_and_at_once() {
        let (exchange, ann) = exchange();
        let bob = Site::new("bob").unwrap();
        let (mut pending, mut other) = (open(&exchange, &ann), open(&exchange, &bob));
        let error = Error::HomeOffline { last_seen: Some(1) };
        exchange.fail_site(&ann, &error);
        assert_eq!(pending.next().await, Err(error));
        exchange.fail_all(&Error::BrokerOffline);
        assert_eq!(other.next().await, Err(Error::BrokerOffline));
        drop((pending, other));
        assert!(tokio::time::timeout(std::time::Duration::ZERO, exchange.outbox().take()).await.is_err());
    }

    #[tokio::test]
    async fn a_home_cannot_sign_its_owner_out() {
        let (exchange, ann) = exchange();
        let mut pending = open(&exchange, &ann);
        let refusal = Refusal::new(ErrorCode::Unauthorized, "sign in at evil.example");
        let id = pending.id().to_owned();
        exchange.deliver(&ann, &Frame::Refusal { id, seq: 0, refusal }.encode().into());
        assert_eq!(pending.next().await.unwrap_err().code(), Code::Relay(ErrorCode::BadAnswer));
    }

    fn first_answer(id: &str) -> Bytes {
        let request = format!(r#"{{"clientId":"b-test","action":"list","id":"{id}"}}"#);
        first_generation::encode_answer(request.as_bytes(), b"[1,2]").unwrap().into()
    }
}
