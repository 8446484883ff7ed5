"""An independent central system for `ampacity fleet`: PyPI `ocpp` over `websockets`.

usage: central_system.py AMPACITY_BINARY

Starts the central system on a free port of the loopback interface, lets the program connect 20
charge points to it, sets a limit for each transaction once it draws more than the limit, and
checks what charge points report afterwards. `ocpp` validates every message in both directions
against the official schemas.
"""

import asyncio
import base64
import collections
import datetime
import json
import pathlib
import sys
import tempfile
import urllib.parse

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus

CHARGERS = 20
SPEED = 30
PASSWORD = "loopback-0123456789"
LIMIT_A = 10
LIMIT_W = LIMIT_A * 230 * 3
# Samples that may pass before a limit must show: the charger's own delay and the car's.
SAMPLES_TO_FOLLOW = 3

SCENARIO = f"""
name = "Interop"
start = "2026-05-04T08:00:00Z"
duration = "15m"
[site]
max_power_kw = 200
[models.chatty]
base = "ac22"
meter_interval = "5s"
[[chargers]]
count = {CHARGERS}
id = "cp_"
model = "chatty"
[[vehicles]]
model = "sedan_3p11"
[[arrivals]]
sessions = "sessions.csv"
"""


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Central(ChargePoint):
    """One charge point as this central system sees it."""

    def __init__(self, identity, connection, log):
        super().__init__(identity, connection)
        self.log = log
        self.limited = None
        self.after_limit = []
        self.task = None

    async def route_message(self, raw_msg):
        frame = json.loads(raw_msg)
        if frame[0] == 4:
            self.log["errors"].append((self.id, frame))
        await super().route_message(raw_msg)

    @on(Action.boot_notification)
    def on_boot(self, **_):
        self.log["boots"].append(self.id)
        return call_result.BootNotification(
            current_time=now(), interval=3600, status=RegistrationStatus.accepted
        )

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=now())

    @on(Action.status_notification)
    def on_status(self, **_):
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, **_):
        return call_result.Authorize(id_tag_info=IdTagInfo(status=AuthorizationStatus.accepted))

    @on(Action.start_transaction)
    def on_start(self, timestamp, **_):
        self.log["starts"].append(timestamp)
        return call_result.StartTransaction(
            transaction_id=len(self.log["starts"]),
            id_tag_info=IdTagInfo(status=AuthorizationStatus.accepted),
        )

    @on(Action.meter_values)
    def on_meter(self, meter_value, transaction_id=None, **_):
        power = next(
            float(sample["value"])
            for sample in meter_value[0]["sampled_value"]
            if sample.get("measurand") == "Power.Active.Import"
        )
        if self.limited:
            self.after_limit.append(power)
        elif power > LIMIT_W and self.task is None:
            self.task = asyncio.create_task(self.limit(transaction_id))
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, **_):
        self.log["stops"].append(self.id)
        return call_result.StopTransaction()

    async def limit(self, transaction_id):
        answer = await self.call(
            call.SetChargingProfile(
                connector_id=1,
                cs_charging_profiles={
                    "chargingProfileId": 1,
                    "transactionId": transaction_id,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": {
                        "startSchedule": now(),
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": LIMIT_A}],
                    },
                },
            )
        )
        self.log["answers"][answer.status] += 1
        self.limited = True


def admit(connection, request):
    """Refuses whoever does not show the password, before the upgrade."""
    identity = urllib.parse.unquote(request.path.rsplit("/", 1)[1])
    expected = base64.b64encode(f"{identity}:{PASSWORD}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {expected}":
        return connection.respond(401, "who are you?\n")
    return None


async def main():
    log = {
        "boots": [], "starts": [], "stops": [], "errors": [],
        "answers": collections.Counter(), "points": [],
    }

    async def serve(connection):
        identity = urllib.parse.unquote(connection.request.path.rsplit("/", 1)[1])
        point = Central(identity, connection, log)
        log["points"].append(point)
        try:
            await point.start()
        except websockets.ConnectionClosed:
            pass

    began = now()
    server = await websockets.serve(
        serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"], process_request=admit
    )
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "interop.toml").write_text(SCENARIO)
        rows = ["charger,arrival,departure,kwh"]
        rows += [
            f"cp_{n:03},2026-05-04T08:01:00Z,2026-05-04T08:14:00Z,30"
            for n in range(1, CHARGERS + 1)
        ]
        (folder / "sessions.csv").write_text("\n".join(rows) + "\n")
        fleet = await asyncio.create_subprocess_exec(
            sys.argv[1], "fleet", str(folder / "interop.toml"),
            "--csms", f"ws://127.0.0.1:{port}/ocpp", "--speed", str(SPEED),
            "--password", PASSWORD, "--json",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await fleet.communicate()
    server.close()
    await server.wait_closed()
    report(log, fleet.returncode, json.loads(output or "{}"), began)


def report(log, code, figures, began):
    problems = []

    def expect(what, found, wanted):
        if found != wanted:
            problems.append(f"{what}: {found!r}, expected {wanted!r}")

    expect("exit code", code, 0)
    expect("charge points that booted", len(set(log["boots"])), CHARGERS)
    expect("BootNotifications", len(log["boots"]), CHARGERS)
    expect("transactions begun", len(log["starts"]), CHARGERS)
    expect("transactions ended", len(log["stops"]), CHARGERS)
    expect("answers to SetChargingProfile", dict(log["answers"]), {"Accepted": CHARGERS})
    expect("CALLERRORs", log["errors"], [])
    expect("CALLs refused", figures.get("calls_refused"), 0)
    expect("CALLs timed out", figures.get("calls_timed_out"), 0)
    expect("limits accepted", figures.get("limits_accepted"), CHARGERS)
    expect("departures from OCPP 1.6", figures.get("deviations"), 0)
    if min(log["starts"], default="") < began:
        problems.append(f"timestamps of another time: {min(log['starts'], default='none')}")
    obeyed = 0
    for point in log["points"]:
        after = point.after_limit[SAMPLES_TO_FOLLOW:]
        if len(after) < SAMPLES_TO_FOLLOW or max(after) > LIMIT_W:
            problems.append(f"{point.id} draws {after[:5]} W under a limit of {LIMIT_W} W")
        else:
            obeyed += 1
    for problem in problems:
        print(problem)
    frames = figures.get("frames_sent", 0) + figures.get("frames_received", 0)
    print(f"{obeyed} of {CHARGERS} charge points obey, {frames} frames, {len(problems)} problems")
    sys.exit(1 if problems else 0)


asyncio.run(main())
