"""An independent central system (PyPI `ocpp`) exercises `ampacity fleet` with every command that a
central system can send: 19 of OCPP 1.6 and 7 of its security extension. `ocpp` holds every message
in both directions against the official schemas; PyPI `cryptography` reads and signs certificates.

    every_command.py PROGRAM
"""

import asyncio
import collections
import datetime
import json
import pathlib
import sys
import tempfile

import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action

SPEED = 20

SCENARIO = """
name = "Every command"
start = "2026-05-04T08:00:00Z"
duration = "40m"
[site]
max_power_kw = 200
[models.double]
base = "ac22"
connectors = 2
meter_interval = "10s"
[[chargers]]
id = "cp"
model = "double"
[[vehicles]]
model = "sedan_3p11"
[[arrivals]]
sessions = "sessions.csv"
"""
SESSIONS = "charger,arrival,departure,kwh\ncp,2026-05-04T08:01:00Z,2026-05-04T08:39:00Z,30\n"


def stamp(after_s=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=after_s)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Authority:
    """Whoever signs certificates."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Interop root")])
        self.certificate = self.sign(self.name, self.key.public_key(), authority=True)

    def sign(self, subject, public_key, authority=False):
        today = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(self.name).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        return builder.sign(self.key, hashes.SHA256())

    def hash_data(self):
        """What OCPP 1.6 security calls certificateHashData, computed by somebody else."""
        point = self.certificate.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.certificate.issuer.public_bytes())
        names = digest.finalize().hex()
        digest = hashes.Hash(hashes.SHA256())
        digest.update(point)
        return {
            "hashAlgorithm": "SHA256", "issuerNameHash": names,
            "issuerKeyHash": digest.finalize().hex(),
            "serialNumber": format(self.certificate.serial_number, "x"),
        }


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Central(ChargePoint):
    """Answers whatever comes, and remembers it."""

    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.heard = collections.defaultdict(list)
        self.news = asyncio.Condition()
        self.errors = []

    async def route_message(self, raw_msg):
        frame = json.loads(raw_msg)
        if frame[0] == 4:
            self.errors.append(frame)
        await super().route_message(raw_msg)
        if frame[0] == 2:
            async with self.news:
                self.heard[frame[2]].append(frame[3])
                self.news.notify_all()

    async def hears(self, action, wanted=lambda payload: True):
        """The payload of the next message that fits, or of one that came already."""
        def found():
            return next((p for p in self.heard[action] if wanted(p)), None)

        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: found() is not None), 60)
            return found()

    async def hears_in_order(self, action, statuses):
        for status in statuses:
            await self.hears(action, lambda payload: payload.get("status") == status)

    @on(Action.boot_notification)
    def on_boot(self, **_):
        return call_result.BootNotification(current_time=stamp(), interval=3600, status="Accepted")

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=stamp())

    @on(Action.status_notification)
    def on_status(self, **_):
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, **_):
        return call_result.Authorize(id_tag_info=IdTagInfo(status="Accepted"))

    @on(Action.start_transaction)
    def on_start(self, **_):
        return call_result.StartTransaction(
            transaction_id=7, id_tag_info=IdTagInfo(status="Accepted"))

    @on(Action.meter_values)
    def on_meter(self, **_):
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, **_):
        return call_result.StopTransaction()

    @on(Action.data_transfer)
    def on_data(self, **_):
        return call_result.DataTransfer(status="Accepted")

    @on(Action.diagnostics_status_notification)
    def on_diagnostics(self, **_):
        return call_result.DiagnosticsStatusNotification()

    @on(Action.firmware_status_notification)
    def on_firmware(self, **_):
        return call_result.FirmwareStatusNotification()

    @on(Action.log_status_notification)
    def on_log(self, **_):
        return call_result.LogStatusNotification()

    @on(Action.security_event_notification)
    def on_event(self, **_):
        return call_result.SecurityEventNotification()

    @on(Action.sign_certificate)
    def on_sign(self, **_):
        return call_result.SignCertificate(status="Accepted")

    @on(Action.signed_firmware_status_notification)
    def on_signed_firmware(self, **_):
        return call_result.SignedFirmwareStatusNotification()


def profile(limit):
    return {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute", "chargingSchedule": {
            "startSchedule": stamp(-60), "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}}


async def story(point, authority, done):
    """One command after the other; what it is answered and what follows."""
    async def ask(request, **wanted):
        answer = await point.call(request)
        assert answer is not None, f"{request}: no answer; errors {point.errors}"
        for field, value in wanted.items():
            found = getattr(answer, field)
            values = value if isinstance(value, tuple) else (value,)
            assert found in values, f"{request}: {field} is {found!r}, expected {value!r}"
        done.add(type(request).__name__)
        return answer

    await point.hears("MeterValues")
    # Core.
    known = await ask(call.GetConfiguration(key=["NumberOfConnectors", "Nonsense"]))
    assert known.configuration_key[0]["value"] == "2" and known.unknown_key == ["Nonsense"], known
    await ask(call.ChangeConfiguration(key="MeterValueSampleInterval", value="20"), status="Accepted")
    await ask(call.ChangeAvailability(connector_id=2, type="Inoperative"), status="Accepted")
    await point.hears("StatusNotification", lambda p: p["status"] == "Unavailable")
    await ask(call.ChangeAvailability(connector_id=2, type="Operative"), status="Accepted")
    await ask(call.ClearCache(), status="Accepted")
    await ask(call.DataTransfer(vendor_id="org.example"), status="UnknownVendorId")
    # Smart charging, trigger.
    await ask(call.SetChargingProfile(connector_id=0, cs_charging_profiles=profile(10)), status="Accepted")
    composite = await ask(call.GetCompositeSchedule(connector_id=1, duration=60), status="Accepted")
    periods = composite.charging_schedule["charging_schedule_period"]
    assert periods[0]["limit"] <= 10, periods
    await ask(call.ClearChargingProfile(id=1), status="Accepted")
    await ask(call.TriggerMessage(requested_message="Heartbeat"), status="Accepted")
    await point.hears("Heartbeat")
    # Local list, reservation.
    await ask(call.GetLocalListVersion(), list_version=0)
    await ask(call.SendLocalList(list_version=3, update_type="Full", local_authorization_list=[
        {"idTag": "LOCAL", "idTagInfo": {"status": "Accepted"}}]), status="Accepted")
    await ask(call.GetLocalListVersion(), list_version=3)
    await ask(call.ReserveNow(connector_id=2, expiry_date=stamp(3600), id_tag="GUEST", reservation_id=5),
              status="Accepted")
    await point.hears("StatusNotification", lambda p: p["status"] == "Reserved")
    await ask(call.CancelReservation(reservation_id=5), status="Accepted")
    # Diagnostics, logs.
    told = await ask(call.GetDiagnostics(location="ftp://127.0.0.1/in"))
    assert told.file_name, told
    await point.hears_in_order("DiagnosticsStatusNotification", ["Uploading", "Uploaded"])
    await ask(call.GetLog(log={"remoteLocation": "ftp://127.0.0.1/in"}, log_type="SecurityLog",
                          request_id=1), status="Accepted")
    await point.hears_in_order("LogStatusNotification", ["Uploading", "Uploaded"])
    # Certificates.
    root = pem(authority.certificate)
    kind = "CentralSystemRootCertificate"
    await ask(call.GetInstalledCertificateIds(certificate_type=kind), status="NotFound")
    await ask(call.InstallCertificate(certificate_type=kind, certificate=root), status="Accepted")
    listed = await ask(call.GetInstalledCertificateIds(certificate_type=kind), status="Accepted")
    found = {k.replace("_", ""): v.lower() for k, v in listed.certificate_hash_data[0].items()}
    own = {k.lower(): v.lower() for k, v in authority.hash_data().items()}
    assert {k.lower(): v for k, v in found.items()} == own, (found, own)
    await ask(call.ExtendedTriggerMessage(requested_message="SignChargePointCertificate"), status="Accepted")
    request = x509.load_pem_x509_csr((await point.hears("SignCertificate"))["csr"].encode())
    assert request.is_signature_valid, "the station's certificate request is not signed by its key"
    chain = pem(authority.sign(request.subject, request.public_key()))
    await ask(call.CertificateSigned(certificate_chain=chain), status="Accepted")
    await ask(call.DeleteCertificate(certificate_hash_data=authority.hash_data()), status="Accepted")
    await ask(call.DeleteCertificate(certificate_hash_data=authority.hash_data()), status="NotFound")
    # Remote control; the driver's own session ends with it.
    await ask(call.RemoteStopTransaction(transaction_id=7), status="Accepted")
    stopped = await point.hears("StopTransaction")
    assert stopped["reason"] == "Remote", stopped
    await ask(call.RemoteStartTransaction(id_tag="GUEST", connector_id=2), status="Accepted")
    await ask(call.UnlockConnector(connector_id=1), status=("Unlocked", "UnlockFailed"))
    # Firmware, last: it boots the station.
    await ask(call.UpdateFirmware(location="ftp://127.0.0.1/fw.bin", retrieve_date=stamp()))
    await point.hears_in_order("FirmwareStatusNotification",
                               ["Downloading", "Downloaded", "Installing", "Installed"])
    await ask(call.SignedUpdateFirmware(request_id=9, firmware={
        "location": "ftp://127.0.0.1/fw.bin", "retrieveDateTime": stamp(), "signature": "AAAA",
        "signingCertificate": "no certificate"}), status="InvalidCertificate")
    boots = len(point.heard["BootNotification"])
    await ask(call.Reset(type="Soft"), status="Accepted")
    async with point.news:
        await asyncio.wait_for(
            point.news.wait_for(lambda: len(point.heard["BootNotification"]) > boots), 60)


async def main():
    authority, done, failures = Authority(), set(), []
    finished = asyncio.Event()

    async def serve(connection):
        point = Central("cp", connection)
        task = asyncio.create_task(point.start())
        try:
            await story(point, authority, done)
        except Exception as problem:  # told below, so that the fleet is ended first
            failures.append(f"{type(problem).__name__}: {problem}")
        failures.extend(f"CALLERROR {frame}" for frame in point.errors)
        finished.set()
        try:
            await task
        except websockets.ConnectionClosed:
            pass

    server = await websockets.serve(serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"])
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "every.toml").write_text(SCENARIO)
        (folder / "sessions.csv").write_text(SESSIONS)
        fleet = await asyncio.create_subprocess_exec(
            sys.argv[1], "fleet", str(folder / "every.toml"),
            "--csms", f"ws://127.0.0.1:{port}/ocpp", "--speed", str(SPEED), "--quiet")
        ended = asyncio.create_task(fleet.wait())
        await asyncio.wait([asyncio.create_task(finished.wait()), ended],
                           return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            fleet.terminate()
        await ended
    server.close()
    for failure in failures:
        print(failure)
    print(f"every_command: {len(done)} of 26 commands done, {len(failures)} problems")
    sys.exit(0 if len(done) == 26 and not failures else 1)


asyncio.run(main())
