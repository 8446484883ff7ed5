"""The commands of reports/published.md, run as they stand there: the figures beside the published ones must come
out again digit for digit, and lie within the distance that the page states.

Usage: published.py PROGRAM; the sessions come from the folder AMPACITY_DATA.
"""

import csv
import os
import re
import shlex
import subprocess
import sys
import tempfile

PAGE = "reports/published.md"


def cells(page):
    """(strategy or "optimum", kW) -> (published, measured), as written."""
    found = {}
    limits = []
    for line in page.splitlines():
        fields = [field.strip() for field in line.strip("|").split("|")]
        if line.startswith("| demand met, %"):
            limits = [re.match(r"(\d+) kW", field).group(1) for field in fields[1:]]
        elif line.startswith("| `"):
            name = fields[0].strip("`")
            for limit, field in zip(limits, fields[1:]):
                found[name, limit] = tuple(field.split(" → "))
    return found


def measured(table):
    """The same cells of sweep.csv, with two decimals."""
    found = {}
    for row in csv.DictReader(open(table)):
        limit = row["site.max_power_kw"]
        found[row["strategy"], limit] = f"{float(row['demand_met_pct']):.2f}"
        found["optimal_demand_met_pct", limit] = f"{float(row['optimal_demand_met_pct']):.2f}"
        assert row["passed"] == "true", f"an assertion does not hold: {row['failed']}"
    return found


def main():
    program = os.path.abspath(sys.argv[1])
    data = os.environ.get("AMPACITY_DATA")
    if not data:
        print("published.py: skipped: AMPACITY_DATA names no folder with the recorded sessions")
        return
    page = open(PAGE).read()
    distance = float(re.search(r"within (\d+(?:\.\d+)?) points", page).group(1))
    stated = cells(page)
    assert len(stated) == 20, f"{len(stated)} cells in {PAGE}"
    with tempfile.TemporaryDirectory() as here:
        for line in re.findall(r"^    (ampacity .*(?:\\\n.*)*)", page, re.M):
            words = shlex.split(line.replace("\\\n", " ").replace("$AMPACITY_DATA", os.path.abspath(data)))
            subprocess.run([program, *words[1:]], cwd=here, check=True, stdout=subprocess.DEVNULL)
        found = measured(os.path.join(here, "published/sweep.csv"))
    wrong = [f"{key}: {stated[key][1]} there, {value} now" for key, value in found.items() if stated[key][1] != value]
    assert not wrong, f"{PAGE} is out of date:\n" + "\n".join(wrong)
    far = [f"{key}: {pair}" for key, pair in stated.items() if abs(float(pair[0]) - float(pair[1])) > distance]
    assert not far, f"further than {distance} points from what was published:\n" + "\n".join(far)


main()
