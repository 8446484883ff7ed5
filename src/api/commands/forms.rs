//! Schemas of OCPP payloads, made from the tables that also check what is sent.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};

use crate::ocpp::schema::{Field, Kind};

/// Whose payload it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What an operator asks for: nothing beyond the specification.
    Asked,
    /// What a charge point answers, as it was understood: texts may be longer and lists shorter
    /// than the specification wants, and limits finer.
    Told,
}

/// An object of these fields.
pub(super) fn object(fields: &[Field], side: Side) -> RefOr<Schema> {
    let closed: AdditionalProperties<Schema> = AdditionalProperties::FreeForm(false);
    let mut object = of(Type::Object).additional_properties(Some(closed));
    for field in fields {
        object = object.property(field.name, value(&field.kind, side));
        if field.required {
            object = object.required(field.name);
        }
    }
    object.into()
}

fn value(kind: &Kind, side: Side) -> RefOr<Schema> {
    match kind {
        Kind::Prose(most) => of(Type::String).max_length(length(*most)).into(),
        Kind::Text(most) => {
            let most = length(*most).filter(|_| side == Side::Asked);
            of(Type::String).max_length(most).into()
        }
        Kind::Integer(least, most) => integer(*least, *most).into(),
        Kind::Register => integer(i64::MIN, i64::MAX).into(),
        Kind::Limit(least) => {
            let step = Some(0.1).filter(|_| side == Side::Asked);
            let least = Some(*least as isize).filter(|_| least.is_finite());
            of(Type::Number).multiple_of(step).minimum(least).into()
        }
        Kind::Bool => of(Type::Boolean).into(),
        Kind::Enum(names) | Kind::LooseEnum(names, _) => {
            of(Type::String).enum_values(Some(names.iter().copied())).into()
        }
        Kind::Time | Kind::Occurred => {
            of(Type::String).format(Some(SchemaFormat::Custom("date-time".to_owned()))).into()
        }
        Kind::Object(fields) => object(fields, side),
        Kind::List(element, least) => list(element, *least, side),
        Kind::LooseList(element, least) => {
            list(element, if side == Side::Asked { *least } else { 0 }, side)
        }
    }
}

fn list(element: &Kind, least: usize, side: Side) -> RefOr<Schema> {
    let least = Some(least).filter(|least| *least > 0);
    ArrayBuilder::new().items(value(element, side)).min_items(least).into()
}

fn integer(least: i64, most: i64) -> ObjectBuilder {
    let bound = |bound: i64, none: i64| Some(bound as isize).filter(|_| bound != none);
    of(Type::Integer)
        .format(Some(SchemaFormat::Custom("int64".to_owned())))
        .minimum(bound(least, i64::MIN))
        .maximum(bound(most, i64::MAX))
}

fn length(most: usize) -> Option<usize> {
    Some(most).filter(|most| *most != usize::MAX)
}

fn of(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind))
}
