//! An answer's bytes on their way from its pieces to the caller.

use crate::{
    error::Error,
    gate::Place,
    pending::Pending,
    unzstd::{self, Unzstd},
};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use std::{collections::VecDeque, io, time::Duration};
use tokio::{task::yield_now, time::timeout};

/// An undone answer up to this size is sent with its length, a larger one piece by piece.
const MAX_WHOLE_CHUNKS: usize = 8;

/// The rest of one answer. It asks for the next piece when the caller has taken the one before.
pub struct Flow {
    pending: Pending,
    idle: Duration,
    _places: [Place; 2],
    ready: VecDeque<Bytes>,
    last: bool,
    undo: Option<Unzstd>,
}

/// Whether an answer is there already.
pub enum Whole {
    /// All of it.
    Complete(Bytes),
    /// More is to come.
    Streamed,
}

impl Flow {
    /// `pending` with its first piece taken. A break of `idle` between pieces ends it; the places are kept so long.
    pub fn new(pending: Pending, idle: Duration, places: [Place; 2]) -> Self {
        Self { pending, idle, _places: places, ready: VecDeque::new(), last: false, undo: None }
    }

    /// Takes the first piece.
    ///
    /// # Errors
    /// Where it cannot be uncompressed.
    pub fn begin(&mut self, body: Bytes, last: bool, undo: bool) -> io::Result<Whole> {
        self.last = last;
        if !undo {
            self.ready.extend((!last && !body.is_empty()).then(|| body.clone()));
            return Ok(if last { Whole::Complete(body) } else { Whole::Streamed });
        }
        if let Some(whole) = last.then(|| unzstd::at_once(&body, MAX_WHOLE_CHUNKS * unzstd::CHUNK)).flatten()
        {
            return Ok(Whole::Complete(whole));
        }
        let mut undo = Unzstd::new()?;
        undo.feed(body);
        if last {
            while self.ready.len() < MAX_WHOLE_CHUNKS {
                match undo.next_chunk()? {
                    Some(chunk) => self.ready.push_back(chunk),
                    None => return undo.finish().map(|()| Whole::Complete(self.joined())),
                }
            }
        } else {
            self.ready.extend(undo.next_chunk()?);
        }
        self.undo = Some(undo);
        Ok(Whole::Streamed)
    }

    /// The answer as a body that breaks off if the answer does, so that no caller takes a part for the whole.
    ///
    /// # Errors
    /// Where it is known already that it will break off.
    pub fn into_body(self) -> Result<Body, Error> {
        self.pending.check()?;
        Ok(Body::from_stream(stream::try_unfold((self, 0_u64), |(mut flow, sent)| async move {
            if sent == 1 {
                // A body that fails takes along what hyper has not written yet: without this pause the head too,
                // and the caller would see an empty reply.
                yield_now().await;
            }
            let next = flow.next().await;
            if let Err(error) = &next {
                tracing::debug!(id = flow.pending.id(), %error, "answer broken off");
            }
            Ok::<_, io::Error>(next?.map(|bytes| (bytes, (flow, sent + 1))))
        })))
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Ok(Some(bytes));
            }
            if let Some(undo) = &mut self.undo {
                if let Some(bytes) = undo.next_chunk()? {
                    return Ok(Some(bytes));
                }
                if self.last {
                    return undo.finish().map(|()| None);
                }
            } else if self.last {
                return Ok(None);
            }
            let piece = timeout(self.idle, self.pending.next()).await;
            let piece = piece.map_err(|_| io::Error::other("nothing came for too long"))?;
            let piece = piece.map_err(io::Error::other)?;
            self.last = piece.last;
            match &mut self.undo {
                Some(undo) => undo.feed(piece.body),
                None => self.ready.extend((!piece.body.is_empty()).then_some(piece.body)),
            }
        }
    }

    fn joined(&mut self) -> Bytes {
        match self.ready.len() {
            1 => self.ready.pop_front().unwrap_or_default(),
            _ => self.ready.drain(..).collect::<Vec<_>>().concat().into(),
        }
    }
}
