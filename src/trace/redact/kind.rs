//! What is kept from others.

/// What sort of thing is kept from others; where one text is several of them, the first names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Password, key, token.
    Secret,
    /// Identity of a charge point.
    Point,
    /// idTag or parentIdTag: who charges.
    Tag,
    /// Serial number of a charge point or meter.
    Serial,
    /// ICCID, IMSI, IMEI or telephone number: digits.
    Sim,
    /// Car: its address, contract or VIN.
    Vehicle,
    /// Name of a person, company or street.
    Person,
    /// E-mail address.
    Mail,
    /// IP or MAC address.
    Address,
    /// Host name.
    Host,
    /// Certificate, request for one, signature.
    Certificate,
    /// Coordinates.
    Position,
    /// transactionId.
    Transaction,
    /// reservationId.
    Reservation,
    /// Message id that holds one of the others.
    Message,
    /// Text of which nobody knows what it holds.
    Text,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 16] = [
        Kind::Secret,
        Kind::Point,
        Kind::Tag,
        Kind::Serial,
        Kind::Sim,
        Kind::Vehicle,
        Kind::Person,
        Kind::Mail,
        Kind::Address,
        Kind::Host,
        Kind::Certificate,
        Kind::Position,
        Kind::Transaction,
        Kind::Reservation,
        Kind::Message,
        Kind::Text,
    ];

    /// The name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Point => "charge point",
            Kind::Tag => "idTag",
            Kind::Serial => "serial number",
            Kind::Sim => "SIM",
            Kind::Vehicle => "vehicle",
            Kind::Person => "name",
            Kind::Mail => "e-mail address",
            Kind::Address => "address",
            Kind::Host => "host",
            Kind::Certificate => "certificate",
            Kind::Position => "position",
            Kind::Transaction => "transaction",
            Kind::Reservation => "reservation",
            Kind::Message => "message id",
            Kind::Text => "free text",
        }
    }

    /// How its pseudonyms begin, of those that are a prefix and a code.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Kind::Secret => "SECRET-",
            Kind::Point => "CP-",
            Kind::Tag => "TAG-",
            Kind::Serial => "SN-",
            Kind::Vehicle => "EV-",
            Kind::Person => "NAME-",
            Kind::Mail => "mail-",
            Kind::Host => "host-",
            Kind::Certificate => "CERT-",
            Kind::Transaction => "TX-",
            Kind::Reservation => "RES-",
            Kind::Message => "ID-",
            Kind::Sim | Kind::Address | Kind::Position | Kind::Text => "TEXT-",
        }
    }

    /// Its texts are the same whatever the case of their letters.
    pub(super) const fn ignores_case(self) -> bool {
        matches!(self, Kind::Tag | Kind::Host | Kind::Mail | Kind::Address | Kind::Vehicle)
    }
}
