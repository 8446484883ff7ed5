"""Runs the curl walk-through of the README as it stands there, and checks the answers.

    walkthrough.py PROGRAM
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

# The five calls of the guide, by the fields of their answers.
CONFIG = {"site_id", "max_power_kw", "strategy", "min_charge_rate_kw", "reserve_kw", "updated_at"}
ALLOCATION = {"site_id", "total_capacity_kw", "reserved_kw", "available_kw", "allocated_kw",
              "idle_kw", "chargers", "calculated_at"}
CHARGER = {"charge_point_id", "connector_id", "status", "allocated_kw", "actual_draw_kw",
           "session_id"}
HISTORY = {"site_id", "interval", "snapshots"}
SNAPSHOT = {"timestamp", "allocated_kw", "actual_draw_kw", "active_sessions"}
REBALANCE = {"site_id", "rebalance_id", "status", "chargers_updated", "triggered_at",
             "completed_at"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(program):
    readme = open("README.md", encoding="utf-8").read()
    lines = re.search(r"<!-- walk-through.*?-->\n```sh\n(.*?)```", readme, re.S).group(1)
    lines = lines.replace(":8080", f":{free_port()}")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree("scenarios", os.path.join(folder, "scenarios"))
        os.symlink(program, os.path.join(folder, "ampacity"))
        done = subprocess.run(
            ["bash", "-c", lines + "wait\n"], cwd=folder, capture_output=True, text=True,
            timeout=120, env=dict(os.environ, PATH=folder + os.pathsep + os.environ["PATH"]))
    answers = []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            try:
                answers.append(json.loads(line))
            except json.JSONDecodeError:
                pass
    shapes = [set(answer) for answer in answers]
    told = done.stdout + done.stderr
    for name, shape in [("config", CONFIG), ("allocation", ALLOCATION), ("history", HISTORY),
                        ("rebalance", REBALANCE)]:
        assert shape in shapes, f"no answer has the fields of {name}:\n{told}"
    assert shapes.count(CONFIG) == 2, told
    before, after = [a for a in answers if set(a) == CONFIG]
    assert (before["max_power_kw"], after["max_power_kw"]) == (100, 80), told
    allocation = answers[shapes.index(ALLOCATION)]
    assert all(set(charger) == CHARGER for charger in allocation["chargers"]), told
    assert allocation["available_kw"] == 90 and 0 < allocation["allocated_kw"] <= 90, told
    assert abs(allocation["available_kw"] - allocation["allocated_kw"]
               - allocation["idle_kw"]) < 1e-6, told
    history = answers[shapes.index(HISTORY)]
    assert history["interval"] == "15m" and len(history["snapshots"]) == 8, told
    assert all(set(snapshot) == SNAPSHOT for snapshot in history["snapshots"]), told
    assert any(snapshot["active_sessions"] > 0 for snapshot in history["snapshots"]), told
    print(f"walkthrough: {len(answers)} answers of the README's lines have the documented shape")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
