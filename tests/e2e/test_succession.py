"""A node that loses its ledger goes on with another one that its recovery key signs for; its peer
sees it, follows it when a person says so, and dispatches arrive both ways again."""

import shutil
import time
import unittest

import concert
from peernode import Node

PASSPHRASE = "a passphrase for the safe"
QUICK = {"exchange": {"interval": "1s"}}


def indicator(number):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--33333333-3333-4333-8333-{number:012d}",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "name": f"page {number}", "pattern_type": "stix",
            "pattern": f"[domain-name:value = 'page{number}.first-bank.example']",
            "valid_from": "2026-01-01T00:00:00Z"}


class SuccessionTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder, self.birch = (Node(self, name, QUICK).serve() for name in ("alder", "birch"))
        self.alder.run("peer", "invite", self.birch.url)
        self.birch.run("peer", "accept", self.alder.name)
        self.successor = self.alder.name + "/ledger-2"

    def send(self, node, number, to):
        page = self.write(f"{number}.json", {
            "type": "bundle", "id": "bundle--33333333-3333-4333-8333-333333333333",
            "objects": [indicator(number)]})
        node.run("dispatch", "send", "--title", f"Page {number}", "--tlp", "amber", "--to", to.name,
                 page)

    def wait(self, what, condition):
        concert.until(condition, what)

    def arrived(self, node, number):
        return node.run("show", indicator(number)["id"], status=None).status == 0

    def wait_arrived(self, node, number):
        self.wait(f"{number} at {node.name}", lambda: self.arrived(node, number))

    def lose(self):
        """Alder has a backup of yesterday, and somebody's copy of its newest checkpoint."""
        alder = self.alder
        alder.run("ledger", "mirror", self.directory / "mirror")
        shutil.rmtree(self.directory / "mirror/tile")
        alder.stop()
        self.recovery = self.directory / "recovery.key"
        (alder.path / "recovery.key").rename(self.recovery)
        shutil.move(alder.path, self.directory / "lost")
        alder.run("restore", self.directory / "backup", "--keys", self.directory / "keys",
                  "--password-stdin", input=PASSPHRASE + "\n")
        alder.run("key", "seal", "--none", env={"CONCERT_PASSPHRASE": PASSPHRASE})

    def back_up(self):
        self.alder.run("backup", self.directory / "backup", "--keys", self.directory / "keys",
                       "--password-stdin", input=PASSPHRASE + "\n")

    def relink(self):
        self.alder.run("ledger", "resume", "--from", self.directory / "mirror", "--relink",
                       "--recovery-key", self.recovery)
        self.alder.origin = self.successor
        self.alder.serve()

    def test_lost(self):
        alder, birch = self.alder, self.birch
        self.send(alder, 1, birch)
        self.send(birch, 2, alder)
        self.wait_arrived(birch, 1)
        self.wait_arrived(alder, 2)
        # There is nothing to follow yet.
        self.assertIn("goes on with the ledger that is known",
                      birch.run("peer", "succeed", alder.name, status=1).err)
        self.back_up()
        self.send(alder, 3, birch)
        self.wait_arrived(birch, 3)
        held = birch.peer(alder)["held"]
        self.lose()
        self.relink()

        # The peer is told of it, and does nothing by itself.
        self.wait("birch is told", lambda: "peer succeed" in birch.peer(alder).get("failure", ""))
        self.assertIn(f"goes on as {self.successor}", birch.run("peer", "show", alder.name).out)
        self.send(alder, 4, birch)
        time.sleep(1)
        self.assertFalse(self.arrived(birch, 4))
        self.assertIn("peer succeed", birch.run("peer", "invite", alder.url, status=2).err)
        self.assertIn("would go on", birch.run("peer", "succeed", alder.name, "--check").out)
        self.assertEqual(birch.peer(alder)["origin"], alder.name + "/ledger")

        succeeded = birch.run("peer", "succeed", alder.name, "--json").json()
        self.assertEqual((succeeded["origin"], succeeded["previous"], succeeded["held"]),
                         (self.successor, alder.name + "/ledger", held))
        peer = birch.peer(alder)
        self.assertEqual((peer["origin"], peer["state"], peer["fork"] if "fork" in peer else None),
                         (self.successor, "active", None))
        self.assertIn(f"{alder.name}/ledger, of which {held} entries",
                      birch.run("peer", "show", alder.name).out)
        # Both ways, under the new name; and what there was is still there.
        self.wait_arrived(birch, 4)
        self.send(birch, 5, alder)
        self.wait_arrived(alder, 5)
        self.send(alder, 6, birch)
        self.wait_arrived(birch, 6)
        self.wait("all is well", lambda: not birch.peer(alder).get("failure"))
        self.assertTrue(self.arrived(birch, 3))
        self.assertEqual(sorted(line["header"]["audience"] for line in birch.entries("dispatch")),
                         [[alder.name + "/ledger"], [self.successor]])
        birch.run("peer", "succeed", alder.name, status=1)
        # Its steps count again, and its keys are followed from the new one on.
        alder.run("key", "rotate", "ledger")
        alder.run("peer", "suspend", birch.name)
        self.assertEqual(birch.state(alder), "suspended")
        for node in (alder, birch):
            node.run("ledger", "audit")

    def test_not_signed_for(self):
        """Another node of that name, which made itself a successor with a recovery key of its own."""
        alder, birch = self.alder, self.birch
        alder.stop()
        shutil.move(alder.path, self.directory / "honest")
        thief = Node(self, "alder", QUICK)
        thief.port, thief.url = alder.port, alder.url
        concert.configure(thief.path, {"server": {"listen": f"127.0.0.1:{alder.port}"},
                                       "card": {"url": alder.url}})
        self.alder = thief
        self.back_up()
        thief.serve()
        self.lose()
        self.relink()
        refused = birch.run("peer", "succeed", alder.name, status=2)
        self.assertIn("no signature", refused.err)
        self.assertEqual(birch.peer(alder)["origin"], alder.name + "/ledger")
        self.assertNotIn("peer succeed", birch.peer(alder).get("failure") or "")


if __name__ == "__main__":
    unittest.main()
