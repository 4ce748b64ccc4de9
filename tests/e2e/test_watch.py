"""`concert watch`: indicators in logs that grow, are rotated, cut off and made again."""

import fcntl
import json
import os
import queue
import resource
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import unittest

import concert

LIST = "alder.example\n198.51.100.7\n"

# Hits that a killed watcher may have told without noting it.
BATCH = 8


def wait_until(condition, meanwhile=lambda: None):
    def met():
        if condition():
            return True
        meanwhile()
        return False
    concert.until(met)


def unread(pipe):
    """Bytes in a pipe that nobody has taken."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


class Watcher:
    """A running `concert watch --json`; its hits are collected as they come."""

    def __init__(self, *arguments, stdin=subprocess.DEVNULL, options=("--json",), env=None):
        self.process = subprocess.Popen(
            [concert.BIN, "watch", *options, *map(str, arguments)], stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.hits, self.lines, self.errors = [], queue.Queue(), []
        self.threads = [threading.Thread(target=self._read), threading.Thread(target=self._listen)]
        for thread in self.threads:
            thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put((time.monotonic(), line))

    def _listen(self):
        for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace"))

    def next(self, timeout=concert.PATIENCE):
        """The next hit, and when it came."""
        when, line = self.lines.get(timeout=timeout)
        hit = json.loads(line)
        self.hits.append(hit)
        return hit, when

    def seen(self, count, timeout=concert.PATIENCE):
        """What was seen, of the next hits."""
        return [self.next(timeout)[0]["seen"] for _ in range(count)]

    def complains(self, text):
        """Waits until it does, on standard error."""
        wait_until(lambda: text in "".join(self.errors))

    def end(self, number=signal.SIGTERM, status=0):
        """Ends it; the hits that were not taken yet."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(concert.PATIENCE)
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if status is not None and code != status:
            raise AssertionError(f"exit status {code}: {''.join(self.errors)}")
        rest = []
        while not self.lines.empty():
            rest.append(json.loads(self.lines.get()[1]))
        self.hits += rest
        return rest


class WatchTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.list = self.write("list.txt", LIST)
        self.logs = self.directory / "logs"
        self.logs.mkdir()
        self.log = self.logs / "a.log"
        self.state = self.directory / "state.json"

    def watch(self, *arguments, **named):
        watcher = Watcher("-i", self.list, *arguments, **named)
        self.addCleanup(watcher.end, signal.SIGKILL, None)
        return watcher

    def is_known(self):
        return self.state.exists() and "a.log" in self.state.read_text()

    def append(self, text, path=None):
        with open(path or self.log, "ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def test_growing(self):
        self.append("ok\nGET http://WWW.alder.example/x\n")
        watcher = self.watch(self.log)
        hit, _ = watcher.next()
        self.assertEqual((hit["file"], hit["line"], hit["column"], hit["seen"]),
                         (str(self.log), 2, 12, "WWW.alder.example"))
        self.append("nothing\n198.51")
        time.sleep(0.2)
        self.append(".100.7 got it\n")
        hit, _ = watcher.next()
        self.assertEqual((hit["line"], hit["column"], hit["value"]), (4, 1, "198.51.100.7"))
        self.assertEqual(watcher.end(), [])

    def test_told_at_once(self):
        self.append("")
        watcher = self.watch(self.log)
        self.append("b.alder.example\n")
        watcher.next()
        took = []
        for i in range(20):
            time.sleep(0.02)
            start = time.monotonic()
            self.append(f"c{i}.alder.example\n")
            took.append(watcher.next()[1] - start)
        # Who only looked once a second would take nearly that long; bench/run watch has numbers.
        self.assertLess(sorted(took)[10], 0.5)
        watcher.end()

    def test_rotation_by_rename(self):
        self.append("1.alder.example\n")
        watcher = self.watch(self.log)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        writer = open(self.log, "ab", buffering=0)
        for turn in range(3):
            os.rename(self.log, self.logs / f"a.log.{turn}")
            writer.write(b"late%d.alder.example\n" % turn)   # the program has not noticed yet
            writer.close()
            writer = open(self.log, "ab", buffering=0)
            writer.write(b"new%d.alder.example\n" % turn)
            self.assertEqual(sorted(watcher.seen(2)),
                             [f"late{turn}.alder.example", f"new{turn}.alder.example"])
        writer.close()
        self.assertEqual(watcher.end(), [])

    def test_cut_off(self):
        self.append("1.alder.example\n" + "x" * 100 + "\n")
        watcher = self.watch(self.log)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        for turn in range(3):
            shutil.copy(self.log, self.directory / "copy")
            os.truncate(self.log, 0)
            self.append(f"{turn}.alder.example\n")
            self.assertEqual(watcher.seen(1), [f"{turn}.alder.example"])
        # Written anew, and longer than before, before anybody looked.
        with open(self.log, "r+b", buffering=0) as file:
            file.truncate(0)
            file.write(b"y" * 500 + b"\nz.alder.example\n")
        self.assertEqual(watcher.seen(1), ["z.alder.example"])
        self.assertEqual(watcher.end(), [])

    def test_deleted_and_made_again(self):
        self.append("1.alder.example\n")
        watcher = self.watch(self.log)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        os.unlink(self.log)
        time.sleep(0.1)
        self.append("2.alder.example\n")
        self.assertEqual(watcher.seen(1), ["2.alder.example"])
        self.assertEqual(watcher.end(), [])

    def test_file_that_comes_later(self):
        watcher = self.watch(self.log, self.logs / "sub" / "*.log")
        watcher.complains("waiting for it")
        watcher.complains("*.log: no file is called so yet; waiting for one")
        self.append("1.alder.example\n")
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        (self.logs / "sub").mkdir()
        self.append("2.alder.example\n", self.logs / "sub" / "b.log")
        self.append("3.alder.example\n", self.logs / "sub" / "b.txt")
        self.assertEqual(watcher.seen(1), ["2.alder.example"])
        self.assertEqual(watcher.end(), [])

    def test_directory_of_many(self):
        for i in range(200):
            self.append(f"a{i}.alder.example\n", self.logs / f"{i}.log")
        (self.logs / "old.gz").write_bytes(b"\x1f\x8b\x08 alder.example\n")
        watcher = self.watch(self.logs)
        self.assertEqual(sorted(watcher.seen(200)), sorted(f"a{i}.alder.example" for i in range(200)))
        for i in range(100, 300):
            self.append(f"b{i}.alder.example\n", self.logs / f"{i}.log")
        self.assertEqual(sorted(watcher.seen(200)),
                         sorted(f"b{i}.alder.example" for i in range(100, 300)))
        self.assertEqual(watcher.end(), [])
        self.assertIn("compressed", "".join(watcher.errors))

    def test_polling(self):
        self.append("1.alder.example\n")
        watcher = self.watch("--poll", self.logs)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        self.append("2.alder.example\n")
        self.append("3.alder.example\n", self.logs / "b.log")
        self.assertEqual(sorted(watcher.seen(2)), ["2.alder.example", "3.alder.example"])
        os.rename(self.log, self.logs / "a.log.1")
        self.append("4.alder.example\n", self.logs / "a.log.1")
        self.append("5.alder.example\n")
        self.assertEqual(sorted(watcher.seen(2)), ["4.alder.example", "5.alder.example"])
        self.assertEqual(watcher.end(), [])

    def test_line_without_end_and_binary(self):
        self.append(b"\0\xff\xfe\n\x80 1.alder.example\0")
        watcher = self.watch("--state", self.state, self.log)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])     # nothing more came for a second
        self.append(b" 2.alder.example\n")
        self.assertEqual(watcher.seen(1), ["2.alder.example"])
        self.append(b"x" * 700_000 + b" 3.alder.example " + b"y" * 300_000 + b"\n")
        hit, _ = watcher.next()
        self.assertEqual((hit["seen"], hit["line"], hit["column"]), ("3.alder.example", 3, 700_002))
        self.assertEqual(watcher.end(), [])

    def test_stdin(self):
        watcher = self.watch("-", stdin=subprocess.PIPE)
        pipe = watcher.process.stdin
        for i in range(3):
            pipe.write(b"%d.alder.example\n" % i)
            pipe.flush()
            self.assertEqual(watcher.seen(1), [f"{i}.alder.example"])
        pipe.write(b"x" * 600_000 + b" long.alder.example " + b"\nlast.alder.example")
        pipe.close()
        self.assertEqual(watcher.seen(2), ["long.alder.example", "last.alder.example"])
        self.assertEqual(watcher.process.wait(concert.PATIENCE), 0)

    def test_only_new(self):
        self.append("old.alder.example\n")
        watcher = self.watch("--new", "--state", self.state, self.log)
        wait_until(self.is_known)
        self.append("new.alder.example\n")
        hit, _ = watcher.next()
        self.assertEqual((hit["seen"], hit["line"]), ("new.alder.example", 2))
        watcher.end()

    def test_only_new_and_resumed(self):
        """What came to a file that was left empty is not passed over by the next one."""
        self.append("")
        watcher = self.watch("--new", "--state", self.state, self.log)
        wait_until(self.is_known)
        watcher.end(signal.SIGKILL, None)
        self.append("new.alder.example\n")
        watcher = self.watch("--new", "--state", self.state, self.log)
        self.assertEqual(watcher.seen(1), ["new.alder.example"])
        self.assertEqual(watcher.end(), [])

    def test_structured(self):
        """A log goes on being what its first lines said it is, also after a restart."""
        head = "#separator \\x09\n#fields\tts\tid.orig_h\tid.resp_h\thost\n#types\ttime\taddr\taddr\tstring\n"
        row = "1700000000.0\t192.0.2.1\t198.51.100.7\t%d.alder.example\n"
        self.append(head + row % 1)
        watcher = self.watch("--state", self.state, self.log)
        fields = [watcher.next()[0].get("field") for _ in range(2)]
        self.assertEqual(fields, ["id.resp_h", "host"])
        watcher.end()
        self.append(row % 2)
        watcher = self.watch("--state", self.state, self.log)
        hit = [watcher.next()[0] for _ in range(2)][1]
        self.assertEqual((hit["field"], hit["line"], hit["src_ip"]), ("host", 5, "192.0.2.1"))
        self.assertEqual(watcher.end(), [])

    def test_resume(self):
        self.append("1.alder.example\n")
        watcher = self.watch("--state", self.state, self.log)
        watcher.seen(1)
        watcher.end()
        self.assertNotIn("alder", self.state.read_text())
        # While nobody watches, it is renamed, goes on and is made again.
        self.append("2.alder.example\n")
        os.rename(self.log, self.logs / "a.log.1")
        self.append("3.alder.example\n", self.logs / "a.log.1")
        self.append("4.alder.example\n")
        watcher = self.watch("--state", self.state, self.log)
        self.assertEqual(sorted(watcher.seen(3)), [f"{i}.alder.example" for i in (2, 3, 4)])
        self.assertEqual(watcher.end(), [])
        # Cut off and written anew: it is another file, though it is longer.
        self.log.write_bytes(b"5.alder.example\n" * 3)
        watcher = self.watch("--state", self.state, self.log)
        self.assertEqual(watcher.seen(3), ["5.alder.example"] * 3)
        self.assertEqual(watcher.end(), [])
        self.state.write_text("[]")
        result = concert.run("watch", "-i", self.list, "--state", self.state, self.log, status=2)
        self.assertIn("remove it to begin anew", result.err)

    def test_killed(self):
        """Killed again and again while it is written to: every hit is told, hardly one twice."""
        told, count, stop, written = set(), 0, threading.Event(), 0

        def write():
            nonlocal written
            while not stop.is_set():
                if written % 2000 == 1999:
                    os.rename(self.log, self.logs / f"a.log.{written}")
                self.append("".join(f"n{i}.alder.example\nnothing\n"
                                    for i in range(written, written + 10)))
                written += 10
                time.sleep(0.001)

        self.append("")
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(3):
            watcher = self.watch("--state", self.state, self.logs)
            time.sleep(0.3)
            watcher.end(signal.SIGKILL, None)
            told |= {hit["seen"] for hit in watcher.hits}
            count += len(watcher.hits)
        stop.set()
        writer.join()
        watcher = self.watch("--state", self.state, self.logs)
        wanted = {f"n{i}.alder.example" for i in range(written)}
        while told != wanted:
            told.add(watcher.next(30)[0]["seen"])
        watcher.end()
        self.assertGreater(written, 500)
        self.assertLessEqual(count + len(watcher.hits) - written, 3 * BATCH)

    def test_told_once(self):
        """What was told before a kill is not told again, though no state was written since."""
        told, wanted = [], []
        for turn in range(4):
            watcher = self.watch("--state", self.state, self.logs)
            for name in (self.log, self.logs / f"{turn}.log"):
                text = [f"n{turn}-{i}.alder.example" for i in range(500)]
                self.append("\n".join(text) + "\n", name)
                wanted += text
            missing = set(wanted) - set(told)
            while missing:
                told += watcher.seen(1)
                missing.discard(told[-1])
            told += [hit["seen"] for hit in watcher.end(signal.SIGKILL, None)]
        self.assertLessEqual(len(told) - len(wanted), 4 * BATCH)
        # A line without an end, told; then nobody watches, and it gets one.
        self.append("part.alder.example and")
        watcher = self.watch("--state", self.state, self.logs)
        while "part.alder.example" not in told:
            told += watcher.seen(1)
        watcher.end()
        self.append(" more.alder.example\n")
        watcher = self.watch("--state", self.state, self.logs)
        self.assertEqual(watcher.seen(1), ["more.alder.example"])
        self.assertEqual(watcher.end(), [])
        # Who removes the state wants all of it again.
        self.state.unlink()
        watcher = self.watch("--state", self.state, self.logs)
        self.assertEqual(len(watcher.seen(4002)), 4002)
        self.assertEqual(watcher.end(), [])

    def test_written_anew_after_a_kill(self):
        """What lies where a hit was told, but is another, is told."""
        self.append("x 1.alder.example\n" * 3)
        watcher = self.watch("--state", self.state, self.log)
        watcher.seen(3)
        watcher.end(signal.SIGKILL, None)
        os.truncate(self.log, 0)
        self.append("y 1.alder.example\n" * 3)
        watcher = self.watch("--state", self.state, self.log)
        self.assertEqual(watcher.seen(3), ["1.alder.example"] * 3)
        self.assertEqual(watcher.end(), [])

    def test_one_watcher_for_a_state(self):
        self.append("1.alder.example\n")
        watcher = self.watch("--state", self.state, self.log)
        watcher.seen(1)
        result = concert.run("watch", "-i", self.list, "--state", self.state, self.log, status=2)
        self.assertIn(f"{self.state}: another watcher", result.err)
        watcher.end(signal.SIGKILL, None)
        watcher = self.watch("--state", self.state, self.log)
        self.append("2.alder.example\n")
        while watcher.seen(1) != ["2.alder.example"]:
            pass
        watcher.end()

    def test_indicators_change(self):
        self.append("birch.example 1.alder.example\n")
        watcher = self.watch(self.log)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        self.list.write_text("birch.example\n")
        wait_until(lambda: not watcher.lines.empty(), lambda: self.append("birch.example\n"))
        self.assertEqual(watcher.seen(1), ["birch.example"])
        self.append("alder.example\n")
        self.assertNotIn("alder.example", [hit["seen"] for hit in watcher.end()])

    def test_indicators_cut_off(self):
        """Half a list takes the place of no whole one; the whole one does when it is there."""
        objects = [{"type": "indicator", "spec_version": "2.1",
                    "id": f"indicator--{i:08x}-0000-4000-8000-000000000000",
                    "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
                    "pattern": f"[domain-name:value = '{name}']", "pattern_type": "stix",
                    "valid_from": "2024-01-01T00:00:00Z"}
                   for i, name in enumerate(("birch.example", "cedar.example"))]
        text = json.dumps({"type": "bundle", "objects": objects})
        watcher = self.watch(self.log)
        self.append("1.alder.example\n")
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        self.list.write_text(text[:-9])
        watcher.complains("1 inputs of -i could not be read to their end; going on with")
        time.sleep(2.5)
        self.assertEqual("".join(watcher.errors).count("list.txt: "), 1)    # and is told once
        self.append("birch.example 2.alder.example\n")
        self.assertEqual(watcher.seen(1), ["2.alder.example"])
        self.list.write_text(text)
        wait_until(lambda: not watcher.lines.empty(), lambda: self.append("cedar.example\n"))
        self.assertEqual(watcher.seen(1), ["cedar.example"])
        watcher.end()

    def test_compiled_set(self):
        compiled = self.directory / "x.set"
        concert.run("shield", "compile", "--from", self.list, "-o", compiled)
        self.append("1.alder.example\n")
        watcher = Watcher("--set", compiled, self.log)
        self.addCleanup(watcher.end, signal.SIGKILL, None)
        self.assertEqual(watcher.seen(1), ["1.alder.example"])
        self.list.write_text("birch.example\n")
        concert.run("shield", "compile", "--from", self.list, "-o", compiled)
        watcher.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not watcher.lines.empty(), lambda: self.append("birch.example\n"))
        compiled.write_bytes(b"broken")
        watcher.complains("going on with the indicators")
        self.append("2.alder.example end.birch.example\n")
        seen = watcher.seen(1)
        while seen[-1] != "end.birch.example":
            seen += watcher.seen(1)
        self.assertEqual(set(seen), {"birch.example", "end.birch.example"})
        watcher.end()

    def test_mistakes(self):
        for arguments in (["--interface", "none-such"], ["--interface", "lo", "--new"],
                          ["--interface", "lo", "--state", self.state],
                          ["--state", self.directory / "none" / "x", self.log],
                          ["--state", self.logs, self.log]):
            concert.run("watch", "-i", self.list, *arguments, status=2)

    def test_reader_that_does_not_read(self):
        """Reading waits for the output: memory stays flat, and nothing is dropped."""
        process = self.spawn(concert.BIN, "watch", "--json", "-i", self.list, "--state", self.state,
                             self.log, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.append(b"1.alder.example\n" * 20_000)
        wait_until(lambda: unread(process.stdout) > 32 * 1024)
        time.sleep(0.3)
        before = resident(process.pid)
        self.append(b"2.alder.example\n" * 20_000)
        time.sleep(0.4)
        self.assertLess(resident(process.pid) - before, 4 << 20)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(concert.PATIENCE), 2)
        count = sum(json.loads(line)["line"] > 0 for line in process.stdout)
        process.stdout.close()
        self.assertGreater(count, 0)
        # What did not go into the pipe is told by the next one.
        watcher = self.watch("--state", self.state, self.log)
        while count < 40_000:
            count += watcher.lines.get(timeout=concert.PATIENCE) is not None
        self.assertLessEqual(len(watcher.end()), BATCH)

    def test_interface(self):
        """Packets as they come, where the rights to listen are given."""
        watcher = Watcher("-i", self.list, "--interface", "lo", "--filter", "udp and host 127.0.0.9")
        self.addCleanup(watcher.end, signal.SIGKILL, None)
        query = (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                 b"\x03www\x05alder\x07example\x00\x00\x01\x00\x01")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            wait_until(lambda: not watcher.lines.empty() or watcher.process.poll() is not None,
                       lambda: out.sendto(query, ("127.0.0.9", 53)))
        if watcher.lines.empty():
            watcher.end(status=None)
            self.skipTest("no packets from lo: " + "".join(watcher.errors))
        hit, _ = watcher.next()
        self.assertEqual((hit["file"], hit["value"], hit["dest_port"]), ("lo", "alder.example", 53))
        watcher.end()
        concert.run("watch", "-i", self.list, "--interface", "lo", self.log, status=2)

    def test_own_output(self):
        """Hits that go to a file in a watched directory are not found again."""
        self.append("1.alder.example\n")
        with open(self.logs / "hits", "wb") as hits:
            process = self.spawn(concert.BIN, "watch", "-i", self.list, "--state",
                                 self.logs / "state", self.logs, stdout=hits)
            wait_until(lambda: (self.logs / "hits").stat().st_size > 0)
            time.sleep(1.2)     # it looks for new files meanwhile
            process.terminate()
            self.assertEqual(process.wait(concert.PATIENCE), 0)
        self.assertEqual((self.logs / "hits").read_text().count("1.alder.example"), 1)


if __name__ == "__main__":
    unittest.main()
