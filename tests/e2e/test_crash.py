"""What was acknowledged is there, and nothing half there: after SIGKILL in the middle of POSTs, on a
disk that forgets what was not synced, and on one that is full."""

import concurrent.futures
import errno
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import unittest
import uuid
from pathlib import Path

import concert

UNSYNCED = Path(concert.BIN).resolve().parent.parent.parent / "tests/libunsynced.so"
ROUNDS = 1000 if concert.LONG else 20
OBJECTS = "/main/collections/main/objects/"


def note(envelope, number):
    """A small object that says which envelope it came in."""
    return {"type": "note", "spec_version": "2.1", "id": f"note--{uuid.uuid4()}",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "content": f"{envelope}/{number}" + "x" * random.randint(0, 3000),
            "object_refs": ["identity--11111111-1111-4111-8111-111111111111"]}


class Poster(threading.Thread):
    """POSTs envelopes over one connection until the node dies."""

    def __init__(self, server, auth):
        super().__init__(daemon=True)
        self.server, self.auth = server, auth
        self.sent = []          # envelopes: lists of ids
        self.acknowledged = []  # those that got 202 with every object a success
        self.problem = None

    def run(self):
        connection = self.server.connect(30)
        try:
            while True:
                count = random.choice([1, 1, 3, 40])
                objects = [note(uuid.uuid4(), i) for i in range(count)]
                ids = [o["id"] for o in objects]
                self.sent.append(ids)
                connection.request("POST", OBJECTS, json.dumps({"objects": objects}),
                                   {"Authorization": self.auth, "Accept": concert.TAXII,
                                    "Content-Type": concert.TAXII})
                response = connection.getresponse()
                body = response.read()
                if response.status == 202:
                    status = json.loads(body)
                    if status["success_count"] != count:
                        self.problem = body
                    self.acknowledged.append(ids)
                elif response.status not in (429, 503):
                    self.problem = f"{response.status}: {body}"
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the node was killed
        finally:
            connection.close()


def served_ids(server, auth):
    """Every id in the collection, page by page."""
    ids, path = [], OBJECTS + "?limit=500"
    while True:
        page = server.get(path, auth=auth).json()
        ids += [o["id"] for o in page.get("objects", [])]
        if not page.get("more"):
            return ids
        path = OBJECTS + "?limit=500&next=" + page["next"]


class CrashTest(concert.NodeTestCase):
    settings = {"server": {"requests_per_second": 100000}}

    def setUp(self):
        super().setUp()
        self.auth = self.account("sensor", "contributor", "reader", grants=[("main", "rw")])
        self.acknowledged, self.sent = [], []

    def kill_amid_posts(self, env):
        server = self.serve(env=env)
        posters = [Poster(server, self.auth) for _ in range(3)]
        for poster in posters:
            poster.start()
        concert.wait_for_any_moment(
            lambda: any(poster.acknowledged or poster.problem for poster in posters), 0.4)
        server.stop(signal.SIGKILL)
        for poster in posters:
            poster.join(60)
            self.assertFalse(poster.is_alive())
            self.assertIsNone(poster.problem)
            self.acknowledged += poster.acknowledged
            self.sent += poster.sent

    def check(self):
        server = self.serve()
        there = served_ids(server, self.auth)
        self.assertEqual(server.stop(), 0, server.log)
        self.assertEqual(len(there), len(set(there)), "an object is there twice")
        there = set(there)
        for ids in self.acknowledged:
            self.assertTrue(there.issuperset(ids), "an acknowledged object is gone")
        for ids in self.sent:
            self.assertIn(len(there.intersection(ids)), (0, len(ids)), "an envelope is half there")
        with sqlite3.connect(self.node / "concert.db") as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        db.close()

    def rounds(self, environments):
        for i in range(ROUNDS):
            self.kill_amid_posts(environments[i % len(environments)])
            if i % 5 == 4 or i == ROUNDS - 1:
                self.check()
        # A test that never got an acknowledgement has shown nothing.
        self.assertGreater(len(self.acknowledged), ROUNDS)

    def test_killed(self):
        self.rounds([{}])

    @unittest.skipIf(concert.SANITIZER, "the preloaded disk would come before the sanitizer")
    def test_killed_on_a_forgetful_disk(self):
        self.assertTrue(UNSYNCED.exists(), UNSYNCED)
        self.rounds([{"LD_PRELOAD": str(UNSYNCED), "UNSYNCED_LEAK": leak}
                     for leak in ("0", "30", "90")])


@unittest.skipIf(concert.SANITIZER, "the preloaded disk would come before the sanitizer")
class ForgetfulDiskTest(concert.NodeTestCase):
    """The forgetful disk itself: a test that could not lose anything would show nothing."""

    def test_it_forgets(self):
        path = self.directory / "plain.db"
        script = ("import sqlite3, os, sys\n"
                  f"db = sqlite3.connect({str(path)!r})\n"
                  "db.execute('PRAGMA journal_mode=WAL')\n"
                  "db.execute('PRAGMA synchronous=OFF')\n"
                  "db.execute('CREATE TABLE t (x)')\n"
                  "db.execute('INSERT INTO t VALUES (1)')\n"
                  "db.commit()\n"
                  "print(db.execute('SELECT x FROM t').fetchall(), flush=True)\n"
                  "os.kill(os.getpid(), 9)\n")
        process = subprocess.run(["python3", "-c", script], capture_output=True, text=True,
                                 env={**os.environ, "LD_PRELOAD": str(UNSYNCED)})
        self.assertEqual(process.stdout, "[(1,)]\n", process.stderr)
        db = sqlite3.connect(path)
        with self.assertRaises(sqlite3.OperationalError):
            db.execute("SELECT x FROM t")
        db.close()


def small_disk(directory, megabytes, inodes=0):
    """Mounts a small tmpfs; None where that is not allowed. It has room for so many files; 0: many."""
    options = f"size={megabytes}m" + (f",nr_inodes={inodes}" if inodes else "")
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                            str(directory)], capture_output=True)
    return directory if mount.returncode == 0 else None


class FullDiskTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.disk = self.directory / "disk"
        self.disk.mkdir()
        if os.geteuid() != 0 or not small_disk(self.disk, 12):
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=True)

    def post(self, server, auth, count):
        objects = [note("full", i) for i in range(count)]
        response = server.post(OBJECTS, {"objects": objects}, auth=auth)
        return response, [o["id"] for o in objects]

    def test_full(self):
        node = self.disk / "node"
        concert.run("init", "--node", node, "--name", "cert.birch.example", "--listen",
                    "127.0.0.1:0")
        concert.run("--node", node, "account", "add", "sensor", "--roles", "contributor,reader",
                    "--password-stdin", input="correct horse battery\n")
        concert.run("--node", node, "collection", "grant", "main", "sensor", "--read", "--write")
        auth = concert.basic("sensor", "correct horse battery")
        ballast = self.disk / "ballast"
        ballast.write_bytes(b"b" * 3 * 1024 * 1024)
        server = concert.Server(node)
        self.addCleanup(server.stop, signal.SIGKILL)

        acknowledged, refused = [], None
        for _ in range(400):
            response, ids = self.post(server, auth, 20)
            if response.status != 202:
                refused = response
                break
            acknowledged += ids
        self.assertIsNotNone(refused, "the disk never filled")
        self.assertEqual(refused.status, 507, refused.body)
        self.assertIn("full", refused.json()["title"])

        # Reading goes on, and what was acknowledged is there.
        self.assertTrue(set(acknowledged).issubset(served_ids(server, auth)))
        # So does writing when space returns.
        ballast.unlink()
        response, ids = self.post(server, auth, 5)
        self.assertEqual(response.status, 202, response.body)
        self.assertTrue(set(acknowledged + ids).issubset(served_ids(server, auth)))
        self.assertEqual(server.stop(), 0)
        with sqlite3.connect(node / "concert.db") as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        db.close()

    def fill(self):
        """Takes the last byte of the disk; returns what has them."""
        ballast = self.disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            with self.assertRaises(OSError) as full:
                while True:
                    file.write(bytes(4096))
        self.assertEqual(full.exception.errno, errno.ENOSPC)
        self.assertEqual(os.statvfs(self.disk).f_bavail, 0)
        return ballast

    def test_read_without_server(self):
        """On a disk without a byte left a node that nobody serves is read: after a regular end, and with
        what a killed server left in the write-ahead log."""
        node = self.disk / "node"
        concert.run("init", "--node", node, "--name", "cert.birch.example", "--listen",
                    "127.0.0.1:0")
        export = ("export", "--node", node, "--ndjson")
        concert.run("import", "--node", node, self.write("one.json", note("one", 1)))
        for killed in (False, True):
            if killed:
                server = concert.Server(node)
                self.addCleanup(server.stop, signal.SIGKILL)
                concert.run("import", "--node", node, self.write("two.json", note("two", 2)))
                server.stop(signal.SIGKILL)
                self.assertGreater((node / "concert.db-wal").stat().st_size, 0)
            objects = 1 + killed
            expected = concert.run(*export).out
            self.assertEqual(expected.count("\n"), objects)
            # As after the machine was started anew, or the node was copied.
            (node / "concert.db-shm").unlink(missing_ok=True)
            ballast = self.fill()
            with concurrent.futures.ThreadPoolExecutor() as readers:
                for result in readers.map(lambda _: concert.run(*export), range(4)):
                    self.assertEqual(result.out, expected)
            status = concert.run("status", "--node", node, "--json", status=1).json()
            self.assertIn("the disk has only 0 B left", status["warnings"][0])
            self.assertEqual(status["objects"], objects)
            backup = self.directory / f"backup{objects}"
            concert.run("backup", "--node", node, backup)
            refused = concert.run("import", "--node", node, self.write("three.json",
                                                                       note("three", 3)), status=2)
            self.assertIn("no space left", refused.err)
            # A writer that comes as space does, beside who reads.
            ballast.unlink()
            concert.run("import", "--node", node, self.directory / "one.json")
            self.assertEqual(concert.run(*export).out, expected)
            with sqlite3.connect(backup) as db:
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            db.close()

    def test_import_into_full_disk(self):
        node = self.disk / "node"
        concert.run("init", "--node", node, "--name", "cert.birch.example", "--listen",
                    "127.0.0.1:0")
        bundle = self.write("large.json", {"type": "bundle", "id": f"bundle--{uuid.uuid4()}",
                                           "objects": [note("import", i) for i in range(8000)]})
        result = concert.run("--node", node, "import", bundle, status=2)
        self.assertIn("no space left", result.err)
        status = concert.run("--node", node, "status", "--json", status=1).json()
        self.assertIn("the disk has only", status["warnings"][0])
        with sqlite3.connect(node / "concert.db") as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        db.close()


class NoInodeTest(concert.TestCase):
    """A disk that has bytes left, but no inode for one more file."""

    def setUp(self):
        super().setUp()
        self.disk = self.directory / "disk"
        self.disk.mkdir()
        if os.geteuid() != 0 or not small_disk(self.disk, 64, inodes=200):
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=True)
        self.node = self.disk / "node"
        concert.run("init", "--node", self.node, "--name", "cert.birch.example", "--listen",
                    "127.0.0.1:0")
        self.feed = self.write("feed.txt", "alder.example\n")
        self.concert("import", self.feed)

    def concert(self, command, *arguments, **expected):
        return concert.run(*command.split(), "--node", self.node, *arguments, **expected)

    def fill(self):
        """Takes the last inode; returns the directory that has them."""
        ballast = self.disk / "ballast"
        ballast.mkdir()
        with self.assertRaises(OSError) as full:
            for number in range(1000):
                (ballast / str(number)).touch()
        self.assertEqual(full.exception.errno, errno.ENOSPC)
        self.assertGreater(os.statvfs(self.disk).f_bavail, 1000)
        return ballast

    def files(self):
        return sorted(path for path in self.disk.rglob("*") if "ballast" not in path.parts)

    def refuse(self, path, command, *arguments):
        done = self.concert(command, *arguments, status=2)
        self.assertEqual(done.err, f"concert: {path}: no inode is left on the disk, so that no more "
                                   "files can be made, however many bytes there are\n")

    def test_unserved(self):
        """A node that nobody serves is read; what would make a file says why it cannot, and leaves what
        was there as it was."""
        made = self.disk / "made.shield"
        log = self.write("a.log", "x alder.example\n")
        more = self.write("more.txt", "birch.example\n")
        self.concert("shield compile", "-o", made)
        bytes_before = made.read_bytes()
        exported = self.concert("export", "--ndjson").out
        found = self.concert("match", "--json", log).out
        self.fill()
        before = self.files()
        for _ in range(2):
            self.assertEqual(self.concert("export", "--ndjson").out, exported)
            self.assertEqual(self.concert("match", "--json", log).out, found)
        socket = self.node / "control.sock"
        self.refuse(socket, "import", more)
        self.refuse(socket, "serve")
        recorded = self.concert("match", "--json", "--record", log, status=2)
        self.assertEqual(recorded.out, found)
        self.assertIn("no inode is left", recorded.err)
        self.refuse(made, "shield compile", "-o", made)
        self.refuse(self.disk / "new", "shield compile", "-o", self.disk / "new")
        self.refuse(self.disk / "new", "shield export csv", "-o", self.disk / "new")
        self.refuse(self.disk / "new.part", "backup", self.disk / "new")
        self.assertIn("no inode is left",
                      "".join(self.concert("status", "--json", status=1).json()["warnings"]))
        self.assertEqual(self.files(), before)
        self.assertEqual(made.read_bytes(), bytes_before)
        backup = self.directory / "backup"
        self.concert("backup", backup)
        with sqlite3.connect(backup) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        db.close()

    def test_served(self):
        """A node that is served takes what comes into its store, and has it afterwards."""
        server = concert.Server(self.node)
        self.addCleanup(server.stop, signal.SIGKILL)
        self.fill()
        self.concert("import", self.write("more.txt", "birch.example\n"))
        self.concert("match", "--record", self.write("a.log", "x birch.example\n"))
        expected = self.concert("export", "--ndjson").out
        self.assertIn("birch.example", expected)
        self.assertIn("sighting--", expected)
        for signum in (signal.SIGTERM, signal.SIGKILL):
            before = self.files()
            server.stop(signum)
            # The store's log and its index stay, for who comes next; a killed server's socket, too.
            self.assertEqual([path.name for path in set(before) - set(self.files())],
                             ["control.sock"] if signum == signal.SIGTERM else [])
            self.assertEqual(self.concert("export", "--ndjson").out, expected)
            self.assertEqual((self.node / "concert.db-wal").stat().st_size, 0)
            if signum == signal.SIGTERM: # its socket left an inode
                server = concert.Server(self.node)
                self.addCleanup(server.stop, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
