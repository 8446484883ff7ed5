//! What each damage earns. Two tables: which side serves which action, and which CALLERROR code
//! (OCPP-J 1.6 §4.2.3) belongs to which damage of which kind of field.
//!
//! Both sides read leniently what they can make sense of: fields nobody knows, texts too long,
//! repeated fields, missing optional ones, instants that the time of arrival can stand in for, and
//! bad elements of lists whose elements stand for themselves (meter values).

use ampacity::ocpp::ErrorCode;
use ampacity::ocpp::schema::{Field, Kind};

use crate::damage::{Damage, Damaged, Place};

/// What a receiver does with the requests of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Serves them, and refuses what it cannot read.
    Serves,
    /// Answers with a CALLRESULT whatever comes, because the charge point would send it again and
    /// again: StartTransaction, StopTransaction, MeterValues, StatusNotification.
    NeverRefuses,
    /// They go the other way.
    Foreign,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With a CALLRESULT.
    Read,
    /// With this CALLERROR.
    Refused(ErrorCode),
}

/// The answer to a damaged request.
pub(crate) fn expected(role: Role, case: &Damaged) -> Answer {
    match role {
        Role::NeverRefuses => Answer::Read,
        // The envelope is refused before anybody looks at the action.
        _ if case.damage == Damage::Deep => Answer::Refused(ErrorCode::FormationViolation),
        Role::Foreign => Answer::Refused(ErrorCode::NotSupported),
        Role::Serves => violation(case).map_or(Answer::Read, Answer::Refused),
    }
}

/// Whether nothing can be made of the payload.
pub(crate) fn is_unreadable(case: &Damaged) -> bool {
    case.damage == Damage::Deep || violation(case).is_some()
}

/// The code of what is wrong beyond repair.
fn violation(case: &Damaged) -> Option<ErrorCode> {
    let Damaged { place, damage, .. } = case;
    if place.pointer.is_empty() {
        return match damage {
            Damage::NoObject | Damage::NoJson => Some(ErrorCode::FormationViolation),
            // Taken for `{}` (OCPP-J lets a payload be null).
            Damage::Null if demands_fields(place.kind) => Some(ErrorCode::ProtocolError),
            _ => None,
        };
    }
    if place.loose {
        return None;
    }
    let occurred = matches!(place.kind, Kind::Occurred);
    match damage {
        // An element that is null is there, and wrong.
        Damage::Null if place.element => Some(ErrorCode::TypeConstraintViolation),
        Damage::Absent | Damage::Null => {
            (place.required && !occurred).then_some(ErrorCode::ProtocolError)
        }
        Damage::WrongType => {
            (!occurred && !takes_structures(place)).then_some(ErrorCode::TypeConstraintViolation)
        }
        Damage::BadEnum => {
            matches!(place.kind, Kind::Enum(_)).then_some(ErrorCode::PropertyConstraintViolation)
        }
        Damage::BadDate => (!occurred).then_some(ErrorCode::PropertyConstraintViolation),
        Damage::OutOfRange | Damage::Huge => Some(ErrorCode::PropertyConstraintViolation),
        Damage::EmptyList => match place.kind {
            Kind::List(_, min) if *min > 0 => Some(ErrorCode::OccurenceConstraintViolation),
            _ => None,
        },
        Damage::TooLong | Damage::Extra | Damage::Duplicate => None,
        Damage::Deep | Damage::NoObject | Damage::NoJson => Some(ErrorCode::FormationViolation),
    }
}

/// Texts without a limit also come as JSON structures, which are kept as their text.
fn takes_structures(place: &Place) -> bool {
    matches!(place.kind, Kind::Prose(usize::MAX) | Kind::Text(usize::MAX))
}

fn demands_fields(kind: &Kind) -> bool {
    let demanded = |field: &Field| field.required && !matches!(field.kind, Kind::Occurred);
    matches!(kind, Kind::Object(fields) if fields.iter().any(demanded))
}
