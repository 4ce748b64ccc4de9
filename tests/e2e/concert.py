"""Helps the end-to-end tests: runs the program, makes nodes, starts servers, talks HTTP.

    class ShowTest(concert.NodeTestCase):
        def test_unknown(self):
            result = self.concert("show", "indicator--...", status=1)

The program is $CONCERT_BIN, else build/src/cli/concert. Recorded data of others is looked for in the
directory $CONCERT_DATA; tests that need it are decorated with @concert.needs_data("corpora/...").
"""

import base64
import contextlib
import http.client
import json
import math
import os
import random
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get("CONCERT_BIN", str(ROOT / "build/src/cli/concert"))
SANITIZER = os.environ.get("CONCERT_SANITIZER", "")
LONG = bool(os.environ.get("CONCERT_LONG"))
DATA = os.environ.get("CONCERT_DATA", "")


def needs_data(*names):
    """Skips, loudly, a test whose recorded data is not here."""
    if not DATA:
        return unittest.skip("no CONCERT_DATA")
    absent = [name for name in names if not (Path(DATA) / name).exists()]
    return unittest.skipIf(absent, f"no {', '.join(absent)} in CONCERT_DATA")


def data(name):
    return Path(DATA) / name


class Result:
    """What a finished program printed, as text, and its exit status."""

    def __init__(self, process, out, err):
        self.status = process.returncode
        self.raw = out
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")

    def json(self):
        return json.loads(self.out)

    def lines(self):
        """The JSON values of --json output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments, status=0, input=None, env=None, cwd=None, timeout=300, wrapper=()):
    """Runs `concert ARGUMENTS...`; fails unless it exits with @status (None: any)."""
    if isinstance(input, str):
        input = input.encode()
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    process = subprocess.Popen([*wrapper, BIN, *map(str, arguments)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                               cwd=cwd)
    try:
        out, err = process.communicate(input or b"", timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    result = Result(process, out, err)
    if status is not None and result.status != status:
        raise AssertionError(f"concert {' '.join(map(str, arguments))}: exit status "
                             f"{result.status}, not {status}\n{result.out}{result.err}")
    return result


# How long tests wait for what others do, in seconds: a machine may be slow, and busy with other tests.
PATIENCE = 180 * (3 if SANITIZER else 1)
DAY = 24 * 3600


def until(good, what="it does not come", seconds=PATIENCE):
    """Looks again and again until @good() gives something true, and returns it. @what is told when it never
    does: a text, or a function that makes one."""
    end = time.monotonic() + seconds
    while not (found := good()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return found


def begin_within_a_day(seconds=PATIENCE / 3):
    """For tests of what is counted by days: waits for midnight (UTC) where it would come amid them."""
    left = DAY - time.time() % DAY
    if left < seconds:
        time.sleep(left + 0.1)


def wait_for_any_moment(begun, seconds):
    """Waits for a moment that a test ends something at: mostly up to @seconds after @begun() became true,
    which takes as long as the machine takes, and now and then whenever it is."""
    if random.random() < 0.8:
        until(begun)
    time.sleep(random.uniform(0.02, seconds))


# What a command that does nothing takes, as the tests that set spans have been measured.
COMMAND_SECONDS = 0.01


def span(seconds):
    """As many seconds, or more of them where commands take their time: for what has to be done within a
    span that a test itself sets."""
    begin = time.monotonic()
    for _ in range(5):
        run("version")
    return math.ceil(seconds * max(1.0, (time.monotonic() - begin) / 5 / COMMAND_SECONDS))


class Response:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


TAXII = "application/taxii+json;version=2.1"


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class Server:
    """A running `concert serve` on a port of its own choosing."""

    def __init__(self, node, *arguments, wrapper=(), env=None):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        self.process = subprocess.Popen([*wrapper, BIN, "serve", "--node", str(node), *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=environment)
        self.log = []
        self.url = None
        ready = threading.Event()

        def follow():
            for line in self.process.stdout:
                self.log.append(line.decode(errors="replace").rstrip())
                match = re.search(r"(https?)://(\[[0-9a-f:]+\]|[0-9.]+):(\d+)", self.log[-1])
                if match and not self.url:
                    self.scheme, self.host, self.port = match[1], match[2].strip("[]"), int(match[3])
                    self.url = match[0]
                    ready.set()
            ready.set()

        self.thread = threading.Thread(target=follow, daemon=True)
        self.thread.start()
        if not ready.wait(60) or not self.url:
            self.process.kill()
            self.process.wait()
            raise AssertionError("serve did not start:\n" + "\n".join(self.log))

    def connect(self, timeout=60):
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)

    def request(self, method, path, body=None, headers=None, auth=None, timeout=60):
        """One request on a connection of its own. @body: bytes, text, or what becomes JSON."""
        headers = dict(headers or {})
        if auth:
            headers.setdefault("Authorization", auth)
        headers.setdefault("Accept", TAXII)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", TAXII)
        with contextlib.closing(self.connect(timeout)) as connection:
            connection.request(method, path, body, headers)
            return Response(connection.getresponse())

    def get(self, path, **keywords):
        return self.request("GET", path, **keywords)

    def post(self, path, body, **keywords):
        return self.request("POST", path, body, **keywords)

    def stop(self, how=signal.SIGTERM, timeout=60):
        """Ends the server; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("serve did not stop:\n" + "\n".join(self.log))
        self.thread.join(10)
        self.process.stdout.close()
        return status


class TestCase(unittest.TestCase):
    """A test with a directory of its own."""

    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="concert-test-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def spawn(self, *command, **keywords):
        """A process that dies with the test, if it has not ended by then."""
        process = subprocess.Popen([str(part) for part in command], **keywords)

        def end():
            process.kill()
            with process:  # which closes its pipes and waits for it
                pass

        self.addCleanup(end)
        return process

    def write(self, name, text):
        """A file in the test's directory; @text that is not bytes or text becomes JSON."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(text, (bytes, str)):
            text = json.dumps(text)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


def configure(node, settings):
    """Writes settings into concert.conf: {"server": {"threads": 4}}."""
    path = node / "concert.conf"
    text = path.read_text()
    for section, values in settings.items():
        for name, value in values.items():
            head, mark, tail = text.partition(f"[{section}]\n")
            assert mark, section
            tail = re.sub(rf"(?m)^{name} = .*\n", "", tail, count=1)
            text = f"{head}{mark}{name} = {value}\n{tail}"
    path.write_text(text)


class NodeTestCase(TestCase):
    """A test with a fresh node."""

    # Further lines of concert.conf: {"server": {"threads": 4}}.
    settings = {}

    def setUp(self):
        super().setUp()
        self.node = self.directory / "node"
        run("init", "--node", self.node, "--name", "cert.alder.example", "--listen", "127.0.0.1:0")
        self.configure(self.settings)

    def configure(self, settings):
        configure(self.node, settings)

    def concert(self, command, *arguments, **keywords):
        return run("--node", self.node, command, *arguments, **keywords)

    def serve(self, *arguments, **keywords):
        server = Server(self.node, *arguments, **keywords)
        self.addCleanup(server.stop, signal.SIGKILL)
        return server

    def account(self, name, *roles, password="correct horse battery", grants=(), source=None):
        """Makes an account with a password; grants are (collection, "r", "w" or "rw")."""
        self.concert("account", "add", name, "--roles", ",".join(roles), "--password-stdin",
                     *(["--source", source] if source else []), input=password + "\n")
        for collection, rights in grants:
            options = [option for letter, option in (("r", "--read"), ("w", "--write"))
                       if letter in rights]
            self.concert("collection", "grant", collection, name, *options)
        return basic(name, password)
