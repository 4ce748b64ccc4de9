"""Events that claim times far ahead: they are held back, their sender is told, and they count when
their time is near; the state is the same at all who have them."""

import unittest
from pathlib import Path

import concert
from peernode import Node

OTHER_CLOCK = Path(concert.BIN).resolve().parent.parent.parent / "tests/libother_clock.so"
HOUR = 3600


def clock(seconds):
    return {"LD_PRELOAD": str(OTHER_CLOCK), "OTHER_CLOCK": str(seconds)}


@unittest.skipIf(concert.SANITIZER, "the preloaded clock would come before the sanitizer")
class ClaimedTimeTest(concert.TestCase):
    def show(self, node, request):
        result = node.run("request", "show", request, "--json", status=None)
        return result.json() if result.status == 0 else {"events": 0, "held": []}

    def test_ahead(self):
        alder, birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        request = alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "Scans", "--text",
                            "Are these yours?", "--json").json()["dossier"]
        for node in (alder, birch):
            concert.until(lambda node=node: self.show(node, request)["events"] == 2, node.name)
        birch.run("dossier", "held", status=1)
        before = self.show(birch, request)

        # Alder's clock is 30 hours ahead, while nobody looks; then it is right again.
        alder.stop()
        # Whether it is right nobody there can tell, which is said.
        self.assertIn("was last compared with a peer's",
                      alder.run("request", "comment", request, "From tomorrow.", env=clock(30 * HOUR)).err)
        self.assertNotIn("compared", alder.run("request", "comment", request, "From today.").err)
        alder.serve()
        birch.run("exchange", "sync", alder.name)
        concert.until(lambda: self.show(birch, request)["events"] == 3, "the second comment")
        shown = self.show(birch, request)
        self.assertEqual([(one["type"], one["by"], one["from"]) for one in shown["held"]],
                         [("remark", alder.name, alder.name)])
        self.assertEqual((shown["state"], shown["pending"], shown["last"], shown["due"]),
                         (before["state"], 1, before["last"], before["due"]))
        text = birch.run("request", "show", request).out
        self.assertIn("HELD until", text)
        self.assertNotIn("From tomorrow.", text)
        self.assertEqual([one["dossier"] for one in birch.run("dossier", "held", "--json").lines()], [request])
        self.assertEqual(birch.run("status", "--json", status=None).json()["events_held"], 1)

        # Its sender is told.
        alder.run("exchange", "sync", birch.name)

        def told():
            return any("claims a time ahead" in alder.run("dispatch", "show", str(entry["index"]), status=None).out
                       for entry in alder.entries("dispatch"))
        concert.until(told, "Alder is told")

        # Eight hours later it is taken, and what follows it counts.
        birch.stop()
        birch.server = concert.Server(birch.path, env=clock(8 * HOUR))
        self.addCleanup(birch.server.stop)
        concert.until(lambda: self.show(birch, request)["events"] == 4, "what was held")
        self.assertEqual(self.show(birch, request)["digest"], self.show(alder, request)["digest"])
        self.assertEqual((self.show(birch, request)["held"], self.show(birch, request)["pending"]), ([], 0))

    def test_own_clock(self):
        """Whose clock is a day ahead of the others' signs nothing: its peers' refusals tell it so. Of one peer nobody
        can tell which of the two is wrong."""
        alder, birch, cedar = (Node(self, name).serve() for name in ("alder", "birch", "cedar"))
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        request = alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "Scans", "--text",
                            "Are these yours?", "--json").json()["dossier"]
        for node in (alder, birch):
            concert.until(lambda node=node: self.show(node, request)["events"] == 2, node.name)

        def from_tomorrow(*peers):
            alder.server.stop()
            alder.server = concert.Server(alder.path, env=clock(30 * HOUR))
            self.addCleanup(alder.server.stop)
            for peer in peers:
                concert.until(lambda peer=peer: alder.peer(peer)["clock_ahead_seconds"] < -29 * HOUR, peer.name)

        from_tomorrow(birch)
        said = alder.run("request", "comment", request, "From tomorrow?", env=clock(30 * HOUR))
        self.assertRegex(said.out + said.err, f"(29|30) hours ahead of that of {birch.name}, the only peer")
        # Set right, and with another peer.
        alder.server.stop()
        alder.serve()
        alder.run("peer", "invite", cedar.url)
        cedar.run("peer", "accept", alder.name)
        concert.until(lambda: alder.peer(cedar)["state"] == "active", "Cedar is a peer")
        from_tomorrow(birch, cedar)
        refused = alder.run("request", "comment", request, "From tomorrow.", env=clock(30 * HOUR), status=2).err
        self.assertRegex(refused, "(29|30) hours ahead of that of .* of 2 of 2 peers")
        self.assertEqual(self.show(alder, request)["events"], 3)
        # Set right it is believed at once, whatever was seen before.
        alder.server.stop()
        alder.serve()
        alder.run("request", "comment", request, "From today.")
        concert.until(lambda: self.show(alder, request)["events"] == 4, "the comment")


if __name__ == "__main__":
    unittest.main()
