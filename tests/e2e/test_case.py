"""Cases between three real nodes: drafted alone, shared, joined, one who is added later, the lead
handed over, takedowns measured, closed and opened again; the same whoever leads."""

import unittest

import concert
from peernode import Node


class CaseTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.nodes = [Node(self, name).serve() for name in ("alder", "birch", "cedar")]
        for i, one in enumerate(self.nodes):
            for other in self.nodes[i + 1:]:
                one.run("peer", "invite", other.url)
                other.run("peer", "accept", one.name)

    def show(self, node, case):
        return node.run("case", "show", case, "--json").json()

    def wait(self, case, what, *nodes):
        """Until @what of the case as a node shows it is so at all of @nodes."""
        for node in nodes:
            node.wait_shown(what, "case", "show", case)

    def wait_state(self, case, state, *nodes):
        self.wait(case, lambda shown: shown.get("state") == state, *nodes)

    def wait_events(self, case, count, *nodes):
        self.wait(case, lambda shown: shown["events"] == count, *nodes)

    def assert_same(self, case, *nodes):
        shown = [self.show(node, case) for node in nodes]
        self.assertEqual(len({one["digest"] for one in shown}), 1)
        self.assertEqual({one["void"] for one in shown}, {0})

    def course(self, lead, member, late):
        """The whole course; what came of it, without names."""
        def refuse(node, *command, because):
            self.assertIn(because, node.run("case", command[0], case, *command[1:], status=2).err)
        case = lead.run("case", "open", "--subject", "Counterfeit pages of a bank", "--severity", "high", "--class",
                        "fraud.phishing", "--purposes", "fraud", "--victims", "12", "--loss", "10k-to-100k",
                        "--currency", "XAL", "--constituency", "Customers of two banks", "--json").json()["dossier"]
        lead.run("case", "revise", case, "There are three pages.")
        refuse(lead, "comment", "Hello", because="draft")
        lead.run("case", "share", case, "--to", member.name, "Please help.")
        self.wait_state(case, "shared", member)
        # What was drafted went along; who is not invited has nothing.
        self.assertEqual([event["type"] for event in self.show(member, case)["list"]], ["opened", "revised", "shared"])
        late.run("case", "show", case, status=1)
        refuse(member, "triage", "--severity", "low", "--class", "fraud.phishing", because="only its lead")
        member.run("case", "ack", case)
        self.wait_state(case, "acknowledged", lead)
        refuse(lead, "triage", "--class", "evil.deeds", because="Taxonomy")
        lead.run("case", "triage", case, "--severity", "critical", "--class", "fraud.phishing")
        self.wait_state(case, "triaged", member)
        member.run("case", "start", case)
        member.run("case", "ask-takedown", case, "--target", "http://192.0.2.7/login", "--what", "counterfeit-page",
                   "--host", "A provider")
        self.wait_events(case, 7, lead)

        # Who comes later gets what came before, and takes part.
        lead.run("case", "add", case, "--to", late.name)
        self.wait_state(case, "active", late)
        self.assertEqual(self.show(late, case)["events"], 8)
        late.run("case", "ack", case)
        self.wait_events(case, 9, lead, member)
        event = late.run("case", "takedowns", case, "--json").lines()[0]["event"]
        late.run("case", "down", case, "--asked", event[:12])
        self.wait_events(case, 10, lead, member)
        refuse(lead, "down", "--asked", event[:12], because="not over")
        takedown = lead.run("case", "takedowns", case, "--json").lines()[0]
        self.assertEqual((takedown["status"], takedown["by"]), ("down", member.name))
        self.assertLess(takedown["seconds"], 60)
        self.assertIn("192.0.2.7", lead.run("case", "takedowns", case).out)

        # The lead moves by consent of both.
        refuse(member, "take-lead", because="offered")
        lead.run("case", "offer-lead", case, "--to", member.name)
        self.wait_events(case, 11, member)
        refuse(late, "take-lead", because="offered")
        member.run("case", "take-lead", case)
        self.wait_events(case, 12, lead, late)
        refuse(lead, "resolve", "Done.", because="only its lead")
        late.run("case", "leave", case)
        self.wait_events(case, 13, lead, member)
        member.run("case", "resolve", case, "All pages are gone.")
        self.wait_state(case, "resolved", lead)
        member.run("case", "close", case)
        self.wait_state(case, "closed", lead)
        self.assertEqual(self.show(late, case)["state"], "active")
        refuse(late, "comment", "I am gone", because="gone")
        lead.run("case", "reopen", case, "They are back.")
        self.wait_state(case, "reopened", member)
        self.assert_same(case, lead, member)
        return [(event["type"], event["verdict"]) for event in self.show(lead, case)["list"]]

    def test_course(self):
        alder, birch, cedar = self.nodes
        self.assertEqual(self.course(alder, birch, cedar), self.course(cedar, alder, birch))

    def test_draft(self):
        """A draft goes nowhere, nor does what becomes of it; who is asked may decline."""
        alder, birch, cedar = self.nodes
        draft = alder.run("case", "open", "--subject", "Nothing", "--json").json()["dossier"]
        alder.run("case", "discard", draft)
        self.assertEqual(self.show(alder, draft)["state"], "discarded")
        self.assertEqual(alder.run("case", "list", "--all", "--json").lines()[0]["state"], "discarded")
        case = alder.run("case", "open", "--subject", "Scans", "--severity", "low", "--json").json()["dossier"]
        alder.run("case", "share", case, "--to", birch.name, "--to", cedar.name)
        self.wait_state(case, "shared", birch, cedar)
        birch.run("case", "show", draft, status=1)
        self.assertEqual(birch.run("case", "list", "--waiting", "--json").lines()[0]["id"], case)
        birch.run("case", "decline", case, "Not ours.")
        cedar.run("case", "ack", case)
        self.wait(case, lambda shown: shown["events"] == 4, alder)
        parts = {one["node"]: one["roles"] for one in self.show(alder, case)["participants"]}
        self.assertEqual(parts, {alder.name: "lead", birch.name: "gone", cedar.name: "member"})
        alder.run("case", "close", case, "--outcome", "false-alarm")
        self.wait_state(case, "closed", cedar)
        self.assert_same(case, alder, cedar)

    def test_again(self):
        """Who declined, and who left, are invited again: they get what they missed, and take part."""
        alder, birch, cedar = self.nodes
        case = alder.run("case", "open", "--subject", "Scans", "--severity", "low", "--json").json()["dossier"]
        alder.run("case", "share", case, "--to", birch.name, "--to", cedar.name)
        self.wait_state(case, "shared", birch, cedar)
        birch.run("case", "decline", case, "Not ours.")
        cedar.run("case", "ack", case)
        self.wait_events(case, 4, alder)
        cedar.run("case", "leave", case)
        self.wait_events(case, 5, alder)
        alder.run("case", "revise", case, "It is yours after all.")
        birch.stop()
        alder.run("case", "add", case, "--to", birch.name, "--to", cedar.name, "Please.")
        self.wait_events(case, 7, cedar)
        cedar.run("case", "ack", case)
        self.wait_events(case, 8, alder)
        birch.serve()
        self.wait_events(case, 8, birch)
        birch.run("case", "ack", case)
        self.wait_events(case, 9, alder, cedar)
        birch.run("case", "comment", case, "Ours indeed.")
        self.wait_events(case, 10, alder, cedar)
        self.assert_same(case, *self.nodes)
        parts = {one["node"]: one["roles"] for one in self.show(cedar, case)["participants"]}
        self.assertEqual(parts, {alder.name: "lead", birch.name: "member", cedar.name: "member"})
        self.assertIn("member already", alder.run("case", "add", case, "--to", birch.name, status=2).err)

    def test_desk(self):
        """What a node keeps for itself: who works on it, and notes; nothing of it goes anywhere."""
        alder, birch, _ = self.nodes
        case = alder.run("case", "open", "--subject", "Scans", "--json").json()["dossier"]
        alder.run("case", "share", case, "--to", birch.name)
        self.wait_state(case, "shared", birch)
        alder.run("dossier", "desk", status=1)
        alder.run("dossier", "desk", case, status=1)
        size = alder.run("ledger", "status", "--json").json()["size"]
        alder.run("dossier", "assign", case[:12], "B.", "Example")
        alder.run("dossier", "jot", case, "Call", "the provider", "--as", "A. Example")
        alder.run("dossier", "jot", case, "-", input="First\nSecond\n")
        self.assertEqual(alder.run("ledger", "status", "--json").json()["size"], size)
        desk = alder.run("dossier", "desk", case, "--json").json()
        self.assertEqual((desk["assignee"], [(note["author"], note["text"]) for note in desk["notes"]]),
                         ("B. Example", [("A. Example", "Call the provider"), ("Alder CERT", "First\nSecond")]))
        self.assertIn("    Second", alder.run("dossier", "desk", case).out)
        self.assertEqual(alder.run("dossier", "desk", "--of", "B. Example", "--json").json()["dossier"], case)
        alder.run("dossier", "desk", "--of", "Nobody", status=1)
        birch.run("dossier", "desk", case, status=1)
        alder.run("dossier", "assign", case)
        self.assertNotIn("assignee", alder.run("dossier", "desk", case, "--json").json())
        alder.run("dossier", "assign", "case-ffffffff", "B. Example", status=1)
        alder.run("dossier", "jot", case, "", status=2)


if __name__ == "__main__":
    unittest.main()
