"""Reports of a year: what requests between two real nodes come to, signed, hidden where small,
counted again by others; a tampered figure is named, and so is a tampered page."""

import html
import json
import time
import unittest

import concert
from peernode import Node

YEAR = time.gmtime().tm_year


class ReportTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder = Node(self, "alder", {"card": {"affiliation": "XA"}}).serve()
        self.birch = Node(self, "birch", {"card": {"affiliation": "XB"}}).serve()
        self.alder.run("peer", "invite", self.birch.url)
        self.birch.run("peer", "accept", self.alder.name)

    def ask(self, *options, kind="advice"):
        return self.alder.run("request", "send", self.birch.name, "--kind", kind, "--subject", "s", "--text", "t",
                              "--json", *options).json()["dossier"]

    def wait(self, node, request, state):
        node.wait_shown(lambda shown: shown["state"] == state, "request", "show", request)

    def table(self, body, name):
        table = next(table for table in body["tables"] if table["name"] == name)
        return {figure["name"]: figure.get("value", "hidden") for figure in table["figures"]}

    def test_report(self):
        alder, birch = self.alder, self.birch
        asked = [self.ask() for _ in range(6)] + [self.ask(kind="takedown")]
        drill = self.ask("--exercise")
        for request in asked[:5]:
            self.wait(birch, request, "received")
            birch.run("request", "ack", request)
            birch.run("request", "answer", request, "Yes.")
            self.wait(alder, request, "delivered")
        for request in [*asked[5:], drill]:
            self.wait(alder, request, "received")

        report = alder.run("report", "--year", YEAR, "--json").json()
        self.assertEqual(report["concert"], "report/v1")
        body = report["body"]
        self.assertEqual((body["node"], body["year"]), (alder.name, YEAR))
        # Seven requests: five given, and one of each other sort; what would tell these is hidden too.
        requests = self.table(body, "requests")
        self.assertEqual(sum(value == "hidden" for value in requests.values()), 3, requests)
        self.assertEqual(requests["total"], 7)
        self.assertEqual(self.table(body, "drills"), {"total": "hidden", "request": "hidden"})
        times = self.table(body, "times-to-acknowledge")
        self.assertEqual(times, {"request-q1": 0, "request-median": 0, "request-q3": 0})
        # The other side counts the same.
        other = birch.run("report", "--year", YEAR, "--json").json()["body"]
        self.assertEqual((other["tables"], other["counted"]), (body["tables"], body["counted"]))
        nothing = alder.run("report", "--year", YEAR - 1, "--json").json()["body"]
        self.assertEqual(self.table(nothing, "requests"), {"total": 0})
        self.assertIn("Requests by kind and outcome", alder.run("report", "--year", YEAR).out)
        csv = alder.run("report", "--year", YEAR, "--format", "csv").out
        self.assertIn('"requests","total","all requests","7","count"', csv)
        self.assertIn('"requests","advice, given","advice, given","hidden","count"', csv)
        self.check_verify(report)
        self.check_page()

    def check_verify(self, report):
        alder, birch = self.alder, self.birch
        path, events = self.directory / "report.json", self.directory / "events.jsonl"
        path.write_text(json.dumps(report))
        alder.run("report", "export", "--year", YEAR, "-o", events)
        # A peer knows who signed it; anybody else says whose key it is.
        self.assertIn("verified", birch.run("report", "verify", path).out)
        birch.run("report", "verify", path, "--here")
        birch.run("report", "verify", path, "--events", events)
        key = next(json.loads(line)["key"] for line in events.read_text().splitlines()
                   if line.startswith('{"key":"' + alder.name))
        found = concert.run("report", "verify", path, "--key", key, "--events", events, "--json").json()
        self.assertEqual((found["verified"], found["counted"], found["faults"]), (True, True, []))
        other = next(json.loads(line)["key"] for line in events.read_text().splitlines()
                     if line.startswith('{"key":"' + birch.name))
        self.assertIn("signature", concert.run("report", "verify", path, "--key", other, status=1).out)
        self.assertIn("VKEY: not a verifier key",
                      concert.run("report", "verify", path, "--key", "VKEY", status=2).err)

        # One figure changed: the signature is wrong, and who counts again is told which it is.
        changed = self.directory / "changed.json"
        forged = json.loads(path.read_text())
        table = next(one for one in forged["body"]["tables"] if one["name"] == "requests")
        figure = next(one for one in table["figures"] if one["name"] == "total")
        figure["value"] = 8
        changed.write_text(json.dumps(forged))
        faults = concert.run("report", "verify", changed, "--key", key, "--events", events, "--json",
                             status=1).json()["faults"]
        self.assertEqual(len(faults), 2, faults)
        self.assertIn("signature", faults[0])
        self.assertIn('requests, "total": it says 8, and is 7', faults[1])
        for value, said in ((4, "a count below 5 is shown"), (-7, "neither a whole number"), ("7", "neither a whole")):
            figure["value"] = value
            changed.write_text(json.dumps(forged))
            told = birch.run("report", "verify", changed, status=1).out
            self.assertIn("WRONG: signature", told)
            self.assertIn(f'WRONG: requests, "total": {said}', told)
            self.assertIn("NOT VERIFIED", told)
        # An event that is missing or was changed changes what was counted.
        lines = events.read_text().splitlines()
        events.write_text("\n".join(lines[:-1]) + "\n")
        self.assertIn("counted:", birch.run("report", "verify", path, "--events", events, status=1).out)
        events.write_text("\n".join([*lines[:-1], lines[-1].replace('"dossier"', '"dossier" ', 1)
                                     .replace("received", "recieved")]) + "\n")
        self.assertIn(f"line {len(lines)}:", birch.run("report", "verify", path, "--events", events, status=1).out)
        changed.write_text("{}")
        birch.run("report", "verify", changed, status=2)
        birch.run("report", "verify", status=2)
        birch.run("report", "verify", self.directory / "none", status=2)

    def check_page(self):
        path = self.directory / "report.html"
        self.alder.run("report", "--year", YEAR, "--format", "html", "-o", path)
        page = path.read_text()
        for part in ("<svg", "@media print", "Requests by kind and outcome", "advice, given"):
            self.assertIn(part, page)
        for part in ("<script", "http://", "https://", "javascript:"):
            self.assertNotIn(part, page)
        self.birch.run("report", "verify", path)
        changed = self.directory / "changed.html"
        changed.write_text(page.replace("<td class=\"value\">7</td>", "<td class=\"value\">70</td>"))
        self.assertIn("shows something else", self.birch.run("report", "verify", changed, status=1).out)
        within = json.loads(html.unescape(page.split('<pre id="signed">')[1].split("</pre>")[0]))
        self.assertEqual(within["body"]["node"], self.alder.name)


if __name__ == "__main__":
    unittest.main()
