"""Notices: from a report to whoever is responsible, by mail and by node, and their answers back."""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import time
import unittest

import concert
import peernode
import smtpsink

CONTACTS = """email,name,language,as,ip,domain
abuse@isp.birch.example,Birch Telecom,fr,64496,198.51.100.0/24,
noc@host.cedar.example,Cedar Hosting,ar,,203.0.113.0/24,cedar.example
"""

FINDINGS = """198.51.100.7
hxxp://www[.]cedar[.]example/login
203.0.113.9
192.0.2.200
"""


class NotifyTestCase(concert.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.sink = smtpsink.Sink(self)
        self.configure({"mail": {"server": self.sink.url, "from": "notices@cert.alder.example"},
                        "node": {"signatory": "Duty Officer", "organisation": "Alder CERT"}})
        self.concert("contact", "import", self.write("contacts.csv", CONTACTS))

    def draft(self, text=FINDINGS, *arguments, **keywords):
        result = self.concert("notify", self.write("report.txt", text), "--json", *arguments,
                              **keywords)
        lines = result.lines()
        return ([line for line in lines if "recipient" in line],
                [line for line in lines if "left" in line])

    def show(self, notice):
        return self.concert("notify", "show", notice, "--json").json()


class MailTest(NotifyTestCase):
    def test_first_day(self):
        notices, left = self.draft()
        self.assertEqual({notice["recipient"]: notice["language"] for notice in notices},
                         {"abuse@isp.birch.example": "fr", "noc@host.cedar.example": "ar"})
        self.assertEqual([(line["left"], line["verdict"]) for line in left],
                         [("192.0.2.200", "nobody")])
        cedar = next(n for n in notices if n["recipient"] == "noc@host.cedar.example")
        self.assertEqual({finding["value"] for finding in cedar["findings"]},
                         {"http://www.cedar.example/login", "203.0.113.9"})
        self.assertIn("cedar.example: the list contacts.csv says", cedar["why"])

        # Nothing leaves before a person has approved it.
        self.concert("notify", "send", "--all", status=1)
        self.concert("notify", "send", cedar["dossier"], status=2)
        self.assertEqual(self.sink.mails, [])
        self.concert("notify", "approve", "--all")
        self.concert("notify", "send", "--all")
        mails = {mail.recipient: mail for mail in self.sink.wait(2)}

        mail = smtpsink.parsed(mails["noc@host.cedar.example"])
        text = mail.get_body(("plain",)).get_content()
        self.assertIn("hxxp://www[.]cedar[.]example/login", text)
        self.assertNotIn("http://", text)
        self.assertIn("نرجو", text)
        self.assertIn("\u2068Alder CERT\u2069", text)
        self.assertEqual(mail.get_body(("plain",))["Content-Language"], "ar")
        self.assertIn(cedar["reference"], mail["Subject"])
        self.assertEqual(mail["Reply-To"], f"notices+{cedar['reference']}@cert.alder.example")
        table = next(part for part in mail.iter_attachments())
        rows = list(csv.DictReader(io.StringIO(table.get_content())))
        self.assertEqual({row["value"] for row in rows},
                         {"http://www.cedar.example/login", "203.0.113.9"})

        # The ledger has the hash of what went out.
        sent = self.show(cedar["dossier"])
        self.assertEqual(sent["state"], "sent")
        digest = hashlib.sha256(mails["noc@host.cedar.example"].data).hexdigest()
        self.assertIn(digest, json.dumps(sent))
        raw = self.concert("notify", "mails", cedar["dossier"], "--raw").raw
        self.assertEqual(hashlib.sha256(raw).hexdigest(), digest)

        # Sending again sends nothing.
        self.concert("notify", "send", cedar["dossier"], status=2)
        self.concert("notify", "send", "--all", status=1)
        self.assertEqual(len(self.sink.mails), 2)

        # What was answered, by the reference.
        self.concert("notify", "reply", cedar["reference"], "--state", "in-progress", "We look.")
        self.concert("notify", "reply", cedar["reference"], "--state", "disputed", status=2)
        self.concert("notify", "reply", cedar["reference"], "--state", "taken-down")
        self.assertEqual(self.show(cedar["dossier"])["state"], "answered")
        self.concert("notify", "close", cedar["dossier"])
        stats = self.concert("notify", "stats", "--json").json()
        self.assertEqual((stats["notices"], stats["sent"], stats["outcomes"]["taken-down"]),
                         (2, 2, 1))


class PeerTest(concert.TestCase):
    """To a peer that answers for it, as its node card says: whichever of the two finds."""

    def setUp(self):
        super().setUp()
        card = {"alder": {"constituency_ip": "192.0.2.0/24", "languages": "en"},
                "birch": {"constituency_ip": "198.51.100.0/24", "languages": "es"}}
        self.nodes = [peernode.Node(self, name, {"card": card[name],
                                                 "node": {"signatory": f"{name.title()} Officer"}})
                      for name in ("alder", "birch")]
        for node in self.nodes:
            node.serve()
        self.nodes[0].run("peer", "invite", self.nodes[1].url)
        self.nodes[1].run("peer", "accept", self.nodes[0].name)
        for node, other in (self.nodes, reversed(self.nodes)):
            node.wait_state(other, "active")

    def wait(self, node, notice, state, seconds=20):
        end = time.monotonic() + seconds
        while True:
            result = node.run("notify", "show", notice, "--json", status=None)
            if result.status == 0 and result.json()["state"] == state:
                return result.json()
            self.assertLess(time.monotonic(), end, f"{node.name}: {result.out}{result.err}")
            time.sleep(0.05)

    def story(self, finder, other, address, own):
        report = self.write("report.csv", f"address,time,port\n{address},2026-03-01 10:00:00,23\n"
                                          f"{own},2026-03-01 10:00:00,23\n203.0.113.1,,\n")
        lines = finder.run("notify", report, "--json", "--urgency", "high").lines()
        notice = next(line for line in lines if "recipient" in line)
        self.assertEqual((notice["recipient"], notice["by"]), (other.name, "node"))
        self.assertEqual({line["left"]: line["verdict"] for line in lines if "left" in line},
                         {own: "own", "203.0.113.1": "nobody"})
        dossier = notice["dossier"]

        # A draft stays at home.
        other.run("notify", "show", dossier, status=1)
        finder.run("notify", "approve", dossier)
        finder.run("notify", "send", dossier)
        theirs = self.wait(other, dossier, "received")
        self.wait(finder, dossier, "received")
        self.assertEqual([event["type"] for event in theirs["list"]],
                         ["drafted", "approved", "sent", "received"])
        self.assertIn(address, theirs["list"][0]["payload"]["text"])

        # Who sent it cannot answer for the other.
        finder.run("notify", "reply", dossier, "--state", "fixed", status=2)
        finder.run("notify", "remind", dossier, "--text", "Any news?")
        other.run("notify", "ack", dossier, "Thank you.")
        self.wait(finder, dossier, "acknowledged")
        other.run("notify", "reply", dossier, "--state", "fixed", "Closed the port.")
        self.wait(finder, dossier, "answered")
        finder.run("notify", "reopen", dossier, "Still open.")
        self.wait(other, dossier, "acknowledged")
        other.run("notify", "answer", dossier, "--outcome", "fixed")
        self.wait(finder, dossier, "answered")
        finder.run("notify", "close", dossier)
        mine, theirs = self.wait(finder, dossier, "closed"), self.wait(other, dossier, "closed")
        self.assertEqual(mine["digest"], theirs["digest"])
        return [(event["type"], event["verdict"], event["by"] == finder.name)
                for event in mine["list"]]

    def test_both_ways(self):
        alder, birch = self.nodes
        one = self.story(alder, birch, "198.51.100.23", "192.0.2.23")
        other = self.story(birch, alder, "192.0.2.77", "198.51.100.77")
        self.assertEqual(one, other)


if __name__ == "__main__":
    unittest.main()
