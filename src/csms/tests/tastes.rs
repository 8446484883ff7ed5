//! Whatever forms charge points take, what is in force there is reserved.

use proptest::prelude::*;

use super::odd::{ACCEPTED, Installed, REJECTED, Told};
use super::*;
use crate::allocation::Strategy as Sharing;

/// Which forms a charge point takes; a bit says that it does not mind.
#[derive(Clone, Copy, Debug)]
struct Taste {
    amps: bool,
    watts: bool,
    highest: bool,
    sessions: bool,
    connectors: bool,
    stations: bool,
    absolute: bool,
    pauses: bool,
    clears: bool,
}

impl Taste {
    fn takes(self, told: &Told) -> bool {
        (if told.unit == "A" { self.amps } else { self.watts })
            && (self.pauses || told.amps() >= 6.0)
            && (self.highest || told.level == 0)
            && (self.absolute || told.kind == "Relative")
            && match (told.purpose.as_str(), told.connector) {
                ("TxProfile", _) => self.sessions,
                ("TxDefaultProfile", 1) => self.connectors,
                ("ChargePointMaxProfile", _) => self.stations,
                _ => true,
            }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Start(usize),
    Stop(usize),
    /// The bits say whether it is taken in spite of its taste or not, and whether it is answered.
    Answer(usize, u8),
    Wait(i64),
    Rebalance,
    /// The bit says whether the TxProfile survives.
    Reboot(usize, bool),
}

fn tastes() -> impl Strategy<Value = Vec<Taste>> {
    let mostly = || prop::bool::weighted(0.7);
    let taste = prop::array::uniform9(mostly()).prop_map(|yes| {
        let [amps, watts, highest, sessions, connectors, stations, absolute, pauses, clears] = yes;
        Taste { amps, watts, highest, sessions, connectors, stations, absolute, pauses, clears }
    });
    prop::collection::vec(taste, 4)
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let point = 0..4_usize;
    let act = prop_oneof![
        4 => point.clone().prop_map(Act::Start),
        1 => point.clone().prop_map(Act::Stop),
        24 => (point.clone(), any::<u8>()).prop_map(|(p, a)| Act::Answer(p, a)),
        5 => (1..60_i64).prop_map(Act::Wait),
        1 => Just(Act::Rebalance),
        1 => (point, any::<bool>()).prop_map(|(p, kept)| Act::Reboot(p, kept)),
    ];
    prop::collection::vec(act, 1..300)
}

#[derive(Clone, Copy, Debug, Default)]
struct Driver {
    installed: Installed,
    transaction: Option<i64>,
}

struct Story {
    bench: Bench,
    tastes: Vec<Taste>,
    drivers: [Driver; 4],
    rebooted: bool,
}

impl Story {
    fn boot(&mut self, p: usize) {
        self.bench.csms.link_up(self.bench.now, PointIx(p));
        // Two of a kind, so that what one has taught the other begins with.
        let boot = format!(r#"{{"chargePointVendor":"Odd","chargePointModel":"{}"}}"#, p / 2);
        self.bench.call(p, "BootNotification", &boot);
        let status = if self.drivers[p].transaction.is_some() { "Charging" } else { "Available" };
        self.bench.status(p, status);
    }

    fn take(&mut self, p: usize, how: u8) {
        let Some((id, action, payload)) = self.bench.received(p) else { return };
        let whim = how.is_multiple_of(11);
        let mut taken = !whim;
        match action.as_str() {
            "SetChargingProfile" => {
                let told = Told::read(&payload);
                taken = self.tastes[p].takes(&told) && !whim;
                taken &=
                    told.transaction.is_none() || told.transaction == self.drivers[p].transaction;
                if taken {
                    self.drivers[p].installed.install(&told);
                }
            }
            "ClearChargingProfile" => {
                taken &= self.tastes[p].clears;
                if taken {
                    self.drivers[p].installed.clear(&payload);
                }
            }
            _ => {}
        }
        if how.is_multiple_of(7) {
            return;
        }
        let level = r#"{"configurationKey":[{"key":"ChargeProfileMaxStackLevel","readonly":true,"value":"3"}]}"#;
        let text = match action.as_str() {
            "GetConfiguration" => format!(r#"[3,"{id}",{level}]"#),
            _ if taken => format!(r#"[3,"{id}",{ACCEPTED}]"#),
            _ if how.is_multiple_of(5) => format!(r#"[4,"{id}","NotSupported","",{{}}]"#),
            _ => format!(r#"[3,"{id}",{REJECTED}]"#),
        };
        self.bench.frame(p, &text);
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Start(p) if self.drivers[p].transaction.is_none() => {
                self.bench.wait_silently(self.bench.now + Span::from_s(1), false);
                if self.bench.present_card(p).contains("Accepted") {
                    self.drivers[p].transaction = Some(self.bench.start(p));
                }
            }
            Act::Stop(p) => {
                if let Some(id) = self.drivers[p].transaction.take() {
                    self.drivers[p].installed.session = None;
                    self.bench.stop(p, id);
                }
            }
            Act::Answer(p, how) => self.take(p, how),
            Act::Wait(seconds) => {
                let until = self.bench.now + Span::from_s(seconds);
                self.bench.wait_silently(until, false);
            }
            Act::Rebalance => self.bench.csms.rebalance(self.bench.now, self.bench.site),
            Act::Reboot(p, kept) => {
                self.rebooted = true;
                self.bench.csms.link_down(self.bench.now, PointIx(p));
                self.bench.collect();
                self.bench.inbox[p].clear();
                if !kept {
                    self.drivers[p].installed.session = None;
                }
                self.boot(p);
            }
            Act::Start(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Whatever a charge point takes, refuses, takes without a word or refuses on a whim, in
    /// whatever form: what is in force there is reserved, and as long as none reboots all of it
    /// together stays within the limit.
    #[test]
    fn whatever_form_a_limit_took_what_is_in_force_is_reserved(tastes in tastes(), acts in acts()) {
        let mut story = Story {
            bench: Bench::with(4, 60_000, Sharing::Equal),
            tastes,
            drivers: [Driver::default(); 4],
            rebooted: false,
        };
        (0..4).for_each(|p| story.boot(p));
        for act in acts {
            story.act(&act);
            for (p, driver) in story.drivers.iter().enumerate() {
                let Some(id) = driver.transaction else { continue };
                let reserved = story.bench.csms.reserved_at(PointIx(p));
                let limit = driver.installed.enforced(Some(id));
                let enforced = story.bench.csms.points[p].hardware.watts(limit, 3);
                prop_assert!(
                    enforced <= reserved,
                    "{act:?}: {p}: {enforced} of {reserved}: {driver:?}"
                );
            }
            let reserved = story.bench.csms.reserved(story.bench.site);
            prop_assert!(story.rebooted || reserved <= Watts(50_000), "{act:?}: {reserved}");
        }
    }
}
