"""--record: what `match` and `watch` found, counted in the node's store, and told to whom it came
from."""

import json
import signal
import subprocess
import time
import unittest

import concert
from peernode import Node

INDICATOR = {
    "type": "indicator", "spec_version": "2.1",
    "id": "indicator--11111111-1111-4111-8111-111111111111",
    "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
    "name": "Alder's beacon", "pattern_type": "stix",
    "pattern": "[domain-name:value = 'beacon.alder.example']",
    "valid_from": "2024-01-01T00:00:00Z",
    "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
}
AMBER = INDICATOR["object_marking_refs"]


def sightings(run, *options):
    return run("export", "--type", "sighting", "--ndjson", *options, status=None).lines()


class RecordTest(concert.NodeTestCase):
    def setUp(self):
        super().setUp()
        concert.begin_within_a_day()  # sightings are counted by days
        self.concert("import", self.write("indicator.json", INDICATOR))
        self.log = self.write("a.log", "192.0.2.77 beacon.alder.example\n" * 3)

    def test_count(self):
        self.concert("match", "--record", self.log)
        first, = sightings(self.concert)
        self.assertEqual((first["sighting_of_ref"], first["count"], first["object_marking_refs"]),
                         (INDICATOR["id"], 3, AMBER))
        self.assertTrue(first["created"].endswith("T00:00:00.000Z"))
        self.assertLess(first["created"], first["first_seen"])
        self.assertNotIn("192.0.2.77", json.dumps(first))    # counts, nothing of whom
        self.concert("match", "--record", "--json", self.log)
        second, = sightings(self.concert)
        self.assertEqual((second["id"], second["created"], second["count"], second["first_seen"]),
                         (first["id"], first["created"], 6, first["first_seen"]))
        self.assertGreater(second["modified"], first["modified"])
        self.assertGreaterEqual(second["last_seen"], first["last_seen"])

    def test_day_of_the_record(self):
        row = '{"timestamp":"%s","event_type":"dns","src_ip":"192.0.2.77","dest_ip":"192.0.2.1",' \
              '"dns":{"type":"query","rrname":"beacon.alder.example","rrtype":"A"}}\n'
        log = self.write("eve.json", row % "2024-05-01T10:00:00.000000+0000" +
                         row % "2024-05-01T09:00:00.000000+0000" +
                         row % "2024-05-02T00:00:00.000000+0000")
        self.concert("match", "--record", log)
        self.assertEqual(sorted((each["created"][:10], each["count"], each["first_seen"][:13],
                                 each["last_seen"][:13]) for each in sightings(self.concert)),
                         [("2024-05-01", 2, "2024-05-01T09", "2024-05-01T10"),
                          ("2024-05-02", 1, "2024-05-02T00", "2024-05-02T00")])

    def test_nothing_found(self):
        self.concert("match", "--record", self.write("b.log", "nothing\n"), status=1)
        self.assertEqual(sightings(self.concert), [])

    def test_foreign_set(self):
        """Of a set that others made only what the node has is counted."""
        made = self.directory / "made.shield"
        self.concert("shield", "compile", "-o", made, "--from", self.write("feed.json", [
            INDICATOR, {**INDICATOR, "id": "indicator--33333333-3333-4333-8333-333333333333",
                        "pattern": "[ipv4-addr:value = '192.0.2.77']"}]))
        for command in ("match", "watch"):
            found = self.concert(command, "--record", "--set", made, "--json", *(
                [self.log] if command == "match" else ["-"]), input=self.log.read_text())
            self.assertEqual(len(found.lines()), 6)
            self.assertIn("concert: 3 hits of indicators that the node does not have are not "
                          "counted", found.err)
            self.assertEqual({each["sighting_of_ref"] for each in sightings(self.concert)},
                             {INDICATOR["id"]})
        other = self.write("b.log", "192.0.2.77\n")
        self.concert("match", "--record", "--set", made, other)

    def test_refused(self):
        self.concert("match", "--record", "-i", self.write("list.txt", "a.example\n"), self.log, status=2)
        self.concert("match", "--record", "--quiet", self.log, status=2)
        self.configure({"shield": {"sightings": "off"}})
        self.assertIn("sightings is off", self.concert("match", "--record", self.log, status=2).err)
        self.concert("watch", "--record", self.log, status=2)

    def test_watch(self):
        """Beside a running server, whose store it is; the rest when it ends."""
        self.serve()
        process = self.spawn(concert.BIN, "watch", "--node", self.node, "--record", "--json", self.log,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        concert.until(lambda: sightings(self.concert))
        self.assertEqual([each["count"] for each in sightings(self.concert)], [3])
        with open(self.log, "a") as log:
            log.write("beacon.alder.example\n")
        process.stdout.readline()
        process.terminate()
        out, err = process.communicate(timeout=concert.PATIENCE)
        self.assertEqual((process.returncode, out), (0, b""), err)
        self.assertEqual(sum(each["count"] for each in sightings(self.concert)), 4)
        # The node keeps where the file was left.
        process = self.spawn(concert.BIN, "watch", "--node", self.node, "--json", self.log,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        process.terminate()
        self.assertEqual(process.communicate(timeout=concert.PATIENCE)[0], b"")


def seen(node_id, day, count, of=INDICATOR["id"], **more):
    """A sighting of somebody's, of one day."""
    return {"type": "sighting", "spec_version": "2.1",
            "id": f"sighting--{node_id:08x}-1111-4111-8111-111111111111",
            "created": f"{day}T12:00:00.000Z", "modified": f"{day}T12:00:00.000Z",
            "first_seen": f"{day}T10:00:00Z", "last_seen": f"{day}T11:00:00Z",
            "count": count, "sighting_of_ref": of, **more}


class ListTest(concert.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.concert("import", self.write("indicator.json", INDICATOR))

    def list(self, *options, status=0):
        return self.concert("sighting", "list", "--json", *options, status=status).lines()

    def give(self, source, *objects):
        self.concert("import", "--source", source,
                     self.write("seen.json", {"type": "bundle", "objects": list(objects),
                                              "id": "bundle--0a000000-1111-4111-8111-111111111111"}))

    def test_nothing(self):
        nothing = self.concert("sighting", "list", status=1)
        self.assertEqual(nothing.out, "")
        self.assertIn("match --record", nothing.err)
        self.assertEqual(self.list(status=1), [])
        self.give("local", seen(1, "2024-05-01", 2))
        self.assertIn("None of the 1 sightings", self.concert(
            "sighting", "list", "other.alder.example", status=1).err)

    def test_refused(self):
        self.concert("sighting", "list", "no value", status=2)
        self.concert("sighting", "list", "--since", "yesterday", status=2)
        self.concert("sighting", "list", "--own", "--source", "x", status=2)
        self.concert("sighting", "list", "--peer", "cert.birch.example", status=2)

    def test_list(self):
        row = '{"timestamp":"%s","event_type":"dns","src_ip":"192.0.2.77","dest_ip":"192.0.2.1",' \
              '"dns":{"type":"query","rrname":"beacon.alder.example","rrtype":"A"}}\n'
        self.concert("match", "--record", self.write(
            "eve.json", row % "2024-05-01T10:00:00.000000+0000" +
            row % "2024-05-02T09:00:00.000000+0000" + row % "2024-05-02T10:00:00.000000+0000"))
        malware = "malware--0a000000-1111-4111-8111-111111111111"
        unsaid = seen(4, "2024-05-04", 0)
        for name in ("first_seen", "last_seen", "count"):
            unsaid.pop(name)
        self.give("feed", seen(2, "2024-05-03", 7), unsaid,
                  seen(3, "2024-05-03", 99, revoked=True), seen(5, "2024-05-03", 2, of=malware))
        beacon, other = self.list()
        self.assertEqual(other, {
            "id": malware, "values": [], "more_values": 0, "count": 2, "sightings": 1,
            "first_seen": "2024-05-03T10:00:00.000Z", "last_seen": "2024-05-03T11:00:00.000Z",
            "by": [{"who": "other", "source": "feed", "count": 2, "sightings": 1,
                    "first_seen": "2024-05-03T10:00:00.000Z",
                    "last_seen": "2024-05-03T11:00:00.000Z"}]})
        # What does not say how often was seen once; what does not say when has no part in it.
        self.assertEqual(beacon, {
            "id": INDICATOR["id"], "values": ["beacon.alder.example"], "more_values": 0, "count": 11,
            "sightings": 4, "first_seen": "2024-05-01T10:00:00.000Z",
            "last_seen": "2024-05-03T11:00:00.000Z",
            "by": [{"who": "own", "source": "local", "count": 3, "sightings": 2,
                    "first_seen": "2024-05-01T10:00:00.000Z",
                    "last_seen": "2024-05-02T10:00:00.000Z"},
                   {"who": "other", "source": "feed", "count": 8, "sightings": 2,
                    "first_seen": "2024-05-03T10:00:00.000Z",
                    "last_seen": "2024-05-03T11:00:00.000Z"}]})
        # What is asked for, alone and together.
        for options, counts in (
                (["hxxp://BEACON[.]alder.example"], []),
                (["BEACON[.]alder.example"], [11]), ([malware], [2]), (["--own"], [3]),
                (["--source", "feed"], [8, 2]), (["--limit", 1], [11]),
                (["--since", "2024-05-02"], [10, 2]), (["--until", "2024-05-02"], [1]),
                (["--since", "2024-05-02T10:00:00Z", "--until", "2024-05-03T11:00:00Z"], [2]),
                (["--since", "2024-05-04"], [1]),
                (["--own", "--since", "2024-05-02", INDICATOR["id"]], [2])):
            with self.subTest(options):
                self.assertEqual([each["count"] for each in
                                  self.list(*options, status=0 if counts else 1)], counts)
        table = self.concert("sighting", "list").out.splitlines()
        self.assertEqual(len(table), 4, table)
        self.assertRegex(table[1], r"^ +3  2024-05-01 10:00:00Z  2024-05-02 10:00:00Z  own +"
                                   r"beacon\.alder\.example +indicator--1")
        self.assertNotIn("Alder's beacon", "".join(table))    # what a source calls it
        # The report of the year says the same.
        report = self.concert("report", "--year", 2024, "--json").json()["body"]
        table, = (each for each in report["tables"] if each["name"] == "sightings")
        self.assertEqual([each["value"] for each in table["figures"]],
                         [sum(each["sightings"] for each in self.list())])


class ReturnTest(concert.TestCase):
    def test_return(self):
        concert.begin_within_a_day()
        alder, birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        cedar = Node(self, "cedar").serve()
        for one, other in ((alder, birch), (birch, cedar)):
            one.run("peer", "invite", other.url)
            other.run("peer", "accept", one.name)
        alder.run("dispatch", "send", "--to", birch.name, "--title", "Beacon",
                  self.write("indicator.json", INDICATOR))
        own = {**INDICATOR, "id": "indicator--22222222-2222-4222-8222-222222222222",
               "pattern": "[domain-name:value = 'own.birch.example']", "object_marking_refs": []}
        own.pop("object_marking_refs")
        birch.run("import", self.write("own.json", own))
        log = self.write("a.log", "192.0.2.77 beacon.alder.example own.birch.example\n")

        def wait(node, count):
            def come():
                found = sightings(node.run)
                return found if found and found[0]["count"] == count else None
            return concert.until(come)

        concert.until(lambda: "alder" in birch.run("match", log, status=None).out)
        # As it is set, sightings stay here.
        self.assertNotIn("told", birch.run("match", "--record", log).err)
        self.assertEqual(sightings(alder.run), [])
        concert.configure(birch.path, {"shield": {"sightings": "return"}})
        self.assertIn(f"told {alder.name} of 1", birch.run("match", "--record", log).err)
        came, = wait(alder, 2)
        self.assertEqual((came["sighting_of_ref"], came["count"]), (INDICATOR["id"], 2))
        self.assertEqual(len(sightings(birch.run)), 2)
        # What it has heard next is the same sighting, with the new count.
        birch.run("match", "--record", log)
        self.assertEqual([(each["id"], each["count"]) for each in wait(alder, 3)], [(came["id"], 3)])
        self.assertEqual(sightings(cedar.run), [])    # nobody else is told

        def told(node, *options):
            return [(each["id"], part["who"], part["source"], part["count"])
                    for each in node.run("sighting", "list", "--json", *options).lines()
                    for part in each["by"]]

        theirs = (INDICATOR["id"], "peer", birch.name, 3)
        self.assertEqual(told(alder), [theirs])
        self.assertEqual(told(alder, "--peer", birch.origin), [theirs])
        self.assertEqual(told(birch, "--own", "beacon.alder.example"),
                         [(INDICATOR["id"], "own", "local", 3)])
        # What Birch takes back does not count, and nothing older in its place.
        sent = birch.run("dispatch", "list", "--own", "--json").lines()[0]
        birch.run("dispatch", "recall", sent["entry"], "--reason", "counted wrongly")
        concert.until(lambda: alder.run("sighting", "list", status=None).status != 0)
        alder.run("sighting", "list", status=1)


if __name__ == "__main__":
    unittest.main()
