"""Compiled sets: made, shown, checked, matched with; the node's own follows its store."""

import csv
import gzip
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import concert
import shieldnode

LISTED = {"name": "Cedar's resolvers", "version": 3, "type": "string", "list": ["192.0.2.53"],
          "matching_attributes": ["ip-src", "ip-dst"]}


class ShieldTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = Path(self.directory.name)
        (self.path / "list.txt").write_text(
            "alder.example\n192.0.2.53\nco.uk\nhttp://birch.example/a\n")
        (self.path / "resolvers.json").write_text(json.dumps(LISTED))
        (self.path / "log").write_text("192.0.2.53 asked www.alder.example\n")

    def run_concert(self, *arguments, status=0, input=None):
        done = subprocess.run([concert.BIN, *map(str, arguments)], cwd=self.path, input=input,
                              capture_output=True, text=True)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        return done

    def compile(self, *arguments):
        return self.run_concert("shield", "compile", "--from", "list.txt", "-o", "made.shield",
                                *arguments)

    def test_compile_show_check(self):
        shown = json.loads(self.compile("--suppress", "resolvers.json", "--json").stdout)
        self.assertEqual(shown["indicators"], 3)
        self.assertEqual(shown["kinds"], {"ipv4": 1, "domain": 1, "url": 1})
        self.assertEqual(shown["refused"], ["co.uk"])
        self.assertEqual(shown["lists"], [{"name": "Cedar's resolvers", "version": "3",
                                           "values": 1}])
        self.assertTrue(shown["public_suffixes"].startswith("libpsl"))
        again = json.loads(self.run_concert("shield", "show", "--json", "made.shield").stdout)
        self.assertEqual(again, shown)
        self.assertEqual(os.stat(self.path / "made.shield").st_mode & 0o777, 0o600)
        self.run_concert("shield", "check", "made.shield")
        damaged = bytearray((self.path / "made.shield").read_bytes())
        damaged[-9] ^= 1
        (self.path / "damaged.shield").write_bytes(damaged)
        done = self.run_concert("shield", "check", "damaged.shield", status=1)
        self.assertIn("damaged.shield: not a sound compiled set", done.stderr)
        self.run_concert("shield", "check", "none.shield", status=2)
        self.assertIn("not a compiled set",
                      self.run_concert("match", "--set", "list.txt", "log", status=2).stderr)

    def test_suppress(self):
        self.compile("--suppress", "resolvers.json")
        match = ["match", "--json", "--set", "made.shield", "log"]
        done = self.run_concert(*match)
        self.assertEqual([json.loads(line)["value"] for line in done.stdout.splitlines()],
                         ["alder.example"])
        self.assertIn("1 by \"Cedar's resolvers\"", done.stderr)
        hits = [json.loads(line) for line in
                self.run_concert(*match, "--suppressed").stdout.splitlines()]
        self.assertEqual([hit["value"] for hit in hits], ["192.0.2.53", "alder.example"])
        self.assertEqual(hits[0]["suppressed_by"], ["Cedar's resolvers"])
        self.assertNotIn("suppressed_by", hits[1])
        done = self.run_concert(*match, "--allow-list", "Cedar's resolvers")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertEqual(done.stderr, "")
        self.run_concert(*match, "--allow-list", "Alder's", status=2)
        # The same of what is read from a pipe as it comes.
        watch = ["watch", "--json", "--set", "made.shield", "-"]
        log = (self.path / "log").read_text()
        done = self.run_concert(*watch, input=log)
        self.assertEqual([json.loads(line)["value"] for line in done.stdout.splitlines()],
                         ["alder.example"])
        self.assertIn("1 by \"Cedar's resolvers\"", done.stderr)
        self.run_concert(*watch, "--allow-list", "Alder's", input=log, status=2)

    def test_ceilings(self):
        self.compile("--tlp", "amber", "--min-confidence", "1")
        shown = json.loads(self.run_concert("shield", "show", "--json", "made.shield").stdout)
        self.assertEqual(shown["values"], 0)
        self.run_concert("shield", "compile", "--from", "list.txt", "-o", "x", "--tlp", "pink",
                         status=2)

    def test_formats(self):
        """What --from names is read as `match -i` reads it."""
        (self.path / "hashes").write_text("kind;sum\nx;0123456789abcdef0123456789abcdef\n")
        form = ["--from", "hashes", "--format", "csv", "--columns", "value=2"]
        for more, kind in (([], "md5"), (["--kind", "ja3"], "ja3")):
            shown = json.loads(self.run_concert("shield", "compile", "-o", "made.shield", "--json",
                                                *form, *more).stdout)
            self.assertEqual(shown["kinds"], {kind: 1})
        done = self.run_concert("shield", "compile", "-o", "x", *form, "--community", "a@b",
                                status=2)
        self.assertIn("--community and --from do not go together", done.stderr)
        self.run_concert("shield", "compile", "-o", "x", "--from", "none.csv", status=2)

    def test_mistakes(self):
        """What would do nothing is said; what is there stays as it was."""
        self.compile()
        made = (self.path / "made.shield").read_bytes()
        (self.path / "directory").mkdir()
        os.mkfifo(self.path / "pipe")
        (self.path / "made.shield.tmp").write_text("a file of somebody's own")
        (self.path / "cut.json").write_text('{"type": "bundle", "objects": [{"type": "indicator"},')
        for arguments, words in (
                (["--from", "list.txt", "-o", "directory"], "directory is there and is no file"),
                (["--from", "list.txt", "-o", "pipe"], "pipe is there and is no file"),
                (["--from", "list.txt", "-o", ""], "a file has a name"),
                (["--from", "cut.json", "-o", "made.shield"], "nothing of it could be read"),
                (["--kind", "domain", "-o", "made.shield"], "--kind says how the files of --from"),
                (["--columns", "value=2", "-o", "x"], "--columns says how the files of --from")):
            self.assertIn(words, self.run_concert("shield", "compile", *arguments, status=2).stderr)
        self.assertEqual((self.path / "made.shield").read_bytes(), made)
        self.assertEqual((self.path / "made.shield.tmp").read_text(), "a file of somebody's own")
        self.assertTrue((self.path / "pipe").is_fifo())
        self.assertEqual(len(list(self.path.glob("directory*"))), 1)
        for command in ("match", "watch"):
            for option, words in (("--kind=domain", "and there are none"),
                                  ("--suppress=resolvers.json", "compiled already"),
                                  ("--observables", "compiled already"),
                                  ("--indicators=list.txt", "do not go together")):
                done = self.run_concert(command, "--set", "made.shield", option, "log", status=2)
                self.assertIn(words, done.stderr)
        # What is wrong with a file names it, however short its name is.
        (self.path / "t").write_bytes(gzip.compress(b"alder.example\n" * 1000)[:-9])
        done = self.run_concert("match", "--count", "--set", "made.shield", "t", status=2)
        self.assertEqual(done.stderr, "concert: t: the gzip data are cut off\n")
        # Of a directory each file is named once, and the status tells of what is cut off.
        done = self.run_concert("match", "-i", ".", "log", status=2)
        self.assertIn("alder.example", done.stdout)
        self.assertIn("concert: ./made.shield: binary data", done.stderr)

    def test_cut_inputs(self):
        """Half a list replaces no whole one, unless a person says so; either way the status tells."""
        self.compile()
        made = (self.path / "made.shield").read_bytes()
        objects = [shieldnode.indicator(i, f"[domain-name:value = 'n{i}.example']")
                   for i in range(1000)]
        bundle = json.dumps({"type": "bundle", "objects": objects}).encode()
        event = {"Event": {"info": "x", "Attribute": [
            {"type": "domain", "category": "Network activity", "value": f"n{i}.example",
             "to_ids": True} for i in range(3)]}}
        table = b"value,comment\n" + b"".join(b'n%d.example,"two, words"\n' % i
                                               for i in range(20000))
        (self.path / "feeds").mkdir()
        for name, text, cut in (
                ("cut.json", bundle, len(bundle) // 2), ("cut.json.gz", gzip.compress(bundle), -9),
                ("cut.misp", json.dumps({"response": [event, event]}).encode(), -9),
                ("cut.csv", table, -9), ("cut.csv.gz", gzip.compress(table), -9),
                ("feeds/a.json.gz", gzip.compress(bundle), -9), ("feeds/b.csv", table, None),
                ("feeds/README", b"\0 is no feed", None)):
            (self.path / name).write_bytes(text[:cut])
        for name in ("cut.json", "cut.json.gz", "cut.misp", "cut.csv", "cut.csv.gz", "feeds"):
            command = ["shield", "compile", "--from", "list.txt", "--from", name, "--json", "-o",
                       "made.shield"]
            done = self.run_concert(*command, status=1)
            self.assertEqual(done.stdout, "")
            self.assertIn(name, done.stderr)
            self.assertIn("1 inputs could not be read to their end (above): made.shield is not "
                          "written; --partial", done.stderr)
            self.assertEqual((self.path / "made.shield").read_bytes(), made)
            done = self.run_concert(*command, "--partial", status=1)
            self.assertIn("made.shield is written without what is missing", done.stderr)
            self.assertGreater(json.loads(done.stdout)["values"], 4)
            (self.path / "made.shield").write_bytes(made)
        (self.path / "feeds" / "a.json.gz").unlink() # what never was a feed is no lost one
        self.run_concert("shield", "compile", "--from", "feeds", "-o", "x")
        self.run_concert("shield", "compile", "--partial", "-o", "x", status=2)

    def test_broken_patterns(self):
        """A pattern that cannot be read is named with the place, and counted apart."""
        objects = [shieldnode.indicator(1, "[domain-name:value = 'alder.example']"),
                   shieldnode.indicator(2, "[domain-name:value = ]"),
                   {**shieldnode.indicator(3, "rule x { condition: true }"),
                    "pattern_type": "yara"}]
        (self.path / "feed.json").write_text(json.dumps({"type": "bundle", "objects": objects}))
        done = self.run_concert("shield", "compile", "--from", "feed.json", "-o", "x")
        self.assertIn("feed.json: $.objects[1]: indicator--00000002-0000-4000-8000-000000000000: "
                      "$.pattern: line 1, column 22: ", done.stderr)
        self.assertIn("left out: 1 indicators: name nothing that can be looked for\n", done.stderr)
        self.assertIn("left out: 1 indicators: their pattern cannot be read\n", done.stderr)
        (self.path / "feed.json").write_text(json.dumps(objects[1]))
        done = self.run_concert("match", "-i", "feed.json", "log", status=2)
        self.assertIn("the patterns of 1 cannot be read", done.stderr)

    def test_lists_of_node(self):
        """The node's warninglists count however its indicators are compiled."""
        node = self.path / "node"
        self.run_concert("init", "--node", node, "--name", "alder.example")
        self.run_concert("import", "--node", node, "list.txt")
        concert.configure(node, {"shield": {"suppress": str(self.path / "resolvers.json")}})
        (self.path / "own.json").write_text(json.dumps(
            {**LISTED, "name": "Own", "type": "hostname", "matching_attributes": ["domain"],
             "list": ["alder.example"]}))
        at_node = ["--node", node]
        for options, left in (([], 1), (["--expired"], 1), (["--observables"], 1),
                              (["--suppress", "own.json"], 0)):
            done = self.run_concert("match", *at_node, "--count", "--json", *options, "log",
                                    status=None)
            self.assertIn("1 by \"Cedar's resolvers\"", done.stderr)
            self.assertEqual(json.loads(done.stdout)["hits"], left)
        for options, lists in (([], ["Cedar's resolvers"]),
                               (["--suppress", "own.json"], ["Cedar's resolvers", "Own"])):
            shown = json.loads(self.run_concert("shield", "compile", *at_node, "-o", "made.shield",
                                                "--json", *options).stdout)
            self.assertEqual([each["name"] for each in shown["lists"]], lists)
        self.assertNotIn("192.0.2.53", self.run_concert("shield", "export", "plain", "--from",
                                                        "made.shield").stdout)
        # Lists' names have commas.
        (self.path / "more.json").write_text(json.dumps({**LISTED, "name": "Cedar, again"}))
        self.compile("--suppress", "resolvers.json", "--suppress", "more.json")
        table = self.run_concert("shield", "export", "csv", "--suppressed", "--from",
                                 "made.shield").stdout
        self.assertEqual([row["warninglist"] for row in csv.DictReader(table.splitlines())
                          if row["value"] == "192.0.2.53"], ["Cedar's resolvers; Cedar, again"])

    def test_node(self):
        node = self.path / "node"
        self.run_concert("init", "--node", node, "--name", "alder.example")
        at_node = ["--node", node]
        self.run_concert("import", *at_node, "list.txt")
        first = self.run_concert("match", *at_node, "log")
        kept = node / "shield" / "current.set"
        made = kept.stat()
        second = self.run_concert("match", *at_node, "log")
        self.assertEqual(first.stdout, second.stdout)
        self.assertEqual(made.st_ino, kept.stat().st_ino)
        (self.path / "more.txt").write_text("cedar.example\n")
        (self.path / "log").write_text("cedar.example\n")
        self.run_concert("import", *at_node, "more.txt")
        self.assertIn("cedar.example", self.run_concert("match", *at_node, "log").stdout)
        self.assertNotEqual(made.st_ino, kept.stat().st_ino)
        # The same content and secret: the same bytes.
        self.run_concert("shield", "compile", *at_node, "-o", "one.shield")
        self.run_concert("shield", "compile", *at_node, "-o", "two.shield")
        self.assertEqual((self.path / "one.shield").read_bytes(),
                         (self.path / "two.shield").read_bytes())
        kept.write_bytes(b"broken")
        self.assertIn("cedar.example", self.run_concert("match", *at_node, "log").stdout)


if __name__ == "__main__":
    unittest.main()
