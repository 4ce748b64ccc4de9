"""Communities: real nodes that are admitted, get the rulebook and each other's names, leave and are
removed."""

import unittest

import concert
from peernode import Node


class CommunityTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.forum = Node(self, "forum").serve()
        self.members = [Node(self, name).serve() for name in ("alder", "birch")]
        for node in self.members:
            node.run("peer", "invite", self.forum.url)
            self.forum.run("peer", "accept", node.name)

    def look(self, node, name="region@cert.forum.example"):
        """Who is a member, by name, and who votes; None: not known."""
        for line in node.run("community", "list", "--json", status=None).lines():
            if line["community"] == name:
                return {member["origin"].split(".")[1]: member["votes"]
                        for member in line["members"] if member["step"] == "admitted"}
        return None

    def wait(self, node, expected):
        concert.until(lambda: self.look(node) == expected, lambda: f"{node.name}: {self.look(node)}")

    def test_life(self):
        forum, (alder, birch) = self.forum, self.members
        forum.run("community", "create", "region", "--title", "The region")
        forum.run("community", "create", "region", "--title", "Again", status=2)
        forum.run("community", "create", "Re gion", "--title", "Bad", status=2)
        self.assertEqual(self.look(forum), {"forum": False})
        forum.run("community", "add", "region", alder.name, "--votes")
        forum.run("community", "add", "region", alder.name, "--votes", status=2)
        self.wait(alder, {"forum": False, "alder": True})
        self.assertIsNone(self.look(birch))
        forum.run("community", "add", "region", birch.name)
        both = {"forum": False, "alder": True, "birch": False}
        self.wait(alder, both)
        self.wait(birch, both)
        forum.run("community", "add", "region", birch.name, "--votes")
        both["birch"] = True
        self.wait(birch, both)

        name = "region@cert.forum.example"
        rules = alder.run("community", "rules", name).out
        self.assertTrue(rules.startswith("Rulebook for communities of Concert nodes, version 1\n"))
        self.assertEqual(rules, forum.run("community", "rules", "region").out)
        book = self.write("rules.txt", "1. Be kind.\n")
        forum.run("community", "rules", "region", "--rulebook", book)
        alder.run("community", "rules", name, "--rulebook", book, status=2)
        concert.until(lambda: birch.run("community", "rules", name).out == "1. Be kind.\n")

        # Only the owner admits and removes; a member leaves by itself.
        alder.run("community", "remove", name, birch.name, status=2)
        alder.run("community", "leave", name)
        self.wait(forum, {"forum": False, "birch": True})
        self.wait(birch, {"forum": False, "birch": True})
        self.assertEqual(self.look(alder), {"forum": False, "birch": True})
        alder.run("community", "leave", name, status=1)
        forum.run("community", "remove", "region", birch.name, "--reason", "an exercise")
        self.wait(birch, {"forum": False})
        self.assertIn("removed", birch.run("community", "show", name).out)
        forum.run("community", "add", "region", alder.name)
        self.wait(alder, {"forum": False, "alder": False})
        # The records are numbered without gaps, at everybody who got them.
        shown = forum.run("community", "show", "region", "--json").json()
        self.assertEqual(shown["records"], 7)
        self.assertNotIn("complaint", alder.run("community", "show", name, "--json").json())


if __name__ == "__main__":
    unittest.main()
