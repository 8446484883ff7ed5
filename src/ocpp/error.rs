//! The error codes of a CALLERROR (OCPP-J 1.6 §4.2.3).

use std::fmt;

/// Why a CALL was answered with a CALLERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The receiver does not know the action.
    NotImplemented,
    /// The receiver knows the action and does not support it.
    NotSupported,
    /// The receiver failed while it handled the call.
    InternalError,
    /// The payload is incomplete.
    ProtocolError,
    /// A security rule forbids the call, e.g. before the station is accepted (errata OCPP-J 3.8).
    SecurityError,
    /// The payload is not what the action's JSON looks like.
    FormationViolation,
    /// A field has a value outside its range.
    PropertyConstraintViolation,
    /// A field occurs too often or too rarely.
    OccurenceConstraintViolation,
    /// A field has the wrong type.
    TypeConstraintViolation,
    /// Anything else.
    GenericError,
    /// A code OCPP-J 1.6 does not know; received only, and written as `GenericError`.
    Other,
}

impl ErrorCode {
    /// The ten codes of the specification.
    pub const ALL: [ErrorCode; 10] = [
        ErrorCode::NotImplemented,
        ErrorCode::NotSupported,
        ErrorCode::InternalError,
        ErrorCode::ProtocolError,
        ErrorCode::SecurityError,
        ErrorCode::FormationViolation,
        ErrorCode::PropertyConstraintViolation,
        ErrorCode::OccurenceConstraintViolation,
        ErrorCode::TypeConstraintViolation,
        ErrorCode::GenericError,
    ];

    /// The code as it is written on the wire. Two spellings look wrong and are the ones of the
    /// specification (errata OCPP-J 5.1, 5.2).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::NotImplemented => "NotImplemented",
            ErrorCode::NotSupported => "NotSupported",
            ErrorCode::InternalError => "InternalError",
            ErrorCode::ProtocolError => "ProtocolError",
            ErrorCode::SecurityError => "SecurityError",
            ErrorCode::FormationViolation => "FormationViolation",
            ErrorCode::PropertyConstraintViolation => "PropertyConstraintViolation",
            ErrorCode::OccurenceConstraintViolation => "OccurenceConstraintViolation",
            ErrorCode::TypeConstraintViolation => "TypeConstraintViolation",
            ErrorCode::GenericError | ErrorCode::Other => "GenericError",
        }
    }

    /// Reads a code, also in the spellings of later OCPP versions; an unknown one is
    /// [`ErrorCode::Other`].
    #[must_use]
    pub fn from_wire(text: &str) -> ErrorCode {
        match text {
            "FormatViolation" => ErrorCode::FormationViolation,
            "OccurrenceConstraintViolation" => ErrorCode::OccurenceConstraintViolation,
            _ => ErrorCode::ALL
                .into_iter()
                .find(|code| code.as_str() == text)
                .unwrap_or(ErrorCode::Other),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_as_itself() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_wire(&code.to_string()), code);
        }
    }

    #[test]
    fn spellings_of_other_versions_and_vendors_are_understood() {
        assert_eq!(ErrorCode::from_wire("FormatViolation"), ErrorCode::FormationViolation);
        assert_eq!(
            ErrorCode::from_wire("OccurrenceConstraintViolation"),
            ErrorCode::OccurenceConstraintViolation
        );
        assert_eq!(ErrorCode::from_wire("RpcFrameworkError"), ErrorCode::Other);
        assert_eq!(ErrorCode::from_wire("").to_string(), "GenericError");
    }
}
