"""Validates every frame of a trace against the official OCPP 1.6 JSON schemas.

usage: validate_frames.py SCHEMA_FOLDER TRACE.jsonl

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


def main():
    folder, trace = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    validators, open_calls = {}, {}
    frames = problems = 0
    with trace.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            record = json.loads(line, parse_float=decimal.Decimal)
            key = (record["chargePointId"], record["direction"], record["messageId"])
            if record["messageType"] == "CALL":
                name = record["action"]
                open_calls[key] = name
            elif record["messageType"] == "CALLRESULT":
                back = {"cp-to-csms": "csms-to-cp", "csms-to-cp": "cp-to-csms"}
                call = (record["chargePointId"], back[record["direction"]], record["messageId"])
                if call not in open_calls:
                    print(f"{trace}:{number}: answer without a CALL")
                    problems += 1
                    continue
                name = open_calls.pop(call) + "Response"
            else:
                continue
            frames += 1
            if name not in validators:
                validators[name] = load(folder, name)
            for error in validators[name].iter_errors(record["payload"]):
                problems += 1
                if problems <= 20:
                    print(f"{trace}:{number}: {name}: {error.message}")
    print(f"{frames} frames validated, {problems} problems, {len(validators)} schemas used")
    sys.exit(1 if problems or frames == 0 else 0)


main()
