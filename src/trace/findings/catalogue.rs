//! The kinds of findings: names, what they mean, what to do.

macro_rules! kinds {
    ($($name:ident = $text:literal, $meaning:literal, $remedy:literal;)*) => {
        /// What sort of thing is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $meaning] $name,)*
        }

        impl Kind {
            /// All kinds, in the order in which they are reported.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// The name, for people and programs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Kind::$name => $meaning,)* }
            }

            /// What to look at, or to do.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Kind::$name => $remedy,)* }
            }
        }
    };
}

kinds! {
    MeterBackwards = "meter_backwards",
        "The energy register falls within a transaction",
        "do not bill from it; look for a change of unit, a reset of the meter, or two meters";
    LimitExceeded = "limit_exceeded",
        "A charge point draws more than the charging profiles allow that it accepted",
        "its Accepted proves nothing: count it with what it draws, and try another unit, purpose or stack level";
    DrawAboveLimit = "draw_above_limit",
        "More is drawn than the site or the charge point may, or without any transaction",
        "see who draws it: a transaction that was lost, a limit that was not obeyed, or one that was never set";
    TransactionNeverStopped = "transaction_never_stopped",
        "A transaction begins and does not end",
        "close it at the central system; see whether the charge point was offline or its StopTransaction lost";
    UnexpectedStart = "unexpected_start",
        "A transaction begins before any BootNotification, Authorize or RemoteStartTransaction",
        "if the capture did not begin here: see why the charge point was not registered";
    InvalidStopReason = "invalid_stop_reason",
        "StopTransaction has a reason that OCPP 1.6 does not know",
        "a strict central system refuses it and the transaction stays open: update the firmware";
    StatusTransition = "status_transition",
        "A connector's status takes a step that OCPP 1.6 (§4.9) does not know",
        "look for StatusNotifications that were lost, or for faulty firmware";
    ConnectorFaulted = "connector_faulted",
        "A connector reports an error",
        "look up its errorCode and vendorErrorCode; the charge point needs service when it comes back";
    MeterValuesMissing = "meter_values_missing",
        "A transaction of 5 min or more without a meter value",
        "set MeterValueSampleInterval and MeterValuesSampledData";
    UnansweredCall = "unanswered_call",
        "A call has no answer though the traffic goes on",
        "see what the other side logged; the caller gives up, and may send it again";
    OrphanAnswer = "orphan_answer",
        "An answer belongs to no call in the trace",
        "the capture began later or lost frames; otherwise the answer has a wrong message id";
    SlowAnswer = "slow_answer",
        "An answer took more than 10 s",
        "many charge points give up after 30 s: see what kept the other side";
    CallRefused = "call_refused",
        "A call was answered with a CALLERROR",
        "read its code: NotImplemented is harmless, a violation is a fault of the caller";
    AuthorizationRefused = "authorization_refused",
        "An idTag was not accepted",
        "check the tag at the central system: unknown, blocked, expired or in use elsewhere";
    HeartbeatIrregular = "heartbeat_irregular",
        "Heartbeats come not at half to one and a half times the interval that was set",
        "see whether the charge point lost its connection, or does not follow the interval";
    DiagnosticsFailed = "diagnostics_failed",
        "Diagnostics or a log could not be uploaded",
        "check the location of GetDiagnostics: host, credentials, room";
    FirmwareFailed = "firmware_failed",
        "A firmware update failed",
        "check the location of UpdateFirmware, and whether the image fits the model";
    UnusualStopReason = "unusual_stop_reason",
        "A transaction ended for another reason than the driver, the car or a remote stop",
        "a single one is nothing; if they repeat, look for resets and power failures around them";
    ClockSkew = "clock_skew",
        "A clock differs by more than a minute from the record's time",
        "set the clock, and its zone to UTC; until then order by the record's time, not by timestamps";
    OfflineFlush = "offline_flush",
        "A charge point delivers messages that had waited while it was offline",
        "the timestamps are right: bill by them, and send no limits for transactions that are over";
    UnitSlip = "unit_slip",
        "Values do not fit each other by a factor of 10, 100 or 1000",
        "a unit is wrong, as Wh for kWh: do not bill or control by it; update the firmware, or scale it";
    DataLost = "data_lost",
        "Values or the end of a transaction whose beginning is nowhere",
        "its StartTransaction was lost: the capture lacks frames, or the charge point dropped it";
    DuplicateConnection = "duplicate_connection",
        "Two connections of one charge point at the same time",
        "look for an identity that is used twice, or a connection that nobody closed";
    ShortSession = "short_session",
        "A transaction lasted less than a minute",
        "look for a plug that does not lock, or a car that refuses; drivers try again";
}
