"""Requests between two real nodes over TLS: asked, received by itself, acknowledged, answered,
closed; refused, withdrawn; what is not possible, and who signs."""

import time
import unittest

import concert
from peernode import Node


class RequestTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder, self.birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        self.alder.run("peer", "invite", self.birch.url)
        self.birch.run("peer", "accept", self.alder.name)

    def ask(self, *options, subject="Scans of port 445"):
        sent = self.alder.run("request", "send", self.birch.name, "--kind", "advice", "--subject", subject,
                              "--as", "A. Example", "--json", *options).json()
        self.assertEqual((sent["state"], sent["told"], sent["untold"]), ("sent", [self.birch.name], []))
        return sent["dossier"]

    def show(self, node, request):
        return node.run("request", "show", request, "--json").json()

    def wait(self, node, request, state, seconds=20):
        end = time.monotonic() + seconds
        while True:
            result = node.run("request", "show", request, "--json", status=None)
            if result.status == 0 and result.json()["state"] == state:
                return result.json()
            self.assertLess(time.monotonic(), end, f"{node.name}: {result.out}{result.err}")
            time.sleep(0.05)

    def test_life(self):
        alder, birch = self.alder, self.birch
        request = self.ask("--text", "Are these yours?\nPlease look.", "--urgency", "high", "--by", "48h")
        short = request.removeprefix("request-")[:8]
        self.assertEqual(self.wait(alder, request, "received")["next"],
                         [f"concert request withdraw {short}", f"concert request comment {short} TEXT"])

        waiting = birch.run("request", "list", "--waiting", "--json").lines()
        self.assertEqual([(line["id"], line["subject"], line["waits_here"], line["overdue"])
                          for line in waiting], [(request, "Scans of port 445", True, False)])
        alder.run("request", "list", "--waiting", status=1)
        self.assertIn(short, alder.run("request", "list").out)
        status = birch.run("status", "--json", status=None).json()
        self.assertEqual((status["requests_waiting"], status["requests_due"]), (1, waiting[0]["due"]))
        self.assertEqual(alder.run("status", "--json", status=None).json()["requests_waiting"], 0)

        text = birch.run("request", "show", short).out
        for part in ("    Please look.", "by itself", "clock",
                     f"concert request ack {short}", f"concert request answer {short} TEXT"):
            self.assertIn(part, text)
        self.assertNotIn("OVERDUE", text)

        # Who asks cannot answer, nor close what was not answered.
        alder.run("request", "ack", short, status=2)
        alder.run("request", "close", short, status=2)
        birch.run("request", "ack", short, "On", "it.", "--expect", "2h")
        self.wait(alder, request, "acknowledged")
        birch.run("request", "answer", short, "-", "--as", "B. Example", input="They are.\nSorry.\n")
        answered = self.wait(alder, request, "answered")
        self.assertEqual((answered["waits_here"], answered["next"][0]), (True, f"concert request close {short}"))
        alder.run("request", "close", short, "Thank you.")
        self.wait(birch, request, "closed")

        mine, theirs = self.show(alder, request), self.show(birch, request)
        self.assertEqual(mine["digest"], theirs["digest"])
        self.assertEqual([(event["type"], event["by"], event.get("signatory"), event["verdict"])
                          for event in theirs["list"]],
                         [("sent", alder.name, "A. Example", "valid"), ("received", birch.name, None, "valid"),
                          ("acknowledged", birch.name, "Birch CERT", "valid"),
                          ("answered", birch.name, "B. Example", "valid"),
                          ("closed", alder.name, "Alder CERT", "valid")])
        self.assertEqual(theirs["list"][3]["payload"]["text"], "They are.\nSorry.")
        self.assertEqual(theirs["next"], [])
        # Each event stands in its author's ledger, in the entry that show names.
        entry = next(event["entry"] for event in theirs["list"] if event["type"] == "answered")
        self.assertIn("Request answered", birch.run("ledger", "show", entry).out)
        birch.run("request", "list", status=1)
        self.assertEqual(len(birch.run("request", "list", "--all", "--json").lines()), 1)

    def test_ends(self):
        """Refused with a ground; withdrawn; an exercise, which counts for nothing; either away."""
        alder, birch = self.alder, self.birch
        first, second = self.ask(), self.ask("--exercise", "--urgency", "critical")
        self.wait(birch, first, "received")
        self.wait(birch, second, "received")
        self.assertIn("EXERCISE", birch.run("request", "list").out)
        self.assertIn("EXERCISE", birch.run("request", "show", second).out)
        status = birch.run("status", "--json", status=None).json()
        self.assertEqual((status["requests_waiting"], status["request_exercises_waiting"]), (1, 1))
        # A refusal needs its ground; a ground makes it one.
        birch.run("request", "answer", first, "No.", "--outcome", "refused", status=2)
        birch.run("request", "answer", first, "No.", "--ground", "because", status=2)
        birch.run("request", "answer", first, "No.", "--ground", "no-legal-basis", "--provision", "Art. 1")
        self.wait(alder, first, "answered")
        self.assertIn("ground: no-legal-basis", alder.run("request", "show", first).out)
        alder.run("request", "withdraw", second, "--reason", "found it")
        self.assertIn("found it", str(self.wait(birch, second, "withdrawn")["list"][-1]))
        birch.run("request", "ack", second, status=2)
        birch.run("request", "ack", "ffffffff", status=1)
        alder.run("request", "send", "cert.dora.example", "--kind", "advice", "--subject", "s", status=1)
        alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "s",
                  "--by", "2020-01-01T00:00Z", status=2)

        # What is asked while the peer is away, and answered while this node is, arrives.
        birch.stop()
        request = self.ask()
        self.assertIn("receive", self.show(alder, request)["waits_what"])
        birch.serve()
        self.wait(birch, request, "received")
        alder.stop()
        birch.run("request", "answer", request, "Yes.")
        self.assertEqual(self.show(birch, request)["state"], "answered")
        alder.serve()
        self.wait(alder, request, "answered")


if __name__ == "__main__":
    unittest.main()
