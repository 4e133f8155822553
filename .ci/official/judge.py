"""What the checks of all Python clients share: the world, and how a check ends.

A check asserts what the service documents. It ends in one line, `client | check | ok`, or `differs` with the number of the
row of docs/judges.md that explains the difference. Everything else fails: a difference without a row, another one than the
row says, and a row that is not true any more.
"""

import json
import os
import pathlib
import sys

WORLD = json.loads(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = WORLD["authorityFile"]
os.environ["IDENTITY_ENDPOINT"] = WORLD["managedIdentity"]["endpoint"]
os.environ["IDENTITY_HEADER"] = WORLD["managedIdentity"]["header"]
os.environ["PATH"] = WORLD["tools"] + os.pathsep + os.environ["PATH"]
os.environ["BROWSER"] = os.path.join(WORLD["tools"], "xdg-open")


def differences(client):
    """The rows of docs/judges.md for a client: its checks, with the number and what is seen."""
    rows = {}
    for line in (ROOT / "docs/judges.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| D-") and client in cells[1].split(", "):
            rows[cells[2]] = (cells[0], cells[3].strip("`"))
    return rows


def judge(client, checks):
    """Runs the checks of a client, by name; says how many ended as they should not."""
    missed, known = 0, differences(client)
    for name, run in checks.items():
        number, seen = known.pop(name, (None, None))
        try:
            run()
            said, is_good = ("ok", True) if number is None else (f"FAILED: {number} is not true any more", False)
        except Exception as error:  # whatever goes wrong is what the client sees
            what = f"{type(error).__name__}: {' '.join(str(error).split())}"
            is_good = number is not None and seen in what
            said = f"differs, {number}" if is_good else f"FAILED: {what[:600]}"
        missed += not is_good
        print(f"{client:32} | {name:52} | {said}", flush=True)
    for name, (number, _) in known.items():
        missed += 1
        print(f"{client:32} | {name:52} | FAILED: {number} names no check", flush=True)
    return missed
