//! A running transaction on a connector, and how its limit stands.

use crate::allocation::Reason;
use crate::csms::Wish;
use crate::csms::acceptance::Acceptance;
use crate::csms::account::Account;
use crate::csms::calm::Calm;
use crate::csms::config::{Hardware, Setpoint};
use crate::csms::event::{Binding, Trigger};
use crate::csms::lease::Lease;
use crate::csms::ledger::Entry;
use crate::csms::manner::Manner;
use crate::csms::reprobe::Reprobe;
use crate::time::Time;
use crate::units::Watts;

/// A connector with a running transaction.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) transaction_id: i64,
    pub(crate) started: Time,
    /// The same as its transaction's, where decisions look.
    pub(crate) wish: Wish,
    pub(crate) entry: Entry,
    pub(crate) acceptance: Acceptance,
    pub(crate) reprobe: Reprobe,
    /// Energy since the start.
    pub(crate) account: Account,
    /// The same when deadlines were looked at last, Wh.
    pub(crate) served_wh: i64,
    /// The allocator's last rate.
    pub(crate) rate: Watts,
    /// What the push protocol works towards; `None` before the first decision.
    pub(crate) target: Option<Setpoint>,
    /// Since when that is so.
    pub(crate) aimed_at: Time,
    pub(crate) binding: Binding,
    /// The limit of the site's wires that binds, where one does.
    pub(crate) wire: Option<usize>,
    pub(crate) trigger: Trigger,
    /// It could not wait at the last decision under a soft limit.
    pub(crate) pressed: bool,
    /// Last change between paused and running.
    pub(crate) switched_at: Time,
    pub(crate) calm: Calm,
    pub(crate) blocked_since: Option<Time>,
    /// When what may be in force ends by itself.
    pub(crate) lease: Lease,
    /// Whether limits end is found out with it.
    pub(crate) probes: bool,
    /// When the confirmed limit was accepted.
    pub(crate) offered_since: Time,
    /// A limit of its own was accepted; before that the TxDefaultProfile bounds the draw.
    pub(crate) profiled: bool,
    /// Known from an earlier process: nothing is raised before a limit was accepted again.
    pub(crate) reconfirm: bool,
    /// The last command.
    pub(crate) last_number: u64,
    pub(crate) refusals: u32,
    pub(crate) retry_at: Option<Time>,
    /// Silences in a row, and refusals since a limit was accepted.
    pub(crate) silences: u32,
    pub(crate) denials: u32,
    /// Limits are taken in no form: it keeps what it has, and how often that was tried again.
    pub(crate) exhausted: bool,
    pub(crate) tries: u32,
    /// The confirmed limit is to be told again.
    pub(crate) repush: bool,
    /// How the last limit was accepted.
    pub(crate) manner: Manner,
    /// Another form than its charge point usually takes.
    pub(crate) own_manner: Option<Manner>,
    /// That has been accepted, which counts once a session.
    pub(crate) odd: bool,
    /// A TxProfile was told and may be installed.
    pub(crate) overrules: bool,
    /// A TxProfile of before that may still overrule the TxDefaultProfile which followed it.
    pub(crate) beneath: Option<Setpoint>,
    /// What a TxDefaultProfile on the connector permits at most that may be installed, and outlives
    /// the session.
    pub(crate) leaves: Option<Setpoint>,
    /// The same before the last command.
    pub(crate) left: Option<Setpoint>,
    /// It was paused and got power again; how often that was repeated while nothing flowed.
    pub(crate) resumed: bool,
    pub(crate) repeats: u32,
    pub(crate) stuck: bool,
    /// When it was asked to end, because nothing else keeps the site within its limit.
    pub(crate) stop_asked: Option<Time>,
    /// True for a start that was reported long after it happened: its stop may be queued too.
    pub(crate) belated: bool,
    /// Since when the car is known to have left: the end of the transaction is on its way or lost.
    pub(crate) gone: Option<Time>,
}

impl Active {
    pub(crate) fn new(transaction_id: i64, account: Account, bound: Setpoint, now: Time) -> Active {
        Active {
            transaction_id,
            started: now,
            wish: Wish::default(),
            entry: Entry::starting_at(bound),
            acceptance: Acceptance::default(),
            reprobe: Reprobe::default(),
            account,
            served_wh: 0,
            rate: Watts::ZERO,
            target: None,
            aimed_at: now,
            binding: Binding::Allocation(Reason::Site),
            wire: None,
            trigger: Trigger::SessionStart,
            pressed: false,
            switched_at: now,
            calm: Calm::default(),
            blocked_since: None,
            lease: Lease::default(),
            probes: false,
            offered_since: now,
            profiled: false,
            reconfirm: false,
            last_number: 0,
            refusals: 0,
            retry_at: None,
            silences: 0,
            denials: 0,
            exhausted: false,
            tries: 0,
            repush: false,
            manner: Manner::default(),
            own_manner: None,
            odd: false,
            overrules: false,
            beneath: None,
            leaves: None,
            left: None,
            resumed: false,
            repeats: 0,
            stuck: false,
            stop_asked: None,
            belated: false,
            gone: None,
        }
    }

    /// What to send next towards the target.
    pub(crate) fn next_limit(&self) -> Option<Setpoint> {
        let target = self.target?;
        Some(if self.reconfirm { target.min(self.entry.confirmed()) } else { target })
    }

    /// Phases to reserve for: all of the charger's until the car has shown its own.
    pub(crate) fn phases(&self, hardware: &Hardware) -> u8 {
        self.acceptance.phases().unwrap_or(hardware.phases)
    }

    /// The largest limit that could be in force.
    pub(crate) fn bound(&self) -> Setpoint {
        self.entry.bound().max(self.beneath.unwrap_or_default())
    }

    /// The power of that.
    pub(crate) fn worst_case(&self, hardware: &Hardware) -> Watts {
        hardware.watts(self.bound(), self.phases(hardware))
    }

    /// The accepted limit.
    pub(crate) fn allocated(&self, hardware: &Hardware) -> Watts {
        hardware.watts(self.entry.confirmed(), self.phases(hardware))
    }
}
