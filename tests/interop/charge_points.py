"""Ten independent charge points (PyPI `ocpp`) against `ampacity serve`.

They boot with Basic authentication, start transactions, obey the limits they are given, and meter
what they draw. Together they never may draw more than 100 kW - 10 kW.

    charge_points.py PROGRAM
"""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from datetime import datetime, timezone

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint as Base
from ocpp.v16 import call, call_result
from ocpp.v16.enums import Action

LIMIT_W = 90_000
STATIONS = 10
PHASES = 3
VOLTAGE = 230


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Station(Base):
    """22 kW, one connector, a car that takes whatever it is offered, with ramps of half a second."""

    def __init__(self, name, connection):
        super().__init__(name, connection)
        self.default_a = 32.0
        self.limit_a = None
        self.transaction = None
        self.draw_w = 0.0
        self.register_wh = 1000.0
        self.profiles = 0

    @on(Action.get_configuration)
    def on_get_configuration(self, key=None, **_):
        known = {
            "ChargeProfileMaxStackLevel": "5",
            "ChargingScheduleAllowedChargingRateUnit": "Current",
            "NumberOfConnectors": "1",
            "MeterValueSampleInterval": "2",
        }
        asked = key or list(known)
        entries = [{"key": k, "readonly": True, "value": known[k]} for k in asked if k in known]
        return call_result.GetConfiguration(
            configuration_key=entries, unknown_key=[k for k in asked if k not in known]
        )

    @on(Action.set_charging_profile)
    def on_set_charging_profile(self, connector_id, cs_charging_profiles, **_):
        schedule = cs_charging_profiles["charging_schedule"]
        limit = schedule["charging_schedule_period"][0]["limit"]
        assert schedule["charging_rate_unit"] == "A", schedule
        if cs_charging_profiles["charging_profile_purpose"] == "TxProfile":
            if cs_charging_profiles.get("transaction_id") != self.transaction:
                return call_result.SetChargingProfile(status="Rejected")
            self.limit_a = limit
        else:
            self.default_a = limit
        self.profiles += 1
        return call_result.SetChargingProfile(status="Accepted")

    @on(Action.trigger_message)
    def on_trigger_message(self, requested_message, **_):
        asyncio.get_running_loop().create_task(self.meter("Trigger"))
        return call_result.TriggerMessage(status="Accepted")

    def permitted_w(self):
        if self.transaction is None:
            return 0.0
        amps = self.default_a if self.limit_a is None else self.limit_a
        return 0.0 if amps < 6 else amps * PHASES * VOLTAGE

    async def car(self):
        while True:
            self.draw_w = self.permitted_w()
            self.register_wh += self.draw_w / 3600 * 0.25
            await asyncio.sleep(0.25)

    async def meter(self, context="Sample.Periodic"):
        values = [
            {"value": str(round(self.register_wh)), "context": context},
            {"value": str(round(self.draw_w)), "context": context,
             "measurand": "Power.Active.Import", "unit": "W"},
        ]
        await self.call(call.MeterValues(
            connector_id=1, transaction_id=self.transaction,
            meter_value=[{"timestamp": now(), "sampled_value": values}],
        ))

    async def status(self, status):
        await self.call(call.StatusNotification(connector_id=1, error_code="NoError", status=status))

    async def day(self, arrive_after, stay):
        """A car comes, charges, leaves."""
        answer = await self.call(call.BootNotification(
            charge_point_model="Peer", charge_point_vendor="Python"))
        assert answer.status == "Accepted", answer
        await self.status("Available")
        await asyncio.sleep(arrive_after)
        await self.status("Preparing")
        answer = await self.call(call.Authorize(id_tag="CARD-" + self.id[-2:]))
        assert answer.id_tag_info["status"] == "Accepted", answer
        started = await self.call(call.StartTransaction(
            connector_id=1, id_tag="CARD-" + self.id[-2:], meter_start=round(self.register_wh),
            timestamp=now()))
        self.transaction = started.transaction_id
        await self.status("Charging")
        for _ in range(stay):
            await asyncio.sleep(2)
            await self.meter()
        await self.call(call.StopTransaction(
            transaction_id=self.transaction, meter_stop=round(self.register_wh), timestamp=now(),
            reason="EVDisconnected"))
        self.transaction = None
        self.limit_a = None
        await self.status("Available")


class Api:
    def __init__(self, base, key):
        self.base, self.key = base, key

    def __call__(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers={
            "Authorization": "Bearer " + self.key, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")


async def serve(program, folder, scene):
    """Plays `scene(api, address)` against `ampacity serve` on fresh data."""
    data = os.path.join(folder, "data")
    made = subprocess.run(
        [program, "key", "create", "interop", "--scope", "admin", "--data", data],
        check=True, capture_output=True, text=True)
    key = made.stdout.strip()
    server = subprocess.Popen(
        [program, "serve", "--data", data, "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE, text=True, cwd=folder,
        env=dict(os.environ, NO_COLOR="1"))
    try:
        address = None
        for line in server.stderr:
            found = re.search(r"address=?\S*?(127\.0\.0\.1:\d+)", line)
            if found:
                address = found.group(1)
                break
        assert address, "serve has not said where it listens"
        asyncio.get_running_loop().run_in_executor(None, server.stderr.read)
        await scene(Api("http://" + address, key), address)
    finally:
        server.terminate()
        server.wait(15)


async def scene(api, address):
    loop = asyncio.get_running_loop()

    async def ask(*args):
        return await loop.run_in_executor(None, api, *args)

    status, site = await ask("POST", "/api/v1/sites", {"name": "Interop"})
    assert status == 201, (status, site)
    site_id = site["site_id"]
    base = f"/api/v1/smart-charging/sites/{site_id}"
    config = {"max_power_kw": 100, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10}
    status, problem = await ask("PUT", base + "/config", config)
    assert status == 409, ("no charge point is linked yet", status, problem)

    stations, tasks = [], []
    for index in range(STATIONS):
        name = f"peer-{index:02}"
        status, answer = await ask("POST", "/api/v1/charge-points", {
            "charge_point_id": name, "site_id": site_id, "model": "ac22"})
        assert status == 201, (status, answer)
        status, answer = await ask("POST", f"/api/v1/charge-points/{name}/credentials")
        assert status == 201, (status, answer)
        password = answer["authorization_key"]
        token = base64.b64encode(f"{name}:{password}".encode()).decode()
        connection = await websockets.connect(
            f"ws://{address}/ocpp/{name}", subprotocols=["ocpp1.6"],
            additional_headers={"Authorization": "Basic " + token})
        assert connection.subprotocol == "ocpp1.6"
        station = Station(name, connection)
        stations.append(station)
        tasks.append(loop.create_task(station.start()))
        tasks.append(loop.create_task(station.car()))
    try:
        await websockets.connect(f"ws://{address}/ocpp/peer-00", subprotocols=["ocpp1.6"])
        raise AssertionError("a connection without a key was let in")
    except websockets.exceptions.InvalidStatus as refused:
        assert refused.response.status_code == 401, refused

    days = [loop.create_task(station.day(0.6 * i, 30)) for i, station in enumerate(stations)]
    await asyncio.sleep(0.4)
    status, answer = await ask("PUT", base + "/config", config)
    assert status == 200 and answer["max_power_kw"] == 100, (status, answer)

    worst, shown, rounds = 0.0, 0.0, 0
    while not all(day.done() for day in days):
        worst = max(worst, sum(station.draw_w for station in stations))
        assert worst <= LIMIT_W, f"{worst} W drawn of {LIMIT_W} W"
        rounds += 1
        if rounds % 20 == 0:
            status, allocation = await ask("GET", base + "/allocation")
            assert status == 200 and len(allocation["chargers"]) == STATIONS
            assert allocation["available_kw"] == 90 and allocation["allocated_kw"] <= 90
            shown = max(shown, sum(c["actual_draw_kw"] for c in allocation["chargers"]))
        await asyncio.sleep(0.1)
    await asyncio.gather(*days)
    assert worst > 0.7 * LIMIT_W, f"only {worst} W were ever drawn: nothing was shared"
    assert shown > 10, "meter values never appeared in the allocation"
    assert all(station.profiles >= 2 for station in stations)
    status, sessions = await ask("GET", "/api/v1/sessions")
    assert status == 200 and len(sessions["sessions"]) == STATIONS, (status, sessions)
    for task in tasks:
        task.cancel()
    print(f"charge_points: {STATIONS} independent stations drew at most {worst / 1000:.1f} kW of "
          f"{LIMIT_W / 1000:.0f} kW, {sum(s.profiles for s in stations)} limits obeyed")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(os.path.abspath(sys.argv[1]), folder, scene))
