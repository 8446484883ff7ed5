//! Names of columns in the spellings that lists use.

/// Words that say what kind of value a time column has, not which.
const FILLERS: [&str; 24] = [
    "time",
    "times",
    "date",
    "datetime",
    "timestamp",
    "stamp",
    "at",
    "on",
    "local",
    "utc",
    "gmt",
    "the",
    "of",
    "session",
    "charging",
    "charge",
    "transaction",
    "cp",
    "ev",
    "event",
    "zone",
    "tz",
    "hour",
    "vehicle",
];

const ARRIVALS: [&str; 17] = [
    "start",
    "started",
    "begin",
    "beginning",
    "began",
    "arrival",
    "arrived",
    "plug in",
    "plugin",
    "plugged in",
    "connection",
    "connect",
    "connected",
    "check in",
    "checkin",
    "from",
    "in",
];

const DEPARTURES: [&str; 23] = [
    "end",
    "ended",
    "ending",
    "stop",
    "stopped",
    "finish",
    "finished",
    "departure",
    "departed",
    "plug out",
    "plugout",
    "plugged out",
    "unplug",
    "unplugged",
    "disconnection",
    "disconnect",
    "disconnected",
    "check out",
    "checkout",
    "completed",
    "to",
    "until",
    "out",
];

const STATIONS: [&str; 34] = [
    "cp id",
    "cpid",
    "charge point id",
    "chargepoint id",
    "charging point id",
    "charge point",
    "chargepoint",
    "charging point",
    "charge box id",
    "chargebox id",
    "charge box",
    "charging station id",
    "charge station id",
    "station id",
    "charger id",
    "evse id",
    "space id",
    "charging station name",
    "charge station name",
    "station name",
    "charger name",
    "charging station",
    "charge station",
    "station",
    "charger",
    "evse",
    "cp",
    "unit id",
    "point id",
    "location id",
    "location",
    "site id",
    "site name",
    "site",
];

const CONNECTORS: [&str; 12] = [
    "connector",
    "connector id",
    "connector no",
    "connector number",
    "port",
    "port number",
    "port id",
    "plug",
    "outlet",
    "socket",
    "plug id",
    "outlet id",
];

const SESSIONS: [&str; 10] = [
    "session id",
    "session",
    "transaction id",
    "transaction",
    "charging event",
    "charging event id",
    "charge event",
    "event id",
    "plug in event id",
    "id",
];

const MODELS: [&str; 13] = [
    "model",
    "charger model",
    "charge point model",
    "station model",
    "charger type",
    "charge point type",
    "station type",
    "evse type",
    "port type",
    "charger level",
    "level",
    "type",
    "cp type",
];

/// Words that make a number of energy something else than what the session took.
const NOT_ENERGY: [&str; 19] = [
    "cost",
    "price",
    "tariff",
    "fee",
    "rate",
    "per",
    "amount",
    "ghg",
    "gasoline",
    "savings",
    "co2",
    "begin",
    "start",
    "end",
    "stop",
    "requested",
    "reading",
    "capacity",
    "remaining",
];

/// The words of a name: capitals inside it begin a word, signs separate words.
pub(super) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|it| {
                it.is_lowercase()
                    || (it.is_uppercase() && after.is_some_and(|it| it.is_lowercase()))
            });
        // kWh and MWh are words of their own, not k and Wh.
        let unit = matches!(before, Some('k' | 'M')) && *letter == 'W';
        if !letter.is_alphanumeric() || (begins && !unit) {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            let last = words.len() - 1;
            words[last].extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn place(name: &str, known: &[&str]) -> Option<usize> {
    let name = words(name).join(" ");
    known.iter().position(|it| *it == name)
}

fn place_of_time(name: &str, known: &[&str]) -> Option<usize> {
    let words = words(name);
    let telling: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !FILLERS.contains(word)).collect();
    let name = telling.join(" ");
    known.iter().position(|it| *it == name)
}

/// How well a name fits an arrival, the least best; None when it does not.
pub(super) fn arrival(name: &str) -> Option<usize> {
    place_of_time(name, &ARRIVALS)
}

/// The same for a departure.
pub(super) fn departure(name: &str) -> Option<usize> {
    place_of_time(name, &DEPARTURES)
}

/// The same for a station.
pub(super) fn station(name: &str) -> Option<usize> {
    place(name, &STATIONS)
}

/// The same for a connector.
pub(super) fn connector(name: &str) -> Option<usize> {
    place(name, &CONNECTORS)
}

/// The same for the identity of a session.
pub(super) fn session(name: &str) -> Option<usize> {
    place(name, &SESSIONS)
}

/// The same for the model of a charge point.
pub(super) fn model(name: &str) -> Option<usize> {
    place(name, &MODELS)
}

/// The same for the rated power of a charge point: what a session drew at most is something else.
pub(super) fn rated_power(name: &str) -> Option<usize> {
    let words = words(name);
    let has = |word: &str| words.iter().any(|it| it == word);
    let rated = ["rated", "rating", "nominal"].iter().any(|word| has(word));
    let of_station = ["station", "charger", "evse"].iter().any(|word| has(word));
    let power = has("power") || has("kw");
    (power && (rated || of_station) && !has("average")).then_some(usize::from(!rated))
}

/// The same for a duration of the stay; with the seconds of its unit when the name says it.
pub(super) fn duration(name: &str) -> Option<(usize, Option<i64>)> {
    let words = words(name);
    let has = |word: &str| words.iter().any(|it| it == word);
    let rank = if has("duration") && !has("charging") {
        0
    } else if has("duration") {
        1
    } else if has("stay") || has("parked") || has("plugged") || (has("connected") && has("time")) {
        2
    } else {
        return None;
    };
    let unit = if has("hh") {
        None
    } else if words.iter().any(|it| matches!(it.as_str(), "min" | "mins" | "minutes" | "minute")) {
        Some(60)
    } else if words.iter().any(|it| matches!(it.as_str(), "h" | "hr" | "hrs" | "hour" | "hours")) {
        Some(3600)
    } else if words.iter().any(|it| matches!(it.as_str(), "s" | "sec" | "secs" | "seconds")) {
        Some(1)
    } else {
        None
    };
    Some((rank, unit))
}

/// The same for the energy of a session; with the kilowatt-hours of its unit when the name says it.
pub(super) fn energy(name: &str) -> Option<(usize, Option<f64>)> {
    let words = words(name);
    let has = |word: &str| words.iter().any(|it| it == word);
    if NOT_ENERGY.iter().any(|word| has(word)) {
        return None;
    }
    let unit = if has("kwh") {
        Some(1.0)
    } else if has("wh") {
        Some(0.001)
    } else {
        None
    };
    let told = ["energy", "consumption", "consumed", "delivered"].iter().any(|word| has(word));
    match (unit, told) {
        (Some(_), true) => Some((0, unit)),
        (Some(_), false) => Some((1, unit)),
        (None, true) => Some((2, unit)),
        (None, false) => None,
    }
}

/// Whether a name says that its times are UTC.
pub(super) fn is_utc(name: &str) -> bool {
    words(name).iter().any(|word| word == "utc" || word == "gmt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_where_people_see_words() {
        assert_eq!(words("UTCTransactionStart"), ["utc", "transaction", "start"]);
        assert_eq!(words("kWhDelivered"), ["kwh", "delivered"]);
        assert_eq!(words("Total Duration (hh:mm:ss)"), ["total", "duration", "hh", "mm", "ss"]);
        assert_eq!(words("stationID"), ["station", "id"]);
    }

    #[test]
    fn the_usual_spellings_are_known() {
        for name in [
            "Start",
            "start_time",
            "Plug-in time",
            "connectionTime",
            "UTCTransactionStart",
            "Start Date",
        ] {
            assert!(arrival(name).is_some(), "{name}");
        }
        for name in
            ["End", "Stop Time", "disconnectTime", "Departure", "Plugout", "Transaction stop (UTC)"]
        {
            assert!(departure(name).is_some(), "{name}");
        }
        for name in ["doneChargingTime", "Start meter", "Created", "Energy"] {
            assert_eq!((arrival(name), departure(name)), (None, None), "{name}");
        }
        for name in ["CP ID", "ChargePoint", "station_id", "EVSE", "Station Name"] {
            assert!(station(name).is_some(), "{name}");
        }
    }

    #[test]
    fn energy_is_what_was_taken_and_units_are_known() {
        assert_eq!(energy("Total kWh"), Some((1, Some(1.0))));
        assert_eq!(energy("Energy (Wh)"), Some((0, Some(0.001))));
        assert_eq!(energy("Consumption"), Some((2, None)));
        for name in ["Cost per kWh", "kWhRequested", "Meter start (Wh)", "GHG Savings (kg)"] {
            assert_eq!(energy(name), None, "{name}");
        }
        assert_eq!(duration("Total Duration (hh:mm:ss)"), Some((0, None)));
        assert_eq!(duration("duration_min"), Some((0, Some(60))));
        assert_eq!(rated_power("Rated power (kW)"), Some(0));
        assert_eq!(rated_power("Max power"), None);
    }
}
