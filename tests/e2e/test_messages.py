"""Messages between people: an emergency message that a person acknowledges, whatever the peering is
in, and notes, between two real nodes."""

import time
import unittest

import concert
from peernode import Node


class MessagesTest(concert.TestCase):
    def meet(self):
        alder, birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("active", "active"))
        return alder, birch

    def messages(self, node, kind="emergency", *arguments):
        return {line["id"]: line for line in node.run(kind, "list", "--json", *arguments, status=None).lines()}

    def send(self, node, peer, *arguments, kind="emergency", **keywords):
        """Its id, and what was said besides."""
        result = node.run(kind, "send", peer.name, *arguments, **keywords)
        return next(word for word in result.out.split() if word.count("-") == 4), result

    def wait(self, node, message, state, kind="emergency"):
        def find():
            return self.messages(node, kind, *(["--all"] if kind == "emergency" else [])).get(message)

        concert.until(lambda: (find() or {}).get("state") == state,
                      lambda: f"{message} at {node.name} is {find()}")
        return find()

    def test_life(self):
        alder, birch = self.meet()
        # There and back.
        message, said = self.send(alder, birch, "please", "call \u202eback")
        self.assertIn("can be proven by nobody", said.err)
        arrived = self.wait(birch, message, "new")
        self.assertEqual((arrived["from"], arrived["text"]), (alder.name, "please call \u202eback"))
        self.wait(alder, message, "delivered")
        status = birch.run("status", status=1)
        self.assertIn("EMERGENCY: 1 messages wait", status.out)
        self.assertEqual(birch.run("status", "--json", status=1).json()["emergencies"], 1)
        shown = birch.run("emergency", "show", message[:8]).out
        self.assertIn("please call \\u202eback", shown)
        self.assertNotIn("\u202e", shown + birch.run("emergency", "list").out)
        birch.run("emergency", "remove", message, status=2)
        birch.run("emergency", "ack", message[:8], "--by", "A. Example", "calling now")
        self.assertNotIn("EMERGENCY", birch.run("status", status=None).out)
        answered = self.wait(alder, message, "acknowledged")
        self.assertEqual((answered["acknowledged_by"], answered["acknowledgement"]),
                         ("A. Example", "calling now"))
        self.assertEqual(self.messages(alder), {})
        birch.run("emergency", "ack", message, status=2)
        birch.run("emergency", "ack", "00000000", status=1)

        for text in ("", " \n ", "x" * 2001, "\033[2J"):
            alder.run("emergency", "send", birch.name, "-", input=text, status=2)
        self.assertEqual(self.messages(alder), {})

        # An exercise is one at both ends, and no emergency.
        drill, said = self.send(birch, alder, "-", "--exercise", input="line one\nline two\n")
        self.assertIn("EXERCISE", said.out)
        self.assertTrue(self.wait(alder, drill, "new")["exercise"])
        self.assertIn("EXERCISE: line one ...", alder.run("emergency", "list").out)
        status = alder.run("status", "--json", status=1).json()
        self.assertEqual((status["emergencies"], status["emergency_exercises"]), (0, 1))
        answer, _ = self.send(alder, birch, "all well", "--exercise", "--reply-to", drill[:8])
        self.assertEqual(self.wait(birch, answer, "new")["reply_to"], drill)
        alder.run("emergency", "ack", drill)
        self.wait(birch, drill, "acknowledged")

        # A suspension stops notes, and nothing else.
        note, said = self.send(alder, birch, "between us", kind="note")
        self.assertIn("This note can be proven by nobody", said.err)
        self.assertEqual(self.wait(birch, note, "new", "note")["text"], "between us")
        self.wait(alder, note, "delivered", "note")
        birch.run("peer", "suspend", alder.name)
        alder.wait_state(birch, "suspended")
        self.assertIn("suspended", alder.run("note", "send", birch.name, "x", status=2).err)
        message, _ = self.send(alder, birch, "even so")
        self.wait(birch, message, "new")
        birch.run("emergency", "ack", message)
        self.wait(alder, message, "acknowledged")
        # Nothing of it stands in a ledger.
        self.assertEqual([line["header"]["kind"] for node in (alder, birch)
                          for line in node.run("ledger", "list", "--json").lines()
                          if "message" in line["header"]["kind"] or "note" in line["header"]["kind"]],
                         [])

        birch.run("peer", "end", alder.name)
        alder.wait_state(birch, "ended")
        self.assertIn("no peer", alder.run("emergency", "send", birch.name, "x", status=2).err)

    def test_away(self):
        """It waits while the peer is away, and is there seconds after the peer is; both ends are
        stopped in between, and the first is not served when the message is written."""
        alder, birch = self.meet()
        birch.stop()
        message, _ = self.send(alder, birch, "are you there?")
        self.wait(alder, message, "waiting")
        status = alder.run("status", "--json", status=1).json()
        self.assertEqual(status["emergencies_undelivered"], 1)
        alder.stop()
        later, said = self.send(alder, birch, "still not?")
        self.assertIn("not served", said.err)
        birch.serve()
        alder.serve()
        begin = time.monotonic()
        self.wait(birch, message, "new")
        self.wait(birch, later, "new")
        self.assertLess(time.monotonic() - begin, 30)
        # The acknowledgement waits too.
        self.wait(alder, later, "delivered")
        alder.stop()
        birch.run("emergency", "ack", message)
        self.assertTrue(self.messages(birch)[message]["acknowledgement_waits"])
        alder.serve()
        self.wait(alder, message, "acknowledged")

    def test_usage(self):
        alder = Node(self, "alder")
        for arguments in (("send", "cert.birch.example"), ("show",), ("ack",), ("nothing",)):
            alder.run("emergency", *arguments, status=2)
        alder.run("emergency", "send", "cert.birch.example", "x", status=1)  # not known
        self.assertEqual(alder.run("emergency", "list", "--all", status=1).out, "")
        self.assertEqual(alder.run("note", "list", status=1).out, "")
        alder.run("note", "show", "abcdef", status=1)


if __name__ == "__main__":
    unittest.main()
