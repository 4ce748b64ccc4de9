"""Reports of incidents: every format is shown and converted into every other, and into a case and out of it again."""

import csv
import io
import unittest
import xml.etree.ElementTree as ElementTree

import concert
from peernode import Node

SAMPLES = concert.ROOT / "tests/data/incident"

# file -> format, findings, records that cannot be read, and one of the findings
EXPECTED = {
    "2026-01-30-scan_telnet-alder.csv": ("shadowserver", 2, 1, ("192.0.2.10", "vulnerable.vulnerable-system")),
    "access.log": ("text", 4, 0, ("http://login.alder.example/a?b=1", "other.undetermined")),
    "table.csv": ("csv", 2, 0, ("192.0.2.1", "intrusion-attempts.brute-force")),
    "reports.jsonl": ("xarf", 3, 1, ("http://login.cedar.example/", "fraud.phishing")),
    "report.eml": ("xarf-mail", 1, 0, ("192.0.2.44", "intrusion-attempts.brute-force")),
    "incident.xml": ("iodef", 3, 1, ("http://bank.cedar.example/login?a=1", "fraud.phishing")),
    "incident.json": ("iodef-json", 2, 0, ("198.51.100.4", "information-gathering.scanner")),
    "bundle.json": ("stix", 2, 0, ("192.0.2.77", "intrusion-attempts.brute-force")),
}
WHO = ("--organisation", "Forum", "--email", "csirt@forum.example")


def about(finding):
    return next(finding[name] for name in ("url", "email", "domain", "address", "prefix", "hash") if finding[name])


class IncidentTest(concert.TestCase):
    def findings(self, path, status, *options):
        shown = concert.run("incident", "show", "--json", path, *options, status=status).lines()
        return [finding for incident in shown for finding in incident["findings"]]

    def test_show(self):
        self.assertEqual(set(EXPECTED), {path.name for path in SAMPLES.iterdir()})
        for name, (form, count, refused, one) in EXPECTED.items():
            with self.subTest(name):
                findings = self.findings(SAMPLES / name, 1 if refused else 0)
                self.assertEqual(len(findings), count)
                self.assertIn(one, [(about(finding), finding["class"]) for finding in findings])
                told = concert.run("incident", "show", SAMPLES / name, status=1 if refused else 0)
                self.assertIn(f"{form}, ", told.err)
                self.assertIn(one[0], told.out)
                self.assertEqual(told.err.count(f"concert: {SAMPLES / name}: "), refused)

    def test_convert(self):
        """From each to each: the same findings."""
        for name, (_, count, refused, one) in EXPECTED.items():
            for to in ("iodef", "iodef-json", "xarf", "csv", "stix"):
                with self.subTest(f"{name} to {to}"):
                    path = self.directory / f"{name}.{to}"
                    concert.run("incident", "convert", SAMPLES / name, "--to", to, "-o", path, *WHO,
                                status=1 if refused else 0)
                    findings = self.findings(path, 0)
                    self.assertEqual(len(findings), count)
                    self.assertIn(one[0], [about(finding) for finding in findings])
                    # X-ARF has no type for every class.
                    if to != "xarf":
                        self.assertIn(one, [(about(finding), finding["class"]) for finding in findings])
        path = self.directory / "incident.xml.iodef"
        root = ElementTree.parse(path).getroot()
        self.assertEqual(root.tag, "{urn:ietf:params:xml:ns:iodef-2.0}IODEF-Document")

    def test_csv_is_harmless(self):
        out = concert.run("incident", "convert", SAMPLES / "2026-01-30-scan_telnet-alder.csv", "--to", "csv",
                          status=1).out
        rows = list(csv.DictReader(io.StringIO(out)))
        self.assertEqual(rows[1]["original.banner"], "'=1+1")
        self.assertEqual(rows[0]["original.banner"], "login: , please")

    def test_mistakes(self):
        self.assertIn("--organisation", concert.run("incident", "convert", SAMPLES / "access.log", "--to", "iodef",
                                                    status=2).err)
        self.assertIn("say with --to", concert.run("incident", "convert", SAMPLES / "access.log", status=2).err)
        self.assertIn("no class of the RSIT", concert.run("incident", "show", SAMPLES / "access.log", "--class", "x",
                                                          status=2).err)
        concert.run("incident", "show", self.directory / "absent", status=2)
        hostile = self.directory / "hostile.xml"
        hostile.write_text('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><IODEF-Document>&b;</IODEF-Document>')
        result = concert.run("incident", "show", hostile, status=2)
        self.assertIn("DOCTYPE", result.err)
        self.assertNotIn("root:", result.out + result.err)

    def test_case(self):
        """A report opens a case, which a peer gets with the report; what the case exports says the same."""
        alder, birch = (Node(self, name).serve() for name in ("alder", "birch"))
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        case = alder.run("case", "import", SAMPLES / "incident.xml", "--json").json()["dossier"]
        opened = alder.run("case", "show", case, "--json").json()["list"][0]["payload"]
        self.assertEqual(opened["subject"], "Counterfeit pages of a bank")
        self.assertEqual((opened["class"], opened["severity"]), ("fraud.phishing", "high"))
        self.assertEqual(opened["reference"], "2026-17 (csirt.alder.example)")
        self.assertIn("http://bank.cedar.example/login?a=1", opened["text"])
        self.assertEqual(opened["files"][0]["name"], "incident.xml")
        for to in ("iodef", "iodef-json", "csv", "stix"):
            path = self.directory / f"case.{to}"
            alder.run("case", "export", case, "--to", to, "-o", path)
            findings = self.findings(path, 0)
            self.assertEqual({"http://bank.cedar.example/login?a=1", "a.cedar.example", "b.cedar.example"},
                             {about(finding) for finding in findings})
        shown = concert.run("incident", "show", "--json", self.directory / "case.iodef").json()
        self.assertEqual(shown["id"], case)
        self.assertEqual(shown["status"], "new")
        self.assertEqual([contact["name"] for contact in shown["contacts"]], ["Alder CERT"])
        listed = self.write("of-monday.txt", "198.51.100.7\n")
        for options, subject in (([], "of-monday.txt (text)"), (["--subject", "Scans"], "Scans")):
            made = alder.run("case", "import", listed, *options, "--json").json()["dossier"]
            self.assertEqual(alder.run("case", "show", made, "--json").json()["subject"], subject)
        self.assertIn("several", alder.run("case", "import", SAMPLES / "reports.jsonl", status=2).err.replace(
            "there are 3 incidents", "several"))
        second = alder.run("case", "import", SAMPLES / "reports.jsonl", "-n", "2", "--severity", "critical",
                           "--json").json()["dossier"]
        payload = alder.run("case", "show", second, "--json").json()["list"][0]["payload"]
        self.assertEqual((payload["class"], payload["severity"]), ("fraud.phishing", "critical"))
        alder.run("case", "export", "00000000", "--to", "csv", status=1)

        # A member exports it as well; it looks into what came from others only when asked to.
        alder.run("case", "share", case, "--to", birch.name, "Please help.")
        concert.until(lambda: birch.run("case", "show", case, status=None).status == 0)
        birch.run("case", "ack", case)
        birch.run("case", "ask-takedown", case, "--target", "http://page.cedar.example/", "--what", "counterfeit-page")
        sha256 = opened["files"][0]["sha256"]
        concert.until(lambda: "whole" in birch.run("attachment", "show", sha256, status=None).out)
        for options, count in ((), 1), (("--attachments",), 4):
            path = self.directory / f"birch-{count}.json"
            birch.run("case", "export", case, "--to", "iodef-json", "-o", path, *options)
            findings = self.findings(path, 0)
            self.assertEqual(len(findings), count)
            self.assertIn(("http://page.cedar.example/", "fraud.phishing"),
                          [(about(finding), finding["class"]) for finding in findings])


if __name__ == "__main__":
    unittest.main()
