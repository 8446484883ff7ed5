//! Nobody learns from an answer what a crash could still undo, be it good or bad news.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use ampacity::csms::{Csms, Input, Options};
use ampacity::ids::SiteId;
use ampacity::shell::clock::Clock;
use ampacity::shell::{Engine, EngineOptions, Handle, PaceChange};
use ampacity::sim::live::Alone;
use ampacity::store::memory::Memory;
use ampacity::store::{Fact, Query, Saved, Store, StoreError};
use ampacity::time::{Span, Time};
use futures_util::FutureExt;

/// A store whose disk is busy until somebody sends, and quick once nobody can any more.
struct Slow {
    store: Memory,
    permits: Receiver<()>,
}

impl Store for Slow {
    fn load(&mut self) -> Result<Saved, StoreError> {
        self.store.load()
    }

    fn apply(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        let _ = self.permits.recv();
        self.store.apply(facts)
    }

    fn forget(&mut self, before: Time) -> Result<bool, StoreError> {
        self.store.forget(before)
    }

    fn reader(&self) -> Result<Box<dyn Query>, StoreError> {
        self.store.reader()
    }
}

fn add_site(handle: &Handle) -> impl Future<Output = bool> {
    let input = Input::AddSite { site: SiteId::new("site"), name: "Site".to_owned() };
    let handle = handle.clone();
    async move { handle.input(input).await.is_ok() }
}

#[test]
fn an_answer_waits_until_what_it_rests_on_is_kept() {
    let (permit, permits) = channel();
    let store = Slow { store: Memory::new(Span::from_s(86_400)), permits };
    let options = EngineOptions { hold: true, ..EngineOptions::default() };
    let (engine, handle) = Engine::new(Box::new(store), Clock::real(), options).expect("an engine");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let over = Arc::new(AtomicBool::new(false));
    let (interrupted, tasks) = (Arc::clone(&over), runtime.handle().clone());
    let thread = std::thread::spawn(move || {
        let mut plant = Alone::new(Csms::new(Options::default()), Clock::real().now());
        engine.run(&mut plant, &tasks, &interrupted)
    });
    runtime.block_on(async {
        let (mut first, mut second) = (pin!(add_site(&handle)), pin!(add_site(&handle)));
        assert_eq!((&mut first).now_or_never(), None, "it has just been asked for");
        assert_eq!((&mut second).now_or_never(), None);
        // Questions are answered in order, so both are decided when this one is.
        let is_there = handle.view(|view| view.csms.site("site").is_some()).await;
        assert_eq!(is_there.ok(), Some(true));
        let mut paced = pin!(handle.pace(PaceChange::Pause));
        assert_eq!((&mut paced).now_or_never(), None);
        let _ = handle.view(|_| ()).await;
        assert_eq!((&mut paced).now_or_never(), None, "what time has brought could be asked for");
        assert_eq!((&mut first).now_or_never(), None, "the new site is not on the disk yet");
        assert_eq!((&mut second).now_or_never(), None, "nor is the one that has the id");
        drop(permit);
        assert_eq!((first.await, second.await), (true, false));
        let refused = paced.await.expect("an answer");
        assert!(refused.is_err(), "real charge points keep real time");
    });
    over.store(true, Ordering::Relaxed);
    thread.join().expect("no panic").expect("everything was kept");
}
