//! What agents are to be told about answers under way: the latest word on each, nothing else.

use crate::window::Report;
use remoteaccess_protocol::{ClientId, Site, request};
use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// A word on one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// So much arrived, so much more may come.
    Progress(Report),
    /// Nobody waits for it any more.
    Cancel,
}

impl Control {
    /// The message.
    pub fn encode(self, client: &ClientId, id: &str) -> Vec<u8> {
        match self {
            Self::Progress(report) => request::encode_credit(client, id, report.credit, report.received),
            Self::Cancel => request::encode_cancel(client, id),
        }
    }
}

/// A mailbox that can be written without waiting, also from `Drop`; one task empties it.
///
/// A newer word replaces the older one, so there are at most as many as requests have been published since it was
/// last emptied. Publishing requests waits for the same queue as emptying does: the limit on running requests
/// bounds both.
#[derive(Debug, Default)]
pub struct Outbox {
    words: Mutex<HashMap<String, (Site, Control)>>,
    filled: Notify,
}

impl Outbox {
    /// Puts the latest word on answer `id` of `site`.
    pub fn put(&self, id: &str, site: &Site, control: Control) {
        self.words().insert(id.to_owned(), (site.clone(), control));
        self.filled.notify_one();
    }

    /// There is nothing to say about `id` any more.
    pub fn withdraw(&self, id: &str) {
        self.words().remove(id);
    }

    /// Forgets everything: who should hear it is out of reach.
    pub fn clear(&self) {
        self.words().clear();
    }

    /// How much there is to say.
    #[expect(clippy::len_without_is_empty, reason = "for the metrics")]
    pub fn len(&self) -> usize {
        self.words().len()
    }

    /// Everything that is there; waits until there is something.
    pub async fn take(&self) -> HashMap<String, (Site, Control)> {
        loop {
            let words = mem::take(&mut *self.words());
            if !words.is_empty() {
                return words;
            }
            self.filled.notified().await;
        }
    }

    fn words(&self) -> MutexGuard<'_, HashMap<String, (Site, Control)>> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_latest_word_is_said() {
        let (outbox, site) = (Outbox::default(), Site::new("ann").unwrap());
        for received in 1..100 {
            outbox.put("a", &site, Control::Progress(Report { credit: 9, received }));
        }
        outbox.put("b", &site, Control::Cancel);
        outbox.put("c", &site, Control::Cancel);
        outbox.withdraw("c");
        let words = outbox.take().await;
        assert_eq!(words.len(), 2);
        assert_eq!(words["a"].1, Control::Progress(Report { credit: 9, received: 99 }));
        assert_eq!(words["b"].1, Control::Cancel);
    }
}
