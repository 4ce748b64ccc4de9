"""The way of objects through the program: import, export, search, show, adopt."""

import gzip
import hashlib
import json
import unittest

import concert

SAMPLES = concert.ROOT / "samples/feed"
IDENTITY = "identity--6f0a3c52-5e0f-4d43-9b0e-1c7d2f8a9b01"


def indicator(number=1, modified="2026-01-02T03:04:05.678Z", **more):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
            "created": "2026-01-02T03:04:05.678Z", "modified": modified, "name": f"number {number}",
            "description": "made up", "indicator_types": ["malicious-activity"],
            "pattern": f"[domain-name:value = 'host{number}.alder.example']",
            "pattern_type": "stix", "valid_from": "2026-01-02T03:04:05Z", **more}


def bundle(*objects):
    return {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
            "objects": list(objects)}


class ImportTest(concert.NodeTestCase):
    def load(self, *arguments, status=0, **keywords):
        """Imports; returns the events by kind, and the summary."""
        lines = self.concert("import", "--json", *arguments, status=status, **keywords).lines()
        self.assertEqual(lines[-1]["event"], "summary")
        events = {}
        for line in lines[:-1]:
            events.setdefault(line["event"], []).append(line)
        return events, lines[-1]

    def objects(self, *arguments):
        return self.concert("export", *arguments, status=None).json()["objects"]

    def test_samples_twice(self):
        events, first = self.load(SAMPLES)
        self.assertGreater(first["accepted"], 30)
        self.assertEqual((first["rejected"], first["broken"]), (0, 0))
        self.assertEqual(len(events["detected"]), 3)
        _, second = self.load(SAMPLES)
        self.assertEqual((second["accepted"], second["variants"]), (0, 0))
        self.assertEqual(second["unchanged"], first["accepted"])

    def test_words(self):
        out = self.concert("import", SAMPLES / "alder.json").out
        self.assertIn("STIX 2.1 bundle", out)
        self.assertRegex(out, r"(?m)^11 accepted, 0 unchanged, 0 rejected\b")

    def test_bytes_are_kept(self):
        """White space, order of keys, escapes and unknown properties come out as they went in."""
        text = ('{ "type" : "indicator","spec_version":"2.1",\n\t"id":'
                '"indicator--00000000-0000-4000-8000-0000000000aa","modified":'
                '"2026-01-02T03:04:05.600Z", "created":"2026-01-02T03:04:05.600Z","x_own":[1.0,1e2,'
                '"\\u00e9\\/"], "pattern":"[url:value = \'http://a.example/\']",'
                '"pattern_type":"stix","valid_from":"2026-01-02T03:04:05Z",'
                '"indicator_types":["unknown"]}')
        path = self.write("b.json", '{"type":"bundle","objects":[' + text + ' ] , "id":'
                                    '"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"}')
        self.load(path)
        self.assertEqual(self.concert("show", "--raw",
                                      "indicator--00000000-0000-4000-8000-0000000000aa").raw,
                         text.encode())
        self.assertIn(text, self.concert("export").out)

    def test_one_bad_object(self):
        bad = indicator(2, pattern="[nonsense")
        events, counts = self.load(self.write("b.json", bundle(indicator(1), bad, indicator(3))),
                                   status=1)
        self.assertEqual((counts["accepted"], counts["rejected"]), (2, 1))
        rejected = events["rejected"][0]
        self.assertIn("$.objects[1]", rejected["where"])
        self.assertIn("$.pattern", rejected["message"])
        self.assertEqual(len(self.objects()), 2)

    def test_duplicate_keys_are_rejected(self):
        text = json.dumps(indicator(1))
        twice = text[:-1] + ', "name": "other"}'
        _, counts = self.load(self.write("b.json", twice), status=1)
        self.assertEqual((counts["accepted"], counts["rejected"]), (0, 1))

    def test_levels(self):
        lacking = indicator(1)
        del lacking["pattern_type"]
        path = self.write("b.json", bundle(lacking))
        self.load(path, status=1)
        self.load("--strict", path, status=1)
        self.load("--lenient", path)
        self.concert("import", "--lenient", "--strict", path, status=2)
        self.configure({"import": {"level": "strict"}})
        nameless = indicator(2)
        del nameless["description"]
        self.load(self.write("c.json", bundle(nameless)), status=1)

    def test_versions_variants_and_claims(self):
        self.load(self.write("1.json", bundle(indicator(1))), "--source", "alder")
        newer = indicator(1, "2026-02-01T00:00:00.000Z")
        self.load(self.write("2.json", bundle(newer)), "--source", "alder")
        variant = {**newer, "name": "changed without a new version"}
        events, counts = self.load(self.write("3.json", bundle(variant)), "--source", "alder")
        self.assertEqual((counts["variants"], counts["accepted"]), (1, 0))
        self.assertEqual(events["variant"][0]["id"], newer["id"])
        claim = indicator(1, "2026-03-01T00:00:00.000Z", revoked=True)
        events, counts = self.load(self.write("4.json", bundle(claim)), "--source", "birch")
        self.assertEqual(counts["claims"], 1)

        self.assertEqual(self.objects(), [newer])
        self.assertEqual(self.objects("--all-versions"), [indicator(1), newer])
        self.assertEqual(self.objects("--variants"), [indicator(1), newer, variant, claim])
        shown = self.concert("show", newer["id"], "--json").lines()
        self.assertEqual([(line["variant"], line["claim"], line["source"]) for line in shown],
                         [(False, False, "alder"), (False, False, "alder"), (True, False, "alder"),
                          (False, True, "birch")])
        self.assertIn("claim", self.concert("show", newer["id"]).out)

        # An analyst lets the claim hold.
        digest = hashlib.sha256(json.dumps(claim).encode()).hexdigest()
        self.assertEqual(shown[3]["sha256"], digest)
        self.concert("adopt", newer["id"], digest[:16])
        self.assertEqual(self.objects(), [claim])
        self.concert("adopt", newer["id"], "0" * 20, status=1)
        self.concert("adopt", "indicator--11111111-1111-4111-8111-111111111111", "00", status=1)

    def test_search(self):
        self.load(SAMPLES)
        for text in ("update.parcel-notice.example", "UPDATE.parcel-notice.EXAMPLE.",
                     "update[.]parcel-notice[.]example", "hxxp://login.first-bank[.]example/verify",
                     "203.0.113.45", "2001:DB8:45:0::7", "198.51.100.96/28",
                     "billing[@]invoice-desk.example", "counterfeit LOGIN"):
            with self.subTest(text=text):
                self.assertGreaterEqual(len(self.concert("search", "--json", text).lines()), 1)
        found = self.concert("search", "--json", "203.0.113.45").lines()
        self.assertEqual(sorted(line["type"] for line in found), ["indicator", "ipv4-addr"])
        found = self.concert("search", "--json", "--type", "ipv4-addr", "203.0.113.45").lines()
        self.assertEqual(len(found), 1)
        for arguments in (["203.0.113.4"], ["no such text"], ["--source", "nobody", "203.0.113.45"],
                          ["--after", "2027-01-01", "loader"]):
            result = self.concert("search", *arguments, status=1)
            self.assertEqual(result.out, "")
        self.concert("search", "--kind", "ipv4", "not-an-address", status=2)
        self.concert("search", "--after", "yesterday", "x", status=2)
        limited = self.concert("search", "--json", "--limit", 2, "example")
        self.assertEqual(len(limited.lines()), 2)
        self.assertIn("--limit", limited.err)

    def test_show_unknown(self):
        result = self.concert("show", "indicator--11111111-1111-4111-8111-111111111111", status=1)
        self.assertIn("no object", result.err)

    def test_list_options(self):
        path = self.write("list.txt", "# comment\n192.0.2.1\nhxxp://x[.]alder.example/a\n\n")
        _, counts = self.load("--tlp", "amber", "--confidence", "40", "--source", "birch",
                              "--valid-until", "2030-01-01", path)
        self.assertEqual(counts["accepted"] >= 2, True)
        made = self.objects("--type", "indicator")
        self.assertEqual({item["confidence"] for item in made}, {40})
        self.assertTrue(all(item["valid_until"].startswith("2030-01-01") for item in made))
        self.assertTrue(all(item["object_marking_refs"] for item in made))

    def test_kind(self):
        path = self.write("ja3.txt", "0123456789abcdef0123456789abcdef\n")
        self.load("--kind", "ja3", path)
        self.assertEqual(len(self.concert("search", "--json", "--kind", "ja3",
                                          "0123456789abcdef0123456789abcdef").lines()), 1)

    def test_csv(self):
        path = self.write("c.csv", "seen,indicator,remark\n2026-01-01,192.0.2.9,first\n"
                                   "2026-01-02,b.alder.example,second\n")
        self.load("--format", "csv", "--columns", "value=2,comment=3", path)
        self.concert("search", "192.0.2.9")
        self.concert("search", "b.alder.example")

    def test_compressed_and_standard_input(self):
        text = json.dumps(bundle(indicator(1))).encode()
        self.load(self.write("b.json.gz", gzip.compress(text)))
        _, counts = self.load("-", input=text)
        self.assertEqual(counts["unchanged"], 1)

    def test_dry_run(self):
        _, counts = self.load("--dry-run", SAMPLES)
        self.assertGreater(counts["accepted"], 30)
        self.assertEqual(self.concert("status", "--json").json()["objects"], 0)

    def test_collections(self):
        self.concert("collection", "add", "reports")
        self.load("--collection", "reports", self.write("1.json", bundle(indicator(1))))
        self.load("--no-collection", self.write("2.json", bundle(indicator(2))))
        self.assertEqual(self.objects("--collection", "reports"), [indicator(1)])
        self.assertEqual(self.objects("--collection", "main"), [])
        self.assertEqual(len(self.objects()), 2)
        self.assertIn("reports", self.concert("show", indicator(1)["id"]).out)

    def test_missing_input(self):
        self.concert("import", self.directory / "no.json", status=2)
        self.concert("import", "https://127.0.0.1:9/feed", status=2)
        self.concert("import", "--collection", "nowhere", SAMPLES / "alder.json", status=1)

    def test_strange_names_are_escaped(self):
        path = self.write("b.json", bundle(indicator(1, name="\x1b[31m\u202ered"),
                                           indicator(2, type="x\x1b[1m")))
        result = self.concert("import", path, status=1)
        self.assertNotIn("\x1b", result.out + result.err)
        result = self.concert("show", indicator(1)["id"])
        self.assertNotIn("\x1b", result.out)
        self.assertNotIn("\u202e", result.out)

    def test_export_file(self):
        self.load(SAMPLES)
        path = self.directory / "out.json"
        path.write_text("old")
        self.concert("export", "-o", path)
        self.assertEqual(json.loads(path.read_text())["type"], "bundle")
        self.assertEqual(sorted(p.name for p in self.directory.iterdir()), ["node", "out.json"])
        self.concert("export", "-o", self.directory / "no/where.json", status=2)
        self.concert("export", "--type", "campaign", "-o", path, status=1)

    def test_export_lines(self):
        self.load(SAMPLES)
        lines = self.concert("export", "--ndjson").lines()
        self.assertEqual(len(lines), len(self.objects()))
        self.assertEqual(lines, self.objects())

    def test_stix_20(self):
        old = {"type": "indicator", "id": "indicator--00000000-0000-4000-8000-000000000020",
               "created": "2017-01-02T03:04:05.678Z", "modified": "2017-01-02T03:04:05.678Z",
               "labels": ["malicious-activity"], "pattern": "[ipv4-addr:value = '192.0.2.1']",
               "valid_from": "2017-01-02T03:04:05Z"}
        path = self.write("20.json", {**bundle(old), "spec_version": "2.0"})
        self.load(path)
        self.load(self.write("21.json", bundle(indicator(1))))
        exported = self.concert("export", "--spec", "2.0").json()
        self.assertEqual((exported["spec_version"], exported["objects"]), ("2.0", [old]))
        self.assertEqual(self.objects("--spec", "2.1"), [indicator(1)])
        # What was exported is, imported elsewhere, the same again.
        copy = self.directory / "copy"
        concert.run("init", "--node", copy)
        self.concert("export", "--spec", "2.0", "-o", self.directory / "again.json")
        concert.run("import", "--node", copy, self.directory / "again.json")
        self.assertEqual(concert.run("show", "--node", copy, "--raw", old["id"]).raw,
                         self.concert("show", "--raw", old["id"]).raw)

    def test_beside_serve(self):
        """The writer of a running server takes the objects; the result is the same."""
        server = self.serve()
        _, counts = self.load(SAMPLES)
        self.assertGreater(counts["accepted"], 30)
        auth = self.account("birch", "reader", grants=[("main", "r")])
        collection = self.concert("collection", "show", "main", "--json").json()["id"]
        page = server.get(f"/main/collections/{collection}/objects/?limit=1000", auth=auth).json()
        self.assertEqual(len(page["objects"]), counts["accepted"])
        self.assertEqual(server.stop(), 0)


class RealDataTest(concert.NodeTestCase):
    """Everything in the recorded corpora comes out as it went in."""

    @concert.needs_data("corpora")
    def test_corpora(self):
        files = sorted(path for path in concert.data("corpora").rglob("*.json"))
        if not concert.LONG:
            files = [path for path in files if path.stat().st_size < 4 << 20][-8:]
        self.assertTrue(files)
        first = self.concert("import", "--json", *files, status=None).lines()[-1]
        again = self.concert("import", "--json", *files, status=None).lines()[-1]
        self.assertEqual((again["accepted"], again["variants"], again["claims"]), (0, 0, 0))
        self.assertEqual(again["unchanged"], sum(first[word] for word in
                                                 ("accepted", "unchanged", "variants", "claims")))
        path = self.directory / "all.json"
        self.concert("export", "--variants", "-o", path)
        kept = path.read_text()
        status = self.concert("status", "--json").json()
        self.assertEqual(len(json.loads(kept)["objects"]), status["versions"])
        missing = 0
        for name in files:
            for item in json.loads(name.read_text())["objects"]:
                missing += f'"{item["id"]}"' not in kept
        self.assertLessEqual(missing, first["rejected"])


if __name__ == "__main__":
    unittest.main()
