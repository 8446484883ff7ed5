//! The last events, for listeners that come, go and come back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::shell::LiveEvent;

/// Events that are kept.
const KEPT: usize = 10_000;

/// A ring of the last events. Listeners read it at their own pace by sequence number.
pub(super) struct Feed {
    /// Tells this process from others whose numbers also begin at 1.
    process: String,
    ring: Mutex<VecDeque<Arc<LiveEvent>>>,
    last: watch::Sender<u64>,
    ended: AtomicBool,
}

/// What a listener gets next.
pub(super) enum Next {
    /// Events in order.
    Events(Vec<Arc<LiveEvent>>),
    /// Events up to this one, inclusive, are gone.
    Gap(u64),
}

impl Feed {
    /// An empty feed that a task fills until the engine ends.
    pub(super) fn new(process: String, events: Receiver<Arc<LiveEvent>>) -> Arc<Feed> {
        let feed = Arc::new(Feed {
            process,
            ring: Mutex::new(VecDeque::new()),
            last: watch::Sender::new(0),
            ended: AtomicBool::new(false),
        });
        tokio::spawn(fill(feed.clone(), events));
        feed
    }

    /// Number of the last event, 0 before the first; changes wake whoever waits for it.
    pub(super) fn last(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// What follows the event `after`, at most `limit` events.
    pub(super) fn next(&self, after: u64, limit: usize) -> Option<Next> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let from = ring.partition_point(|event| event.sequence <= after);
        let first = ring.get(from)?;
        if first.sequence > after + 1 {
            return Some(Next::Gap(first.sequence - 1));
        }
        // A number that is missing in between is a gap too, and told when its turn comes.
        let rest = ring.range(from..).take(limit);
        let together =
            rest.zip(after + 1..).take_while(|(event, wanted)| event.sequence == *wanted);
        Some(Next::Events(together.map(|(event, _)| event.clone()).collect()))
    }

    /// True when nothing will follow: the engine has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// What a listener may give as the last thing it has heard.
    pub(super) fn id(&self, sequence: u64) -> String {
        format!("{}-{sequence}", self.process)
    }

    /// The number in an id; `None`: it is of another process, or none at all.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&self.process)?.strip_prefix('-')?.parse().ok()
    }

    fn push(&self, event: Arc<LiveEvent>) {
        let sequence = event.sequence;
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(event);
        drop(ring);
        self.last.send_replace(sequence);
    }
}

async fn fill(feed: Arc<Feed>, mut events: Receiver<Arc<LiveEvent>>) {
    let feed = Arc::downgrade(&feed);
    loop {
        match events.recv().await {
            Ok(event) => match feed.upgrade() {
                Some(feed) => feed.push(event),
                None => return,
            },
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => {
                let Some(feed) = feed.upgrade() else { return };
                feed.ended.store(true, Ordering::Relaxed);
                return feed.last.send_modify(|_| ());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64) -> Arc<LiveEvent> {
        let (at, data) = (String::new(), serde_json::Value::Null);
        Arc::new(LiveEvent { sequence, at, site_id: None, kind: "rebalanced", data })
    }

    fn feed() -> Feed {
        Feed {
            process: "p".to_owned(),
            ring: Mutex::new(VecDeque::new()),
            last: watch::Sender::new(0),
            ended: AtomicBool::new(false),
        }
    }

    fn numbers(next: Option<Next>) -> Vec<u64> {
        match next {
            Some(Next::Events(events)) => events.iter().map(|event| event.sequence).collect(),
            Some(Next::Gap(_)) => panic!("a gap"),
            None => Vec::new(),
        }
    }

    #[test]
    fn a_listener_continues_where_it_was_and_is_told_of_what_is_gone() {
        let feed = feed();
        assert!(feed.next(0, 10).is_none());
        for sequence in 1..=KEPT as u64 + 5 {
            feed.push(event(sequence));
        }
        assert!(matches!(feed.next(2, 10), Some(Next::Gap(5))));
        assert_eq!(numbers(feed.next(5, 3)), [6, 7, 8]);
        assert_eq!(numbers(feed.next(KEPT as u64 + 5, 3)), [0; 0]);
    }

    #[test]
    fn a_number_that_never_came_is_a_gap() {
        let feed = feed();
        for sequence in [1, 2, 5, 6] {
            feed.push(event(sequence));
        }
        assert_eq!(numbers(feed.next(0, 10)), [1, 2]);
        assert!(matches!(feed.next(2, 10), Some(Next::Gap(4))));
        assert_eq!(numbers(feed.next(4, 10)), [5, 6]);
    }
}
