"""The commands of reports/published.md, run as they stand there: the figures beside the idealised ones must come
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
    """(strategy or optimum, kW) -> (idealised, measured, distance), as written."""
    found = {}
    limits = []
    for line in page.splitlines():
        name, *fields = [field.strip() for field in line.strip("|").split("|")]
        if name == "demand met, %":
            limits = [re.match(r"(\d+) kW", field).group(1) for field in fields[:-1]]
        elif limits and name.startswith("`"):
            for limit, field in zip(limits, fields):
                found[name.strip("`"), limit] = (*field.split(" → "), fields[-1])
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
    stated = cells(page)
    assert len(stated) == 20, f"{PAGE} has {len(stated)} cells"
    with tempfile.TemporaryDirectory() as here:
        for line in re.findall(r"^    (ampacity (?:.*\\\n)*.*)", page, re.M):
            words = shlex.split(line.replace("\\\n", " ").replace("$AMPACITY_DATA", os.path.abspath(data)))
            subprocess.run([program, *words[1:]], cwd=here, check=True, stdout=subprocess.DEVNULL)
        found = measured(os.path.join(here, "published/sweep.csv"))
    wrong = [f"{key}: {stated[key][1]} there, {now} now" for key, now in found.items() if stated[key][1] != now]
    assert not wrong, f"{PAGE} is out of date:\n" + "\n".join(wrong)
    far = [
        f"{key}: {ideal} → {here}, more than {most}"
        for key, (ideal, here, most) in stated.items()
        if abs(float(ideal) - float(here)) > float(most)
    ]
    assert not far, "further from the idealised figures than stated:\n" + "\n".join(far)


main()
