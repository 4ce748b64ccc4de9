"""The independent judge of logs: tests/go/judge.go, built with Debian's Go and golang.org/x/mod.

    @judge.needed
    def test_log(self):
        judge.accepts(directory, key=vkey)
        judge.refuses(directory, key=vkey)
"""

import functools
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GOPATH = Path("/usr/share/gocode")

_directory = tempfile.TemporaryDirectory(prefix="concert-judge-")


def _absent():
    if not shutil.which("go"):
        return "no Go here (Debian: golang-go)"
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        return f"no golang.org/x/mod in {GOPATH} (Debian: golang-golang-x-mod-dev)"
    return None


ABSENT = _absent()  # why it cannot be built; None if it can
needed = unittest.skipIf(ABSENT, ABSENT)


@functools.lru_cache(maxsize=None)
def _program():
    program = Path(_directory.name) / "judge"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "",
                   "GOCACHE": str(Path(_directory.name) / "cache"), "CGO_ENABLED": "0"}
    process = subprocess.run(["go", "build", "-o", program, ROOT / "tests/go/judge.go"],
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True)
    if process.returncode != 0:
        raise AssertionError("the judge does not build:\n" + process.stdout)
    return program


def run(directory, key=(), cosigner=(), old=(), hashes_only=False, flip=0):
    """Runs the judge; keys and old checkpoints are one or a list. Returns the process."""
    command = [_program()]
    for option, values in (("-key", key), ("-cosigner", cosigner), ("-old", old)):
        for value in [values] if isinstance(values, (str, Path)) else values:
            command += [option, value]
    if hashes_only:
        command.append("-hashes-only")
    return subprocess.run([*map(str, command), f"-flip={flip}", str(directory)], timeout=600,
                          capture_output=True, text=True)


def accepts(directory, **options):
    process = run(directory, **options)
    if process.returncode != 0:
        raise AssertionError(f"the judge refuses {directory}: {process.stderr}")
    return process.stdout


def refuses(directory, **options):
    process = run(directory, **options)
    if process.returncode != 1:
        raise AssertionError(f"the judge accepts {directory}: {process.stdout}{process.stderr}")
    return process.stderr
