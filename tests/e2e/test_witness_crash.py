"""A witness after SIGKILL amid requests, also on a disk that forgets what was not synced: what it has
cosigned it knows, and it never cosigns two trees of one size, although the logs have signed them."""

import base64
import http.client
import json
import random
import signal
import threading
import unittest
from pathlib import Path

import concert
import treelog

UNSYNCED = Path(concert.BIN).resolve().parent.parent.parent / "tests/libunsynced.so"
ROUNDS = 1000 if concert.LONG else 20
LOGS = 4
COMMON = 5  # entries that both trees of a log have
SIZE = COMMON + 40 * ROUNDS


class ForkedLog:
    """A log that has signed two trees with one key."""

    def __init__(self, number):
        self.origin = f"log{number}.example"
        own = [[b"%d %d %d" % (number, fork, i) for i in range(SIZE)] for fork in range(2)]
        own[1][:COMMON] = own[0][:COMMON]
        self.forks = [treelog.Log(entries, self.origin) for entries in own]
        self.vkey = self.forks[0].vkey
        self.checkpoints = {}

    def body(self, fork, old, size):
        log = self.forks[fork]
        if (fork, size) not in self.checkpoints:
            self.checkpoints[fork, size] = log.checkpoint(size)
        lines = "".join(base64.b64encode(hash).decode() + "\n"
                        for hash in log.consistency(old, size))
        return f"old {old}\n{lines}\n{self.checkpoints[fork, size]}".encode()


class Asker(threading.Thread):
    """Asks for cosignatures of one tree of each log until the node dies."""

    def __init__(self, server, logs, fork, known):
        super().__init__(daemon=True)
        self.server, self.logs, self.fork, self.known = server, logs, fork, known
        self.cosigned = []  # (log, size)
        self.answered = False
        self.problem = None

    def ask(self, connection, log):
        old = self.known[log.origin]
        size = min(max(old + random.choice([0, 1, 1, 2]), 1), SIZE)
        connection.request("POST", "/ledger/witness/add-checkpoint",
                           log.body(self.fork, old, size))
        response = connection.getresponse()
        answer = response.read()
        self.answered = True
        if response.status == 200:
            self.cosigned.append((log, size))
            self.known[log.origin] = size
        elif response.status == 409 and response.headers["Content-Type"] == "text/x.tlog.size":
            self.known[log.origin] = int(answer)
        elif response.status not in (403, 409, 422):
            self.problem = (response.status, answer)

    def run(self):
        connection = self.server.connect(30)
        try:
            while True:
                self.ask(connection, random.choice(self.logs))
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the node was killed
        finally:
            connection.close()


class WitnessCrashTest(concert.NodeTestCase):
    settings = {"server": {"requests_per_second": 100000}, "ledger": {"cosign_interval": "0"}}

    def setUp(self):
        super().setUp()
        self.logs = [ForkedLog(number) for number in range(LOGS)]
        self.cosigned = {}  # (origin, size) -> root
        self.largest = {log.origin: 0 for log in self.logs}
        self.frozen, self.turned = 0, set()
        for log in self.logs:
            self.concert("ledger", "witness", "watch", log.vkey)

    def kill_amid_requests(self, env):
        server = self.serve(env=env)
        known = dict(self.largest)
        # Mostly the one tree, so that a log is not frozen at once.
        shares = [(0, self.logs), (0, self.logs), (1, self.logs[:random.choice([0, 1, LOGS])])]
        askers = [Asker(server, logs, fork, dict(known)) for fork, logs in shares if logs]
        for asker in askers:
            asker.start()
        concert.wait_for_any_moment(lambda: any(asker.answered for asker in askers), 0.3)
        server.stop(signal.SIGKILL)
        for asker in askers:
            asker.join(60)
            self.assertFalse(asker.is_alive())
            self.assertIsNone(asker.problem)
            for log, size in asker.cosigned:
                root = log.forks[asker.fork].root(0, size)
                self.assertEqual(self.cosigned.setdefault((log.origin, size), root), root,
                                 f"two trees of {size} entries of {log.origin} were cosigned")
                self.largest[log.origin] = max(self.largest[log.origin], size)

    def check(self):
        listed = {line["origin"]: line for line in self.concert(
            "ledger", "witness", "list", "--json", status=None).lines() if line["is"] == "log"}
        for log in self.logs:
            size = listed[log.origin].get("size", 0)
            root = None
            if self.largest[log.origin] > 0:
                _, signed, root = listed[log.origin]["checkpoint"].split("\n")[:3]
                root = base64.b64decode(root)
                self.assertEqual(int(signed), size)
                self.assertIn(root, [fork.root(0, size) for fork in log.forks])
            # Where somebody believed the other tree, that is what the log goes on from.
            if log.origin not in self.turned:
                self.assertGreaterEqual(size, self.largest[log.origin],
                                        "what was cosigned is forgotten")
                self.assertEqual(self.cosigned.get((log.origin, size), root), root)
            if listed[log.origin]["frozen"]:
                self.frozen += 1
                if random.random() < 0.8:
                    keep = random.choice(["first", "second"])
                    if keep == "second":
                        self.turned.add(log.origin)
                    self.concert("ledger", "witness", "settle", log.origin, "--keep", keep)
        evidence = [json.loads(line) for line in self.concert(
            "ledger", "witness", "evidence", "--all", "--json", status=None).out.splitlines()]
        for line in evidence:
            first, second = (line[name].split("\n")[1:3] for name in ("first", "second"))
            self.assertTrue("proof" in line or first[0] == second[0] and first[1] != second[1])

    def rounds(self, environments):
        for i in range(ROUNDS):
            self.kill_amid_requests(environments[i % len(environments)])
            self.check()
        # A test in which nothing was cosigned, or no fork was ever met, has shown nothing.
        self.assertGreater(len(self.cosigned), ROUNDS)
        self.assertGreater(self.frozen, 0)

    def test_killed(self):
        self.rounds([{}])

    @unittest.skipIf(concert.SANITIZER, "the preloaded disk would come before the sanitizer")
    def test_killed_on_a_forgetful_disk(self):
        self.assertTrue(UNSYNCED.exists(), UNSYNCED)
        self.rounds([{"LD_PRELOAD": str(UNSYNCED), "UNSYNCED_LEAK": leak}
                     for leak in ("0", "30", "90")])


if __name__ == "__main__":
    unittest.main()
