//! What a MeterValues says, read once for everybody who asks.

use crate::ocpp::messages::MeterValuesRequest;
use crate::ocpp::{Action, MeterReading, Reader};
use crate::time::Time;

/// The values of a MeterValues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// The connector; 0 is the charge point as a whole.
    pub connector: i64,
    /// The transaction they belong to, if they say so.
    pub transaction: Option<i64>,
    /// By instant, as they stand. A clock that was never set tells none.
    pub readings: Vec<(Option<Time>, MeterReading)>,
}

impl Samples {
    /// Reads the body of a MeterValues as leniently as the central system does; `None`: it cannot be read.
    #[must_use]
    pub fn of(body: &str) -> Option<Samples> {
        let mut reader = Reader::new();
        let read = reader.request::<MeterValuesRequest<'_>>(Action::MeterValues, body).ok()?;
        let message = &read.value;
        let readings = MeterReading::by_instant(&message.meter_value)
            .map(|(at, reading)| (at.is_plausible().then_some(at.0), reading))
            .collect();
        Some(Samples {
            connector: i64::from(message.connector_id),
            transaction: message.transaction_id,
            readings,
        })
    }
}
