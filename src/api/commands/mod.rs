//! OCPP commands of an operator.

mod examples;
mod forms;
mod offer;

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use crate::api::charge_points::exists;
use crate::api::contract::Params;
use crate::api::problem::Problem;
use crate::api::values::{ActionName, Id, Instant};
use crate::api::{ApiState, Shared};
use crate::csms::Input;
use crate::ids::ChargePointId;
use crate::ocpp::Action;
use crate::store::CommandRow;

pub(super) use offer::routes;

/// Commands of one list unless asked otherwise.
const SHOWN: usize = 50;

/// How long to wait.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CommandQuery {
    /// Seconds to wait for the charge point's answer; not at all when absent.
    #[param(minimum = 0, maximum = 60, example = 5)]
    wait: Option<u64>,
}

/// Which commands.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CommandListQuery {
    /// At most so many; 50 when absent.
    #[param(minimum = 1, maximum = 500, example = 50)]
    limit: Option<usize>,
}

/// Payload of an OCPP request; what each action needs, its operation says.
#[derive(Deserialize)]
#[serde(transparent)]
struct CommandPayload(Value);

/// A command.
#[derive(Serialize, ToSchema)]
pub(super) struct CommandResponse {
    #[schema(example = "cmd_01HXABCDEFGH1234567")]
    command_id: String,
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// OCPP action.
    action: ActionName,
    /// OCPP payload of the request.
    #[schema(value_type = Object)]
    payload: Value,
    status: CommandStatus,
    /// When it was asked for.
    requested_at: Instant,
    /// When it ended.
    #[schema(required)]
    ended_at: Option<Instant>,
    /// OCPP payload of the answer, or the code of a CALLERROR; null while there is none.
    answer: Value,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CommandStatus {
    /// It waits for its turn or for the answer.
    Pending,
    /// The charge point did it or will.
    Accepted,
    /// The charge point refused it.
    Rejected,
    /// The charge point answered with an error or something unreadable.
    Error,
    /// No answer came in time; it may have been done.
    TimedOut,
}

/// Commands to a charge point.
#[derive(Serialize, ToSchema)]
pub(super) struct CommandList {
    /// The newest first.
    commands: Vec<CommandResponse>,
}

impl From<CommandRow> for CommandResponse {
    fn from(row: CommandRow) -> CommandResponse {
        let status = row.outcome.as_ref().map(|outcome| outcome.status.as_str());
        CommandResponse {
            command_id: row.command,
            charge_point_id: row.point.to_string(),
            action: ActionName(row.action),
            payload: serde_json::from_str(&row.payload).unwrap_or_default(),
            status: match status {
                None => CommandStatus::Pending,
                Some("accepted") => CommandStatus::Accepted,
                Some("rejected") => CommandStatus::Rejected,
                Some("timed_out") => CommandStatus::TimedOut,
                Some(_) => CommandStatus::Error,
            },
            requested_at: Instant(row.requested_at),
            ended_at: row.outcome.as_ref().map(|outcome| Instant(outcome.at)),
            answer: row.outcome.map_or(Value::Null, |outcome| answer(outcome.answer)),
        }
    }
}

/// A payload as JSON, an error code as text, nothing as null.
fn answer(text: String) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// Sends a command and waits for its end as long as wanted.
async fn send(
    api: &Shared,
    action: Action,
    point: &str,
    query: &CommandQuery,
    payload: CommandPayload,
) -> Result<(StatusCode, Json<CommandResponse>), Problem> {
    let command = api.new_id("cmd").await?;
    let mut events = api.handle.subscribe();
    let input = Input::Command {
        point: ChargePointId::new(point),
        command: command.clone(),
        action: action.name().to_owned(),
        payload: payload.0.to_string(),
    };
    api.handle.input(input).await?;
    let listen = async {
        loop {
            match events.recv().await {
                Ok(event) if event.kind == "command_ended" => {
                    if event.data["command_id"] == command.as_str() {
                        return;
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    };
    let wait = Duration::from_secs(query.wait.unwrap_or(0));
    let _ended = tokio::time::timeout(wait, listen).await;
    let seen = find(api, &command).await?;
    let ended = seen.status != CommandStatus::Pending;
    Ok((if ended { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(seen)))
}

/// Commands to a charge point, the newest first
#[utoipa::path(
    get, path = "/api/v1/charge-points/{charge_point_id}/commands", tag = "commands",
    params(
        ("charge_point_id" = Id, Path, description = "The charge point"),
        CommandListQuery,
    ),
    responses((status = 200, description = "Commands", body = CommandList)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn list_commands(
    State(api): State<ApiState>,
    Path(point): Path<String>,
    Params(query): Params<CommandListQuery>,
) -> Result<Json<CommandList>, Problem> {
    exists(&api, &point).await?;
    let limit = query.limit.unwrap_or(SHOWN);
    let id = ChargePointId::new(&point);
    let rows = api.ask(move |store| store.commands(Some(&id), limit)).await?;
    Ok(Json(CommandList { commands: rows.into_iter().map(CommandResponse::from).collect() }))
}

/// A command
#[utoipa::path(
    get, path = "/api/v1/commands/{command_id}", tag = "commands",
    params(("command_id" = Id, Path, description = "The command")),
    responses((status = 200, description = "The command", body = CommandResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_command(
    State(api): State<ApiState>,
    Path(command): Path<String>,
) -> Result<Json<CommandResponse>, Problem> {
    find(&api, &command).await.map(Json)
}

async fn find(api: &Shared, id: &str) -> Result<CommandResponse, Problem> {
    let wanted = id.to_owned();
    let row = api.ask(move |store| store.command(&wanted)).await?;
    row.map(CommandResponse::from)
        .ok_or_else(|| Problem::not_found(format!("there is no command {id}")))
}
