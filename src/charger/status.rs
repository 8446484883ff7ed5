//! The status of a connector and the transitions OCPP 1.6 allows (§4.9, errata 3.20).

pub use crate::ocpp::types::ChargePointStatus as Status;
use Status::{
    Available, Charging, Faulted, Finishing, Preparing, Reserved, SuspendedEv, SuspendedEvse,
    Unavailable,
};

/// Allowed transitions of a connector above 0: (from, to). Out of a fault every status may
/// follow, because it is the one before the fault.
pub const TRANSITIONS: [(Status, &[Status]); 9] = [
    (Available, &[Preparing, Charging, SuspendedEv, SuspendedEvse, Reserved, Unavailable, Faulted]),
    (Preparing, &[Available, Charging, SuspendedEv, SuspendedEvse, Finishing, Faulted]),
    (Charging, &[Available, SuspendedEv, SuspendedEvse, Finishing, Unavailable, Faulted]),
    (SuspendedEv, &[Available, Charging, SuspendedEvse, Finishing, Unavailable, Faulted]),
    (SuspendedEvse, &[Available, Charging, SuspendedEv, Finishing, Unavailable, Faulted]),
    (Finishing, &[Available, Preparing, Unavailable, Faulted]),
    (Reserved, &[Available, Preparing, Unavailable, Faulted]),
    (Unavailable, &[Available, Preparing, Charging, SuspendedEv, SuspendedEvse, Faulted]),
    (
        Faulted,
        &[
            Available,
            Preparing,
            Charging,
            SuspendedEv,
            SuspendedEvse,
            Finishing,
            Reserved,
            Unavailable,
        ],
    ),
];

/// Whether a connector above 0 may go from `from` to `to`; never to the same status, because that
/// is no transition.
#[must_use]
pub fn allowed(from: Status, to: Status) -> bool {
    TRANSITIONS.iter().any(|(start, next)| *start == from && next.contains(&to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same table as a picture, written down independently: rows from, columns to, both in
    /// the order of [`Status::ALL`].
    const PICTURE: [&str; 9] = [
        "-xxxx.xxx", // Available
        "x-xxxx..x", // Preparing
        "x.-xxx.xx", // Charging
        "x.x-xx.xx", // SuspendedEVSE
        "x.xx-x.xx", // SuspendedEV
        "xx...-.xx", // Finishing
        "xx....-xx", // Reserved
        "xxxxx..-x", // Unavailable
        "xxxxxxxx-", // Faulted
    ];

    #[test]
    fn every_pair_of_statuses_is_decided_as_in_the_picture() {
        for (from, row) in Status::ALL.iter().zip(PICTURE) {
            for (to, cell) in Status::ALL.iter().zip(row.bytes()) {
                assert_eq!(allowed(*from, *to), cell == b'x', "{from:?} -> {to:?}");
            }
        }
    }
}
