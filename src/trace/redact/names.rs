//! What the name of a field says of its value: in OCPP, in keys of configurations, and in what vendors add.

use super::kind::Kind;

/// What is known of a value by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// It is of this kind.
    Kind(Kind),
    /// It is a URL, or its host and path.
    Url,
    /// It is a word of the protocol, or of a product.
    Plain,
    /// Something measured: a number, unless it is signed data.
    Reading,
    /// It is an object whose names are of this kind.
    Keys(Kind),
    /// It is an instant, in microseconds since 1970.
    Micros,
    /// Somebody else defines it: JSON perhaps, or text.
    Foreign,
    /// Nothing.
    Nothing,
}

/// By the name of a field. `vendor`: it is none of OCPP's messages, and a name that holds a word is enough.
pub(super) fn of_field(name: &str, vendor: bool) -> Says {
    let name = bare(name);
    if let Some((_, says)) = FIELDS.iter().find(|(known, _)| *known == name) {
        return *says;
    }
    if !vendor && PLAIN.contains(&&*name) {
        return Says::Plain;
    }
    if vendor { by_words(&name) } else { Says::Nothing }
}

/// By the key of a configuration.
pub(super) fn of_configuration(key: &str) -> Says {
    let key = bare(key);
    if STANDARD_KEYS.contains(&&*key) {
        return Says::Plain;
    }
    let field = FIELDS.iter().find(|(known, _)| *known == key);
    field.map_or_else(|| by_words(&key), |(_, says)| *says)
}

fn by_words(name: &str) -> Says {
    WORDS.iter().find(|(word, _)| name.contains(word)).map_or(Says::Nothing, |(_, says)| *says)
}

/// Letters and digits alone, small.
fn bare(name: &str) -> String {
    let kept = name.chars().filter(|it| it.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

const fn kind(kind: Kind) -> Says {
    Says::Kind(kind)
}

/// Names of fields, whole.
const FIELDS: [(&str, Says); 93] = [
    ("chargepointid", kind(Kind::Point)),
    ("chargeboxid", kind(Kind::Point)),
    ("chargeboxidentity", kind(Kind::Point)),
    ("chargingstationid", kind(Kind::Point)),
    ("stationid", kind(Kind::Point)),
    ("chargerid", kind(Kind::Point)),
    ("evseid", kind(Kind::Point)),
    ("identity", kind(Kind::Point)),
    ("cpid", kind(Kind::Point)),
    ("chargepoint", kind(Kind::Point)),
    ("point", kind(Kind::Point)),
    ("charger", kind(Kind::Point)),
    ("station", kind(Kind::Point)),
    ("idtag", kind(Kind::Tag)),
    ("parentidtag", kind(Kind::Tag)),
    ("idtoken", kind(Kind::Tag)),
    ("groupidtoken", kind(Kind::Tag)),
    ("tag", kind(Kind::Tag)),
    ("parent", kind(Kind::Tag)),
    ("rfid", kind(Kind::Tag)),
    ("uid", kind(Kind::Tag)),
    ("card", kind(Kind::Tag)),
    ("cardid", kind(Kind::Tag)),
    ("userid", kind(Kind::Tag)),
    ("transactionid", kind(Kind::Transaction)),
    ("transaction", kind(Kind::Transaction)),
    ("txid", kind(Kind::Transaction)),
    ("reservationid", kind(Kind::Reservation)),
    ("chargepointserialnumber", kind(Kind::Serial)),
    ("chargeboxserialnumber", kind(Kind::Serial)),
    ("meterserialnumber", kind(Kind::Serial)),
    ("serialnumber", kind(Kind::Serial)),
    ("serial", kind(Kind::Serial)),
    ("sn", kind(Kind::Serial)),
    ("iccid", kind(Kind::Sim)),
    ("imsi", kind(Kind::Sim)),
    ("imei", kind(Kind::Sim)),
    ("msisdn", kind(Kind::Sim)),
    ("location", Says::Url),
    ("remotelocation", Says::Url),
    ("url", Says::Url),
    ("uri", Says::Url),
    ("host", Says::Url),
    ("server", Says::Url),
    ("endpoint", Says::Url),
    ("apn", kind(Kind::Host)),
    ("ssid", kind(Kind::Host)),
    ("ip", kind(Kind::Address)),
    ("mac", kind(Kind::Address)),
    ("address", Says::Url),
    ("gateway", kind(Kind::Address)),
    ("dns", kind(Kind::Address)),
    ("certificate", kind(Kind::Certificate)),
    ("certificatechain", kind(Kind::Certificate)),
    ("signingcertificate", kind(Kind::Certificate)),
    ("csr", kind(Kind::Certificate)),
    ("signature", kind(Kind::Certificate)),
    ("publickey", kind(Kind::Certificate)),
    ("issuernamehash", kind(Kind::Certificate)),
    ("issuerkeyhash", kind(Kind::Certificate)),
    ("password", kind(Kind::Secret)),
    ("pin", kind(Kind::Secret)),
    ("authorization", kind(Kind::Secret)),
    ("credentials", kind(Kind::Secret)),
    ("vin", kind(Kind::Vehicle)),
    ("evccid", kind(Kind::Vehicle)),
    ("emaid", kind(Kind::Vehicle)),
    ("contractid", kind(Kind::Vehicle)),
    ("name", kind(Kind::Person)),
    ("user", kind(Kind::Person)),
    ("username", kind(Kind::Person)),
    ("login", kind(Kind::Person)),
    ("lat", kind(Kind::Position)),
    ("lon", kind(Kind::Position)),
    ("lng", kind(Kind::Position)),
    ("latitude", kind(Kind::Position)),
    ("longitude", kind(Kind::Position)),
    ("gps", kind(Kind::Position)),
    ("value", Says::Reading),
    ("filename", kind(Kind::Text)),
    ("info", kind(Kind::Text)),
    ("techinfo", kind(Kind::Text)),
    ("vendorerrorcode", kind(Kind::Text)),
    ("data", Says::Foreign),
    ("mail", kind(Kind::Mail)),
    // Of our own inputs and setups.
    ("cards", Says::Keys(Kind::Tag)),
    ("priorities", Says::Keys(Kind::Point)),
    ("connections", Says::Keys(Kind::Point)),
    ("feeder", kind(Kind::Person)),
    ("fedfrom", kind(Kind::Person)),
    ("at", Says::Micros),
    ("departure", Says::Micros),
    ("configuredat", Says::Micros),
];

/// What is enough in a name that OCPP does not know; the first that fits counts.
const WORDS: [(&str, Says); 48] = [
    ("password", kind(Kind::Secret)),
    ("passwd", kind(Kind::Secret)),
    ("passphrase", kind(Kind::Secret)),
    ("pwd", kind(Kind::Secret)),
    ("secret", kind(Kind::Secret)),
    ("credential", kind(Kind::Secret)),
    ("authorizationkey", kind(Kind::Secret)),
    ("authkey", kind(Kind::Secret)),
    ("apikey", kind(Kind::Secret)),
    ("privatekey", kind(Kind::Secret)),
    ("sharedkey", kind(Kind::Secret)),
    ("psk", kind(Kind::Secret)),
    ("wifikey", kind(Kind::Secret)),
    ("pincode", kind(Kind::Secret)),
    ("idtoken", kind(Kind::Tag)),
    ("token", kind(Kind::Secret)),
    ("idtag", kind(Kind::Tag)),
    ("rfid", kind(Kind::Tag)),
    ("certificate", kind(Kind::Certificate)),
    ("publickey", kind(Kind::Certificate)),
    ("chargepointid", kind(Kind::Point)),
    ("chargeboxid", kind(Kind::Point)),
    ("identity", kind(Kind::Point)),
    ("serial", kind(Kind::Serial)),
    ("iccid", kind(Kind::Sim)),
    ("imsi", kind(Kind::Sim)),
    ("imei", kind(Kind::Sim)),
    ("phone", kind(Kind::Sim)),
    ("email", kind(Kind::Mail)),
    ("macaddress", kind(Kind::Address)),
    ("ipaddress", kind(Kind::Address)),
    ("ipv4", kind(Kind::Address)),
    ("ipv6", kind(Kind::Address)),
    ("hostname", Says::Url),
    ("domain", kind(Kind::Host)),
    ("url", Says::Url),
    ("evccid", kind(Kind::Vehicle)),
    ("emaid", kind(Kind::Vehicle)),
    ("contract", kind(Kind::Vehicle)),
    ("licenseplate", kind(Kind::Vehicle)),
    ("latitude", kind(Kind::Position)),
    ("longitude", kind(Kind::Position)),
    ("coordinate", kind(Kind::Position)),
    ("gps", kind(Kind::Position)),
    ("username", kind(Kind::Person)),
    ("cponame", kind(Kind::Person)),
    ("street", kind(Kind::Person)),
    ("reason", kind(Kind::Text)),
];

/// Fields of OCPP 1.6 and its security extension whose values are words of the protocol or of a product.
const PLAIN: [&str; 45] = [
    "status",
    "errorcode",
    "unit",
    "measurand",
    "phase",
    "context",
    "format",
    "type",
    "reason",
    "chargingprofilepurpose",
    "chargingprofilekind",
    "recurrencykind",
    "chargingrateunit",
    "requestedmessage",
    "updatetype",
    "hashalgorithm",
    "certificatetype",
    "logtype",
    "chargepointvendor",
    "chargepointmodel",
    "firmwareversion",
    "metertype",
    "vendorid",
    "messageid",
    "key",
    "unknownkey",
    "timestamp",
    "currenttime",
    "expirydate",
    "retrievedate",
    "retrievedatetime",
    "installdatetime",
    "starttime",
    "stoptime",
    "oldesttimestamp",
    "latesttimestamp",
    "validfrom",
    "validto",
    "startschedule",
    "schedulestart",
    "readonly",
    "action",
    "code",
    "idtaginfo",
    "cause",
];

/// Keys of OCPP 1.6 §9 and of the security extension whose values are numbers, truths and lists of its words.
const STANDARD_KEYS: [&str; 49] = [
    "allowofflinetxforunknownid",
    "authorizationcacheenabled",
    "authorizeremotetxrequests",
    "blinkrepeat",
    "clockaligneddatainterval",
    "connectiontimeout",
    "connectorphaserotation",
    "connectorphaserotationmaxlength",
    "getconfigurationmaxkeys",
    "heartbeatinterval",
    "lightintensity",
    "localauthorizeoffline",
    "localpreauthorize",
    "maxenergyoninvalidid",
    "metervaluesaligneddata",
    "metervaluesaligneddatamaxlength",
    "metervaluessampleddata",
    "metervaluessampleddatamaxlength",
    "metervaluesampleinterval",
    "minimumstatusduration",
    "numberofconnectors",
    "resetretries",
    "stoptransactiononevsidedisconnect",
    "stoptransactiononinvalidid",
    "stoptxnaligneddata",
    "stoptxnaligneddatamaxlength",
    "stoptxnsampleddata",
    "stoptxnsampleddatamaxlength",
    "supportedfeatureprofiles",
    "supportedfeatureprofilesmaxlength",
    "supportedfiletransferprotocols",
    "transactionmessageattempts",
    "transactionmessageretryinterval",
    "unlockconnectoronevsidedisconnect",
    "websocketpinginterval",
    "messagetimeout",
    "localauthlistenabled",
    "localauthlistmaxlength",
    "sendlocallistmaxlength",
    "reserveconnectorzerosupported",
    "chargeprofilemaxstacklevel",
    "chargingscheduleallowedchargingrateunit",
    "chargingschedulemaxperiods",
    "connectorswitch3to1phasesupported",
    "maxchargingprofilesinstalled",
    "additionalrootcertificatecheck",
    "certificatesignedmaxchainsize",
    "certificatestoremaxlength",
    "securityprofile",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_spelling() {
        assert_eq!(of_field("idTag", false), Says::Kind(Kind::Tag));
        assert_eq!(of_field("parent_id_tag", false), Says::Kind(Kind::Tag));
        assert_eq!(of_field("status", false), Says::Plain);
        assert_eq!(of_field("status", true), Says::Nothing, "a vendor's own");
        assert_eq!(of_field("customerPhoneNumber", true), Says::Kind(Kind::Sim));
        assert_eq!(of_field("customerPhoneNumber", false), Says::Nothing);
    }

    #[test]
    fn keys_of_a_configuration_are_standard_or_told_by_their_words() {
        assert_eq!(of_configuration("AuthorizationKey"), Says::Kind(Kind::Secret));
        assert_eq!(of_configuration("AuthorizationCacheEnabled"), Says::Plain);
        assert_eq!(of_configuration("CentralSystemURL"), Says::Url);
        assert_eq!(of_configuration("Wifi.Password"), Says::Kind(Kind::Secret));
        assert_eq!(of_configuration("FreevendIdTag"), Says::Kind(Kind::Tag));
        assert_eq!(of_configuration("ChargeBoxIdentity"), Says::Kind(Kind::Point));
        assert_eq!(of_configuration("X-Something"), Says::Nothing);
    }
}
