"""`concert match`: indicators in logs, with and without a node."""

import fcntl
import gzip
import json
import lzma
import os
import pty
import random
import re
import struct
import subprocess
import tempfile
import termios
import threading
import time
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

    def test_ports(self):
        """An indicator with a port is no hit where another port is written or recorded."""
        feed = self.write("list.txt", "192.0.2.1:8080\n198.51.100.7\n")
        log = self.write("a.log", "192.0.2.1:8080\n192.0.2.1:80\nDST=192.0.2.1 DPT=8080\n"
                         "198.51.100.7:80\n")
        hits = self.match("--json", "-i", feed, log).lines()
        self.assertEqual([(hit["line"], hit.get("port")) for hit in hits],
                         [(1, 8080), (3, 8080), (4, None)])
        flow = {"timestamp": "2024-01-01T00:00:00Z", "event_type": "flow", "dest_ip": "192.0.2.1"}
        eve = self.write("eve.json", "".join(json.dumps({**flow, "dest_port": port}) + "\n"
                                             for port in (80, 8080, 443)))
        hits = self.match("--json", "-i", feed, eve).lines()
        self.assertEqual([(hit["line"], hit["value"]) for hit in hits], [(2, "192.0.2.1")])
        compiled = self.directory / "ports.shield"
        concert.run("shield", "compile", "--from", feed, "-o", compiled)
        self.assertEqual(len(self.match("--json", "--set", compiled, log).lines()), 3)
        plain = concert.run("shield", "export", "plain", "--from", compiled, "--json",
                            "-o", self.directory / "plain.txt").json()
        self.assertEqual((plain["one-port"], plain["values"]), ({"ipv4": 1}, 1))
        plain = concert.run("shield", "export", "plain", "--from", compiled, "--json", "--any-port",
                            "-o", self.directory / "plain.txt").json()
        self.assertEqual((plain["widened"], plain["values"]), ({"ipv4": 1}, 2))

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
        # What would do nothing is refused.
        for options in (("-q", "--summary"), ("-q", "--stix"), ("-q", "--count"),
                        ("--observed", "--ecs"), ("--observed", "--summary"),
                        ("--observed", "--input", "eve")):
            self.match(*options, "-i", feed, log, status=2)
        # Which file it was, not to name one.
        empty = self.write("empty.json", {"type": "bundle", "objects": [],
                                          "id": "bundle--0a000000-0000-4000-8000-00000000000a"})
        self.assertIn("empty.json: no indicators", self.match("-i", empty, log, status=2).err)

    def test_half_a_list(self):
        """What could be read of a list that is cut off is looked for, and the status tells of the rest."""
        def half(objects):
            text = json.dumps(objects)
            return text[:text.rindex("pattern_type")]
        objects = [INDICATOR, indicator(2, pattern="[ipv4-addr:value = '192.0.2.9']"),
                   indicator(3, pattern="[ipv4-addr:value = '203.0.113.9']")]
        table = "value,comment\nalder.example,x\n203.0.113.9,\"two"
        log, other = self.write("a.log", LOG), self.write("b.log", "nothing\n")
        whole = self.write("whole.json", objects)
        for name, text, place in (
                ("array.json", half(objects), "$[2]"),
                ("bundle.json", half({"type": "bundle", "objects": objects}), "$.objects[2]"),
                ("lines.json", half(INDICATOR), "object 1"),
                ("between.json", json.dumps(objects)[:-1], "cut off after 3 objects"),
                ("table.csv", table, "table.csv:3:")):
            feed = self.write(name, text)
            for file, expected in ((log, "alder.example"), (other, "")):
                done = self.match("-i", whole, "-i", feed, file, status=2)
                self.assertIn(expected, done.out)
                self.assertIn(name, done.err)
                self.assertIn(place, done.err)
                self.assertIn("1 inputs of -i could not be read to their end (above)", done.err)
            self.match("--json", "--summary", "-i", whole, "-i", feed, log, status=2)
        self.match("-i", whole, log)
        # One hit is all that was asked.
        feed = self.write("array.json", half(objects))
        self.match("-q", "-i", feed, log, status=0)
        self.match("-q", "-i", feed, other, status=2)
        eve = self.write("eve.json", json.dumps({
            "timestamp": "2024-01-01T00:00:00Z", "event_type": "flow", "dest_ip": "198.51.100.7"}))
        seen = self.write("seen.json", {"type": "bundle", "objects": []})
        for options in (("--patterns", eve), ("--observed", seen)):
            done = self.match(options[0], "-i", feed, options[1], status=2)
            self.assertIn("1 inputs of -i could not", done.err)
        # A broken object among good ones costs itself.
        broken = self.write("broken.json", [objects[0], {**objects[1], "pattern": "["}, objects[2]])
        self.assertIn("$[1]", self.match("-i", broken, log).err)

    def test_environment(self):
        """CONCERT_SIMD asks for less than the machine can do; what is no such word is refused."""
        feed, log = self.write("list.txt", "alder.example\n"), self.write("a.log", LOG)
        found = self.match("--json", "-i", feed, log).out
        for simd in ("plain", "avx2", "avx512", ""):
            self.assertEqual(concert.run("match", "--json", "-i", feed, log,
                                         env={"CONCERT_SIMD": simd}).out, found)
        for command in ("match", "watch"):
            for simd in ("nonsense", "AVX2"):
                result = concert.run(command, "-i", feed, log, status=2, env={"CONCERT_SIMD": simd})
                self.assertEqual((result.out, result.err),
                                 ("", f"concert: CONCERT_SIMD={simd}: there are plain, avx2, "
                                      "avx512\n"))

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


def observed(number, at, *objects, **changes):
    """STIX 2.1: observed-data and its objects."""
    return [{"type": "observed-data", "spec_version": "2.1",
             "id": f"observed-data--{number:08d}-1111-4111-8111-111111111111",
             "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
             "first_observed": f"2024-05-01T10:00:{at:02d}Z",
             "last_observed": f"2024-05-01T10:00:{at:02d}Z", "number_observed": 1,
             "object_refs": [each["id"] for each in objects], **changes}, *objects]


def address(number):
    return {"type": "ipv4-addr", "spec_version": "2.1", "value": f"198.51.100.{number}",
            "id": f"ipv4-addr--{number:08d}-1111-4111-8111-111111111111"}


class ObservedTest(concert.TestCase):
    SEQUENCE = ("([ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY "
                "[ipv4-addr:value ISSUBSET '198.51.100.4/31']) WITHIN 10 SECONDS")

    def match(self, *arguments, status=0, input=None):
        return concert.run("match", "--observed", *arguments, status=status, input=input)

    def bundle(self, name, *objects):
        return self.write(name, {"type": "bundle", "objects": list(objects),
                                 "id": "bundle--22222222-2222-4222-8222-222222222222"})

    def test_json(self):
        feed = self.write("feed.json", {**INDICATOR, "pattern": self.SEQUENCE})
        # Out of order, as bundles may be; the first comes too early for the last.
        seen = self.bundle("seen.json", *observed(3, 20, address(5)), *observed(1, 5, address(1)),
                           *observed(2, 15, address(1)))
        hits = self.match("--json", "-i", feed, seen).lines()
        self.assertEqual(hits, [{
            "type": "pattern", "value": self.SEQUENCE, "indicator": INDICATOR["id"],
            "source": "feed.json", "name": "Alder's beacon", "file": str(seen),
            "observations": ["observed-data--00000002-1111-4111-8111-111111111111",
                             "observed-data--00000003-1111-4111-8111-111111111111"],
            "first_observed": "2024-05-01T10:00:15.000000Z",
            "last_observed": "2024-05-01T10:00:20.000000Z",
            "confidence": 85, "valid_until": None, "tlp": "amber"}])
        table = self.match("-i", feed, seen).out
        self.assertIn(INDICATOR["id"], table)
        self.assertNotIn("beacon", table)
        self.assertEqual(self.match("-c", "-i", feed, seen).out, f"{seen}: 1\n")
        self.assertEqual(self.match("-q", "-i", feed, seen).out, "")

    def test_across_files_and_lines(self):
        feed = self.write("feed.json", {**INDICATOR, "pattern": self.SEQUENCE})
        first = self.bundle("a.json", *observed(1, 5, address(1)))
        lines = "".join(json.dumps(each) + "\n" for each in observed(2, 9, address(4)))
        hits = self.match("--json", "-i", feed, first, "-", input=lines).lines()
        self.assertEqual([len(hit["observations"]) for hit in hits], [2])
        self.match("-i", feed, first, status=1)

    def test_stix20(self):
        feed = self.write("feed.json", INDICATOR)
        seen = {"type": "observed-data", "id": "observed-data--" + INDICATOR["id"][11:],
                "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
                "first_observed": "2024-01-01T00:00:00Z", "last_observed": "2024-01-01T00:00:01Z",
                "number_observed": 50,
                "objects": {"0": {"type": "domain-name", "value": "alder.example"}}}
        hits = self.match("--json", "-i", feed, input=json.dumps(seen)).lines()
        self.assertEqual([hit["observations"] for hit in hits], [[seen["id"]]])
        seen["objects"]["0"]["value"] = "birch.example"
        self.match("--json", "-i", feed, input=json.dumps(seen), status=1)

    def test_what_cannot_be_is_told(self):
        feed = self.bundle("feed.json", indicator(1, pattern="[a:b MATCHES '(']"),
                           indicator(2, pattern="[ipv4-addr:value ISSUBSET '198.51.100.0/24']"),
                           indicator(3, pattern="alert tcp", pattern_type="snort"))
        seen = self.bundle("seen.json", *observed(1, 5, {**address(1), "value": "alder"}),
                           *observed(2, 6, address(2))[:1], *observed(3, 7, last_observed="now"),
                           *observed(4, 8, address(4)))
        result = self.match("--json", "-i", feed, seen, status=2)
        self.assertEqual([hit["indicator"] for hit in result.lines()], [indicator(2)["id"]])
        for text in ("$.pattern: MATCHES", "1 comparisons had no answer", "1 objects that",
                     "$.last_observed"):
            self.assertIn(text, result.err)
        only = self.write("only.json", indicator(1, pattern="[a:b MATCHES '(']"))
        self.assertIn("no indicators", self.match("-i", only, seen, status=2).err)


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

    def test_observed(self):
        feed, seen = self.directory / "feed.json", self.directory / "seen.json"
        feed.write_text(json.dumps({**INDICATOR, "pattern": ObservedTest.SEQUENCE}))
        seen.write_text("\n".join(map(json.dumps, [*observed(1, 1, address(1)),
                                                   *observed(2, 2, address(4))])))
        self.concert("import", "--source", "birch", feed)
        hits = self.concert("match", "--json", "--observed", seen).lines()
        self.assertEqual([(hit["indicator"], hit["source"]) for hit in hits],
                         [(INDICATOR["id"], "birch")])


class ProgressTest(concert.TestCase):
    """How far it is, on a terminal, when hits go elsewhere."""

    LINES = 300_000

    def progress(self, terminal=True):
        """What stands on standard error, while hits wait for half a second to be read."""
        log, feed = self.directory / "a.log", self.write("feed.txt", "alder.example\n")
        log.write_bytes(b"1.alder.example\n" * self.LINES)
        other, error = pty.openpty() if terminal else os.pipe()
        shown = []

        def read():
            try:
                while piece := os.read(other, 4096):
                    shown.append(piece)
            except OSError:
                pass

        process = self.spawn(concert.BIN, "match", "--json", "-i", feed, log, stdout=subprocess.PIPE,
                             stderr=error)
        os.close(error)
        reader = threading.Thread(target=read)
        reader.start()
        concert.until(lambda: struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD,
                                                             bytes(4)))[0] >= 32 * 1024)
        time.sleep(0.7)
        self.assertEqual(process.stdout.read().count(b"\n"), self.LINES)
        self.assertEqual(process.wait(concert.PATIENCE), 0)
        process.stdout.close()
        reader.join()
        os.close(other)
        return b"".join(shown).decode()

    def test_on_a_terminal(self):
        shown = self.progress()
        line = re.search(r"\r *(\d+)%  ([\d.]+ [KM]iB)  (\d+\.\d\d) GB/s  \S+a\.log", shown)
        self.assertTrue(line, shown)
        self.assertLessEqual(int(line[1]), 100)
        self.assertTrue(shown.endswith("\r\x1b[K"), shown)

    def test_elsewhere(self):
        self.assertEqual(self.progress(terminal=False), "")


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
