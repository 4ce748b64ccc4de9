"""`concert match` on structured and compressed logs: fields, ends, joined URLs, archives, counts."""

import bz2
import gzip
import io
import json
import random
import re
import tempfile
import unittest
import uuid
import zipfile
from pathlib import Path

import concert

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
EVE = {"timestamp": "2024-01-31T10:00:00.123456+0100", "event_type": "http", "src_ip": "192.0.2.1",
       "src_port": 1234, "dest_ip": "198.51.100.2", "dest_port": 80, "proto": "TCP",
       "http": {"hostname": "www.alder.example", "url": "/a?b", "http_user_agent": "x/198.51.100.9"}}
FEED = ("alder.example\nhttp://www.alder.example/a?b\nhttp://birch.example/only\n198.51.100.9\n"
        "203.0.113.0/24\n" + MD5 + "\n")


class LogsTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.feed = self.write("feed.txt", FEED)

    def hits(self, log, *options, status=0):
        return concert.run("match", "--json", "-i", self.feed, *options, log, status=status).lines()

    def test_eve(self):
        log = self.write("eve.json", json.dumps(EVE) + "\n")
        first, second = self.hits(log)
        common = {"file": str(log), "line": 1, "format": "eve", "source": "feed.txt",
                  "time": "2024-01-31T09:00:00.123456Z", "src_ip": "192.0.2.1", "src_port": 1234,
                  "dest_ip": "198.51.100.2", "dest_port": 80, "proto": "tcp"}
        self.assertEqual({**first, **common, "value": "alder.example", "field": "http.hostname",
                          "seen": "www.alder.example"}, first)
        self.assertEqual({**second, **common, "value": "http://www.alder.example/a?b", "field": "url",
                          "seen": "http://www.alder.example/a?b"}, second)
        self.assertEqual(first["column"], json.dumps(EVE).index("www.alder") + 1)
        # As text the two fields are no URL, and a version in a field of user agents is an address.
        plain = self.hits(log, "--input", "text")
        self.assertEqual([hit["value"] for hit in plain], ["alder.example", "198.51.100.9"])
        self.assertNotIn("field", plain[0])
        table = concert.run("match", "-i", self.feed, log).out
        self.assertIn("2024-01-31T09:00:00", table)
        self.assertIn("192.0.2.1:1234 > 198.51.100.2:80", table)

    def test_records_that_are_no_lines(self):
        records = [EVE, {**EVE, "src_ip": "203.0.113.7", "http": {}}]
        text, line = json.dumps(records, indent=2), json.dumps({"Records": records})
        pack = io.BytesIO()
        with zipfile.ZipFile(pack, "w") as archive:
            archive.writestr("eve.json", text)
        found = [("www.alder.example", "http.hostname", "192.0.2.1"),
                 ("http://www.alder.example/a?b", "url", "192.0.2.1"), ("203.0.113.7", "src_ip", "203.0.113.7")]
        for data in (text.encode(), line.encode(), gzip.compress(line.encode()), pack.getvalue(),
                     text.encode("utf-16-le"), text.encode("utf-16")):
            hits = self.hits(self.write("eve.json", data))
            self.assertEqual([(hit["seen"], hit["field"], hit["src_ip"]) for hit in hits], found)
            self.assertEqual({(hit["format"], hit["time"], hit["dest_port"]) for hit in hits},
                             {("eve", "2024-01-31T09:00:00.123456Z", 80)})
        through = concert.run("match", "--json", "-i", self.feed, input=text).lines()
        second = text[:text.rindex('{\n    "timestamp')].count("\n") + 1
        self.assertEqual([hit["line"] for hit in through], [2, 2, second])

    def test_events_in_literals(self):
        """What CDATA and comments of a Windows event say of events is text of that event."""
        def event(inner, time="2024-01-31T10:00:00Z", source="192.0.2.1"):
            return (f"<Event xmlns='x'>\n <System><TimeCreated SystemTime='{time}'/></System>\n"
                    f" <Data Name='Message'>{inner}</Data>\n"
                    f" <Data Name='SourceIp'>{source}</Data>\n"
                    " <Data Name='QueryName'>www.alder.example</Data>\n</Event>\n")
        other = event("x", "2024-01-31T11:00:00Z", "192.0.2.2")
        literal = "<Event>\n<System/></Event> 203.0.113.7 </Event>"
        found = ("QueryName", "2024-01-31T10:00:00.000000Z", "192.0.2.1")
        after = ("QueryName", "2024-01-31T11:00:00.000000Z", "192.0.2.2")
        for inner, field in ((f"<![CDATA[{literal}]]>", "Message"), (f"<!-- {literal} -->", "comment")):
            text = event(inner) + other
            log = self.write("events.xml", text)
            for hits in (self.hits(log), concert.run("match", "--json", "-i", self.feed, input=text).lines()):
                self.assertEqual([(hit["field"], hit["time"], hit["src_ip"]) for hit in hits],
                                 [(field, *found[1:]), found, after])
                self.assertEqual([hit["line"] for hit in hits], [1, 1, 8])
        # One whose end is cut is text, and costs the next event nothing.
        for inner in (f"<![CDATA[{literal[8:]}", "<!-- 203.0.113.7"):
            hits = self.hits(self.write("events.xml", event(inner) + other))
            self.assertEqual([hit["seen"] for hit in hits], ["203.0.113.7", *2 * ["www.alder.example"]])
            self.assertIsNone(hits[0]["field"])
            self.assertEqual((hits[2]["field"], hits[2]["time"], hits[2]["src_ip"]), after)

    def test_one_label(self):
        """A host without a dot, with its path in a field of its own: nothing that looks like a value."""
        self.feed = self.write("feed.txt", "http://intranet/a?b\n203.0.113.9\n")
        one = {**EVE, "http": {"hostname": "intranet", "url": "/a?b"}}
        lines = [{**EVE, "dest_ip": "203.0.113.9"}, EVE, one, {**one, "http": {"hostname": "intranet"}},
                 one]
        log = self.write("eve.json", "".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual([(hit["line"], hit["value"]) for hit in self.hits(log)],
                         [(1, "203.0.113.9"), (3, "http://intranet/a?b"), (5, "http://intranet/a?b")])

    def test_formats(self):
        """Each format is known by its first lines, and joins host and path."""
        logs = {
            "zeek": "#separator \\x09\n#fields\tts\tid.orig_h\thost\turi\n"
                    "1700000000.0\t192.0.2.1\tbirch.example\t/only\n",
            "zeek-json": '{"ts":1700000000.0,"id.orig_h":"192.0.2.1","host":"birch.example",'
                         '"uri":"/only"}\n',
            "access": 'birch.example:80 192.0.2.1 - - [14/Nov/2023:22:13:20 +0000] '
                      '"GET /only HTTP/1.1" 200 5 "-" "-"\n',
            "json": '{"@timestamp":"2023-11-14T22:13:20Z","source":{"ip":"192.0.2.1"},"url":'
                    '{"domain":"birch.example","path":"/only"}}\n',
            "csv": "time,src_ip,host,path\n1700000000,192.0.2.1,birch.example,/only\n",
            "w3c": "#Fields: date time c-ip cs-host cs-uri-stem\n"
                   "2023-11-14 22:13:20 192.0.2.1 birch.example /only\n",
        }
        for name, text in logs.items():
            with self.subTest(name):
                log = self.write(name + ".log", text)
                self.assertEqual([(hit["value"], hit["format"], hit["time"], hit["src_ip"],
                                   hit["line"]) for hit in self.hits(log)],
                                 [("http://birch.example/only", name, "2023-11-14T22:13:20.000000Z",
                                   "192.0.2.1", text.count("\n"))])
                # A pipe says the same as a file; the format can be told.
                again = concert.run("match", "--json", "-i", self.feed, "--input", name,
                                    input=text).lines()
                self.assertEqual(len(again), 1)
                self.hits(log, "--input", "text", status=1)
        for name in ("eve", "windows-json", "windows-xml", "cef", "dns", "syslog"):
            concert.run("match", "-i", self.feed, "--input", name, input="no record\n", status=1)

    def test_names_by_lengths(self):
        """The names of Windows' DNS server are found although they look like no names."""
        feed = self.write("names.txt", "alder.example\n192.0.2.7\n")
        log = self.write("dns.log", "Message logging key (for packets - other items use a subset):\n\n"
                         "11/14/2023 10:13:20 PM 0E70 PACKET  00000000033397A0 UDP Rcv 192.0.2.1  "
                         "5b47   Q [0001   D   NOERROR] A      (3)www(5)alder(7)example(0)\r\n"
                         "11/14/2023 10:13:21 PM 0E70 PACKET  00000000033397A0 UDP Snd 192.0.2.7  "
                         "5b47 R Q [8081   DR  NOERROR] A      (3)www(6)xalder(7)example(0)\r\n")
        hits = concert.run("match", "--json", "-i", feed, log).lines()
        self.assertEqual([(hit["seen"], hit["format"], hit["field"], hit["time"], hit["src_ip"],
                           hit["line"]) for hit in hits],
                         [("www.alder.example", "windows-dns", "query",
                           "2023-11-14T22:13:20.000000Z", "192.0.2.1", 3),
                          ("192.0.2.7", "windows-dns", "client", "2023-11-14T22:13:21.000000Z",
                           "192.0.2.7", 4)])
        with open(log, encoding="ascii") as text:
            lines = concert.run("match", "--json", "-i", feed, "--input", "windows-dns",
                                input=text.read()).lines()
        self.assertEqual(len(lines), 2)
        concert.run("match", "-i", self.feed, "--input", "windows-dns", input="no record\n", status=1)

    def test_nothing_is_lost(self):
        """What running text shows and types do not rule out, records show too."""
        chooser = random.Random(5)
        values = ["alder.example", "WWW.ALDER.EXAMPLE.", "203.0.113.7", "198.51.100.9",
                  "hxxp://www[.]alder[.]example/a?b", "x" + MD5, MD5, "(203.0.113.9)",
                  "q=http%3A%2F%2Fwww.alder.example%2Fa%3Fb"]
        for name in ("eve.json", "table.csv", "access.log", "syslog.log"):
            lines = ["time,src_ip,note,other"] if name == "table.csv" else []
            for _ in range(300):
                one, two = chooser.choice(values), chooser.choice(values)
                lines.append({
                    "eve.json": json.dumps({"timestamp": "2024-01-31T10:00:00Z", "event_type": "x",
                                            "a": {one: two}, "list": [two, {"b": one}]}),
                    "table.csv": f'2024-01-31,192.0.2.1,"{one}, ""x""",{two}',
                    "access.log": f'{one} - - [31/Jan/2024:10:00:00 +0100] "GET /?{two} HTTP/1.1" '
                                  f'200 5 "{one}" "{two}x"',
                    "syslog.log": f"Jan 31 10:00:00 birch x: {one} {two}",
                }[name])
            log = self.write(name, "\n".join(lines) + "\n")
            found = [{(hit["line"], hit["value"]) for hit in self.hits(log, *options)}
                     for options in ((), ("--input", "text"))]
            self.assertGreater(len(found[1]), 100)
            self.assertEqual(sorted(found[1] - found[0]), [], name)

    def test_long_and_broken_lines(self):
        long_record = json.dumps({**EVE, "payload": "x" * 400_000, "late": "alder.example"})
        log = self.write("eve.json", json.dumps(EVE) + "\n" + long_record + "\n{broken alder.example\n" +
                         json.dumps(EVE) + "\n")
        hits = self.hits(log)
        self.assertEqual([(hit["line"], hit.get("field")) for hit in hits
                          if hit["value"] == "alder.example"],
                         [(1, "http.hostname"), (2, None), (2, None), (3, None),
                          (4, "http.hostname")])

    def test_ecs(self):
        log = self.write("eve.json", json.dumps(EVE) + "\n")
        first = concert.run("match", "--ecs", "-i", self.feed, log).lines()[0]
        self.assertEqual(first["@timestamp"], "2024-01-31T09:00:00.123Z")
        self.assertEqual(first["threat"]["indicator"]["type"], "domain-name")
        self.assertEqual(first["threat"]["indicator"]["url"]["domain"], "alder.example")
        self.assertEqual(first["source"], {"address": "192.0.2.1", "ip": "192.0.2.1", "port": 1234})
        self.assertEqual(first["destination"]["port"], 80)
        self.assertEqual(first["network"]["transport"], "tcp")
        self.assertEqual(first["log"]["file"], {"path": str(log), "line": 1})
        self.assertEqual(first["event"]["dataset"], "eve")
        text = self.write("a.log", "alder.example\n")
        plain = concert.run("match", "--ecs", "-i", self.feed, text).lines()[0]
        self.assertNotIn("source", plain)
        self.assertIn("@timestamp", plain)

    def test_names_are_asserted(self):
        """A name somebody gave is no headline."""
        indicator = {"type": "indicator", "spec_version": "2.1", "name": "Mallory's Bears",
                     "id": "indicator--11111111-1111-4111-8111-111111111111",
                     "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
                     "pattern_type": "stix", "pattern": "[domain-name:value = 'alder.example']",
                     "valid_from": "2024-01-01T00:00:00Z"}
        feed, log = self.write("feed.json", indicator), self.write("a.log", "alder.example\n")
        self.assertNotIn("Bears", concert.run("match", "-i", feed, log).out)
        document = concert.run("match", "--ecs", "-i", feed, log).lines()[0]
        self.assertEqual(document["threat"]["indicator"]["name"], "alder.example")
        self.assertEqual(document["threat"]["indicator"]["description"],
                         "asserted by feed.json: Mallory's Bears")

    def test_summary(self):
        later = {**EVE, "timestamp": "2024-01-31T12:30:00+0100"}
        log = self.write("eve.json", json.dumps(EVE) + "\n" + json.dumps(later) + "\n")
        summary, = concert.run("match", "--summary", "--json", "-i", self.feed, log).lines()
        self.assertEqual(summary["hits"], 4)
        self.assertEqual([(row["name"], row["hits"]) for row in summary["addresses"]],
                         [("192.0.2.1", 4)])
        self.assertEqual([(row["name"], row["hits"]) for row in summary["hours"]],
                         [("2024-01-31T09:00:00Z", 2), ("2024-01-31T11:00:00Z", 2)])
        self.assertEqual(summary["values"][0]["first"], "2024-01-31T09:00:00.123Z")
        self.assertEqual(summary["values"][0]["last"], "2024-01-31T11:30:00.000Z")
        table = concert.run("match", "--summary", "-i", self.feed, log).out
        self.assertIn("4 hits", table)
        self.assertIn("domain alder.example", table)
        concert.run("match", "--summary", "--ecs", "-i", self.feed, log, status=2)

    def test_sightings(self):
        later = {**EVE, "timestamp": "2024-01-31T12:30:00+0100"}
        log = self.write("eve.json", json.dumps(EVE) + "\n" + json.dumps(later) + "\n")
        bundles = [json.loads(concert.run("match", "--stix", "-i", self.feed, log).out)
                   for _ in range(2)]
        self.assertEqual(bundles[0]["id"], bundles[1]["id"])
        self.assertEqual([each["id"] for each in bundles[0]["objects"]],
                         [each["id"] for each in bundles[1]["objects"]])
        sighting = bundles[0]["objects"][0]
        self.assertEqual(uuid.UUID(sighting["id"].partition("--")[2]).version, 5)
        self.assertEqual((sighting["count"], sighting["first_seen"], sighting["last_seen"]),
                         (2, "2024-01-31T09:00:00.123Z", "2024-01-31T11:30:00.000Z"))
        self.assertTrue(sighting["sighting_of_ref"].startswith("indicator--"))
        self.write("eve.json", json.dumps(EVE) + "\n")
        other = json.loads(concert.run("match", "--stix", "-i", self.feed, log).out)
        self.assertNotEqual(other["objects"][0]["id"], sighting["id"])


class CompressedTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.feed = self.write("feed.txt", FEED)

    def match(self, *arguments, status=0):
        return concert.run("match", "--json", "-i", self.feed, *arguments, status=status)

    def zipped(self, name, members):
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return self.write(name, memory.getvalue())

    def test_members(self):
        text = b"alder.example\n"
        log = self.write("a.gz", gzip.compress(text) + gzip.compress(b"x\n") + gzip.compress(text))
        self.assertEqual([hit["line"] for hit in self.match(log).lines()], [1, 3])
        log = self.write("a.bz2", bz2.compress(text) + bz2.compress(text))
        self.assertEqual([hit["line"] for hit in self.match(log).lines()], [1, 2])

    def test_truncated(self):
        lines = b"".join(b"%d %s alder.example\n" % (n, random.Random(n).randbytes(20).hex().encode())
                         for n in range(20000))
        for name, packed in (("a.gz", gzip.compress(lines)), ("a.bz2", bz2.compress(lines))):
            log = self.write(name, packed[:len(packed) * 3 // 4])
            result = self.match(log, status=2)
            self.assertIn("cut off", result.err)
            self.assertGreater(len(result.lines()), 5000)

    def test_bomb(self):
        bomb = self.write("a.gz", gzip.compress(b"alder.example\n" + bytes(100 << 20)))
        log = self.write("b.log", "alder.example\n")
        result = self.match(bomb, log, status=2)
        self.assertIn("more than 100 times", result.err)
        self.assertEqual([Path(hit["file"]).name for hit in result.lines()], ["a.gz", "b.log"])

    def test_zip(self):
        inner = self.zipped("inner.zip", {"deep.log": "alder.example\n"}).read_bytes()
        deeper = self.zipped("deeper.zip", {"inner.zip": inner}).read_bytes()
        path = self.zipped("a.zip", {
            "logs/eve.json": json.dumps(EVE) + "\n", "../../b.log.gz": gzip.compress(b"alder.example\n"),
            "inner.zip": inner, "deeper.zip": deeper, "none.log": "x\n"})
        result = self.match(path, status=2)
        self.assertEqual(
            [(hit["file"].removeprefix(str(path)), hit.get("field")) for hit in result.lines()],
            [(":logs/eve.json", "http.hostname"), (":logs/eve.json", "url"),
             (":../../b.log.gz", None), (":inner.zip:deep.log", None)])
        self.assertIn("a.zip:deeper.zip:inner.zip: archives nest more than 2 deep", result.err)
        self.assertEqual(len(result.err.splitlines()), 1)

    def test_broken_zip(self):
        path = self.zipped("a.zip", {"a.log": "alder.example\n", "b.log": "alder.example\n" * 500})
        data = path.read_bytes()
        cut = self.write("cut.zip", data[:70])
        self.assertIn("ZIP", self.match(cut, status=2).err)


class PatternsTest(concert.TestCase):
    """Whole patterns in what records and packets say."""

    SEQUENCE = ("([domain-name:value = 'www.alder.example'] FOLLOWEDBY "
                "[network-traffic:dst_ref.value = '198.51.100.2' AND network-traffic:dst_port = 80]) "
                "WITHIN 60 SECONDS")

    def setUp(self):
        super().setUp()
        self.number = 0

    def feed(self, pattern, **changes):
        self.number += 1
        return self.write(f"feed-{self.number}.json", {
            "type": "indicator", "spec_version": "2.1", "created": "2024-01-01T00:00:00.000Z",
            "modified": "2024-01-01T00:00:00.000Z", "valid_from": "2024-01-01T00:00:00Z",
            "id": f"indicator--{self.number:08d}-1111-4111-8111-111111111111",
            "pattern": pattern, "pattern_type": "stix", "name": "Alder's beacon", **changes})

    def match(self, *arguments, **options):
        return concert.run("match", "--patterns", "--json", *arguments, **options)

    def eve(self, seconds, **changes):
        return json.dumps({**EVE, "timestamp": f"2024-01-31T10:{seconds // 60:02}:{seconds % 60:02}.000000+0000",
                           **changes}) + "\n"

    def lookup(self, seconds):
        return self.eve(seconds, event_type="dns", dest_ip="192.0.2.53", dest_port=53, http=None,
                        dns={"type": "query", "rrname": "WWW.alder.example"})

    def test_sequence(self):
        feed = self.feed(self.SEQUENCE)
        log = self.write("eve.json", self.eve(0, http=None) + self.lookup(10) + "\n" +
                         self.eve(40, http=None) + self.lookup(60) + self.eve(121, http=None))
        hits = self.match("-i", feed, log).lines()
        self.assertEqual([(hit["type"], hit["value"], hit["file"], hit["observations"],
                           hit["first_observed"], hit["last_observed"]) for hit in hits],
                         [("pattern", self.SEQUENCE, str(log), [f"{log}:2", f"{log}:4"],
                           "2024-01-31T10:00:10.000000Z", "2024-01-31T10:00:40.000000Z")])
        # The values alone, as always.
        values = concert.run("match", "--json", "-i", feed, log).lines()
        self.assertEqual({hit["value"] for hit in values}, {"www.alder.example", "198.51.100.2"})
        table = concert.run("match", "--patterns", "-i", feed, log).out
        self.assertIn(f"{log}:2 {log}:4", table)
        self.assertEqual(concert.run("match", "--patterns", "-c", "-i", feed, log).out, f"{log}: 1\n")
        self.assertEqual(self.match("-q", "-i", feed, log).out, "")

    def test_across_files(self):
        feed = self.feed(self.SEQUENCE)
        first = self.write("a.json.gz", gzip.compress(self.lookup(10).encode()))
        second = self.write("b.json", self.eve(40, http=None))
        hits = self.match("-i", feed, first, second).lines()
        self.assertEqual([hit["observations"] for hit in hits], [[f"{first}:1", f"{second}:1"]])
        self.match("-i", feed, first, status=1)
        hits = self.match("-i", feed, first, "-", input=self.eve(40, http=None)).lines()
        self.assertEqual([hit["observations"] for hit in hits], [[f"{first}:1", "-:1"]])

    def test_both_in_one_record(self):
        """AND within brackets is about one record; between brackets about several."""
        feed = self.feed("[url:value = 'http://www.alder.example/a?b'] AND "
                         "[network-traffic:dst_port = 80]")
        one = self.write("one.json", self.eve(0))
        self.match("-i", feed, one, status=1)
        two = self.write("two.json", self.eve(0) + self.eve(1))
        self.assertEqual(len(self.match("-i", feed, two).lines()), 1)

    def test_compiled(self):
        """A compiled set has the patterns that say more than values, and only these."""
        sequence, size = self.feed(self.SEQUENCE, confidence=80), self.feed("[file:size > 7]")
        value = self.feed("[domain-name:value = 'www.alder.example']", name="Alder's page")
        gone = self.feed(self.SEQUENCE, valid_from="2024-01-02T00:00:00Z",
                         valid_until="2024-01-03T00:00:00Z")
        made, plain = self.directory / "made.shield", self.directory / "plain.shield"

        def compile(to, *feeds, options=()):
            return concert.run("shield", "compile", "--json", "-o", to, *options,
                               *(f"--from={feed}" for feed in feeds)).lines()[0]
        shown = compile(made, sequence, size, value, gone)
        self.assertEqual((shown["indicators"], shown["values"], shown["patterns"]), (3, 3, 2))
        shown = compile(plain, sequence, size, value, options=["--min-confidence=81"])
        self.assertEqual((shown["indicators"], shown["patterns"]), (0, 0))
        compile(plain, value)
        self.assertIn("whole patterns, for `concert match --patterns`: 2",
                      concert.run("shield", "show", made).out)
        concert.run("shield", "check", made)

        log = self.write("eve.json", self.lookup(10) + self.eve(40, http=None))
        hits = self.match("--set", made, log).lines()
        self.assertEqual(hits, self.match("-i", sequence, log).lines())
        self.assertEqual(hits[0]["source"], "feed-1.json")
        self.assertEqual((hits[0]["name"], hits[0]["confidence"]), ("Alder's beacon", 80))
        # Values without the option, and a word about the rest.
        values = concert.run("match", "--json", "--set", made, log)
        self.assertEqual({hit["value"] for hit in values.lines()},
                         {"www.alder.example", "198.51.100.2"})
        self.assertIn("2 indicators of the set are whole patterns", values.err)
        self.assertEqual(concert.run("match", "-q", "--set", made, log).err, "")
        self.assertEqual(concert.run("match", "--set", plain, log).err, "")
        nothing = self.match("--set", plain, log, status=1)
        self.assertIn("has no whole patterns to look for", nothing.err)
        observed = self.write("observed.json", {
            "type": "observed-data", "id": "observed-data--00000001-1111-4111-8111-111111111111",
            "created": "2024-01-01T00:00:00Z", "modified": "2024-01-01T00:00:00Z",
            "first_observed": "2024-01-01T00:00:00Z", "last_observed": "2024-01-01T00:00:00Z",
            "number_observed": 1, "objects": {"0": {"type": "file", "size": 8}}})
        hits = concert.run("match", "--observed", "--json", "--set", made, observed).lines()
        self.assertEqual([hit["value"] for hit in hits], ["[file:size > 7]"])

    def test_what_cannot_be_is_told(self):
        feed = self.feed("[domain-name:value = 'alder.example']")
        text = self.write("a.log", "alder.example\n")
        timeless = self.write("b.json", json.dumps({"event_type": "dns", "src_ip": "192.0.2.1",
                                                    "dns": {"rrname": "alder.example"}}) + "\n")
        broken = self.write("c.json", self.lookup(1) + "x" * 600_000 + "\n" +
                            self.eve(2, dns={"rrname": "alder.example"}) + "{\n")
        result = self.match("-i", feed, text, timeless, broken)
        self.assertEqual([hit["observations"] for hit in result.lines()], [[f"{broken}:3"]])
        for note in ("1 files are neither", "1 records say no time", "2 lines are no records"):
            self.assertIn(note, result.err)
        for option in ("--observed", "--ecs", "--stix", "--input=text", "--set=x"):
            self.match("-i", feed, option, text, status=2)
        missing = self.match("-i", feed, self.directory / "missing", broken, status=2)
        self.assertEqual(len(missing.lines()), 1)


@concert.needs_data("logs/zeek-default")
class RealZeekTest(unittest.TestCase):
    """Real logs of Zeek: every address of its first columns is found there, with time and ends."""

    def test_zeek(self):
        files = sorted(concert.data("logs/zeek-default").glob("*.gz"))
        expected, values = set(), set()
        for file in files:
            fields = []
            for number, line in enumerate(gzip.decompress(file.read_bytes()).split(b"\n"), 1):
                cells = line.split(b"\t")
                if cells[0] == b"#fields":
                    fields = cells[1:]
                elif b"id.resp_h" in fields and len(cells) == len(fields):
                    address = cells[fields.index(b"id.resp_h")].decode()
                    if re.fullmatch(r"[0-9.]+", address):
                        values.add(address)
                        expected.add((str(file), number, address, cells[fields.index(b"ts")].decode()))
        chosen = set(random.Random(3).sample(sorted(values), 100))
        expected = {each for each in expected if each[2] in chosen}
        self.assertGreater(len(expected), 100)
        found = set()
        feed = "\n".join(chosen) + "\n"
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(feed)
            file.flush()
            for line in concert.run("match", "--json", "-i", file.name, *files).lines():
                self.assertEqual(line.get("format"), "zeek")
                if line["field"] == "id.resp_h":
                    self.assertEqual(line["dest_ip"], line["value"])
                    found.add((line["file"], line["line"], line["value"], line["time"]))
        self.assertEqual({each[:3] for each in expected}, {each[:3] for each in found})


if __name__ == "__main__":
    unittest.main()
