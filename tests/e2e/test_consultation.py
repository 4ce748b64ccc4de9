"""Consultations between two real nodes over TLS: asked, clarified, replied, a formal representation
each way, and one record that both sign; the same while their peering is suspended, whoever
suspended it, and nothing else then. Working groups of three nodes."""

import datetime
import hashlib
import time
import unittest

import concert
from peernode import Node


class TalkTest(concert.TestCase):
    kind = "consultation"

    def meet(self, *names):
        nodes = [Node(self, name).serve() for name in names]
        for i, one in enumerate(nodes):
            for other in nodes[i + 1:]:
                one.run("peer", "invite", other.url)
                other.run("peer", "accept", one.name)
        return nodes

    def do(self, node, step, *arguments, **keywords):
        return node.run(self.kind, step, self.dossier, *arguments, **keywords)

    def wait(self, node, state, events=0):
        return node.wait_shown(lambda shown: shown["state"] == state and len(shown["list"]) >= events,
                               self.kind, "show", self.dossier)

    def same(self, one, other, state):
        def agreed():
            a, b = (self.wait(node, state) for node in (one, other))
            return a["digest"] == b["digest"] and a
        return concert.until(agreed, lambda: [self.do(node, "show", "--json").out for node in (one, other)])


class ConsultationTest(TalkTest):
    def open(self, one, other, *options):
        self.dossier = one.run("consultation", "open", other.name, "--subject", "The list of June", "--text",
                          "Whose is it?", "--as", "A. Envoy", "--json", *options).json()["dossier"]

    def course(self, one, other):
        """From the question to the record that both sign."""
        self.open(one, other)
        self.wait(one, "received")
        self.do(one, "reply", "Mine.", status=2)
        self.do(other, "ask", "Which list?")
        self.wait(one, "clarifying")
        self.do(one, "clarify", "That of the third.")
        self.wait(other, "received", 4)
        self.do(other, "reply", "Ours.", "--language", "xb")
        self.wait(one, "replied")
        self.do(one, "translate", "Ours!", "--of", "replied", "--language", "en")
        self.do(one, "represent", "We ask that it be withdrawn.")
        self.wait(other, "represented")
        self.do(other, "counter-represent", "We ask why.")
        self.wait(one, "counter-represented")
        self.do(one, "reply", "It names our hosts.")
        self.wait(other, "replied")
        text = "The list is withdrawn."
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.do(other, "propose-record", text)
        self.wait(one, "record-proposed")
        self.do(other, "agree", "--record", digest, status=2)
        self.assertIn(digest, self.do(one, "agree", status=2).err)
        self.do(one, "agree", "--record", "0" * 64, status=2)
        self.do(one, "agree", "--record", digest[:8], "--as", "A. Envoy")
        shown = self.same(one, other, "agreed")
        signed = {event["type"]: (event["by"], event["payload"]["record"]) for event in shown["list"]
                  if event["type"].startswith("record-")}
        self.assertEqual(signed, {"record-proposed": (other.name, digest), "record-agreed": (one.name, digest)})

    def test_course(self):
        alder, birch = self.meet("alder", "birch")
        self.course(alder, birch)
        self.course(birch, alder)

    def test_suspended(self):
        """Nothing is followed while the peering is suspended, but consultations go on, both ways."""
        alder, birch = self.meet("alder", "birch")
        # One that began before goes on as well, with what did not arrive.
        birch.stop()
        self.open(alder, birch)
        before = self.dossier
        alder.run("peer", "suspend", birch.name, "--reason", "We are not content.")
        birch.serve()
        birch.wait_state(alder, "suspended")
        self.wait(alder, "asked")
        said = self.do(alder, "comment", "We still ask.")
        self.assertIn(f"{birch.name} is told as soon as it is reached.", said.err)
        self.wait(alder, "received")
        # Who looks at it sees so.
        for node, other in ((alder, birch), (birch, alder)):
            shown = node.run("consultation", "show", before).out
            self.assertIn(f"{other.name} (peering suspended)", shown)
            self.assertIn(f"silence      the peering with {other.name} is suspended: what is said here is "
                          "posted to it all the same", shown)
            self.assertEqual([one["peering"] for one in
                              node.run("consultation", "show", "--json", before).json()["participants"]
                              if one["node"] == other.name], ["suspended"])
        self.course(alder, birch)
        self.course(birch, alder)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("suspended", "suspended"))

        # Nothing else does, as whoever says it is told.
        sent = alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "s", "--text", "t")
        self.assertIn(f"The peering with {birch.name} is suspended: it gets this when that is over.", sent.err)
        self.assertNotIn("is told", sent.err)
        request = sent.out.split()[0]
        shown = alder.run("request", "show", request).out
        self.assertIn(f"waits for    {birch.name} (peering suspended), to", shown)
        self.assertIn(f"silence      the peering with {birch.name} is suspended: what is said here, and its "
                      "answer, wait until that is over; clocks run on", shown)
        self.assertIn(f"{birch.name} (peering suspended)", alder.run("request", "list").out)
        self.assertEqual([(one["waits_for"], one["waits_for_silent"])
                          for one in alder.run("request", "list", "--json").lines()],
                         [([birch.name], [birch.name])])
        time.sleep(1)
        birch.run("request", "show", request, status=1)

        # Afterwards all comes once more, with its proofs, and nothing is there twice.
        counts = [self.wait(node, "agreed")["list"] for node in (alder, birch)]
        alder.run("peer", "resume", birch.name)
        concert.until(lambda: not birch.run("request", "show", request, status=None).status)
        for node, events in zip((alder, birch), counts):
            self.assertEqual(len(self.wait(node, "agreed")["list"]), len(events))
        self.dossier = before
        self.same(alder, birch, "received")

    def test_ended(self):
        alder, birch = self.meet("alder", "birch")
        alder.run("peer", "end", birch.name)
        result = alder.run("consultation", "open", birch.name, "--subject", "s", "--text", "t", status=None)
        self.assertNotEqual(result.status, 0)


class GroupTest(TalkTest):
    kind = "group"

    def test_group(self):
        alder, birch, cedar = self.meet("alder", "birch", "cedar")
        self.dossier = alder.run("group", "convene", birch.name, cedar.name, "--subject", "Name servers", "--text",
                            "A common report.", "--json").json()["dossier"]
        self.do(alder, "call", "--meeting", "48h", "--place", "by telephone", "--agenda", "Draft", "--agenda", "Dates")
        self.wait(birch, "meeting-called")
        self.do(birch, "put-text", "Version 1.", "--name", "Draft")
        self.do(alder, "minute", "We met.", "--present", birch.name)
        self.wait(birch, "minutes-written")
        self.wait(cedar, "minutes-written")
        self.do(birch, "confirm")
        self.do(cedar, "object", "I was there too.")
        self.wait(alder, "minutes-written", 6)
        self.assertIn("only its convener", self.do(birch, "settle", status=2).err)
        self.do(alder, "settle")
        due = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=14)).strftime("%Y-%m-%dT%H:%MZ")
        action = self.do(alder, "add-action", "Write version 2.", "--owner", birch.name, "--due", due, "--json").json()
        self.wait(birch, "open", 8)
        listed = self.do(birch, "actions", "--json").lines()
        self.assertEqual([(one["owner"], one["done"], one["overdue"]) for one in listed], [(birch.name, False, False)])
        self.do(cedar, "done", "--action", action["event"][:12], status=2)
        self.do(birch, "done", "--action", action["event"][:12], "Sent.")
        self.do(birch, "actions", "--open", status=1)
        self.wait(cedar, "open", 9)
        self.assertIn("done", self.do(cedar, "actions").out)


if __name__ == "__main__":
    unittest.main()
