//! One operation for each command, all of them served by the same handler: its body, its answer
//! and its text in the document come from the tables of OCPP.

use axum::extract::{Path, State};
use axum::routing::post;
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Required, ResponseBuilder};
use utoipa::{IntoParams as _, PartialSchema as _};
use utoipa_axum::router::UtoipaMethodRouter;

use super::examples::{Example, example};
use super::forms::{Side, object};
use super::{CommandPayload, CommandQuery, CommandResponse, send};
use crate::api::ApiState;
use crate::api::contract::{Body, Params};
use crate::ocpp::{Action, schema};

const JSON: &str = "application/json";

/// The routes of all commands, each with its part of the document.
pub(in crate::api) fn routes() -> impl Iterator<Item = UtoipaMethodRouter<ApiState>> {
    Action::ALL.iter().filter_map(|action| Some(route(*action, &example(*action)?)))
}

fn route(action: Action, example: &Example) -> UtoipaMethodRouter<ApiState> {
    let handler = move |State(api): State<ApiState>,
                        Path(point): Path<String>,
                        Params(query): Params<CommandQuery>,
                        Body(payload): Body<CommandPayload>| async move {
        send(&api, action, &point, &query, payload).await
    };
    let item = PathItem::new(HttpMethod::Post, operation(action, example));
    let path = format!("/api/v1/charge-points/{{charge_point_id}}/commands/{action}");
    let schemas = vec![
        (payload_name(action), object(schema::request(action), Side::Asked)),
        (answer_name(action), object(schema::response(action), Side::Told)),
        (command_name(action), command(action)),
    ];
    (schemas, PathsBuilder::new().path(path, item).build(), post(handler))
}

fn payload_name(action: Action) -> String {
    format!("{action}Payload")
}

fn answer_name(action: Action) -> String {
    format!("{action}Answer")
}

fn command_name(action: Action) -> String {
    format!("{action}Command")
}

fn operation(action: Action, example: &Example) -> Operation {
    let point = ParameterBuilder::new()
        .name("charge_point_id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The charge point"))
        .schema(Some(Ref::from_schema_name("Id")));
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The same key gives the same answer for 24 hours"))
        .schema(Some(Ref::from_schema_name("IdempotencyKey")));
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(payload_name(action))))
        .example(Some(example.request.clone()));
    let answer = |description: &str, example: Value| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(command_name(action))))
            .example(Some(example));
        ResponseBuilder::new().description(description).content(JSON, content.build())
    };
    let (done, waiting) = answers(action, example);
    let busy = "The charge point cannot take it now, or the same request is being worked on";
    OperationBuilder::new()
        .tag("commands")
        .operation_id(Some(format!("send_{}", snake(action.name()))))
        .summary(Some(example.summary))
        .description(Some(format!(
            "Sends {action} of OCPP 1.6; the body is the payload of the request."
        )))
        .parameter(point)
        .parameter(key)
        .parameters(Some(CommandQuery::into_params(|| None)))
        .request_body(Some(RequestBodyBuilder::new().content(JSON, body.build()).build()))
        .response("200", answer("It has ended", done))
        .response("202", answer("It is on its way", waiting))
        .response("409", ResponseBuilder::new().description(busy))
        .security(SecurityRequirement::new("bearer", ["control"]))
        .build()
}

/// What a command looks like when it has ended, and while it waits.
fn answers(action: Action, example: &Example) -> (Value, Value) {
    let look = |status: &str, ended_at: Value, answer: Value| {
        json!({
            "command_id": "cmd_01HXABCDEFGH1234567",
            "charge_point_id": "cp_01HX5P2QRSTUVWXYZ0",
            "action": action.name(),
            "payload": example.request,
            "status": status,
            "requested_at": "2026-05-04T12:00:00Z",
            "ended_at": ended_at,
            "answer": answer,
        })
    };
    let done = look("accepted", json!("2026-05-04T12:00:01Z"), example.answer.clone());
    (done, look("pending", Value::Null, Value::Null))
}

/// [`CommandResponse`] with the payload and the answer of one action.
fn command(action: Action) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut command)) = CommandResponse::schema() else {
        return CommandResponse::schema();
    };
    let text = || ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let answer = OneOfBuilder::new()
        .item(Ref::from_schema_name(answer_name(action)))
        .item(text().description(Some("Code of a CALLERROR, or why it was never sent")))
        .item(ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null)))
        .description(Some("Null while there is none"));
    let name = text().enum_values(Some([action.name()]));
    let payload = Ref::from_schema_name(payload_name(action));
    command.properties.insert("action".to_owned(), name.into());
    command.properties.insert("payload".to_owned(), payload.into());
    command.properties.insert("answer".to_owned(), answer.into());
    command.description = Some(format!("A command {action}."));
    Schema::Object(command).into()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
