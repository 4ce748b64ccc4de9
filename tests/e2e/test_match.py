"""`concert match`: indicators in logs, with and without a node."""

import gzip
import json
import lzma
import os
import random
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import concert

INDICATOR = {
    "type": "indicator", "spec_version": "2.1",
    "id": "indicator--11111111-1111-4111-8111-111111111111",
    "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
    "name": "Alder's beacon", "pattern_type": "stix", "confidence": 85,
    "pattern": "[domain-name:value = 'alder.example' OR ipv4-addr:value = '198.51.100.0/24']",
    "valid_from": "2024-01-01T00:00:00Z",
    "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
}
LOG = "ok\nGET http://WWW.alder.example/x from 198.51.100.77\n"


def indicator(number, **changes):
    return {**INDICATOR, "id": f"indicator--{number:08d}-1111-4111-8111-111111111111", **changes}


class MatchTest(concert.TestCase):
    def match(self, *arguments, status=0, input=None):
        return concert.run("match", *arguments, status=status, input=input)

    def test_json(self):
        feed = self.write("feed.json", INDICATOR)
        log = self.write("a.log", LOG)
        hits = self.match("--json", "-i", feed, log).lines()
        common = {"indicator": INDICATOR["id"], "source": "feed.json", "name": "Alder's beacon",
                  "file": str(log), "line": 2, "confidence": 85, "valid_until": None,
                  "tlp": "amber"}
        self.assertEqual(hits, [
            {**common, "type": "domain", "value": "alder.example", "seen": "WWW.alder.example",
             "column": 12},
            {**common, "type": "cidr", "value": "198.51.100.0/24", "seen": "198.51.100.77",
             "column": 37}])

    def test_table_is_safe(self):
        feed = self.write("feed.json", {**INDICATOR, "name": "x\u001b[2J"})
        log = self.write("a\u202e\x1b.log", LOG)
        out = self.match("-i", feed, log).raw
        self.assertIn(b"alder.example", out)
        self.assertIn(rb"a\u202e\x1b.log", out)
        self.assertNotIn(b"\x1b", out)

    def test_exit_status(self):
        feed = self.write("list.txt", "alder.example\n")
        log, other = self.write("a.log", LOG), self.write("b.log", "nothing\n")
        self.match("-i", feed, other, status=1)
        self.match("-i", feed, other, log, status=0)
        result = self.match("-i", feed, self.directory / "absent.log", log, status=2)
        self.assertIn("absent.log", result.err)
        self.assertIn("alder.example", result.out)
        self.assertEqual(self.match("-q", "-i", feed, log, self.directory / "absent", status=0).out, "")
        self.match("-q", "-i", feed, other, status=1)
        self.match("-i", self.directory / "absent.txt", log, status=2)
        self.assertIn("only once", self.match("-i", "-", "-", status=2).err)

    def test_count(self):
        feed = self.write("list.txt", "alder.example\n198.51.100.77\n")
        log, other = self.write("a.log", LOG), self.write("b.log", "nothing\n")
        self.assertEqual(self.match("-c", "-i", feed, log, other).out, f"{log}: 2\n{other}: 0\n")
        self.assertEqual(self.match("-c", "--json", "-i", feed, log).lines(),
                         [{"file": str(log), "hits": 2}])

    def test_inputs(self):
        feed = self.write("list.txt.gz", gzip.compress(b"hxxp://alder[.]example/x\n"))
        text = "see http://alder.example/x\n"
        self.write("logs/a.log", text)
        self.write("logs/b/b.log.gz", gzip.compress(text.encode()))
        self.write("logs/b/c.log.xz", lzma.compress(text.encode()))
        self.write("logs/d.log", text.encode("utf-16"))
        os.mkfifo(self.directory / "logs/pipe")
        os.symlink(self.directory / "logs", self.directory / "logs/loop")
        hits = self.match("--json", "-i", feed, self.directory / "logs").lines()
        self.assertEqual([Path(hit["file"]).name for hit in hits],
                         ["a.log", "b.log.gz", "c.log.xz", "d.log"])
        self.assertEqual({(hit["line"], hit["column"]) for hit in hits}, {(1, 5)})
        self.assertEqual(self.match("--json", "-i", feed, input=text).lines()[0]["file"], "-")

    def test_growing_log(self):
        feed = self.write("list.txt", "alder.example\n")
        with subprocess.Popen([concert.BIN, "match", "--json", "-i", feed, "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(b"GET alder.example\n")
            process.stdin.flush()
            # Answered while the input is still open.
            self.assertEqual(json.loads(process.stdout.readline())["value"], "alder.example")
            process.stdin.close()

    def test_out_of_date(self):
        gone = [indicator(1, valid_until="2024-02-01T00:00:00Z"), indicator(2, revoked=True),
                indicator(3, valid_from="2999-01-01T00:00:00Z")]
        log = self.write("a.log", "alder.example\n")
        feed = self.write("feed.json", {"type": "bundle", "objects": [*gone, INDICATOR],
                          "id": "bundle--22222222-2222-4222-8222-222222222222"})
        ids = [hit["indicator"] for hit in self.match("--json", "-i", feed, log).lines()]
        self.assertEqual(ids, [INDICATOR["id"]])
        hits = self.match("--json", "--expired", "-i", feed, log).lines()
        self.assertEqual([hit["indicator"] for hit in hits],
                         [*(each["id"] for each in gone), INDICATOR["id"]])
        only = self.write("only.json", {"type": "bundle", "objects": gone,
                          "id": "bundle--22222222-2222-4222-8222-222222222222"})
        self.assertIn("--expired", self.match("-i", only, log, status=2).err)

    def test_versions(self):
        later = {**INDICATOR, "modified": "2024-05-01T00:00:00.000Z", "revoked": True}
        old, new = self.write("old.json", INDICATOR), self.write("new.json", later)
        other = self.write("list.txt", "birch.example\n")
        log = self.write("a.log", LOG)
        for order in ((old, new), (new, old)):
            self.match("-i", order[0], "-i", order[1], "-i", other, log, status=1)

    def test_observables(self):
        feed = self.write("sco.json", {
            "type": "domain-name", "spec_version": "2.1", "value": "alder.example",
            "id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5"})
        log = self.write("a.log", LOG)
        self.assertIn("--observables", self.match("-i", feed, log, status=2).err)
        self.assertEqual(len(self.match("--json", "--observables", "-i", feed, log).lines()), 1)

    def test_ja3(self):
        digest = "d41d8cd98f00b204e9800998ecf8427e"
        feed = self.write("ja3.txt", digest + "\n")
        log = self.write("ssl.log", f"x\t{digest}\n")
        self.assertEqual(self.match("--json", "-i", feed, log).lines()[0]["type"], "md5")
        self.assertEqual(self.match("--json", "-k", "ja3", "-i", feed, log).lines()[0]["type"],
                         "ja3")


class NodeMatchTest(concert.NodeTestCase):
    def test_store(self):
        feed = self.directory / "feed.json"
        log = self.directory / "a.log"
        log.write_text(LOG)
        feed.write_text(json.dumps(INDICATOR))
        self.concert("import", "--source", "birch", feed)
        hits = self.concert("match", "--json", log).lines()
        self.assertEqual([hit["value"] for hit in hits], ["alder.example", "198.51.100.0/24"])
        self.assertEqual({hit["source"] for hit in hits}, {"birch"})
        feed.write_text(json.dumps({**INDICATOR, "modified": "2024-05-01T00:00:00.000Z",
                                    "revoked": True}))
        self.concert("import", "--source", "birch", feed)
        self.assertIn("no indicators", self.concert("match", log, status=2).err)


@concert.needs_data("logs/loghub", "logs/zeek-default")
class RealLogsTest(unittest.TestCase):
    """Every address and hash another, much simpler reader finds in real logs is found."""

    ADDRESS = re.compile(rb"(?<![\w.:/-])((?:\d{1,3}\.){3}\d{1,3})(?![\w-]|\.\w)")
    HASH = re.compile(rb"(?<![0-9A-Za-z])([0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9A-Za-z])")

    def test_nothing_is_missed(self):
        files = sorted([*concert.data("logs/loghub").glob("*/*.log"),
                        *concert.data("logs/zeek-default").glob("*.gz")])
        expected = set()
        for file in files:
            data = file.read_bytes()
            lines = (gzip.decompress(data) if file.suffix == ".gz" else data).split(b"\n")
            for number, line in enumerate(lines, 1):
                for found in self.ADDRESS.finditer(line):
                    parts = found[1].split(b".")
                    if all(int(part) < 256 and str(int(part)).encode() == part for part in parts):
                        expected.add((str(file), number, found.start() + 1, found[1].decode()))
                for found in self.HASH.finditer(line):
                    expected.add((str(file), number, found.start() + 1, found[1].decode().lower()))
        values = sorted({each[3] for each in expected})
        values = random.Random(1).sample(values, min(300, len(values)))
        expected = {each for each in expected if each[3] in set(values)}
        self.assertGreater(len(expected), 1000)
        with tempfile.NamedTemporaryFile("w") as feed:
            feed.write("\n".join(values) + "\n")
            feed.flush()
            hits = concert.run("match", "--json", "-i", feed.name, *files).lines()
        found = {(hit["file"], hit["line"], hit["column"], hit["value"]) for hit in hits}
        self.assertEqual(sorted(expected - found), [])


if __name__ == "__main__":
    unittest.main()
