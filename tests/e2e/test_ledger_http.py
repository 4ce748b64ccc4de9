"""What a node serves of its ledger: to whom, in which words, and that the bytes are those of
c2sp.org/tlog-tiles, recomputed here."""

import base64
import contextlib
import hashlib
import json
import shutil
import signal
import sqlite3
import stat
import threading
import unittest

import concert

HOUR_US = 3600 * 1000000
TEXT = {"Accept": "text/plain"}


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    """RFC 6962 section 2.1."""
    if len(hashes) == 0:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def split_bundle(bundle):
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entries.append(bundle[2:2 + length])
        assert len(entries[-1]) == length
        bundle = bundle[2 + length:]
    return entries


class Checkpoint:
    def __init__(self, text):
        self.origin, size, root, *_ = text.split("\n")
        self.size, self.root = int(size), base64.b64decode(root)


class LedgerTestCase(concert.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.auditor = self.account("auditor", "auditor")
        self.reader = self.account("reader", "analyst", "admin", grants=[("main", "rw")])

    def append(self, count=1, *options, threads=4):
        """Appends @count statements, some at once."""
        def some(number):
            for i in range(number, count, threads):
                self.concert("ledger", "append", f"statement {i}", *options)
        workers = [threading.Thread(target=some, args=(n,)) for n in range(min(count, threads))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def fetch(self, path, status=200, auth=None, headers=None):
        response = self.server.get("/ledger/" + path, auth=auth, headers=headers or TEXT)
        self.assertEqual(response.status, status, (path, response.body))
        return response

    def checkpoint(self, auth=None):
        return Checkpoint(self.fetch("checkpoint", auth=auth).body.decode())

    def fetch_tile(self, path, width, **keywords):
        return self.fetch(path if width == 256 else f"{path}.p/{width}", **keywords).body

    def tree(self, size, **keywords):
        """The entries and the root of the served tree; every tile of it is compared."""
        entries, hashes = [], []
        for n in range((size + 255) // 256):
            width = min(256, size - n * 256)
            bundle = split_bundle(self.fetch_tile(f"tile/entries/{n:03}", width, **keywords))
            self.assertEqual(len(bundle), width)
            entries += bundle
            leaves = [leaf_hash(entry) for entry in bundle]
            self.assertEqual(self.fetch_tile(f"tile/0/{n:03}", width, **keywords),
                             b"".join(leaves))
            hashes += leaves
        above = [root_of(hashes[i:i + 256]) for i in range(0, len(hashes) // 256 * 256, 256)]
        if above:
            self.assertEqual(self.fetch_tile("tile/1/000", len(above), **keywords),
                             b"".join(above))
        return entries, root_of(hashes)


class RightsTest(LedgerTestCase):
    def test_default_deny(self):
        self.server = self.serve()
        first = self.fetch("checkpoint").body
        self.append(3)
        # The public sees nothing of this hour, auditors all of it.
        self.assertEqual(self.fetch("checkpoint").body, first)
        self.assertEqual(self.fetch("checkpoint", auth=self.reader).body, first)
        self.assertEqual(Checkpoint(first.decode()).size, 1)
        self.assertEqual(self.checkpoint(self.auditor).size, 4)
        for path in ("tile/0/000.p/1", "tile/entries/000.p/4", "tile/0/999", "tile/nothing"):
            response = self.fetch(path, 401)
            self.assertIn("Basic", response.headers["WWW-Authenticate"])
            self.fetch(path, 403, auth=self.reader)
        entries, root = self.tree(4, auth=self.auditor)
        self.assertEqual(root, self.checkpoint(self.auditor).root)
        self.assertEqual({len(entry) for entry in entries}, {33})
        self.fetch("checkpoint", 401, auth=concert.basic("auditor", "wrong"))
        # The role does not read what is in the node.
        self.assertEqual(self.server.get("/main/collections/main/objects/",
                                         auth=self.auditor).status, 404)

    def test_hour(self):
        """What is newest when an hour begins is what the public sees until the next one."""
        self.append(4)
        with contextlib.closing(sqlite3.connect(self.node / "concert.db")) as db, db:
            db.execute("UPDATE ledger SET sealed_at = sealed_at - ?", (HOUR_US,))
        self.server = self.serve()
        fifth = self.fetch("checkpoint").body
        self.assertEqual(Checkpoint(fifth.decode()).size, 5)
        self.append(1)
        self.assertEqual(self.fetch("checkpoint").body, fifth)
        self.assertEqual(self.checkpoint(self.auditor).size, 6)
        self.server.stop(signal.SIGKILL)
        self.server = self.serve()
        self.assertEqual(self.fetch("checkpoint").body, fifth)

    def test_public(self):
        self.configure({"ledger": {"public": "yes"}})
        self.server = self.serve()
        self.append(2)
        self.assertEqual(self.checkpoint().size, 3)
        _, root = self.tree(3)
        self.assertEqual(root, self.checkpoint().root)
        tile = self.fetch("tile/0/000.p/3")
        self.assertEqual(tile.headers["Cache-Control"], "public, max-age=31536000, immutable")
        # Nobody is asked to log in for what is not there.
        self.fetch("tile/0/000", 404)
        self.fetch("tile/0/000.p/4", 404)

    def test_openings(self):
        self.server = self.serve()
        notice = self.write("notice.txt", "what was said")
        self.concert("ledger", "append", "for all", notice, "--public")
        self.concert("ledger", "append", "for nobody", notice)
        self.concert("ledger", "append", "for one", notice, "--to", "cert.birch.example/ledger")
        first = self.fetch("openings/0").json()
        self.assertEqual(json.loads(first["header"])["kind"], "ledger.opened")
        response = self.fetch("openings/1")
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertEqual(response.headers["Cache-Control"], "no-cache")
        opening = response.json()
        header = opening["header"]
        self.assertEqual(json.loads(header)["title"], "for all")
        entries, _ = self.tree(4, auth=self.auditor)
        commitment = hashlib.sha256(b"concert/v1" + base64.b64decode(opening["nonce"]) +
                                    header.encode()).digest()
        self.assertEqual(entries[1], b"\1" + commitment)
        self.assertEqual(base64.b64decode(opening["items"][0]["bytes"]), b"what was said")
        # What is not public is as if it were not there, for auditors too.
        answers = {(response.status, response.json()["title"],
                    response.json()["description"].replace(path, "N"))
                   for path in ("2", "3", "4", "9223372036854775807")
                   for auth in (None, self.auditor)
                   for response in [self.fetch("openings/" + path, 404, auth=auth)]}
        self.assertEqual(len(answers), 1, answers)
        for wrong in ("00", "+1", "1a", "-1", "0x1", "18446744073709551616", "%31x"):
            self.fetch("openings/" + wrong, 404)
        self.concert("ledger", "erase", "1", "--yes")
        self.fetch("openings/1", 404)
        erased = self.fetch("openings/4").json()
        self.assertEqual(json.loads(erased["header"])["kind"], "opening.erased")

    def test_keys(self):
        self.server = self.serve()
        response = self.fetch("keys")
        self.assertEqual(response.headers["Content-Type"], "application/json")
        keys = response.json()
        self.assertEqual(keys["origin"], "cert.alder.example/ledger")
        self.assertEqual(keys["changes"], [])
        self.assertEqual(set(keys["keys"]), {"ledger", "cosign", "recovery"})
        first = keys["keys"]["ledger"]
        self.assertTrue(first.startswith("cert.alder.example/ledger+"))
        self.concert("key", "rotate", "ledger")
        keys = self.fetch("keys").json()
        self.assertNotEqual(keys["keys"]["ledger"], first)
        self.assertEqual(len(keys["changes"]), 1)
        self.assertIn(first, keys["changes"][0])


class CosignedTest(LedgerTestCase):
    """A ledger with a witness; whose cosignatures are there as soon as it has answered."""

    settings = {"ledger": {"cosign_ask_interval": "1s", "policy": "policy"},
                "fetch": {"allow_private": "yes"}}
    line = "\n\u2014 cert.birch.example/witness "

    def setUp(self):
        super().setUp()
        birch = self.directory / "birch"
        concert.run("init", "--node", birch, "--name", "cert.birch.example", "--listen",
                    "127.0.0.1:0")
        self.configure_at(birch, {"ledger": {"cosign_interval": "0"}})
        vkey = concert.run("--node", birch, "ledger", "status", "--json").json()["keys"]["cosign"]
        own = self.concert("ledger", "status", "--json").json()["keys"]["ledger"]
        concert.run("--node", birch, "ledger", "witness", "watch", own)
        witness = concert.Server(birch)
        self.addCleanup(witness.stop, signal.SIGKILL)
        (self.node / "policy").write_text(f"log {own}\nwitness birch {vkey}\nquorum birch\n")
        self.concert("ledger", "witness", "add", "birch", witness.url + "/ledger/witness")
        self.server = self.serve()

    def configure_at(self, node, settings):
        own, self.node = self.node, node
        self.configure(settings)
        self.node = own

    def wait_for_cosigned(self, size):
        def cosigned():
            note = self.fetch("checkpoint", auth=self.auditor).body.decode()
            return note if Checkpoint(note).size == size and self.line in note else None
        return concert.until(cosigned)

    def an_hour_later(self):
        self.assertEqual(self.server.stop(), 0)
        with contextlib.closing(sqlite3.connect(self.node / "concert.db")) as db, db:
            db.execute("UPDATE ledger SET sealed_at = sealed_at - ?", (HOUR_US,))
            db.execute("UPDATE cosigned SET kept = kept - ?", (HOUR_US,))

    def test_hour(self):
        self.append(1)
        cosigned = self.wait_for_cosigned(2)
        self.assertEqual(self.checkpoint().size, 1)
        self.an_hour_later()
        # What nobody has cosigned is not the checkpoint of an hour, though it was the newest.
        with contextlib.closing(sqlite3.connect(self.node / "concert.db")) as db, db:
            db.execute("UPDATE witness SET url = 'http://127.0.0.1:1/'")
        self.server = self.serve()
        self.append(1)
        self.an_hour_later()
        self.server = self.serve()
        self.assertEqual(self.checkpoint(self.auditor).size, 3)
        public = self.fetch("checkpoint").body.decode()
        self.assertEqual(Checkpoint(public).size, 2)
        self.assertEqual(public.split("\n")[:5], cosigned.split("\n")[:5])
        self.assertIn(self.line, public)
        mirror = self.directory / "mirror"
        self.concert("ledger", "mirror", mirror)
        self.assertEqual(Checkpoint((mirror / "checkpoint").read_text()).size, 3)

        # Where no witness is asked for, it is.
        self.assertEqual(self.server.stop(), 0)
        self.configure({"ledger": {"policy": "other"}})
        (self.node / "other").write_text("quorum none\n")
        self.server = self.serve()
        self.assertEqual(self.checkpoint().size, 2)
        self.assertEqual(self.server.stop(), 0)
        config = self.node / "concert.conf"
        config.write_text(config.read_text().replace("policy = other", ""))
        self.server = self.serve()
        self.assertEqual(self.checkpoint().size, 3)

    def test_no_policy(self):
        self.assertEqual(self.server.stop(), 0)
        (self.node / "policy").write_text("nonsense\n")
        result = self.concert("serve", status=2)
        self.assertIn("line 1", result.err)


class WordsTest(LedgerTestCase):
    settings = {"ledger": {"public": "yes"}}

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def test_headers(self):
        response = self.fetch("checkpoint")
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(response.headers["Cache-Control"], "no-cache")
        for path in ("tile/0/000.p/1", "tile/entries/000.p/1"):
            response = self.fetch(path)
            self.assertEqual(response.headers["Content-Type"], "application/octet-stream")
            self.assertIn("immutable", response.headers["Cache-Control"])

    def test_any_accept(self):
        for accept in ("text/plain", "*/*", "application/octet-stream", concert.TAXII, "", "x"):
            self.fetch("checkpoint", headers={"Accept": accept})
            self.fetch("tile/0/000.p/1", headers={"Accept": accept})

    def test_head(self):
        for path in ("checkpoint", "tile/0/000.p/1", "openings/0", "keys"):
            got = self.server.get("/ledger/" + path, headers=TEXT)
            head = self.server.request("HEAD", "/ledger/" + path, headers=TEXT)
            self.assertEqual(head.status, 200)
            self.assertEqual(head.body, b"")
            self.assertEqual(head.headers["Content-Length"], str(len(got.body)))
            self.assertEqual(head.headers["Content-Type"], got.headers["Content-Type"])

    def test_methods(self):
        for path in ("checkpoint", "tile/0/000.p/1", "openings/0", "keys"):
            for method in ("POST", "PUT", "DELETE"):
                response = self.server.request(method, "/ledger/" + path, headers=TEXT)
                self.assertEqual(response.status, 405)
                self.assertEqual(response.headers["Allow"], "GET, HEAD")

    def test_names(self):
        """A tile has one name."""
        self.append(2)
        self.fetch("tile/0/000.p/3")
        self.fetch("tile/0/000.p/2")  # though there is a wider one
        for wrong in ("tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/03", "tile/0/0.p/3",
                      "tile/00/000.p/3", "tile/0/x000/000.p/3", "tile/0/000.p/3/", "tile/0/000/p/3",
                      "tile/64/000.p/1", "tile/1/000.p/1", "tile/entries/001.p/1", "tile/0/",
                      "tile/", "tile/0/%30%30%30.p/3", "tile/data/000.p/3", "tile/0/001",
                      "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/../0/000.p/3",
                      "tile/-1/000.p/1", "tile/0/000.p/3%00", "nothing", "tile/0/000.p/"):
            response = self.server.get("/ledger/" + wrong, headers=TEXT)
            self.assertIn(response.status, (400, 404), wrong)

    def test_reserved(self):
        result = self.concert("collection", "add", "ledger", status=2)
        self.assertIn("ledger", result.err)


class FilesTest(LedgerTestCase):
    """A ledger with full tiles."""

    settings = {"ledger": {"public": "yes"}}
    size = 300

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.append(self.size - 1)

    def wait_for(self, path, content):
        concert.until(lambda: path.exists() and path.read_bytes() == content,
                      f"{path} did not come, or not as it should be")

    def check(self):
        for path in ("tile/0/000", "tile/entries/000"):
            self.wait_for(self.node / "ledger" / path, self.fetch(path).body)

    def test_full_tiles(self):
        checkpoint = self.checkpoint()
        self.assertEqual(checkpoint.size, self.size)
        _, root = self.tree(self.size)
        self.assertEqual(root, checkpoint.root)
        # A part of what is full by now.
        whole = self.fetch("tile/entries/000").body
        self.assertEqual(self.fetch("tile/entries/000.p/7").body, whole[:7 * 35])
        self.assertEqual(self.fetch("tile/0/000.p/7").body, self.fetch("tile/0/000").body[:7 * 32])
        self.check()
        path = self.node / "ledger/tile/0/000"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)
        # All of it comes back, while the node runs and when it starts.
        shutil.rmtree(self.node / "ledger")
        self.check()
        self.assertEqual(self.server.stop(), 0)
        path.write_bytes(b"half a tile")
        (self.node / "ledger/tile/entries/000").unlink()
        self.server = self.serve()
        self.check()

        self.mirror(checkpoint)

    def mirror(self, checkpoint):
        mirror = self.directory / "mirror"
        result = self.concert("ledger", "mirror", mirror, "--json").json()
        self.assertEqual(result["size"], self.size)
        served = ("checkpoint", "keys", "openings/0", "tile/0/000", "tile/0/001.p/44",
                  "tile/entries/000", "tile/entries/001.p/44", "tile/1/000.p/1")
        for path in served:
            self.assertEqual((mirror / path).read_bytes(), self.fetch(path).body, path)
        there = sorted(str(path.relative_to(mirror)) for path in mirror.rglob("*")
                       if path.is_file())
        self.assertEqual(there, sorted(served))
        key = self.fetch("keys").json()["keys"]["ledger"]
        concert.run("ledger", "verify", mirror, "--key", key)
        self.concert("ledger", "append", "one more", "--public")
        result = self.concert("ledger", "mirror", mirror, "--json").json()
        self.assertEqual((result["openings_written"], result["openings_removed"]), (1, 0))
        concert.run("ledger", "verify", mirror, "--key", key)
        self.concert("ledger", "erase", str(self.size), "--yes")
        result = self.concert("ledger", "mirror", mirror, "--json").json()
        self.assertEqual(result["openings_removed"], 1)
        concert.run("ledger", "verify", mirror, "--key", key)

        # A file that is wrong is told, and a directory of another log is left alone.
        tile = mirror / "tile/0/000"
        tile.write_bytes(b"x" + tile.read_bytes()[1:])
        concert.run("ledger", "verify", mirror, "--key", key, status=1)
        other = self.directory / "other"
        concert.run("init", "--node", other, "--name", "cert.birch.example")
        result = concert.run("--node", other, "ledger", "mirror", mirror, status=2)
        self.assertIn("none of this ledger's", result.err)


if __name__ == "__main__":
    unittest.main()
