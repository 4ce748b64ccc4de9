"""Parcels: two nodes that never reach each other exchange by files, in parts, in any order, some
twice, some damaged, some lost; and what they have in the end is the same as by the wire."""

import json
import unittest
import uuid

import concert
from peernode import Node


def indicator(number):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, str(number))}",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "pattern": f"[domain-name:value = 'host{number}.alder.example']",
            "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z"}


class ParcelTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.count = 0

    def meet(self, *names):
        """Nodes that are peers of the first, by files alone."""
        nodes = [Node(self, name, reachable=False) for name in names]
        first = nodes[0]
        for other in nodes[1:]:
            other.run("card", "publish")
            card = self.write(f"{other.short}.json", other.run("card", "show", "--json").out)
            invitation = self.directory / f"{other.short}.invitation"
            acceptance = self.directory / f"{other.short}.acceptance"
            first.run("peer", "invite", card, "--to-file", invitation)
            other.run("peer", "accept", "--from-file", invitation, "--to-file", acceptance)
            first.run("peer", "receive", acceptance)
        return nodes

    def send(self, node, *to, objects=1):
        """Dispatches new objects; their number in the ledger."""
        bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}",
                  "objects": [indicator(self.count + i) for i in range(objects)]}
        self.count += objects
        path = self.write("objects.json", bundle)
        sent = node.run("dispatch", "send", "-t", "Hosts", "--tlp", "amber", path, "--json",
                        *[word for name in to for word in ("--to", name.name)]).json()
        return sent["entries"][0]

    def pack(self, node, to, *options):
        """The files of a new parcel."""
        self.count += 1
        path = self.directory / f"parcel-{self.count}"
        written = node.run("parcel", "write", to.name, "-o", path, "--json", *options).json()
        return written["files"]

    def read(self, node, *files, status=0):
        """What became of each parcel of which a part was read."""
        return node.run("parcel", "read", *files, "--json", status=status).lines()

    def objects(self, node, source=None):
        out = node.run("export", "--ndjson", *(["-s", source] if source else []), status=None).out
        return sorted(out.splitlines())

    def held(self, node, other):
        """How far the other's ledger is held."""
        return node.peer(other)["held"]

    def confirmed(self, node, entry):
        return node.run("dispatch", "recall", str(entry), "--status", status=None).status

    def test_there_and_back(self):
        """A dispatch goes over in parts, and its receipt comes back."""
        alder, birch = self.meet("alder", "birch")
        entry = self.send(alder, birch, objects=40)
        files = self.pack(alder, birch, "--part-size", "1K")
        self.assertGreater(len(files), 3)
        for path in files:
            with open(path, "rb") as file:
                content = file.read()
            # Neither who, nor from whom, nor what.
            for secret in (b"cert.", b"alder", b"indicator"):
                self.assertNotIn(secret, content)
        # Backwards, some twice, in several runs.
        state = self.read(birch, files[-1], files[-1], status=1)[0]
        self.assertEqual((state["state"], state["parts"]), ("waiting", len(files)))
        self.read(birch, files[1], status=1)
        listed = birch.run("parcel", "list").out
        self.assertIn(f"2 of {len(files)}", listed)
        self.assertIn("waits for 1, 3", listed)
        self.assertEqual(self.objects(birch), [])
        state = self.read(birch, *reversed(files))[0]
        self.assertEqual(state["state"], "read")
        self.assertEqual((state["result"]["stored"], state["result"]["refused"]), (40, 0))
        self.assertEqual(self.objects(birch), self.objects(alder))
        self.assertEqual(list((birch.path / "parcels").glob("*/*.part")), [])
        # Once more changes nothing.
        receipts = len(birch.entries("receipt"))
        self.assertEqual(self.read(birch, *files)[0]["state"], "read")
        self.assertEqual(len(birch.entries("receipt")), receipts)
        # The receipt.
        self.assertEqual(self.held(birch, alder), entry + 1)
        back = self.pack(birch, alder, "--armor")
        self.read(alder, *back)
        self.assertEqual(self.held(alder, birch), len(birch.run("ledger", "list", "--json").lines()))
        # From now on only what is new, of which the receipt's receipt is none.
        more = self.send(alder, birch)
        written = alder.run("parcel", "write", birch.name, "-o", self.directory / "more",
                            "--json").json()
        self.assertEqual(written["from"], entry + 1)
        self.assertEqual(written["end"], more + 1)
        self.read(birch, self.directory / "more")
        self.assertEqual(self.objects(birch), self.objects(alder))

    def test_lost_and_crossing(self):
        """Whatever order parcels come in, and whichever are lost, all arrives once."""
        alder, birch = self.meet("alder", "birch")
        parcels = []
        for _ in range(4):
            self.send(alder, birch)
            parcels.append(self.pack(alder, birch))
        # Each has all since the last receipt: none came. The first is lost, the third comes after
        # the second, and the second again.
        self.assertEqual(self.read(birch, *parcels[1])[0]["result"]["stored"], 2)
        self.assertEqual(self.read(birch, *parcels[2])[0]["result"]["stored"], 1)
        birch.run("parcel", "remove", birch.run("parcel", "list", "--json").lines()[0]["parcel"])
        birch.run("parcel", "remove", birch.run("parcel", "list", "--json").lines()[0]["parcel"])
        again = self.read(birch, *parcels[1])[0]["result"]
        self.assertEqual((again["answers"], again["known_answers"]), (0, 1))
        self.assertEqual(self.read(birch, *parcels[3])[0]["result"]["stored"], 1)
        self.assertEqual(self.objects(birch), self.objects(alder))
        self.assertEqual(len(birch.entries("receipt")), 3)
        # Both sides write before either reads.
        self.send(birch, alder)
        self.send(alder, birch)
        there, back = self.pack(alder, birch), self.pack(birch, alder)
        self.read(birch, *there)
        self.read(alder, *back)
        self.assertEqual(self.objects(birch), self.objects(alder))

    def test_gap(self):
        """A parcel that begins too late says where to begin."""
        alder, birch = self.meet("alder", "birch")
        first = self.send(alder, birch)
        self.read(birch, *self.pack(alder, birch))
        held = self.held(birch, alder)
        self.assertEqual(held, first + 1)
        self.send(alder, birch)
        self.send(alder, birch)
        late = self.pack(alder, birch, "--from", str(held + 1), "--size", str(held + 1))
        result = birch.run("parcel", "read", *late, status=2)
        self.assertIn(f"--from {held} --size {held}", result.err)
        self.assertEqual(len(self.objects(birch)), 1)
        self.read(birch, *self.pack(alder, birch, "--from", str(held), "--size", str(held)))
        self.assertEqual(self.objects(birch), self.objects(alder))
        # The one that was too late is not any more.
        result = self.read(birch, *late)[0]["result"]
        self.assertEqual((result["answers"], result["known_answers"]), (0, 1))
        alder.run("parcel", "write", birch.name, "-o", self.directory / "x", "--size", "3",
                  status=2)
        alder.run("parcel", "write", birch.name, "-o", self.directory / "x", "--from", "5000",
                  status=2)

    def test_damage(self):
        """What is damaged is named, and takes nothing with it."""
        alder, birch, cedar = self.meet("alder", "birch", "cedar")
        self.send(alder, birch, objects=20)
        files = self.pack(alder, birch, "--part-size", "1K")
        with open(files[1], "rb") as file:
            good = file.read()
        for at in (0, 30, 60, good.index(b"\n", 20) + 1, len(good) // 2, len(good) - 1):
            bad = self.write("bad", good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            result = birch.run("parcel", "read", bad, status=2)
            self.assertIn("bad: ", result.err)
        for length in (0, 10, 100, len(good) - 1):
            birch.run("parcel", "read", self.write("bad", good[:length]), status=2)
        birch.run("parcel", "read", self.write("bad", good + b"x"), status=2)
        birch.run("parcel", "read", self.directory / "nowhere", status=2)
        birch.run("parcel", "read", self.write("bad", b"Hello"), status=2)
        birch.run("parcel", "list", status=1)
        # Somebody else cannot open it.
        result = cedar.run("parcel", "read", *files, status=2)
        self.assertIn("none of this node's", result.err)
        self.read(birch, *files)
        self.assertEqual(self.objects(birch), self.objects(alder))

    def test_mail(self):
        """Texts with whatever a mail program puts around them."""
        alder, birch = self.meet("alder", "birch")
        self.send(alder, birch, objects=10)
        files = self.pack(alder, birch, "--part-size", "1K", "--armor")
        for path in files[:-1]:
            with open(path, encoding="ascii") as file:
                text = file.read().replace("\n", " \r\n")
            mail = self.write("mail", f"Subject: parcel\r\n\r\nDear Birch,\r\n{text}\r\nAlder\r\n")
            birch.run("parcel", "read", mail, status=1)
        with open(files[-1], "rb") as file:
            birch.run("parcel", "read", "-", input=file.read())
        self.assertEqual(self.objects(birch), self.objects(alder))
        with open(files[0], encoding="ascii") as file:
            cut = self.write("cut", "".join(file.readlines()[:4]))
        self.assertIn("cut off", birch.run("parcel", "read", cut, status=2).err)

    def test_only_for_the_peer(self):
        """Nothing of what is for others goes along, not even sealed."""
        alder, birch, cedar = self.meet("alder", "birch", "cedar")
        self.send(alder, birch)
        self.send(alder, cedar)
        self.send(alder, birch, cedar)
        self.read(birch, *self.pack(alder, birch))
        self.read(cedar, *self.pack(alder, cedar))
        ours = {json.loads(line)["id"] for line in self.objects(birch)}
        theirs = {json.loads(line)["id"] for line in self.objects(cedar)}
        self.assertEqual((len(ours), len(theirs), len(ours & theirs)), (2, 2, 1))
        # What Cedar got it did not get by way of a parcel that was Birch's: openings say so.
        kinds = [entry["header"]["audience"] for entry in alder.entries("dispatch")]
        self.assertEqual(len(kinds), 3)

    def test_peering(self):
        """Only between peers whose peering is active."""
        alder, birch = self.meet("alder", "birch")
        self.send(alder, birch)
        files = self.pack(alder, birch)
        birch.run("peer", "suspend", alder.name)
        self.assertIn("suspended", birch.run("parcel", "read", *files, status=2).err)
        self.assertEqual(self.objects(birch), [])
        birch.run("peer", "resume", alder.name)
        self.read(birch, *files)
        self.assertEqual(self.objects(birch), self.objects(alder))
        alder.run("peer", "suspend", birch.name)
        alder.run("parcel", "write", birch.name, "-o", self.directory / "x", status=2)
        alder.run("parcel", "write", "cert.nobody.example", "-o", self.directory / "x", status=1)
        self.assertFalse((self.directory / "x").exists())
        self.assertEqual(list((alder.path / "parcels").glob("outgoing-*")), [])

    def test_served(self):
        """Nodes that are served do it themselves, while the command asks them."""
        alder, birch = self.meet("alder", "birch")
        alder.serve()
        birch.serve()
        self.send(alder, birch, objects=300)
        files = self.pack(alder, birch, "--part-size", "4K")
        self.read(birch, *files)
        self.assertEqual(self.objects(birch), self.objects(alder))
        self.read(alder, *self.pack(birch, alder))
        self.assertEqual(self.held(alder, birch), len(birch.run("ledger", "list", "--json").lines()))
        existing = self.write("there", "x")
        alder.run("parcel", "write", birch.name, "-o", existing, status=2)
        self.assertEqual(existing.read_text(), "x")

    def test_new_keys(self):
        """A parcel under way while the recipient's parcel key and the author's message key change."""
        alder, birch = self.meet("alder", "birch")
        self.send(alder, birch)
        files = self.pack(alder, birch)
        birch.run("key", "rotate", "parcel")
        alder.run("key", "rotate", "message")
        self.read(birch, *files)
        self.send(alder, birch)
        # Signed by a key that only the card inside tells of.
        self.read(birch, *self.pack(alder, birch))
        self.assertEqual(self.objects(birch), self.objects(alder))


if __name__ == "__main__":
    unittest.main()
