"""A coordinator's tools between three real nodes: needs and offers that fit, conventions as they are
stated, and no right to read or to do anything in what is not for it."""

import json
import unittest

import concert
from peernode import Node

CONVENTIONS = {"conventions": [{
    "name": "coast-agreement", "title": "Agreement on the Coast (fictional)",
    "statuses": [{"party": "XA", "status": "in-force", "since": "2026-01-01", "checked": "2026-05-01"},
                 {"party": "XB", "status": "signed", "since": "2026-02-01", "checked": "2026-05-01",
                  "reservation": "Article 3"}]}]}


class CoordinatorTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.forum, self.alder, self.birch = self.nodes = [
            Node(self, name).serve() for name in ("forum", "alder", "birch")]
        for one, other in ((self.forum, self.alder), (self.forum, self.birch), (self.alder, self.birch)):
            one.run("peer", "invite", other.url)
            other.run("peer", "accept", one.name)
        self.forum.run("community", "create", "coast", "--title", "The coast")
        for node in (self.alder, self.birch):
            self.forum.run("community", "add", "coast", node.name, "--votes")
        self.community = f"coast@{self.forum.name}"
        for node in (self.alder, self.birch):
            concert.until(lambda node=node: sum(
                member["step"] == "admitted" for line in node.run("community", "list", "--json", status=None).lines()
                for member in line["members"]) == 3)

    def board(self, node, *options):
        return {line["title"]: line for line in
                node.run("board", "list", "--json", *options, status=None).lines()}

    def test_board(self):
        forum, alder, birch = self.nodes
        need = alder.run("board", "add", "need", "--community", self.community, "--topic", "people", "--topic",
                         "forensics", "--title", "Two people", "--json").json()["dossier"]
        offer = birch.run("board", "add", "offer", "--community", self.community, "--topic", "forensics",
                          "--title", "A laboratory", "--until", "30d", "--json").json()["dossier"]
        # What is offered to one alone is nothing to the others, and fits nothing of theirs.
        birch.run("board", "add", "offer", forum.name, "--topic", "people", "--title", "Aside")
        birch.run("board", "add", "offer", "--topic", "people", "--title", "To nobody", status=2)
        birch.run("board", "add", "gift", forum.name, "--topic", "people", "--title", "x", status=2)
        birch.run("board", "add", "offer", forum.name, "--topic", "gold", "--title", "x", status=2)
        concert.until(lambda: len(self.board(forum)) == 3 and len(self.board(alder)) == 2)
        # Times stand in this table as in all others.
        self.assertRegex(forum.run("board", "list").out, r"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  ")
        for node in self.nodes:
            board = self.board(node)
            self.assertEqual((board["Two people"]["matches"], board["A laboratory"]["matches"]), ([offer], [need]))
        self.assertEqual(self.board(forum)["Aside"]["matches"], [])
        self.assertEqual(set(self.board(forum, "--matching")), {"Two people", "A laboratory"})
        self.assertNotIn("Aside", self.board(alder))
        self.assertIn("forensics, people", alder.run("board", "list").out)
        # An answer goes to the poster alone.
        alder.run("board", "answer", offer, "We take it.")
        concert.until(lambda: "We take it." in birch.run("board", "show", offer).out)
        self.assertNotIn("We take it.", forum.run("board", "show", offer).out)
        birch.run("board", "close", need, status=2)
        birch.run("board", "close", offer)
        concert.until(lambda: "A laboratory" not in self.board(forum))
        self.assertEqual(self.board(forum, "--all")["A laboratory"]["matches"], [])
        self.assertEqual(self.board(alder)["Two people"]["matches"], [])

    def test_conventions(self):
        forum, alder, _ = self.nodes
        path = self.directory / "conventions.json"
        path.write_text(json.dumps(CONVENTIONS))
        alder.run("convention", "list", status=1)
        forum.run("convention", "publish", path)
        concert.until(lambda: alder.run("convention", "list", "--json", status=None).status == 0)
        stated = alder.run("convention", "list", "--json").lines()
        self.assertEqual([(line["convention"], line["party"], line["status"], line["since"], line["stated_by"])
                          for line in stated],
                         [("coast-agreement", "XA", "in-force", "2026-01-01", forum.name),
                          ("coast-agreement", "XB", "signed", "2026-02-01", forum.name)])
        # The newest statement of each counts, and everybody's stands beside the others'.
        CONVENTIONS["conventions"][0]["statuses"][1]["status"] = "ratified"
        path.write_text(json.dumps(CONVENTIONS))
        forum.run("convention", "publish", path)
        alder.run("convention", "publish", path)
        concert.until(lambda: [line["stated_by"] for line in
                            alder.run("convention", "list", "--party", "XB", "--json").lines()
                            if line["status"] == "ratified"] == [alder.name, forum.name])
        for wrong in ({}, {"conventions": [{"name": "x"}]},
                      {"conventions": [{"name": "x", "title": "x", "statuses": [
                          {"party": "XA", "status": "liked", "since": "2026-01-01", "checked": "2026-01-01"}]}]},
                      {"conventions": [{"name": "x", "title": "x", "statuses": [
                          {"party": "XA", "status": "signed", "since": "lately", "checked": "2026-01-01"}]}]}):
            path.write_text(json.dumps(wrong))
            self.assertIn(str(path), alder.run("convention", "publish", path, status=2).err)

    def test_no_rights(self):
        """The community's owner neither reads nor does anything in what is between its members."""
        forum, alder, birch = self.nodes
        request = alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "Between us", "--text",
                            "t", "--json").json()["dossier"]
        concert.until(lambda: "received" in alder.run("request", "show", request).out)
        drill = alder.run("request", "send", forum.name, "--kind", "advice", "--subject", "For the forum", "--text",
                          "t", "--exercise", "--json").json()["dossier"]
        concert.until(lambda: forum.run("request", "show", drill, status=None).status == 0)
        self.assertNotIn("Between us", forum.run("dossier", "list", "--all", "--json").out)
        forum.run("dossier", "show", request, status=1)
        for command in ("ack", "answer", "close", "withdraw", "comment"):
            result = forum.run("request", command, request, "Now.", status=None)
            self.assertNotEqual(result.status, 0, command)
        self.assertNotIn("Between us", forum.run("ledger", "list", "--json").out)
        # What it answers for, it does; what it asks of a member, the member may leave.
        forum.run("request", "withdraw", drill, status=2)
        self.assertEqual(birch.run("request", "show", request, "--json").json()["state"], "received")
        self.assertEqual(len(birch.run("request", "show", request, "--json").json()["list"]), 2)


if __name__ == "__main__":
    unittest.main()
