"""Validates every frame of a trace against the official OCPP 1.6 JSON schemas.

usage: validate_frames.py SCHEMA_FOLDER TRACE.jsonl...

A record whose `checked` is false is what a test sent to our side, perhaps wrong on purpose: it only
says which action an answer belongs to.

The schemas come with the PyPI package `ocpp`; numbers are read as decimals, because
`multipleOf: 0.1` on binary floats refuses limits such as 0.3.
"""

import decimal
import json
import pathlib
import sys

import jsonschema


def load(folder, name):
    text = (folder / f"{name}.json").read_text(encoding="utf-8-sig")
    schema = json.loads(text, parse_float=decimal.Decimal)
    return jsonschema.validators.validator_for(schema)(schema)


CODES = {
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
}
BACK = {"cp-to-csms": "csms-to-cp", "csms-to-cp": "cp-to-csms"}


class Audit:
    def __init__(self, folder):
        self.folder, self.validators = folder, {}
        self.frames = self.errors = self.inputs = self.problems = 0

    def wrong(self, place, what):
        self.problems += 1
        if self.problems <= 20:
            print(f"{place}: {what}")

    def read(self, trace):
        open_calls = {}
        with trace.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                record = json.loads(line, parse_float=decimal.Decimal)
                self.take(f"{trace}:{number}", record, open_calls)

    def take(self, place, record, open_calls):
        point, direction = record["chargePointId"], record["direction"]
        checked = record.get("checked", True)
        self.inputs += not checked
        kind = record["messageType"]
        if kind == "CALL":
            name = record["action"]
            open_calls.setdefault((point, direction, str(record["messageId"])), []).append(name)
        else:
            call = (point, BACK[direction], str(record["messageId"]))
            asked = open_calls.get(call)
            if checked and not asked:
                return self.wrong(place, "answer without a CALL")
            # The latest call with this id: tests also send what is never answered. A call whose
            # action cannot be read has none, and can only be refused.
            name = asked.pop() if asked else None
            if checked and name is None and kind == "CALLRESULT":
                return self.wrong(place, "answer to a CALL without an action")
        if not checked:
            return None
        if kind == "CALLERROR":
            self.errors += 1
            if record["error"]["code"] not in CODES:
                self.wrong(place, f"no code of OCPP-J: {record['error']['code']}")
            return None
        self.validate(place, name if kind == "CALL" else f"{name}Response", record["payload"])

    def validate(self, place, name, payload):
        self.frames += 1
        if name not in self.validators:
            self.validators[name] = load(self.folder, name)
        for error in self.validators[name].iter_errors(payload):
            self.wrong(place, f"{name}: {error.message}")


def main():
    audit = Audit(pathlib.Path(sys.argv[1]))
    for trace in sys.argv[2:]:
        audit.read(pathlib.Path(trace))
    print(
        f"{audit.frames} frames validated, {audit.errors} refusals, {audit.inputs} inputs of tests,"
        f" {audit.problems} problems, {len(audit.validators)} schemas used"
    )
    sys.exit(1 if audit.problems or audit.frames == 0 else 0)


main()
