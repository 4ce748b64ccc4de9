"""Peers that witness each other by themselves: from the moment both agreed, over restarts, until
the peering ends, one of them does not want to, or a person says no."""

import time
import unittest

import concert
from peernode import Node

SOON = {"ledger": {"cosign_interval": "0", "cosign_ask_interval": "1s"},
        "exchange": {"interval": "1s"}}


class WitnessPeersTest(concert.TestCase):
    def nodes(self, *names):
        return [Node(self, name, SOON).serve() for name in names]

    def meet(self, *nodes):
        for i, node in enumerate(nodes):
            for other in nodes[i + 1:]:
                node.run("peer", "invite", other.url)
                other.run("peer", "accept", node.name)

    def shown(self, node, other):
        return node.run("peer", "show", other.name, "--json").json()

    def listed(self, node, what="witness"):
        """Who is asked or watched at @node: name or origin, and how it came to be there."""
        lines = node.run("ledger", "witness", "list", "--json", status=None).lines()
        return {line.get("name") or line["origin"]: line["through"] for line in lines
                if line["is"] == what and line.get("watched", True)}

    def cosigners(self, node):
        """Whose cosignatures are on the newest checkpoint."""
        text = node.run("ledger", "prove", "0").out
        return {line.split()[1] for line in text.splitlines()
                if line.startswith("— ") and "/witness " in line}

    def wait(self, what, *arguments):
        return concert.until(lambda: what(*arguments), lambda: (
            arguments[0].run("ledger", "witness", "list").out, arguments[0].server.log))

    def is_cosigned(self, node, *others):
        return self.cosigners(node) == {f"{other.name}/witness" for other in others}

    def cosigned(self, node, other):
        return self.shown(node, other)["witnesses_us"].get("size", 0)

    def grow(self, node):
        path = self.write("note.txt", "grown")
        node.run("ledger", "append", "A note", path)

    def test_three(self):
        """Each checkpoint soon bears the others' cosignatures, also after restarts."""
        alder, birch, cedar = nodes = self.nodes("alder", "birch", "cedar")
        self.meet(*nodes)
        for node in nodes:
            others = [other for other in nodes if other is not node]
            self.wait(self.is_cosigned, node, *others)
            self.assertEqual(self.listed(node),
                             {f"{other.name}/witness": "peering" for other in others})
            self.assertEqual(self.listed(node, "log"),
                             {other.origin: "peering" for other in others})
        status = alder.run("status", "--json", status=None).json()
        self.assertEqual((status["witnesses_through_peering"],
                          status["logs_watched_through_peering"], status["witnesses_failing"]),
                         (2, 2, 0))
        self.assertIn("through peering", alder.run("ledger", "witness", "list").out)
        shown = self.shown(alder, birch)
        self.assertEqual((shown["witnesses_us"]["through"], shown["witnessed"]["through"]),
                         ("peering", "peering"))
        self.assertIn("cosigned", shown["witnesses_us"])
        self.assertIn("cosigned", shown["witnessed"])
        text = alder.run("peer", "show", birch.name).out
        self.assertRegex(text, r"witnesses us +last ")
        self.assertRegex(text, r"we witness it +last ")
        # No entry of a ledger comes of it, so nothing goes on for ever.
        sizes = [node.run("ledger", "status", "--json").json()["size"] for node in nodes]
        for node in (alder, birch):
            node.stop()
            node.serve()
        self.grow(alder)
        self.wait(self.is_cosigned, alder, birch, cedar)
        self.assertEqual(self.listed(alder),
                         {f"{other.name}/witness": "peering" for other in (birch, cedar)})
        after = [node.run("ledger", "status", "--json").json()["size"] for node in nodes]
        self.assertEqual(after, [sizes[0] + 1, *sizes[1:]])

    def test_ways_out(self):
        """Suspension, a person who says no, another key, the end."""
        alder, birch = self.nodes("alder", "birch")
        self.meet(alder, birch)
        self.wait(self.is_cosigned, alder, birch)
        self.wait(self.is_cosigned, birch, alder)

        birch.run("peer", "suspend", alder.name)
        before = self.cosigned(alder, birch)
        self.grow(alder)
        time.sleep(2)
        self.assertEqual(self.cosigned(alder, birch), before)
        self.assertEqual(self.listed(alder), {"cert.birch.example/witness": "peering"})
        birch.run("peer", "resume", alder.name)
        self.wait(self.is_cosigned, alder, birch)

        # Other keys in the card take the places of those before. All comes in one answer, the card
        # and what vouches for the key that it is signed by.
        alder.stop()
        birch.run("key", "rotate", "cosign")
        birch.run("key", "rotate", "ledger")
        alder.serve()
        keys = {line["key"]: line["vkey"] for line in birch.run("key", "list", "--json").lines()
                if "vkey" in line}

        def is_followed(node):
            lines = node.run("ledger", "witness", "list", "--json", status=None).lines()
            return [line.get("vkey") or line["vkeys"] for line in lines] == [
                keys["cosign"], [keys["ledger"]]]
        self.wait(is_followed, alder)
        self.grow(alder)
        self.grow(birch)
        self.wait(self.is_cosigned, alder, birch)
        self.wait(self.is_cosigned, birch, alder)

        # What a person removed stays removed; what a person added stays.
        alder.run("ledger", "witness", "remove", "cert.birch.example/witness")
        birch.run("ledger", "witness", "unwatch", alder.origin)
        birch.run("ledger", "witness", "add", self.vkey(alder, "cosign"),
                  f"{alder.url}/ledger/witness")
        for node in (alder, birch):
            node.stop()
            node.serve()
        time.sleep(1)
        self.assertEqual((self.listed(alder), self.listed(birch, "log")), ({}, {}))
        self.assertEqual(self.listed(birch), {"cert.alder.example/witness": "hand"})
        self.assertIn("removed here by hand", alder.run("peer", "show", birch.name).out)
        self.assertIn("removed here by hand", birch.run("peer", "show", alder.name).out)

        alder.run("peer", "end", birch.name)
        self.wait(lambda node: not self.listed(node, "log"), alder)
        self.assertEqual(self.listed(birch), {"cert.alder.example/witness": "hand"})
        # A new peering begins anew.
        birch.run("peer", "invite", alder.url)
        alder.run("peer", "accept", birch.name)
        self.wait(lambda node: self.listed(node) == {"cert.birch.example/witness": "peering"},
                  alder)

    def vkey(self, node, role):
        return next(line["vkey"] for line in node.run("key", "list", "--json").lines()
                    if line.get("key") == role and "vkey" in line)

    def test_unwilling(self):
        """Who does not want to is not asked and asks nobody; the other sees why."""
        alder, birch = self.nodes("alder", "birch")
        self.meet(alder, birch)
        self.wait(self.is_cosigned, alder, birch)
        birch.stop()
        concert.configure(birch.path, {"exchange": {"witness_peers": "no"}})
        birch.serve()
        self.wait(lambda node: not self.listed(node) and not self.listed(node, "log"), birch)
        self.wait(lambda node: not self.listed(node) and not self.listed(node, "log"), alder)
        self.assertIn("does not say that it witnesses", alder.run("peer", "show", birch.name).out)
        self.assertIn("witness_peers is off", birch.run("peer", "show", alder.name).out)
        self.assertEqual(self.cosigners(alder), set())


if __name__ == "__main__":
    unittest.main()
