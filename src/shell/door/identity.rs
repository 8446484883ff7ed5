//! The identity in the URL of an OCPP-J endpoint.

use crate::ids::ChargePointId;

/// Bytes of the longest identity. CiString20 by tradition, but stations with longer ones exist.
const LONGEST: usize = 64;

/// What the path of a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Not the OCPP endpoint.
    Elsewhere,
    /// A charge point's URL.
    Point(ChargePointId),
    /// Below the OCPP endpoint, but no usable identity; the text says why.
    Unusable(&'static str),
}

/// Reads `/ocpp/{identity}`: doubled slashes and a trailing one are tolerated, the identity is
/// percent-decoded once (OCPP-J 1.6 §3.1.1).
pub(super) fn target(path: &str) -> Target {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    if parts.next() != Some("ocpp") {
        return Target::Elsewhere;
    }
    let (Some(encoded), None) = (parts.next(), parts.next()) else {
        return Target::Unusable("the path is /ocpp/ followed by one charge point identity");
    };
    let Some(bytes) = percent_decode(encoded) else {
        return Target::Unusable("the identity is not percent-encoded correctly");
    };
    if bytes.len() > LONGEST {
        return Target::Unusable("the identity is longer than 64 bytes");
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Target::Point(ChargePointId::new(text)),
        _ => Target::Unusable("the identity is not UTF-8 text without control characters"),
    }
}

/// Undoes percent encoding, once; `None` when it is none.
pub(in crate::shell) fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push((high * 16 + low) as u8);
        } else {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Target {
        Target::Point(ChargePointId::new(text))
    }

    #[test]
    fn an_identity_is_decoded_once_and_slashes_are_forgiven() {
        assert_eq!(target("/ocpp/CP01"), point("CP01"));
        assert_eq!(target("/ocpp//CP01"), point("CP01"));
        assert_eq!(target("//ocpp/CP01/"), point("CP01"));
        assert_eq!(target("/ocpp/RDAM%20123"), point("RDAM 123"));
        assert_eq!(target("/ocpp/a%2520b"), point("a%20b"));
        assert_eq!(target("/ocpp/a%2Fb"), point("a/b"));
        assert_eq!(target("/ocpp/Z%C3%BCrich"), point("Zürich"));
        assert_eq!(target(&format!("/ocpp/{}", "x".repeat(64))), point(&"x".repeat(64)));
    }

    #[test]
    fn what_names_nobody_is_unusable() {
        for path in ["/ocpp", "/ocpp/", "/ocpp//", "/ocpp/a/b", "/ocpp/%", "/ocpp/%4", "/ocpp/%zz"]
        {
            assert!(matches!(target(path), Target::Unusable(_)), "{path}");
        }
        for path in ["/ocpp/%00", "/ocpp/a%0Ab", "/ocpp/%FF"] {
            assert!(matches!(target(path), Target::Unusable(_)), "{path}");
        }
        let long = format!("/ocpp/{}", "x".repeat(65));
        assert!(matches!(target(&long), Target::Unusable(_)));
    }

    #[test]
    fn other_paths_belong_to_the_api() {
        for path in ["/", "", "/v1/sites", "/ocpps/CP01", "/OCPP/CP01", "/v1/ocpp/CP01"] {
            assert_eq!(target(path), Target::Elsewhere, "{path}");
        }
    }
}
