"""The ledger after SIGKILL, also on a disk that forgets what was not synced: what was acknowledged is
there, no two trees of one size were ever signed, nothing that was signed is gone, and all that is
stored and served equals a recomputation."""

import base64
import hashlib
import http.client
import json
import random
import signal
import socket
import struct
import threading
import unittest
from pathlib import Path

import concert

UNSYNCED = Path(concert.BIN).resolve().parent.parent.parent / "tests/libunsynced.so"
ROUNDS = 1000 if concert.LONG else 20


class Control:
    """The writer's Unix socket (src/node/frame.h)."""

    def __init__(self, node):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(node / "control.sock"))

    def receive(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def call(self, operation, params):
        header = json.dumps({"operation": operation, "params": params}).encode()
        self.socket.sendall(struct.pack(">II", len(header), 0) + header)
        length, body = struct.unpack(">II", self.receive(8))
        answer = json.loads(self.receive(length))
        self.receive(body)
        return answer


class Appender(threading.Thread):
    """Appends statements, and now and then rotates a key, until the node dies."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.acknowledged = {}  # index -> title
        self.problem = None

    def run(self):
        control = Control(self.node)
        try:
            while True:
                if random.random() < 0.01:
                    answer = control.call("key.rotate",
                                          {"role": random.choice(["ledger", "cosign"])})
                    if "error" in answer:
                        self.problem = answer
                    continue
                title = f"statement {random.getrandbits(64):x}"
                items = [{"type": "text/plain", "bytes": base64.b64encode(b"x" * random.randint(
                    0, 2000)).decode()} for _ in range(random.choice([0, 0, 1, 3]))]
                answer = control.call("ledger.append", {"title": title, "public": False,
                                                        "items": items})
                if "error" in answer:
                    self.problem = answer
                else:
                    self.acknowledged[answer["result"]["index"]] = title
        except (OSError, EOFError, ValueError):
            pass  # the node was killed
        finally:
            control.socket.close()


class Watcher(threading.Thread):
    """Keeps every signed checkpoint that it is given."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.seen = []  # (size, root)

    def run(self):
        connection = self.server.connect(30)
        try:
            while True:
                connection.request("GET", "/ledger/checkpoint")
                response = connection.getresponse()
                text = response.read().decode()
                if response.status == 200:
                    _, size, root = text.split("\n")[:3]
                    self.seen.append((int(size), base64.b64decode(root)))
        except (OSError, http.client.HTTPException, ValueError):
            pass
        finally:
            connection.close()


def roots(entries, sizes):
    """The RFC 6962 roots of the trees of the first entries, for each size."""
    wanted, peaks, found = set(sizes), [], {}
    for size, entry in enumerate(entries, 1):
        node, width = hashlib.sha256(b"\0" + entry).digest(), 1
        while peaks and peaks[-1][1] == width:
            node = hashlib.sha256(b"\1" + peaks.pop()[0] + node).digest()
            width *= 2
        peaks.append((node, width))
        if size in wanted:
            root = peaks[-1][0]
            for peak, _ in reversed(peaks[:-1]):
                root = hashlib.sha256(b"\1" + peak + root).digest()
            found[size] = root
    return found


class LedgerCrashTest(concert.NodeTestCase):
    settings = {"server": {"requests_per_second": 100000}, "ledger": {"public": "yes"}}

    def setUp(self):
        super().setUp()
        self.acknowledged = {}
        self.signed = {}  # size -> root

    def kill_amid_appends(self, env):
        server = self.serve(env=env)
        appenders = [Appender(self.node) for _ in range(4)]
        watcher = Watcher(server)
        for thread in (*appenders, watcher):
            thread.start()
        concert.wait_for_any_moment(
            lambda: watcher.seen and any(one.acknowledged or one.problem for one in appenders), 0.4)
        server.stop(signal.SIGKILL)
        for thread in (*appenders, watcher):
            thread.join(60)
            self.assertFalse(thread.is_alive())
        for appender in appenders:
            self.assertIsNone(appender.problem)
            self.acknowledged.update(appender.acknowledged)
        for size, root in watcher.seen:
            self.assertEqual(self.signed.setdefault(size, root), root,
                             f"two trees of {size} entries were signed")

    def check(self):
        entries = concert.run("ledger", "list", "--node", self.node, "--json", "--limit",
                              "1000000000").lines()[::-1]
        for index, title in self.acknowledged.items():
            self.assertLess(index, len(entries), "an acknowledged entry is gone")
            self.assertEqual(entries[index]["header"]["title"], title)
        audit = concert.run("ledger", "audit", "--node", self.node, "--json", status=None).json()
        self.assertEqual(audit["problems"], [])
        found = roots([bytes.fromhex(entry["entry"]) for entry in entries], self.signed)
        for size, root in self.signed.items():
            self.assertEqual(found.get(size), root, f"the signed tree of {size} entries is gone")
        self.check_files(entries)

    def check_files(self, entries):
        """The tiles that were written while the node was killed, and those of a fresh mirror."""
        mirror = self.directory / f"mirror-{len(entries)}-{random.getrandbits(32)}"
        concert.run("ledger", "mirror", mirror, "--node", self.node)
        keys = json.loads((mirror / "keys").read_text())
        concert.run("ledger", "verify", mirror, "--key", keys["keys"]["ledger"])
        ours = self.node / "ledger"
        for path in sorted((ours / "tile").rglob("*")) if ours.exists() else []:
            if path.is_file() and path.name[-3:].isdigit() and len(path.name) <= 4:
                self.assertEqual(path.read_bytes(), (mirror / path.relative_to(ours)).read_bytes(),
                                 path)

    def rounds(self, environments):
        for i in range(ROUNDS):
            self.kill_amid_appends(environments[i % len(environments)])
            if i % 10 == 9 or i == ROUNDS - 1:
                self.check()
        # A test that never got an acknowledgement or a checkpoint has shown nothing.
        self.assertGreater(len(self.acknowledged), ROUNDS)
        self.assertGreater(len(self.signed), ROUNDS)

    def test_killed(self):
        self.rounds([{}])

    @unittest.skipIf(concert.SANITIZER, "the preloaded disk would come before the sanitizer")
    def test_killed_on_a_forgetful_disk(self):
        self.assertTrue(UNSYNCED.exists(), UNSYNCED)
        self.rounds([{"LD_PRELOAD": str(UNSYNCED), "UNSYNCED_LEAK": leak}
                     for leak in ("0", "30", "90")])


if __name__ == "__main__":
    unittest.main()
