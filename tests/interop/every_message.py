"""An independent charge point (PyPI `ocpp`) sends every message a charge point can send: 10 of
OCPP 1.6 and 4 of its security extension. `ocpp` holds every answer against the official schemas.

    every_message.py PROGRAM
"""

import asyncio
import base64
import os
import sys
import tempfile

import websockets
from ocpp.v16 import call

from charge_points import Station, now, serve

CSR = """-----BEGIN CERTIFICATE REQUEST-----
MIHsMIGTAgEAMDExDTALBgNVBAMMBHBlZXIxIDAeBgNVBAoMF0FtcGFjaXR5
-----END CERTIFICATE REQUEST-----
"""


async def messages(point):
    """Each message and what its answer must say."""
    booted = await point.call(call.BootNotification(
        charge_point_model="Peer", charge_point_vendor="Python", firmware_version="1.0"))
    yield "BootNotification", booted.status, "Accepted"
    yield "Heartbeat", (await point.call(call.Heartbeat())).current_time[:2], "20"
    for connector, status in ((1, "Available"), (0, "Available"), (1, "Preparing")):
        answer = await point.call(call.StatusNotification(
            connector_id=connector, error_code="NoError", status=status, timestamp=now()))
        yield f"StatusNotification {connector}", type(answer).__name__, "StatusNotification"
    allowed = await point.call(call.Authorize(id_tag="CARD-1"))
    yield "Authorize", allowed.id_tag_info["status"], "Accepted"
    started = await point.call(call.StartTransaction(
        connector_id=1, id_tag="CARD-1", meter_start=100, timestamp=now()))
    yield "StartTransaction", started.id_tag_info["status"], "Accepted"
    answer = await point.call(call.MeterValues(
        connector_id=1, transaction_id=started.transaction_id,
        meter_value=[{"timestamp": now(), "sampled_value": [{"value": "150"}]}]))
    yield "MeterValues", type(answer).__name__, "MeterValues"
    stopped = await point.call(call.StopTransaction(
        transaction_id=started.transaction_id, meter_stop=200, timestamp=now(), reason="Local",
        id_tag="CARD-1"))
    yield "StopTransaction", (stopped.id_tag_info or {"status": "Accepted"})["status"], "Accepted"
    answer = await point.call(call.DataTransfer(vendor_id="org.example", message_id="x", data="y"))
    yield "DataTransfer", answer.status, "UnknownVendorId"
    for status in ("Uploading", "Uploaded"):
        answer = await point.call(call.DiagnosticsStatusNotification(status=status))
        yield "DiagnosticsStatusNotification", type(answer).__name__, "DiagnosticsStatusNotification"
    for status in ("Downloading", "Downloaded", "Installing", "Installed"):
        answer = await point.call(call.FirmwareStatusNotification(status=status))
        yield "FirmwareStatusNotification", type(answer).__name__, "FirmwareStatusNotification"
    answer = await point.call(call.LogStatusNotification(status="Uploaded", request_id=1))
    yield "LogStatusNotification", type(answer).__name__, "LogStatusNotification"
    answer = await point.call(call.SecurityEventNotification(
        type="StartupOfTheDevice", timestamp=now(), tech_info="power was away"))
    yield "SecurityEventNotification", type(answer).__name__, "SecurityEventNotification"
    answer = await point.call(call.SignCertificate(csr=CSR))
    yield "SignCertificate", answer.status, "Accepted"
    answer = await point.call(call.SignedFirmwareStatusNotification(status="Installed", request_id=2))
    yield "SignedFirmwareStatusNotification", type(answer).__name__, "SignedFirmwareStatusNotification"


async def scene(api, address):
    loop = asyncio.get_running_loop()

    async def ask(*args):
        return await loop.run_in_executor(None, api, *args)

    status, site = await ask("POST", "/api/v1/sites", {"name": "Interop"})
    assert status == 201, (status, site)
    await ask("POST", "/api/v1/charge-points", {
        "charge_point_id": "peer", "site_id": site["site_id"], "model": "ac22"})
    status, made = await ask("POST", "/api/v1/charge-points/peer/credentials")
    assert status == 201, (status, made)
    token = base64.b64encode(f"peer:{made['authorization_key']}".encode()).decode()
    connection = await websockets.connect(
        f"ws://{address}/ocpp/peer", subprotocols=["ocpp1.6"],
        additional_headers={"Authorization": "Basic " + token})
    point = Station("peer", connection)
    task = loop.create_task(point.start())
    seen = set()
    async for what, found, wanted in messages(point):
        assert found == wanted, f"{what}: {found!r}, expected {wanted!r}"
        seen.add(what.split()[0])
        if what == "StatusNotification 0":
            # From now on power may be drawn here.
            status, answer = await ask(
                "PUT", f"/api/v1/smart-charging/sites/{site['site_id']}/config",
                {"max_power_kw": 50, "strategy": "equal", "min_charge_rate_kw": 3.7,
                 "reserve_kw": 0})
            assert status == 200, (status, answer)
    assert len(seen) == 14, sorted(seen)
    status, sessions = await ask("GET", "/api/v1/sessions")
    assert status == 200 and sessions["sessions"][0]["energy_kwh"] == 0.1, sessions
    task.cancel()
    print(f"every_message: {len(seen)} messages of an independent charge point answered as they should be")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(os.path.abspath(sys.argv[1]), folder, scene))
