//! A run that people reach into while it runs: the pace changes nothing, the journal repeats it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use ampacity::allocation::Strategy;
use ampacity::charger::CurrentKind;
use ampacity::csms::{Hardware, Input, SiteConfig};
use ampacity::ids::ChargePointId;
use ampacity::scenario::model::{Fleet, Scenario};
use ampacity::scenario::{Source, expand, load, stream};
use ampacity::shell::clock::Clock;
use ampacity::shell::journal::{self, Header, Journal};
use ampacity::shell::{Attached, Engine, EngineOptions, Handle, PaceChange};
use ampacity::sim::plant::Plant;
use ampacity::sim::world::World;
use ampacity::store::memory::Memory;
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use rand::Rng;

const SEED: u64 = 7;

/// Six chargers, a busy hour and a half, a weak grid.
fn site() -> Scenario {
    let text = r#"
        name = "live"
        start = "2026-05-04T08:00:00Z"
        duration = "90m"
        [site]
        max_power_kw = 40
        reserve_kw = 5
        min_charge_rate_kw = 3.7
        [[chargers]]
        count = 6
        model = "ac22"
        [[vehicles]]
        model = "compact_3p11"
        [[arrivals]]
        kind = "poisson"
        per_hour = 8
        stay = "1h"
        stay_spread = "20m"
        energy_kwh = 12
        energy_spread_kwh = 4
    "#;
    let source = Source::from_bytes("live.toml", text.as_bytes()).expect("text");
    let (scenario, _) = load(&source, &|_| Err("no files".to_owned())).expect("a scenario");
    scenario
}

fn world<'a>(scenario: &'a Scenario, fleet: &'a Fleet) -> World<'a> {
    World::new(scenario, fleet, Strategy::Equal, SEED, None)
}

/// Runs the site at a pace while `visitor` has the handle; returns its digest.
fn live<F>(speed: Option<f64>, journal: Option<&Path>, visitor: impl FnOnce(Handle) -> F) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let scenario = site();
    let fleet = expand(&scenario, SEED);
    let mut world = world(&scenario, &fleet);
    world.listen();
    let header = Header::new(&scenario.sha256, Strategy::Equal, SEED);
    let journal = journal.map(|path| Journal::create(path, &header).expect("a file"));
    let options = EngineOptions { journal, ..EngineOptions::default() };
    let clock = Clock::simulated(scenario.start, speed);
    let store = Box::new(Memory::new(Span::from_s(86_400)));
    let (engine, handle) = Engine::new(store, clock, options).expect("an engine");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let visit = runtime.spawn(visitor(handle));
    engine.run(&mut world, runtime.handle(), &AtomicBool::new(false)).expect("a run");
    runtime.block_on(visit).expect("a visit without a panic");
    world.digest()
}

/// The same site flat out, with the inputs of a journal.
fn replayed(path: &Path) -> (String, usize) {
    let scenario = site();
    let fleet = expand(&scenario, SEED);
    let mut world = world(&scenario, &fleet);
    let (_, entries) = journal::read(path).expect("a journal");
    for entry in &entries {
        while world.next_at().is_some_and(|due| due <= entry.at) {
            world.step();
        }
        let _ = world.input(entry.at, &entry.input);
        while world.poll_outside().is_some() {}
    }
    while world.step() {}
    (world.digest(), entries.len())
}

/// Somebody who cannot leave the site alone.
async fn meddle(handle: Handle) {
    let mut dice = stream(3, "meddling", 0);
    for round in 0..120_u64 {
        let (site, config) = handle
            .view(|view| {
                let site = view.csms.sites().next().expect("the scenario's site");
                (view.csms.site_id(site).clone(), view.csms.config(site).clone())
            })
            .await
            .expect("the run goes on");
        let draw = dice.next_u64();
        let input = match draw % 4 {
            0 => {
                let max_power = Watts(15_000 + (draw >> 8) as i64 % 40_000);
                let strategy = Strategy::ALL[(draw >> 40) as usize % 4];
                let config = SiteConfig { max_power, strategy, ..config };
                Input::Configure { site, config }
            }
            1 => Input::Configure { site, config: SiteConfig { reserve: Watts(-1), ..config } },
            _ => Input::Rebalance {
                site,
                rebalance: format!("reb_{round}"),
                reason: "why not".to_owned(),
            },
        };
        let taken = handle.input(input).await;
        assert_eq!(taken.is_err(), draw % 4 == 1, "{taken:?}: a reserve below nothing is refused");
        tokio::time::sleep(std::time::Duration::from_millis(draw % 10)).await;
    }
}

#[test]
fn the_pace_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let paced = live(Some(5_000.0), Some(&path), |_| async {});
    let flat_out = live(None, None, |_| async {});
    assert_eq!(paced, flat_out);
    assert_eq!(replayed(&path), (flat_out, 0));
}

#[test]
fn a_journal_repeats_what_people_did_to_a_live_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let meddled = live(Some(5_000.0), Some(&path), meddle);
    let (repeated, inputs) = replayed(&path);
    assert_eq!(meddled, repeated);
    assert_eq!(inputs, 120, "refused ones are in it, too: they must be refused again");
    let untouched = live(None, None, |_| async {});
    assert_ne!(meddled, untouched);
}

#[test]
fn a_paused_run_goes_step_by_step() {
    live(Some(1_000.0), None, |handle| async move {
        handle.pace(PaceChange::Pause).await.unwrap().unwrap();
        let now = |handle: Handle| async move { handle.view(|view| view.now).await.unwrap() };
        let stands: Time = now(handle.clone()).await;
        assert_eq!(now(handle.clone()).await, stands);
        handle.pace(PaceChange::Step { events: 50 }).await.unwrap().unwrap();
        let stepped = now(handle.clone()).await;
        assert!(stepped > stands);
        let until = stepped + Span::from_s(600);
        handle.pace(PaceChange::StepUntil(until)).await.unwrap().unwrap();
        assert_eq!(now(handle.clone()).await, until);
        handle.pace(PaceChange::Resume).await.unwrap().unwrap();
        let refused = handle.pace(PaceChange::Step { events: 1 }).await.unwrap();
        assert!(refused.is_err_and(|why| why.contains("pause")));
        handle.pace(PaceChange::Speed(None)).await.unwrap().unwrap();
    });
}

#[test]
fn history_has_what_the_site_did() {
    live(Some(5_000.0), None, |handle| async move {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let (site, now) = handle
            .view(|view| {
                let site = view.csms.sites().next().unwrap();
                (view.csms.site_id(site).clone(), view.now)
            })
            .await
            .unwrap();
        // An answer to an input leaves after everything before it is kept.
        handle.keep(Vec::new()).await.unwrap();
        let from = site_start();
        let buckets = handle.query().history(&site, from, now, Span::from_s(300)).unwrap();
        assert!(!buckets.is_empty() && buckets.windows(2).all(|pair| pair[0].at < pair[1].at));
        assert!(
            buckets.iter().any(|bucket| bucket.active_sessions > 0 && bucket.allocated_w > 0.0)
        );
        assert!(buckets.iter().all(|bucket| bucket.allocated_w <= 35_000.0), "{buckets:?}");
        handle.pace(PaceChange::Speed(None)).await.unwrap().unwrap();
    });
}

/// A charge point of flesh and blood, as far as its frames go.
struct Real {
    handle: Handle,
    line: Attached,
    calls: u32,
}

impl Real {
    const ID: &str = "real-1";

    async fn arrive(handle: Handle) -> Real {
        let site = handle
            .view(|view| view.csms.site_id(view.csms.sites().next().unwrap()).clone())
            .await
            .unwrap();
        let hardware = Hardware {
            kind: CurrentKind::Ac,
            phases: 3,
            max_current: DeciAmps(320),
            max_power: Watts(22_000),
            voltage_v: 230,
        };
        let point = ChargePointId::new(Real::ID);
        let input =
            Input::AddPoint { point: point.clone(), site: Some(site), hardware, connectors: 1 };
        handle.input(input).await.expect("a new charge point");
        let line = handle.attach(point).await.unwrap().expect("it is commissioned");
        Real { handle, line, calls: 0 }
    }

    async fn send(&self, text: String) {
        let point = ChargePointId::new(Real::ID);
        self.handle.frame(point, self.line.generation, text).await.unwrap();
    }

    /// Calls and returns the answer's payload; what the central system asks meanwhile is accepted.
    async fn call(&mut self, action: &str, payload: &str) -> String {
        self.calls += 1;
        let id = format!("r{}", self.calls);
        self.send(format!(r#"[2,"{id}","{action}",{payload}]"#)).await;
        loop {
            let frame = self.line.frames.recv().await.expect("a frame");
            match frame.strip_prefix(&format!(r#"[3,"{id}","#)) {
                Some(answer) => return answer.trim_end_matches(']').to_owned(),
                None => drop(self.obey(&frame).await),
            }
        }
    }

    /// Accepts a CALL and returns its action.
    async fn obey(&self, frame: &str) -> String {
        let call: serde_json::Value = serde_json::from_str(frame).unwrap();
        let (id, action) = (call[1].as_str().unwrap(), call[2].as_str().unwrap().to_owned());
        let answer = if action == "GetConfiguration" { "{}" } else { r#"{"status":"Accepted"}"# };
        self.send(format!(r#"[3,"{id}",{answer}]"#)).await;
        action
    }
}

#[test]
fn a_real_charge_point_joins_a_simulated_site() {
    live(Some(60.0), None, |handle| async move {
        handle.pace(PaceChange::Pause).await.unwrap().unwrap();
        handle
            .pace(PaceChange::StepUntil(site_start() + Span::from_s(3000)))
            .await
            .unwrap()
            .unwrap();
        handle.pace(PaceChange::Resume).await.unwrap().unwrap();
        let mut real = Real::arrive(handle.clone()).await;
        let boot = r#"{"chargePointVendor":"Acme","chargePointModel":"One"}"#;
        assert!(real.call("BootNotification", boot).await.contains("Accepted"));
        let free = r#"{"connectorId":1,"errorCode":"NoError","status":"Preparing"}"#;
        real.call("StatusNotification", free).await;
        assert!(real.call("Authorize", r#"{"idTag":"CARD"}"#).await.contains("Accepted"));
        let now = handle.view(|view| view.now.to_ocpp()).await.unwrap();
        let start =
            format!(r#"{{"connectorId":1,"idTag":"CARD","meterStart":0,"timestamp":"{now}"}}"#);
        assert!(real.call("StartTransaction", &start).await.contains("transactionId"));
        let mut given = 0.0;
        while given == 0.0 {
            let frame = real.line.frames.recv().await.expect("a limit");
            real.obey(&frame).await;
            let (mine, together, limit) = handle
                .view(|view| {
                    let site = view.csms.sites().next().unwrap();
                    let allocation = view.csms.allocation(site);
                    let mine = allocation.chargers.iter().find(|charger| {
                        charger.charge_point_id.as_str() == Real::ID && charger.session_id.is_some()
                    });
                    let mine = mine.map_or(0.0, |charger| charger.allocated.kw());
                    (mine, view.csms.reserved(site), allocation.available)
                })
                .await
                .unwrap();
            assert!(together <= limit, "{together:?} of {limit:?}");
            given = mine;
        }
        handle.pace(PaceChange::Speed(None)).await.unwrap().unwrap();
    });
}

fn site_start() -> Time {
    site().start
}
