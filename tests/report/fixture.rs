//! Three chargers, five visits, one hour and a half: small enough to check every figure by hand.
//!
//! The run lasts from 06:00 to 08:00 UTC with a connection of 40 kW and a reserve of 10 kW; at
//! 07:00 the connection falls to 30 kW. Charger `CP-C` is `CP,"C"` to see that files survive it.

use std::sync::Arc;

use ampacity::allocation::Strategy;
use ampacity::charger::{ChargerSpec, CurrentKind};
use ampacity::csms::{Connection, Wiring};
use ampacity::ids::{ChargePointId, SessionId};
use ampacity::scenario::model::{
    Assertion, Charger, Control, Deadlines, Network, Scenario, Severity, Site,
};
use ampacity::sim::record::{
    CommandRecord, EnergyBalance, Excess, RunRecord, Sample, SessionRecord,
};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};

/// `minute` minutes after the start.
pub(crate) fn minute(minute: i64) -> Time {
    Time::from_civil(2026, 5, 4, 6, 0, 0).expect("a date") + Span::from_s(60 * minute)
}

/// The scenario of the hand-made run.
pub(crate) fn scenario() -> Scenario {
    let spec = Arc::new(ChargerSpec {
        model: "ac22".to_owned(),
        kind: CurrentKind::Ac,
        connectors: 1,
        phases: 3,
        max_current: DeciAmps(320),
        max_power: Watts(22_000),
        voltage_v: 230,
        apply_delay: Span::from_s(1),
        meter_interval: Span::from_s(10),
        clock_aligned_interval: Span::ZERO,
        allows_amps: true,
        allows_watts: false,
        max_stack_level: 8,
    });
    let charger = |id: &str| Charger {
        connection: Connection::default(),
        id: ChargePointId::new(id),
        spec: Arc::clone(&spec),
        priority: 1,
        quirks: Vec::new(),
    };
    Scenario {
        name: "Three chargers <by hand>".to_owned(),
        slug: "three".to_owned(),
        start: minute(0),
        utc_offset: Span::from_s(7200),
        zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(2)),
        duration: Span::from_s(7200),
        seed: 7,
        site: site(),
        chargers: ["CP-A", "CP-B", "CP,\"C\""].map(charger).to_vec(),
        vehicles: Vec::new(),
        arrivals: Vec::new(),
        network: Network { latency: Span::from_ms(50), jitter: Span::ZERO, loss: 0.0 },
        timeline: Vec::new(),
        asserts: vec![
            assertion("over_limit_s", None, Some(0.0), Severity::Error),
            assertion("demand_met_pct", Some(50.0), None, Severity::Error),
            assertion("jain_satisfaction", Some(0.9), None, Severity::Warning),
        ],
        sha256: "ab".repeat(32),
        sample_interval: Span::from_s(600),
    }
}

fn assertion(metric: &str, min: Option<f64>, max: Option<f64>, severity: Severity) -> Assertion {
    Assertion {
        line: 1,
        metric: metric.to_owned(),
        min,
        max,
        baseline: None,
        window: None,
        severity,
    }
}

fn site() -> Site {
    Site {
        wiring: Wiring::default(),
        deadlines: Deadlines::None,
        max_power: Watts(40_000),
        reserve: Watts(10_000),
        strategy: Strategy::Equal,
        min_charge_rate: Watts(3700),
        voltage_v: 230,
        base_load: None,
        pv: None,
        calendar: None,
        control: Control::default(),
    }
}

/// The hand-made run.
pub(crate) fn record() -> RunRecord {
    RunRecord {
        wires: Vec::new(),
        parts: Vec::new(),
        strategy: Strategy::Equal,
        seed: 7,
        from: minute(0),
        to: minute(120),
        digest: "c0ffee".to_owned(),
        chargers: ["CP-A", "CP-B", "CP,\"C\""].map(ChargePointId::new).to_vec(),
        samples: samples(),
        limits: vec![
            (minute(0), Watts(40_000), Watts(30_000)),
            (minute(60), Watts(30_000), Watts(20_000)),
        ],
        sessions: sessions(),
        commands: commands(),
        marks: vec![(minute(60), "max_power_kw 40 -> 30".to_owned())],
        troubles: Vec::new(),
        rotations: vec![minute(75)],
        causes: Vec::new(),
        uncovered_max_kw: -1.5,
        uncovered: Vec::new(),
        over_limit: Excess { seconds: 42.5, kwh: 0.0125, max_kw: 2.0 },
        committed_over_limit: Excess::default(),
        energy: EnergyBalance { grid_kwh: 30.0, battery_kwh: 27.0, losses_kwh: 3.0 },
        soft_limits: vec![(minute(60), Some(Watts(15_000))), (minute(90), None)],
        over_soft_limit: Excess { seconds: 1800.0, kwh: 1.5, max_kw: 4.0 },
        events: 1234,
        frames: 567,
        deviations: vec![("timestamp without zone".to_owned(), 2)],
        turned_away: 1,
        peak: Watts(30_000),
        wall_s: 0.5,
    }
}

/// Every ten minutes; charger A draws what it may, B tapers, C idles.
fn samples() -> Vec<Sample> {
    (0..=12)
        .map(|n| {
            let a = Watts(if n < 6 { 15_000 } else { 10_000 });
            let b = (a, a - Watts(800 * n), a);
            let idle = (Watts::ZERO, Watts::ZERO, Watts::ZERO);
            Sample {
                at: minute(10 * n),
                allocated: a + b.0,
                committed: a + b.2,
                draw: a + b.1,
                active_sessions: 2,
                chargers: vec![(a, a, a), b, idle],
            }
        })
        .collect()
}

fn visit(
    charger: usize,
    stay: (i64, Option<i64>),
    wish_kwh: f64,
    delivered_kwh: f64,
) -> SessionRecord {
    SessionRecord {
        session: None,
        charger,
        connector: 1,
        vehicle: "hatchback".to_owned(),
        arrival: minute(stay.0),
        departure: stay.1.map(minute),
        first_power: None,
        satisfied: None,
        wish_kwh,
        feasible_kwh: 2.0 * wish_kwh,
        most: Watts(20_000),
        delivered_kwh,
        soc_pct: (20.0, 60.0),
        limits: Vec::new(),
        decided: Vec::new(),
        charging: Vec::new(),
        stop_reason: None,
    }
}

fn sessions() -> Vec<SessionRecord> {
    let kw = |kw: f64| Watts::from_kw(kw);
    // Wants energy for 1 h. Two changes, one reversal, no pause; the change after the wish was
    // fulfilled does not count.
    let swinging = SessionRecord {
        session: Some(SessionId::new("ses_A")),
        first_power: Some(minute(1)),
        satisfied: Some(minute(60)),
        limits: vec![
            (minute(0), kw(15.0)),
            (minute(30), kw(10.0)),
            (minute(45), kw(15.0)),
            (minute(61), kw(0.0)),
        ],
        charging: vec![(minute(1), minute(60))],
        stop_reason: Some("EVDisconnected".to_owned()),
        ..visit(0, (0, Some(80)), 12.0, 12.0)
    };
    // Wants energy for 1.5 h and leaves without all of it. Paused once, for 20 minutes.
    let paused = SessionRecord {
        session: Some(SessionId::new("ses_B")),
        first_power: Some(minute(12)),
        limits: vec![
            (minute(10), kw(11.0)),
            (minute(60), kw(11.05)),
            (minute(61), kw(0.0)),
            (minute(81), kw(7.0)),
        ],
        charging: vec![(minute(12), minute(61)), (minute(81), minute(100))],
        stop_reason: Some("EVDisconnected".to_owned()),
        feasible_kwh: 15.0,
        ..visit(1, (10, Some(100)), 20.0, 10.0)
    };
    // Never had a transaction: refused, left after 30 minutes.
    let refused = visit(2, (20, Some(50)), 10.0, 0.0);
    // Arrives on A when the swinging one has left, is there at the end, 30 minutes.
    let staying = SessionRecord {
        session: Some(SessionId::new("ses_C")),
        first_power: Some(minute(90)),
        limits: vec![(minute(90), kw(10.0))],
        charging: vec![(minute(90), minute(120))],
        ..visit(0, (90, None), 8.0, 7.95)
    };
    // Plugged in without a wish.
    let parked = visit(2, (60, Some(70)), 0.0, 0.0);
    vec![swinging, paused, refused, parked, staying]
}

fn command(at: i64, answer_ms: Option<i64>, status: &'static str) -> CommandRecord {
    CommandRecord {
        at: minute(at),
        answered: answer_ms.map(|ms| minute(at) + Span::from_ms(ms)),
        charger: 0,
        connector: 1,
        purpose: "TxProfile",
        limit: Watts(15_000),
        previous: Watts::ZERO,
        status,
        trigger: "session_start",
        reason: "site",
    }
}

fn commands() -> Vec<CommandRecord> {
    vec![
        command(0, Some(100), "accepted"),
        CommandRecord {
            charger: 2,
            connector: 0,
            trigger: "rebalance",
            ..command(20, Some(250), "rejected")
        },
        command(30, None, "timed_out"),
        command(45, Some(120), "error"),
        command(119, None, "open"),
    ]
}
