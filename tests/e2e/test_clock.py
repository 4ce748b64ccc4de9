"""Clocks: what has to be done by when, over all procedures, and the programs that tell people."""

import datetime
import json

import concert
from peernode import Node


class ClockTestCase(concert.TestCase):
    def program(self, name, script):
        program, told = self.directory / name, self.directory / f"{name}.told"
        program.write_text(f"#!/bin/sh\n{script} >> {told}\n")
        program.chmod(0o700)
        return program, told

    def wait_lines(self, path, count):
        concert.until(lambda: path.exists() and path.read_text().count("\n") >= count,
                      lambda: path.exists() and path.read_text())
        return [json.loads(line) for line in path.read_text().split("\n")[:-1]]

    def clocks(self, node, request):
        return {row["clock"]: row for row in node.run("clock", "list", "--json").lines()
                if row["dossier"]["id"] == request}

    def send(self, node, to, *arguments):
        return node.run("request", "send", to.name, "--kind", "advice", "--subject", "A secret subject", "--text",
                        "A secret text", "--as", "A. Example", *arguments, "--json").json()["dossier"]


class ClockTest(ClockTestCase):
    def test_reminders(self):
        """A request that is to be answered soon, and is not."""
        page, paged = self.program("page", "cat")
        head, headed = self.program("head", "cat")
        alder = Node(self, "alder").serve()
        birch = Node(self, "birch", {"clock": {"command": str(page), "second_command": str(head)}})
        birch.serve()
        self.assertEqual(birch.run("clock", "test").out, "the test reminder was given\n")
        self.assertEqual([line["procedure"] for line in self.wait_lines(paged, 1)], ["test"])
        paged.unlink()
        headed.unlink()
        alder.run("clock", "test", status=2)
        alder.run("clock", "list", status=1)

        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        request = alder.run("request", "send", birch.name, "--kind", "advice", "--urgency", "medium",
                            "--subject", "A secret subject", "--text", "A secret text",
                            "--wanted-by", f"{concert.span(5)}s", "--as", "A. Example", "--json").json()["dossier"]

        # Half, all, and one and a half times of those seconds; the last one for the second contact too.
        lines = self.wait_lines(paged, 3)
        self.assertEqual({line["dossier"] for line in lines}, {request})
        self.assertEqual([line["second_contact"] for line in lines], [False, False, True])
        self.assertTrue(50 <= lines[0]["percent"] < 100 <= lines[1]["percent"] < 150 <= lines[2]["percent"])
        self.assertTrue(all(line["waits_here"] for line in lines))
        self.assertEqual(self.wait_lines(headed, 1), lines[2:])
        self.assertNotIn("secret", paged.read_text())

        # Both clocks of the request stand in the list, the one that is over first.
        rows = birch.run("clock", "list", "--waiting", "--json").lines()
        self.assertEqual([row["clock"] for row in rows], ["answer", "acknowledge"])
        self.assertEqual([row["dossier"]["id"] for row in rows], [request] * 2)
        self.assertGreaterEqual(rows[0]["percent"], 150)
        text = birch.run("clock", "list").out
        self.assertIn("OVERDUE", text)
        self.assertIn("THIS NODE", text)
        alder.run("clock", "list", "--waiting", status=1)
        self.assertIn(birch.name, alder.run("clock", "list").out)

        # A look ahead reminds nobody.
        ahead = birch.run("clock", "run", "--at", "13h", "--json").lines()
        self.assertEqual([(line["clock"], line["percent"]) for line in ahead], [("acknowledge", 54)])
        self.assertEqual(len(self.wait_lines(paged, 3)), 3)
        birch.run("clock", "run", "--at", "not a time", status=2)

        # Who has answered is left alone.
        birch.run("request", "answer", request, "They are.", "--as", "B. Example")
        birch.run("clock", "run", "--at", "40h", status=1)

    def test_failing(self):
        """A program that fails is told of, and is no reason to stop."""
        page, _ = self.program("page", "exit 3; cat")
        birch = Node(self, "birch", {"clock": {"command": str(page)}})
        self.assertIn("exit status 3", birch.run("clock", "test", status=2).err)
        concert.configure(birch.path, {"clock": {"hours": "sometimes"}})
        self.assertIn("[clock] hours", birch.run("clock", "run", status=2).err)
        self.assertIn("[clock] hours", birch.run("serve", status=2).err)

    def test_hours(self):
        """What birch has to answer is due in the hours that its card declares, at both nodes; whichever it is."""
        hour = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
        opens = hour + datetime.timedelta(hours=2)
        hours = f"{opens:%H}:00-{opens + datetime.timedelta(hours=2):%H}:00"
        contacts = self.directory / "contacts.json"
        contacts.write_text(json.dumps([{"name": "Front desk", "hours": hours}]))
        alder, birch = Node(self, "alder").serve(), Node(self, "birch", {"card": {"contacts": str(contacts)}}).serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        request = self.send(alder, birch, "--urgency", "high", "--wanted-by", "30d")
        critical = self.send(alder, birch, "--urgency", "critical")
        birch.run("exchange", "sync")
        due = opens + datetime.timedelta(days=1, hours=2)
        for node in alder, birch:
            clocks = self.clocks(node, request)
            self.assertEqual(clocks["acknowledge"]["ends"], due.strftime("%Y-%m-%dT%H:%M:%S.000000Z"))
            self.assertEqual([clocks["acknowledge"][key] for key in ("hours", "hours_of", "hours_why")],
                             [hours, birch.name, "declared"])
            self.assertEqual(clocks["answer"]["hours_why"], "date")
            self.assertEqual(self.clocks(node, critical)["acknowledge"]["hours_why"], "declared-only")
            self.assertIn("no 24/7 contact", node.run("clock", "list").out)
            self.assertIn(f"{hours}: the hours of {birch.name}", node.run("request", "show", request).out)
        states = [node.run("request", "show", request, "--json").json().get("digest") for node in (alder, birch)]
        self.assertEqual(states[0], states[1])
        # The other way round nothing is declared: all hours count.
        back = self.send(birch, alder, "--urgency", "high")
        self.assertEqual(self.clocks(birch, back)["acknowledge"]["hours_why"], "undeclared")
