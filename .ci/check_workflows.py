"""Holds the workflows to one rule: a job that may ask GitHub for an identity runs nothing that others wrote.

`id-token: write` is worth a session in Azure, or a signature. A build runs the code of every dependency, so a job that
has the right builds and installs nothing, and takes actions of a short list only. A caller of the reusable kind is
refused, since its steps are not seen here. One job runs the product itself, as who deploys: scripts/prove-azure.sh, which
somebody starts by hand in a subscription and a tenant for tests.
"""

import pathlib
import re
import sys

import ruamel.yaml

ROOT = pathlib.Path(__file__).parent.parent
ACTIONS = {
    "actions/attest",
    "actions/checkout",
    "actions/download-artifact",
    "Azure/setup-azd",
}
# The programs with which a step of such a job may begin a command.
PROGRAMS = {"azd", "cat", "cd", "gh", "scripts/prove-azure.sh", "sha256sum"}


def is_granted(permissions):
    return permissions == "write-all" or (
        isinstance(permissions, dict) and permissions.get("id-token") == "write"
    )


def programs(script):
    """The first word of every command of a script."""
    text = re.sub(r"\\\n", " ", script)
    commands = [part.split() for part in re.split(r"[\n;|&(]+|\$\(", text)]
    return [words[0] for words in commands if words]


def complaints(name, workflow):
    found = []
    if is_granted(workflow.get("permissions")):
        found.append(f"{name}: every job may ask for an identity; grant `id-token: write` to the job that needs it")
    for job, body in workflow["jobs"].items():
        permissions = body.get("permissions")
        if not is_granted(permissions):
            continue
        where = f"{name}: {job} has `id-token: write`"
        if permissions == "write-all":
            found.append(f"{where} by `write-all`")
        if "uses" in body:
            found.append(f"{where} and calls another workflow")
        for step in body.get("steps", []):
            action = step.get("uses", "").partition("@")[0]
            if action and action not in ACTIONS:
                found.append(f"{where} and uses {action}")
            for program in programs(step.get("run", "")):
                if program not in PROGRAMS:
                    found.append(f"{where} and runs `{program}`")
    return found


def all_complaints(folder):
    yaml = ruamel.yaml.YAML(typ="safe")
    paths = sorted(folder.glob("*.yml")) + sorted(folder.glob("*.yaml"))
    found = [] if paths else [f"{folder}: there are none"]
    for path in paths:
        found += complaints(path.name, yaml.load(path.read_text()))
    return found


if __name__ == "__main__":
    problems = all_complaints(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".github/workflows")
    print("\n".join(problems), file=sys.stderr)
    sys.exit(1 if problems else 0)
