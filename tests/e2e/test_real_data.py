"""Data that no one here wrote, in and out again: nothing lost, nothing changed.

Needs the recorded data of others in $CONCERT_DATA; says so where it is not there."""

import hashlib
import json
import re
import unittest
from pathlib import Path

import concert


def object_texts(text):
    """The objects of a bundle, each exactly as it stands in @text."""
    decoder = json.JSONDecoder()
    at = text.index("[", text.index('"objects"')) + 1
    texts = []
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return texts
        _, end = decoder.raw_decode(text, at)
        texts.append(text[at:end])
        at = end


def digests(paths):
    """SHA-256 of every object's bytes -> how often it is there."""
    found = {}
    for path in paths:
        for text in object_texts(Path(path).read_text(encoding="utf-8")):
            digest = hashlib.sha256(text.encode()).digest()
            found[digest] = found.get(digest, 0) + 1
    return found


@unittest.skipIf(concert.SANITIZER and not concert.LONG, "large: only in the plain build")
class CorporaTest(concert.NodeTestCase):
    @concert.needs_data("corpora")
    def test_attack_history(self):
        """Every release of ATT&CK: all in, again without change, all out byte for byte."""
        paths = sorted(concert.data("corpora").glob("*-attack/*.json"))
        paths += sorted(concert.data("corpora").glob("enterprise*.json"))
        self.assertGreater(len(paths), 10)
        given = digests(paths)
        first = self.concert("import", "--lenient", "--json", *paths).lines()[-1]
        self.assertEqual(first["rejected"], 0)
        self.assertEqual(first["broken"], 0)
        self.assertEqual(first["accepted"] + first["variants"], len(given))
        self.assertEqual(sum(first[k] for k in ("accepted", "variants", "unchanged")),
                         sum(given.values()))
        self.assertGreater(first["variants"], 1000)

        again = self.concert("import", "--lenient", "--json", *paths).lines()[-1]
        self.assertEqual(again["unchanged"], sum(given.values()))
        self.assertEqual([again[k] for k in ("accepted", "variants", "claims", "rejected")], [0] * 4)

        out = self.directory / "out.json"
        self.concert("export", "--variants", "-o", out)
        self.assertEqual(set(digests([out])), set(given))
        self.assertEqual(max(digests([out]).values()), 1)

    @concert.needs_data("corpora")
    def test_default_level(self):
        """What the default level says of ATT&CK: whatever it rejects it names, with a path."""
        path = concert.data("corpora") / "ics-attack" / "ics-attack.json"
        lines = self.concert("import", "--json", path, status=None).lines()
        rejected = [line for line in lines if line["event"] == "rejected"]
        self.assertEqual(len(rejected), lines[-1]["rejected"])
        for line in rejected:
            self.assertRegex(line["message"], r"\$[.\[]")
        count = len(object_texts(path.read_text(encoding="utf-8")))
        self.assertEqual(lines[-1]["accepted"] + len(rejected), count)


@unittest.skipIf(concert.SANITIZER and not concert.LONG, "large: only in the plain build")
class FeedsTest(concert.NodeTestCase):
    def import_twice(self, *arguments):
        """Imports; imports again; returns the first summary."""
        result = self.concert("import", "--json", *arguments, status=None)
        self.unread = re.findall(r"(?m)^concert: (.*): no format", result.err)
        first = result.lines()[-1]
        again = self.concert("import", "--json", *arguments, status=None).lines()[-1]
        self.assertEqual(again["accepted"], 0)
        self.assertEqual(again["variants"], 0)
        self.assertEqual(again["unchanged"],
                         first["accepted"] + first["unchanged"] + first["variants"])
        return first

    @concert.needs_data("feeds/ipsum/ipsum.txt")
    def test_ipsum(self):
        path = concert.data("feeds/ipsum/ipsum.txt")
        lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
        summary = self.import_twice(path)
        self.assertEqual(summary["accepted"], len(lines))
        self.assertEqual(summary["ignored"], 1)  # the column of counts, said once
        address = lines[len(lines) // 2].split()[0]
        found = self.concert("search", address, "--json").lines()
        self.assertEqual(len(found), 1)
        self.assertIn(address, json.dumps(found[0]))

    @concert.needs_data("feeds/maltrail/static/malware")
    def test_maltrail(self):
        """Lists of one family each: nothing that is not noted disappears."""
        directory = concert.data("feeds/maltrail/static/malware")
        paths = sorted(directory.glob("*.txt"))[:400]
        summary = self.import_twice(*paths)
        values = sum(1 for path in paths if str(path) not in self.unread for line in
                     path.read_text(encoding="utf-8", errors="replace").splitlines()
                     if line.strip() and not line.strip().startswith(("#", "//")))
        self.assertEqual(sum(summary[k] for k in ("accepted", "unchanged", "variants", "ignored",
                                                  "rejected", "broken")), values)
        self.assertLess(summary["ignored"], values / 10)

    @concert.needs_data("misp/events")
    def test_misp_events(self):
        paths = sorted(concert.data("misp/events").glob("test_*.json"))
        summary = self.import_twice(*paths)
        self.assertGreater(summary["accepted"], 30)
        self.assertEqual(summary["rejected"], 0)


if __name__ == "__main__":
    unittest.main()
