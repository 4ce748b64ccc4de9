"""Attachments between real nodes: a file of an event arrives equal, over a line that breaks, once
for each peer; what is malicious is only given out wrapped; what is not what it says is told."""

import hashlib
import random
import unittest
import zipfile

import concert
from badline import BadLine
from peernode import Node

MIB = 1024 * 1024


class AttachmentTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder, self.birch = Node(self, "alder").serve(), Node(self, "birch").serve()

    def meet(self, one, other):
        one.run("peer", "invite", other.url)
        other.run("peer", "accept", one.name)

    def file(self, name, size, seed=1):
        path = self.directory / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    def ask(self, node, to, *options):
        return node.run("request", "send", to.name, "--kind", "advice", "--subject", "Look at this", "--text", "Please.",
                        *options, "--json").json()["dossier"]

    def wait(self, node, sha256, *states):
        return node.wait_shown(lambda shown: any(copy["state"] in (states or ("whole",)) for copy in shown["copies"]),
                               "attachment", "show", sha256)

    def wait_sent(self, node, sha256, chunks):
        concert.until(lambda: [to["chunks"] for to in node.run(
            "attachment", "show", sha256, "--json").json()["sent"]] == [chunks])

    def entries(self, node):
        return node.run("dispatch", "list", "--all", "--json").lines()

    def test_travels(self):
        alder, birch = self.alder, self.birch
        self.meet(alder, birch)
        path, sha256 = self.file("traffic.pcap", 3 * MIB + 17)
        empty, nothing = self.file("nothing.txt", 0)
        alder.run("attachment", "list", status=1)
        first = self.ask(alder, birch, "--files", path, "--files", empty)
        there = self.wait(birch, sha256[:8])
        self.wait(birch, nothing)
        self.assertEqual([(one["name"], one["type"], one["size"], one["malicious"], one["dossier"])
                          for one in there["named"]],
                         [("traffic.pcap", "application/vnd.tcpdump.pcap", 3 * MIB + 17, False, first)])
        self.assertEqual(there["copies"][0]["from"], alder.origin)
        for node in (alder, birch):
            saved = self.directory / f"{node.short}.pcap"
            node.run("attachment", "save", sha256, saved)
            self.assertEqual(saved.read_bytes(), path.read_bytes())
            node.run("attachment", "save", sha256, saved, status=2)
        birch.run("attachment", "save", nothing, self.directory / "empty")
        self.assertEqual((self.directory / "empty").read_bytes(), b"")
        self.assertIn("traffic.pcap", birch.run("attachment", "list").out)
        birch.run("attachment", "show", "ffffffff", status=1)

        # The same file in another request, and back again: not a byte more is sent.
        before = len(self.entries(alder)), len(self.entries(birch))
        self.ask(alder, birch, "--files", path)
        again = self.ask(birch, alder, "--files", self.directory / "alder.pcap")
        concert.until(lambda: len(alder.run("attachment", "show", sha256, "--json").json()["named"]) >= 3)
        parts = [line for node in (alder, birch) for line in self.entries(node)
                 if "attachment" in line.get("title", "") and line.get("own", line.get("origin") is None)]
        self.assertLessEqual(len(self.entries(alder)) - before[0], 6, parts)
        self.assertEqual(len(alder.run("attachment", "show", sha256, "--json").json()["copies"]), 1)
        self.assertTrue(again)

    def test_malicious(self):
        alder, birch = self.alder, self.birch
        self.meet(alder, birch)
        path, sha256 = self.file("invoice.exe", 100_000)
        self.ask(alder, birch, "--files", path, "--malicious")
        self.wait(birch, sha256)
        for node in (alder, birch):
            saved = self.directory / f"{node.short}.zip"
            self.assertTrue(node.run("attachment", "save", sha256, saved, "--json").json()["wrapped"])
            self.assertNotIn(path.read_bytes()[:64], saved.read_bytes())
            with zipfile.ZipFile(saved) as archive:
                self.assertEqual(archive.namelist(), [sha256])
                self.assertEqual(archive.read(sha256, pwd=b"infected"), path.read_bytes())
                with self.assertRaises(RuntimeError):
                    archive.read(sha256, pwd=b"other")

    def test_broken_line(self):
        """10 MiB over a line that never carries 6 at a time; the node is stopped in between, too.
        All of it waits when the node asks for it, so it has to ask for less than it likes to."""
        alder, birch = self.alder, self.birch
        line = BadLine(self, alder.port)
        concert.configure(alder.path, {"card": {"url": line.url}})
        alder.stop()
        alder.serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        birch.stop()
        path, sha256 = self.file("disk.img", 10 * MIB)
        self.ask(alder, birch, "--files", path)
        self.wait_sent(alder, sha256, 10)
        line.cut = 3 * MIB
        birch.serve()
        self.wait(birch, sha256, "arriving", "unchecked", "whole")
        birch.stop()
        birch.serve()
        self.wait(birch, sha256)
        saved = self.directory / "saved.img"
        birch.run("attachment", "save", sha256, saved)
        self.assertEqual(hashlib.sha256(saved.read_bytes()).hexdigest(), sha256)


if __name__ == "__main__":
    unittest.main()
