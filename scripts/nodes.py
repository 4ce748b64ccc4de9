"""Nodes for scripts/run and scripts/demo: made, served over TLS on loopback, asked and stopped.

Commands run in a directory of the caller's choice, so that what is shown can be typed there."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

# How long anything that has to happen between nodes may take before it counts as not happening.
PATIENCE = 120

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Deviation(Exception):
    """Something is not as it should be; the text says what."""


class Result:
    """What a command printed, and its exit status."""

    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Program:
    """The program, run in @directory and called @name where its commands are shown."""

    def __init__(self, path, directory, name):
        self.path, self.directory, self.name = path, directory, name
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8"}

    def line(self, arguments):
        """A command as it can be typed."""
        return f"{self.name} {shlex.join(map(str, arguments))}"

    def run(self, *arguments, status=0):
        """Runs a command. @status: what it has to exit with; None: anything."""
        result = Result(subprocess.run([self.path, *map(str, arguments)], cwd=self.directory,
                                       env=self.environment, stdin=subprocess.DEVNULL, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False))
        if status is not None and result.status != status:
            raise Deviation(f"{self.line(arguments)}\nended with status {result.status}, not "
                            f"{status}:\n{result.out}{result.err}".rstrip())
        return result


def free_port(wanted, taken):
    """@wanted, or if somebody has it any other port of loopback that is not in @taken."""
    for port in (wanted, *[0] * 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            port = probe.getsockname()[1]
            if port not in taken:
                return port
    raise Deviation("no port of loopback is free")


def wait(what, condition):
    """The first value of @condition that counts as true."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Deviation(f"{what}: not within {PATIENCE} s")
        time.sleep(0.02)
    return value


class Node:
    """A node in a directory below the program's, @short; it may be there already."""

    def __init__(self, program, short, name):
        self.program, self.short, self.name = program, short, name
        self.path = os.path.join(program.directory, short)
        self.port = self.url = self.process = None

    def exists(self):
        return os.path.exists(os.path.join(self.path, "concert.conf"))

    def make(self, organisation, port, settings):
        """Makes it, if it is not there, to be served over TLS on @port of loopback."""
        if not self.exists():
            self.run("init", "--name", self.name, "--organisation", organisation)
        self.port, self.url = port, f"https://127.0.0.1:{port}"
        self.configure({"server": {"listen": f"127.0.0.1:{port}", "tls": "on"},
                        "card": {"url": self.url, **settings},
                        # Its peers are on loopback.
                        "fetch": {"allow_private": "yes"}})
        return self

    def configure(self, settings):
        """Writes settings into concert.conf: {"server": {"tls": "on"}}."""
        path = os.path.join(self.path, "concert.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for section, values in settings.items():
            for name, value in values.items():
                head, mark, tail = text.partition(f"[{section}]\n")
                own, *others = re.split(r"(?m)^(?=\[)", tail, maxsplit=1)
                own = re.sub(rf"(?m)^{name} = .*\n", "", own)
                text = f"{head}{mark}{name} = {value}\n{own}{''.join(others)}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *arguments, status=0):
        return self.program.run(*arguments, "--node", self.short, status=status)

    def serve(self, log=None):
        """Serves it, with what it prints in the file @log: SHORT.log beside it."""
        log = log or f"{self.path}.log"
        with open(log, "ab") as output:
            begin = output.tell()
            # A group of its own: an interrupt is for the script, which then stops the nodes.
            self.process = subprocess.Popen(
                [self.program.path, "serve", "--node", self.short], cwd=self.program.directory,
                env=self.program.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)

        def ready():
            with open(log, "rb") as file:
                file.seek(begin)
                text = file.read()
            if self.process.poll() is not None:
                raise Deviation(f"{self.name} could not be served:\n{text.decode()}".rstrip())
            return f":{self.port}".encode() in text

        wait(f"{self.name} is served", ready)
        return self

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def state(self, other):
        """What the peering with @other is in here; None: nothing."""
        for line in self.run("peer", "list", "--json", status=None).lines():
            if line["peer"] == other.name:
                return line["state"]
        return None

    def meet(self, other):
        """Makes the two peers, if they are not; their words remain to be compared. Keys that were
        known of @other are replaced: it may have been made anew."""
        if self.state(other) == other.state(self) == "active":
            return
        self.run("peer", "invite", other.url, "--replace-keys")
        other.run("peer", "accept", self.name, status=None)
        for one, two in ((self, other), (other, self)):
            wait(f"{two.name} is a peer of {one.name}",
                 lambda one=one, two=two: one.state(two) == "active")


def end_by_signal(number, _frame):
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def stop_at_signals():
    """Lets the signals that end a script end it in order, `finally` included, once."""
    for number in ENDING:
        signal.signal(number, end_by_signal)
