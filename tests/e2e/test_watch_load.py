"""`concert watch` under load: 200 MB a second, rotation, and new indicators each second."""

import os
import signal
import time
import unittest

import concert
from test_watch import LIST, Watcher, resident

SECONDS = 1800 if concert.LONG else 30

# Hits in a file before it is rotated, and bytes around each.
PER_FILE = 40
FILLER = b"".join(b"2026-01-01T00:00:00 host app: request %d took %d ms\n" % (i, i * 7)
                  for i in range(20_000))

# Files that the watcher may lie behind before the writer waits for it.
BEHIND = 6


class LoadTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.list = self.write("list.txt", LIST)
        self.logs = self.directory / "logs"
        self.logs.mkdir()
        self.count, self.told, self.resident = 0, set(), []
        self.watcher = Watcher("-i", self.list, "--state", self.directory / "state", self.logs)
        self.addCleanup(self.watcher.end, signal.SIGKILL, None)

    def take(self, wait=0):
        """Takes the hits that are there, or waits for one."""
        while wait or not self.watcher.lines.empty():
            hit, _ = self.watcher.next()
            self.watcher.hits.clear()
            self.assertNotIn(hit["seen"], self.told)
            self.told.add(hit["seen"])
            wait = 0

    def write_file(self, number, start):
        """A file that grows, and is renamed."""
        with open(self.logs / "a.log", "ab", buffering=0) as file:
            for _ in range(PER_FILE):
                file.write(FILLER + b"n%d.alder.example\n" % self.count)
                self.count += 1
                # 200 MB a second, if the machine can.
                time.sleep(max(0, start + self.count * len(FILLER) / 200e6 - time.monotonic()))
                self.take()
        os.rename(self.logs / "a.log", self.logs / f"a.log.{number}")

    def drop(self, number):
        """Deletes a file that was renamed, once all that is in it was told."""
        wanted = {f"n{i}.alder.example" for i in range(number * PER_FILE, (number + 1) * PER_FILE)}
        while not wanted <= self.told:
            self.take(wait=1)
        self.told -= wanted
        (self.logs / f"a.log.{number}").unlink()

    def test_load(self):
        """No hit is lost, none is told twice, and memory stays flat."""
        start = changed = time.monotonic()
        number = 0
        while time.monotonic() < start + SECONDS:
            self.write_file(number, start)
            if number >= BEHIND:
                self.drop(number - BEHIND)
            if time.monotonic() > changed + 1:
                changed = time.monotonic()
                self.list.write_text(LIST + f"{number}.birch.example\n")
            self.resident.append(resident(self.watcher.process.pid))
            number += 1
        seconds = time.monotonic() - start
        for left in range(max(0, number - BEHIND), number):
            self.drop(left)
        self.assertEqual(self.watcher.end(), [])
        self.assertEqual(self.told, set())
        third = len(self.resident) // 3
        self.assertGreater(third, 1)
        self.assertLess(max(self.resident[-third:]) - max(self.resident[:third]), 20 << 20)
        print(f"# watched {self.count * len(FILLER) / seconds / 1e6:.0f} MB/s")


if __name__ == "__main__":
    unittest.main()
