"""Two nodes in network namespaces of their own, with a line between them that the kernel makes bad:
what badline.py does to bytes of TCP, this does to packets."""

import os
import shutil
import subprocess
import unittest

import concert
from peernode import Node

DELAY, LOSS = "300ms", "5%"  # each way
PORT = 8443


def quietly(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def absent():
    """Why such a line cannot be made here; None: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip") or not shutil.which("tc"):
        return "no ip or no tc (iproute2)"
    name = f"concert-probe-{os.getpid()}"
    made = quietly("ip", "netns", "add", name)
    if made.returncode != 0:
        return f"no network namespaces: {made.stdout.strip()}"
    try:
        line = quietly("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "lo", "root",
                       "netem", "delay", "1ms")
        return f"no netem in this kernel: {line.stdout.strip()}" if line.returncode != 0 else None
    finally:
        quietly("ip", "netns", "del", name)


ABSENT = absent()


class SpacedNode(Node):
    """A node whose every process is in a namespace, where it has an address of its own."""

    def __init__(self, test, name, address):
        self.space = f"concert-{name}-{os.getpid()}"
        self.address = address
        super().__init__(test, name, {"exchange": {"interval": "1s"}})
        self.url = f"https://{address}:{PORT}"
        concert.configure(self.path, {"server": {"listen": f"{address}:{PORT}"},
                                      "card": {"url": self.url}})

    @property
    def wrapper(self):
        return ("ip", "netns", "exec", self.space)

    def run(self, *arguments, **keywords):
        return super().run(*arguments, wrapper=self.wrapper, **keywords)

    def serve(self):
        self.server = concert.Server(self.path, wrapper=self.wrapper)
        self.test.addCleanup(self.server.stop)
        return self


@unittest.skipIf(ABSENT, ABSENT)
class NetemTest(concert.TestCase):
    def command(self, *command):
        done = quietly(*command)
        self.assertEqual(done.returncode, 0, f"{' '.join(command)}: {done.stdout}")

    def setUp(self):
        super().setUp()
        self.alder = SpacedNode(self, "alder", "192.0.2.1")
        self.birch = SpacedNode(self, "birch", "192.0.2.2")
        self.nodes = (self.alder, self.birch)
        for node in self.nodes:
            self.command("ip", "netns", "add", node.space)
            self.addCleanup(quietly, "ip", "netns", "del", node.space)
        self.command("ip", "link", "add", "line", "netns", self.alder.space, "type", "veth",
                     "peer", "name", "line", "netns", self.birch.space)
        for node in self.nodes:
            for command in (("addr", "add", f"{node.address}/24", "dev", "line"),
                            ("link", "set", "line", "up"), ("link", "set", "lo", "up")):
                self.command("ip", "-n", node.space, *command)

    def worsen(self):
        for node in self.nodes:
            self.command(*node.wrapper, "tc", "qdisc", "add", "dev", "line", "root", "netem",
                         "delay", DELAY, "loss", LOSS)

    def sums(self, node, other):
        """Of what the node sent and received: how many entries, and their digest."""
        lines = node.run("exchange", "report", other.name, "--json").lines()
        return {line["direction"]: (line["count"], line["sha256"])
                for line in lines if line["event"] == "summary"}

    def is_even(self):
        alder, birch = self.sums(self.alder, self.birch), self.sums(self.birch, self.alder)
        return alder["sent"] == birch["received"] and alder["received"] == birch["sent"]

    def test_far_and_lossy(self):
        """600 ms there and back, of twenty packets one lost: all arrives, and both know it."""
        for node in self.nodes:
            node.serve()
        self.alder.run("peer", "invite", self.birch.url)
        self.birch.run("peer", "accept", self.alder.name)
        self.alder.wait_state(self.birch, "active")
        self.worsen()
        objects = [{"type": "indicator", "spec_version": "2.1",
                    "id": f"indicator--33333333-3333-4333-8333-{number:012d}",
                    "created": "2026-01-01T00:00:00.000Z",
                    "modified": "2026-01-01T00:00:00.000Z", "pattern_type": "stix",
                    "pattern": f"[domain-name:value = 'page{number}.first-bank.example']",
                    "valid_from": "2026-01-01T00:00:00Z"} for number in range(100)]
        path = self.write("pages.json", {
            "type": "bundle", "id": "bundle--33333333-3333-4333-8333-333333333333",
            "objects": objects})
        self.alder.run("dispatch", "send", "--title", "Pages", "--tlp", "amber", "--to",
                       self.birch.name, path)
        concert.until(lambda: self.is_even() and len(objects) <=
                      self.birch.run("status", "--json", status=None).json()["objects"],
                      lambda: f"{self.alder.server.log} {self.birch.server.log}")


if __name__ == "__main__":
    unittest.main()
