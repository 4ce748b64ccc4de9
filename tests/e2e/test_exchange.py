"""The exchange in bad weather: lines that are cut, slow, silent or gone; nodes that are killed at
any moment; a node that was rolled back and goes on otherwise. Nothing acknowledged is lost, nothing
comes twice, and in the end both sides have the same."""

import json
import random
import shutil
import signal
import time
import unittest

import concert
from badline import BadLine
from peernode import Node

ROUNDS = 40 if concert.LONG else 1 if concert.SANITIZER else 3


def indicator(number, name="page"):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--22222222-2222-4222-8222-{number:012d}",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "name": f"{name} {number}", "pattern_type": "stix",
            "pattern": f"[domain-name:value = 'page{number}.first-bank.example']",
            "valid_from": "2026-01-01T00:00:00Z", "description": f"{number} " * 60}


class ExchangeTest(concert.TestCase):
    settings = {"exchange": {"interval": "1s"}}

    def node(self, name):
        """A node that others reach by a bad line."""
        line = BadLine(self, seed=len(name))
        node = Node(self, name, self.settings)
        line.port = node.port
        concert.configure(node.path, {"card": {"url": line.url}})
        node.line = line
        return node.serve()

    def meet(self, *nodes):
        for i, node in enumerate(nodes):
            for other in nodes[i + 1:]:
                node.run("peer", "invite", other.line.url)
                other.run("peer", "accept", node.name)

    def send(self, node, numbers, *to, name="page"):
        path = self.directory / f"{node.short}-{numbers[0]}.json"
        path.write_text(json.dumps({
            "type": "bundle", "id": "bundle--22222222-2222-4222-8222-222222222222",
            "objects": [indicator(number, name) for number in numbers]}))
        arguments = [part for peer in to for part in ("--to", peer.name)]
        return node.run("dispatch", "send", "--title", "Pages", "--tlp", "amber", *arguments, path,
                        "--json").lines()[-1]

    def summary(self, node, other, direction):
        for line in node.run("exchange", "report", other.name, "--json").lines():
            if line["event"] == "summary" and line["direction"] == direction:
                return line["count"], line["sha256"]
        self.fail("a report without a summary")

    def is_even(self, one, other):
        """Whether both hold the same of each other."""
        return (self.summary(one, other, "sent") == self.summary(other, one, "received") and
                self.summary(other, one, "sent") == self.summary(one, other, "received"))

    def wait_even(self, one, other):
        concert.until(lambda: self.is_even(one, other), lambda: f"{one.name} and {other.name} do "
                      f"not agree: {one.server.log} {other.server.log}")

    def kill(self, node):
        node.server.process.send_signal(signal.SIGKILL)
        node.server.process.wait()
        node.server = None

    def held(self, node):
        return node.run("status", "--json", status=None).json()["objects"]

    def test_killed(self):
        """Both are killed at any moment while much is under way over a line that is cut again and
        again."""
        alder, birch = self.node("alder"), self.node("birch")
        self.meet(alder, birch)
        dice = random.Random(5)
        sent = 0
        birch.line.cut = alder.line.cut = 400_000
        for round in range(ROUNDS):
            self.send(alder, range(sent, sent + 1500), birch)
            sent += 1500
            self.send(birch, range(1_000_000 + 10 * round, 1_000_000 + 10 * round + 10), alder)
            time.sleep(dice.random() * 0.5)
            victim = dice.choice((alder, birch))
            self.kill(victim)
            time.sleep(dice.random() * 0.2)
            victim.serve()
        birch.line.cut = alder.line.cut = None
        self.wait_even(alder, birch)
        self.assertEqual(self.held(birch), sent + 10 * ROUNDS)
        self.assertEqual(self.held(alder), sent + 10 * ROUNDS)
        for node in (alder, birch):
            node.run("ledger", "audit")

    def test_partition(self):
        """Three nodes; any of them is cut off and comes back, in every order."""
        alder, birch, cedar = nodes = [self.node(name) for name in ("alder", "birch", "cedar")]
        self.meet(*nodes)
        dice = random.Random(7)
        number = 0
        for _ in range(ROUNDS):
            cut = dice.sample(nodes, dice.randrange(1, 4))
            for node in cut:
                node.line.down()
            for node in nodes:
                others = [other for other in nodes if other is not node]
                to = dice.sample(others, dice.randrange(1, 3))
                entry = self.send(node, range(number, number + 3), *to)["entries"][0]
                number += 3
                if dice.random() < 0.4:
                    node.run("dispatch", dice.choice(("withdraw", "recall")), str(entry), "--reason",
                             "an exercise")
            dice.shuffle(cut)
            for node in cut:
                node.line.up = True
                time.sleep(0.05)
        for one, other in ((alder, birch), (birch, cedar), (cedar, alder)):
            self.wait_even(one, other)

    def test_thin(self):
        """64 kbit/s with 600 ms on the way: what is small comes soon, what is large comes."""
        alder, birch = self.node("alder"), self.node("birch")
        self.meet(alder, birch)
        self.wait_even(alder, birch)
        for node in (alder, birch):
            node.line.delay, node.line.rate = 0.3, 8000
            node.line.drop()
        self.send(alder, range(30), birch)
        concert.until(lambda: self.held(birch) >= 30, lambda: birch.server.log, 60)

    def test_silent_peer(self):
        """A peer that takes connections and says nothing delays nobody else."""
        alder, birch, cedar = nodes = [self.node(name) for name in ("alder", "birch", "cedar")]
        self.meet(*nodes)
        birch.line.silent = True
        birch.line.drop()
        for number in range(5):
            self.send(alder, [number], birch, cedar)
        concert.until(lambda: self.held(cedar) >= 5, lambda: cedar.server.log, 30)
        birch.line.silent = False
        birch.line.drop()
        self.wait_even(alder, birch)

    def test_rolled_back(self):
        """A node that comes back from an old copy and goes on otherwise is convicted, and its peer
        accepts nothing of it any more; others go on."""
        alder, birch = self.node("alder"), self.node("birch")
        self.meet(alder, birch)
        self.send(alder, [1], birch)
        self.wait_even(alder, birch)
        alder.stop()
        old = self.directory / "old"
        shutil.copytree(alder.path, old)
        alder.serve()
        self.send(alder, [2], birch)
        self.wait_even(alder, birch)
        alder.stop()
        shutil.rmtree(alder.path)
        shutil.copytree(old, alder.path)
        alder.serve()
        concert.until(lambda: "shorter" in (birch.peer(alder) or {}).get("failure", "") or
                      "not those" in json.dumps(birch.peer(alder)), lambda: json.dumps(birch.peer(alder)))
        # It goes on, past what its peer had seen: two trees of one ledger.
        for number in range(3, 9):
            self.send(alder, [number], birch)
        concert.until(lambda: (birch.peer(alder) or {}).get("fork"), lambda: json.dumps(birch.peer(alder)))
        self.assertEqual(self.held(birch), 2)
        self.assertIn("CONVICTED", birch.run("exchange", "status").out)
        evidence = birch.run("ledger", "witness", "evidence", "--json", status=None).lines()
        self.assertEqual([line["origin"] for line in evidence], [alder.origin])


if __name__ == "__main__":
    unittest.main()
