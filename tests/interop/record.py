"""`ampacity record` between charge points and central systems that somebody else wrote.

usage: record.py AMPACITY_BINARY

1. `ampacity fleet` through the proxy to a central system of PyPI `ocpp`, which logs every frame.
2. Charge points of `websockets` send 1,000 frames a second; both ends log every frame.
3. The same again, and the proxy is killed (SIGKILL) in the middle of it.

The file must have what both ends logged, frame by frame, byte for byte and in order.
"""

import asyncio
import collections
import json
import pathlib
import re
import signal
import sys
import tempfile
import time
import urllib.parse

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus

POINTS = 20
PASSWORD = "loopback-0123456789"
CALLS_PER_POINT = 160
CALLS_PER_SECOND = 27.0  # of one charge point; a call and its answer are two frames

SCENARIO = f"""
name = "Recorded"
start = "2026-05-04T08:00:00Z"
duration = "16m"
[site]
max_power_kw = 200
[models.chatty]
base = "ac22"
meter_interval = "5s"
[[chargers]]
count = {POINTS}
id = "cp_"
model = "chatty"
[[vehicles]]
model = "sedan_3p11"
[[arrivals]]
kind = "poisson"
per_hour = 300
stay = "10m"
energy_kwh = 10
"""

INFO = IdTagInfo(status=AuthorizationStatus.accepted)


class Log(collections.defaultdict):
    """Frames by (charge point, direction), in order."""

    def __init__(self):
        super().__init__(list)


class Logged:
    """A connection that logs what passes."""

    def __init__(self, connection, point, log):
        self.connection, self.point, self.log = connection, point, log

    async def recv(self):
        text = await self.connection.recv()
        self.log[self.point, "cp-to-csms"].append(text)
        return text

    async def send(self, text):
        sent = self.log[self.point, "csms-to-cp"]
        sent.append(text)
        try:
            await self.connection.send(text)
        except websockets.ConnectionClosed:
            # The charge point has left without waiting for this answer.
            sent.pop()
            raise


class Central(ChargePoint):
    started = 0

    @on(Action.boot_notification)
    def on_boot(self, **_):
        return call_result.BootNotification(
            current_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            interval=60,
            status=RegistrationStatus.accepted,
        )

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(
            current_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        )

    @on(Action.status_notification)
    def on_status(self, **_):
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, **_):
        return call_result.Authorize(id_tag_info=INFO)

    @on(Action.start_transaction)
    def on_start(self, **_):
        Central.started += 1
        return call_result.StartTransaction(transaction_id=Central.started, id_tag_info=INFO)

    @on(Action.meter_values)
    def on_meter(self, **_):
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, **_):
        return call_result.StopTransaction()


def identity(connection):
    return urllib.parse.unquote(connection.request.path.rsplit("/", 1)[1])


async def listen(handler):
    server = await websockets.serve(handler, "127.0.0.1", 0, subprotocols=["ocpp1.6"])
    return server, server.sockets[0].getsockname()[1]


async def record(port, out):
    """Starts the proxy; it and its port."""
    proxy = await asyncio.create_subprocess_exec(
        sys.argv[1], "record", "--listen", "127.0.0.1:0", "--upstream", f"ws://127.0.0.1:{port}/ocpp",
        "--out", str(out), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said = (await proxy.stderr.readline()).decode()
    return proxy, int(re.search(r"between 127\.0\.0\.1:(\d+) and", said).group(1))


async def stop(proxy):
    proxy.send_signal(signal.SIGINT)
    output, _ = await proxy.communicate()
    return proxy.returncode, output.decode()


def read(out):
    """Frames of a file as a Log, lines that are no record, and whether the last one is one of them."""
    frames, broken, last = Log(), 0, False
    for line in out.read_bytes().split(b"\n"):
        if not line:
            continue
        try:
            record = json.loads(line)
            frames[record["chargePointId"], record["direction"]].append(record["raw"])
            last = False
        except ValueError:
            broken += 1
            last = True
    return frames, broken, last


def differences(found, wanted):
    """How many frames are lost or altered."""
    count = 0
    for key in found.keys() | wanted.keys():
        ours, theirs = found[key], wanted[key]
        count += abs(len(ours) - len(theirs))
        count += sum(a != b for a, b in zip(ours, theirs))
    return count


async def fleet(folder, problems):
    log = Log()

    async def serve(connection):
        point = identity(connection)
        if "Basic" not in connection.request.headers.get("Authorization", ""):
            problems.append(f"{point} has shown no password")
        try:
            await Central(point, Logged(connection, point, log)).start()
        except websockets.ConnectionClosed:
            pass

    server, port = await listen(serve)
    out = folder / "fleet.jsonl"
    proxy, ours = await record(port, out)
    (folder / "fleet.toml").write_text(SCENARIO)
    run = await asyncio.create_subprocess_exec(
        sys.argv[1], "fleet", str(folder / "fleet.toml"), "--csms", f"ws://127.0.0.1:{ours}",
        "--speed", "120", "--password", PASSWORD, "--json", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await run.communicate()
    figures = json.loads(output or "{}")
    code, said = await stop(proxy)
    server.close()
    frames, broken, _ = read(out)
    count = sum(map(len, log.values()))
    wrong = differences(frames, log)
    if code or run.returncode or wrong or broken or not count:
        problems.append(f"fleet: exit codes {run.returncode}, {code}; {wrong} differ; {said}")
    if figures.get("deviations") or figures.get("calls_timed_out"):
        problems.append(f"fleet: {figures}")
    return f"fleet: {count} frames, {wrong} lost or altered"


async def load(out, problems, kill):
    """Charge points send calls at a pace; both ends log."""
    here, there = Log(), Log()
    killed = asyncio.Event()

    async def serve(connection):
        point = identity(connection)
        try:
            async for text in connection:
                there[point, "cp-to-csms"].append(text)
                number = json.loads(text)[1]
                answer = f'[3, "{number}" ,{{"currentTime":"2026-05-04T08:00:00Z"}}]'
                there[point, "csms-to-cp"].append(answer)
                await connection.send(answer)
        except websockets.ConnectionClosed:
            pass

    async def point(name, port):
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/{urllib.parse.quote(name)}", subprotocols=["ocpp1.6"]
        ) as connection:
            async def hear():
                try:
                    async for text in connection:
                        here[name, "csms-to-cp"].append(text)
                except websockets.ConnectionClosed:
                    pass

            hearing = asyncio.create_task(hear())
            began = time.monotonic()
            try:
                for number in range(CALLS_PER_POINT):
                    text = f'[2,"{number}","Heartbeat",{{"pad":"{"ä" * (number % 90)}"}}]'
                    await connection.send(text)
                    here[name, "cp-to-csms"].append(text)
                    due = began + (number + 1) / CALLS_PER_SECOND
                    await asyncio.sleep(max(0, due - time.monotonic()))
                while len(here[name, "csms-to-cp"]) < CALLS_PER_POINT and not hearing.done():
                    await asyncio.sleep(0.01)
            except websockets.ConnectionClosed:
                if not killed.is_set():
                    problems.append(f"{name} lost its connection")

    server, port = await listen(serve)
    proxy, ours = await record(port, out)
    began = time.monotonic()
    points = [asyncio.create_task(point(f"load {n}", ours)) for n in range(POINTS)]
    if kill:
        await asyncio.sleep(CALLS_PER_POINT / CALLS_PER_SECOND / 2)
        killed.set()
        proxy.kill()
        await proxy.communicate()
    await asyncio.gather(*points)
    took = time.monotonic() - began
    if not kill:
        code, said = await stop(proxy)
        if code:
            problems.append(f"load: exit code {code}: {said}")
    server.close()
    frames, broken, last = read(out)
    count = sum(map(len, frames.values()))
    if kill:
        if broken > last or count < 100:
            problems.append(f"killed: {count} records, {broken} lines are none")
        ahead = sum(frames[key] != there[key][: len(frames[key])] for key in frames)
        if ahead:
            problems.append(f"killed: {ahead} directions differ from what the central system saw")
        return f"killed: {count} records, {broken} lines cut"
    wrong = differences(frames, here) + differences(frames, there)
    if wrong or broken or count != 2 * POINTS * CALLS_PER_POINT:
        problems.append(f"load: {count} records, {wrong} differ, {broken} lines are none")
    return f"load: {count} frames at {count / took:.0f} a second, {wrong} lost or altered"


async def main():
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        print(await fleet(folder, problems))
        print(await load(folder / "load.jsonl", problems, kill=False))
        print(await load(folder / "killed.jsonl", problems, kill=True))
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


asyncio.run(main())
