"""Schemathesis, with all its checks, against the API of a live run.

    contract.py PROGRAM SCHEMATHESIS

The endless response of GET /api/v1/events is left out; its story is told in tests/api.
"""

import os
import re
import subprocess
import sys
import tempfile

KEY = "contract-key"
CONFIG = os.path.abspath("tests/interop/schemathesis.toml")


def main(program, schemathesis):
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [program, "run", "scenarios/workplace.toml", "--speed", "60", "--listen",
             "127.0.0.1:0", "--hold", "--quiet", "--out", os.path.join(folder, "out")],
            stderr=subprocess.PIPE, text=True, env=dict(os.environ, AMPACITY_API_KEY=KEY))
        try:
            address = None
            for line in server.stderr:
                found = re.search(r"http://(127\.0\.0\.1:\d+)", line)
                if found:
                    address = found.group(1)
                    break
            assert address, "the run has not said where it listens"
            done = subprocess.run(
                [schemathesis, "--config-file", CONFIG, "run", f"http://{address}/openapi.json", "--checks", "all",
                 "-H", f"Authorization: Bearer {KEY}", "--exclude-path", "/api/v1/events",
                 "--max-examples", os.environ.get("AMPACITY_CONTRACT_EXAMPLES", "25"),
                 "--seed", "7", "--request-timeout", "20", "--no-color"],
                cwd=folder, text=True)
            assert server.poll() is None, "the server has ended"
        finally:
            server.terminate()
            server.wait(15)
        return done.returncode


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])))
