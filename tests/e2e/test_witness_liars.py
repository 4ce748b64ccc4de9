"""Peers as witnesses that lie, or are of another version: a fork that is convicted, a word that is
not believed, a cosignature that is wrong; and a ledger that was rolled back."""

import base64
import json
import shutil
import unittest

import concert
from peernode import FalsePeer, Node

SOON = {"ledger": {"cosign_interval": "0", "cosign_ask_interval": "1s"},
        "exchange": {"interval": "1s"}}
WITNESS = "cert.birch.example/witness"


class WitnessLiarsTest(concert.TestCase):
    def meet(self):
        alder, birch = [Node(self, name, SOON).serve() for name in ("alder", "birch")]
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        concert.until(lambda: self.witness(alder, birch).get("size", 0) >=
                  alder.run("ledger", "status", "--json").json()["size"])
        return alder, birch

    def witness(self, node, other):
        return node.run("peer", "show", other.name, "--json").json()["witnesses_us"]

    def status(self, node):
        return node.run("status", "--json", status=None).json()

    def grow(self, node, title="A note"):
        node.run("ledger", "append", title, self.write("note.txt", title))

    def test_word(self):
        """What a peer only says costs nothing; what it gets wrong is named, and dropped."""
        alder, birch = self.meet()
        birch.stop()
        false = FalsePeer(self, birch)
        size = self.witness(alder, birch)["size"]
        root, signature = (base64.b64encode(bytes(count)).decode() for count in (32, 68))
        note = f"{alder.origin}\n999999\n{root}\n\n— {alder.origin} {signature}\n"
        for answer, words in (
                ((404, "application/json", json.dumps({"title": "not found"}).encode()),
                 "does not watch"),
                ((409, "text/x.tlog.size", b"999999\n"), "not believed"),
                ((409, "application/vnd.concert.checkpoint", note.encode()), "not believed"),
                ((409, "application/vnd.concert.checkpoint", b"nonsense"), "not believed"),
                ((200, "text/plain", f"— {WITNESS} {'A' * 104}\n".encode()), "no good cosignature"),
                ((200, "text/plain", b"\xff" * 70000), "no good cosignature")):
            false.answers["/exchange/v1/witness"] = answer
            # Failures make it come less often; a new start does not know of them.
            alder.stop()
            alder.serve()
            self.grow(alder)
            concert.until(lambda: words in self.witness(alder, birch).get("failure", ""))
            status = self.status(alder)
            self.assertFalse(status["ledger_held"])
            self.assertEqual(status["witnesses_failing"], 1)
            # Only who cosigns wrongly is warned of.
            self.assertEqual(any(WITNESS in line for line in status["warnings"]),
                             answer[0] == 200)
        self.assertEqual(self.witness(alder, birch)["size"], size)
        self.grow(alder)

    def test_rolled_back(self):
        """A copy of a node that goes on otherwise: held while it is behind what its witness has
        seen, convicted when it has gone beyond."""
        alder, birch = self.meet()
        alder.stop()
        old = self.directory / "old"
        shutil.copytree(alder.path, old)
        alder.serve()
        self.grow(alder)
        self.grow(alder)
        size = alder.run("ledger", "status", "--json").json()["size"]
        concert.until(lambda: self.witness(alder, birch).get("size", 0) >= size)
        alder.stop()

        shutil.rmtree(alder.path)
        shutil.copytree(old, alder.path)
        self.grow(alder, "Another")
        alder.serve()
        concert.until(lambda: self.status(alder)["ledger_held"])
        self.assertIn("rolled back", self.witness(alder, birch)["failure"])
        alder.stop()
        self.assertEqual(self.status(birch)["peers_convicted"], 0)

        shutil.rmtree(alder.path)
        shutil.copytree(old, alder.path)
        for _ in range(4):
            self.grow(alder, "Another")
        alder.serve()
        concert.until(lambda: self.status(birch)["logs_frozen"] == [alder.origin])
        concert.until(lambda: self.status(birch)["peers_convicted"] == 1)
        self.assertIn("CONVICTED", birch.run("peer", "list").out)
        self.assertEqual(len(birch.run("ledger", "witness", "evidence", "--json").lines()), 1)


if __name__ == "__main__":
    unittest.main()
