"""Attachments of dossiers whose nodes are not all peers of each other: who was brought in gets the
files by way of those it knows, whole and marked as they were."""

import hashlib
import random
import unittest
import zipfile

import concert
from badline import BadLine
from peernode import Node

MIB = 1024 * 1024


class AttachmentRelayTest(concert.TestCase):
    """Birch is a peer of both; Alder and Cedar do not know each other."""

    def setUp(self):
        super().setUp()
        self.alder, self.birch, self.cedar = self.nodes = [Node(self, name) for name in ("alder", "birch", "cedar")]
        self.line = BadLine(self, self.birch.port)
        concert.configure(self.birch.path, {"card": {"url": self.line.url}})
        for node in self.nodes:
            node.serve()
        for node in (self.alder, self.cedar):
            self.birch.run("peer", "invite", node.url)
            node.run("peer", "accept", self.birch.name)

    def file(self, name, size, seed):
        path = self.directory / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    def wait_events(self, case, count, *nodes):
        for node in nodes:
            node.wait_shown(lambda shown: shown["events"] == count, "case", "show", case)

    def copies(self, node, sha256):
        result = node.run("attachment", "show", sha256, "--json", status=None)
        return result.json()["copies"] if result.status == 0 else []

    def wait_whole(self, node, sha256):
        node.wait_shown(lambda shown: any(copy["state"] == "whole" for copy in shown["copies"]),
                        "attachment", "show", sha256)

    def assert_saved(self, node, sha256):
        saved = self.directory / f"{node.short}-{sha256[:8]}"
        self.assertFalse(node.run("attachment", "save", sha256, saved, "--json").json()["wrapped"])
        self.assertEqual(hashlib.sha256(saved.read_bytes()).hexdigest(), sha256)

    def assert_wrapped(self, node, sha256):
        saved = self.directory / f"{node.short}-{sha256[:8]}.zip"
        self.assertTrue(node.run("attachment", "save", sha256, saved, "--json").json()["wrapped"])
        with zipfile.ZipFile(saved) as archive:
            self.assertEqual(archive.namelist(), [sha256])
            self.assertEqual(hashlib.sha256(archive.read(sha256, pwd=b"infected")).hexdigest(), sha256)

    def share(self, *options):
        """Alder shares a case with Birch and gives it the lead; returns the case and how many events it has."""
        alder, birch = self.alder, self.birch
        case = alder.run("case", "open", "--subject", "A dropper", *options, "--json").json()["dossier"]
        alder.run("case", "share", case, "--to", birch.name)
        self.wait_events(case, 2, birch)
        birch.run("case", "ack", case)
        self.wait_events(case, 3, alder)
        alder.run("case", "offer-lead", case, "--to", birch.name)
        self.wait_events(case, 4, birch)
        birch.run("case", "take-lead", case)
        self.wait_events(case, 5, alder)
        return case

    def test_brought_in(self):
        """Alder's files reach Cedar by way of Birch: what was before it came, over a line that
        breaks and past Birch's restart, and what comes later; Cedar's reach Alder."""
        alder, birch, cedar = self.nodes
        log, first = self.file("proxy.log", 2 * MIB + 5, 1)
        sample, malicious = self.file("dropper.exe", 100_000, 2)
        case = self.share("--files", log)
        alder.run("case", "sample", case, "--files", sample, "--malicious", "It was in the mail.")
        self.wait_events(case, 6, birch)
        self.line.cut = MIB
        birch.run("case", "add", case, "--to", cedar.name)
        self.wait_events(case, 7, cedar)
        birch.stop()
        birch.serve()
        for sha256 in (first, malicious):
            self.wait_whole(cedar, sha256)
        self.assertEqual([copy["from"] for copy in self.copies(cedar, first)], [birch.origin])
        self.assert_saved(cedar, first)
        self.assert_wrapped(cedar, malicious)
        self.assertTrue(cedar.run("attachment", "show", malicious, "--json").json()["copies"][0]["malicious"])

        later, second = self.file("later.txt", 1000, 3)
        alder.run("case", "comment", case, "One more.", "--files", later)
        self.wait_whole(cedar, second)
        self.assert_saved(cedar, second)
        cedar.run("case", "ack", case)
        back, third = self.file("back.bin", 70_000, 4)
        cedar.run("case", "sample", case, "--files", back, "--malicious", "This is what it gets.")
        self.wait_whole(alder, third)
        self.assert_wrapped(alder, third)


if __name__ == "__main__":
    unittest.main()
