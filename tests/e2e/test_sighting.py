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
        if second["created"] == first["created"]:            # else midnight has passed
            self.assertEqual((second["id"], second["count"], second["first_seen"]),
                             (first["id"], 6, first["first_seen"]))
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

    def test_refused(self):
        self.concert("match", "--record", "-i", self.write("list.txt", "a.example\n"), self.log, status=2)
        self.concert("match", "--record", "--quiet", self.log, status=2)
        self.configure({"shield": {"sightings": "off"}})
        self.assertIn("sightings is off", self.concert("match", "--record", self.log, status=2).err)
        self.concert("watch", "--record", self.log, status=2)

    def test_watch(self):
        """Beside a running server, whose store it is; the rest when it ends."""
        self.serve()
        process = subprocess.Popen(
            [concert.BIN, "watch", "--node", self.node, "--record", "--json", self.log],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while not sightings(self.concert) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual([each["count"] for each in sightings(self.concert)], [3])
        with open(self.log, "a") as log:
            log.write("beacon.alder.example\n")
        process.stdout.readline()
        process.terminate()
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (0, b""), err)
        self.assertEqual(sum(each["count"] for each in sightings(self.concert)), 4)
        # The node keeps where the file was left.
        process = subprocess.Popen([concert.BIN, "watch", "--node", self.node, "--json", self.log],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        process.terminate()
        self.assertEqual(process.communicate(timeout=20)[0], b"")


class ReturnTest(concert.TestCase):
    def test_return(self):
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
            end = time.monotonic() + 20
            while True:
                found = sightings(node.run)
                if found and found[0]["count"] == count or time.monotonic() > end:
                    return found
                time.sleep(0.1)

        end = time.monotonic() + 20
        while birch.run("match", log, status=None).out.count("alder") == 0 and time.monotonic() < end:
            time.sleep(0.1)
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


if __name__ == "__main__":
    unittest.main()
