"""`concert ledger verify` and `verify-proof`, with logs that others wrote."""

import contextlib
import functools
import gzip
import http.server
import itertools
import json
import shutil
import subprocess
import threading
import unittest
from pathlib import Path

import concert
import judge
import treelog

TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
SUNLIGHT = ("ledger/sunlight-mirror/"
            "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706")
SUNLIGHT_KEY = "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O"
FILL = Path(concert.BIN).resolve().parent.parent.parent / "tests/fill-ledger"
WITNESSES = ("birch.example/witness", "cedar.example/witness")


@functools.lru_cache(maxsize=None)
def make_log(size, cosigners=()):
    return treelog.Log(treelog.entries(size), cosigners=cosigners)


class VerifyTestCase(concert.TestCase):
    def log(self, size, cosigners=()):
        """A log of that size in a directory."""
        log = make_log(size, cosigners)
        return log, log.write(self.directory / f"log-{size}")

    def verify(self, where, *options, status=0):
        """The report of `concert ledger verify --json`."""
        result = concert.run("ledger", "verify", where, "--json", *options, status=status)
        report = result.json()
        self.assertEqual(report["verified"], status == 0)
        return report

    def faults(self, where, *options):
        """(kind, path) of what a log that must be refused has."""
        report = self.verify(where, *options, status=1)
        return [(problem["kind"], problem["path"]) for problem in report["problems"]]

    def spoil(self, path, offset, change=None):
        """Changes one byte of a file; undone with the returned function."""
        good = path.read_bytes()
        bad = bytearray(good)
        bad[offset] ^= change or 1 << offset % 8
        path.write_bytes(bad)
        return lambda: path.write_bytes(good)


class SizesTest(VerifyTestCase):
    def test_sizes(self):
        for size in (0, 1, 2, 255, 256, 257, 511, 513, 65535, 65536, 65537):
            with self.subTest(size=size):
                log, mirror = self.log(size)
                report = self.verify(mirror, "--key", log.vkey)
                tiles = sum(1 for path, _ in log.files()
                            if path.startswith("tile/") and "entries" not in path)
                self.assertEqual((report["size"], report["entries"], report["tiles"]),
                                 (size, size, tiles))
                self.assertEqual(self.verify(mirror, "--hashes-only", "--key", log.vkey)["entries"], 0)

    def test_threads(self):
        log, mirror = self.log(65537)
        for threads in (1, 2, 7):
            report = self.verify(mirror, "--key", log.vkey, "--threads", threads)
            self.assertEqual(report["entries"], 65537)

    @unittest.skipUnless(concert.LONG, "a million entries are for make test-long")
    def test_million(self):
        log = treelog.Log(treelog.entries(1000000), cosigners=WITNESSES[:1])
        mirror = log.write(self.directory / "mirror")
        self.verify(mirror, "--key", log.vkey)
        for path in ("tile/0/x003/905", "tile/1/007", "tile/entries/x001/234"):
            undo = self.spoil(mirror / path, 4321)
            self.assertEqual(self.faults(mirror, "--key", log.vkey), [("wrong", path)])
            undo()

    def test_entries_of_all_lengths(self):
        lengths = [0, 1, 254, 255, 256, 65535, 0, 34, 40000]
        log = treelog.Log([bytes([i]) * length for i, length in enumerate(lengths)])
        self.verify(log.write(self.directory / "log"), "--key", log.vkey)

    def test_full_tiles_in_place_of_partial_ones(self):
        log, mirror = self.log(300)
        longer = make_log(600)
        for path in ("tile/0/001", "tile/entries/001"):
            data = dict(longer.files())[path]
            shutil.rmtree(mirror / (path + ".p"))
            (mirror / path).write_bytes(data)
        self.verify(mirror, "--key", log.vkey)
        (mirror / "tile/0/001").write_bytes(data[:44 * 32])
        self.assertEqual(self.faults(mirror, "--key", log.vkey), [("wrong", "tile/0/001.p/44")])


class SpoiltTest(VerifyTestCase):
    def test_every_byte(self):
        log, mirror = self.log(1, WITNESSES)
        policy = self.write("policy", log.policy())
        self.verify(mirror, "--policy", policy)
        for path, data in log.files():
            for offset in range(len(data)):
                undo = self.spoil(mirror / path, offset)
                report = self.verify(mirror, "--policy", policy, status=1)
                named = {problem["path"] for problem in report["problems"]}
                if path == "checkpoint":
                    self.assertTrue("checkpoint" in named or "untrusted" in report, offset)
                else:
                    self.assertEqual(named, {path}, offset)
                undo()

    def test_sampled_bytes(self):
        for size, step in ((255, 1231), (256, 1231), (257, 1231), (65536, 700001), (65537, 700001)):
            log, mirror = self.log(size)
            spoilt = 0
            for path, data in log.files():
                for offset in range(spoilt % step, len(data), step):
                    undo = self.spoil(mirror / path, offset)
                    report = self.verify(mirror, "--key", log.vkey, status=1)
                    undo()
                    if path == "checkpoint":
                        continue
                    self.assertEqual([problem["path"] for problem in report["problems"]], [path])
                spoilt += len(data)
            self.verify(mirror, "--key", log.vkey)

    def test_several_faults_are_told_from_left_to_right(self):
        log, mirror = self.log(65537)
        faults = ["tile/entries/003", "tile/0/007", "tile/0/100", "tile/entries/255",
                  "tile/entries/256.p/1"]
        for path in faults:
            self.spoil(mirror / path, 30)
        self.assertEqual(self.faults(mirror, "--key", log.vkey),
                         [("wrong", path) for path in faults])

    def test_what_is_said(self):
        log, mirror = self.log(65537)
        for path, offset, text in (
                ("tile/0/010", 17 * 32 + 5, "hash 17 (entry 2577) is not that of the entry"),
                ("tile/entries/010", 17 * 35 + 5,
                 "entry 2577 is not the one that hash 17 of tile/0/010 is of"),
                ("tile/entries/010", 17 * 35 + 1, "the bundle ends within entry"),
                ("tile/1/000", 255 * 32, "hash 255 is not that of tile/0/255"),
                ("tile/2/000.p/1", 31, "hash 0 is not that of tile/1/000"),
                ("tile/0/256.p/1", 3, "hash 0 (entry 65536) is not that of the entry")):
            with self.subTest(path=path):
                undo = self.spoil(mirror / path, offset, 0x20)
                problem, = self.verify(mirror, "--key", log.vkey, status=1)["problems"]
                self.assertEqual(problem["path"], path)
                self.assertIn(text, problem["what"])
                undo()
        # The tile and the entries below it agree, but are not what was signed.
        other = dict(make_log(65536).files())
        forged = treelog.Log([b"\1" + b"forged!!" * 4] * 256)
        self.assertIn("tile/0/003", other)
        (mirror / "tile/0/003").write_bytes(dict(forged.files())["tile/0/000"])
        (mirror / "tile/entries/003").write_bytes(dict(forged.files())["tile/entries/000"])
        problem, = self.verify(mirror, "--key", log.vkey, status=1)["problems"]
        self.assertEqual(problem["path"], "tile/0/003")
        self.assertEqual(problem["what"], "is not what hash 3 of tile/1/000 stands for")
        result = concert.run("ledger", "verify", mirror, "--key", log.vkey, status=1)
        self.assertIn("wrong      tile/0/003: is not what", result.out)
        self.assertTrue(result.out.endswith("NOT VERIFIED\n"))

    def test_another_root(self):
        log, mirror = self.log(257)
        signed = log.checkpoint().split("\n")
        for line, text in ((1, "256"), (1, "258"), (2, make_log(255).checkpoint().split("\n")[2])):
            (mirror / "checkpoint").write_text("\n".join([*signed[:line], text, *signed[line + 1:]]))
            report = self.verify(mirror, "--any-key", status=1)
            self.assertTrue(report["problems"])
        self.assertEqual([problem["path"] for problem in report["problems"]], ["checkpoint"])

    def test_missing(self):
        for size in (1, 257, 65537):
            log, mirror = self.log(size)
            for path, _ in itertools.islice(log.files(), 0, None, 1 if size < 300 else 97):
                (mirror / path).rename(mirror / "away")
                if path == "checkpoint":
                    result = concert.run("ledger", "verify", mirror, "--key", log.vkey, status=2)
                    self.assertIn(f"{mirror}/checkpoint: No such file", result.err)
                else:
                    self.assertEqual(self.faults(mirror, "--key", log.vkey), [("missing", path)])
                (mirror / "away").rename(mirror / path)

    def test_missing_above_and_wrong_below(self):
        log, mirror = self.log(65537)
        (mirror / "tile/2/000.p/1").unlink()
        (mirror / "tile/1/000").unlink()
        self.spoil(mirror / "tile/0/200", 99)
        self.assertEqual(self.faults(mirror, "--key", log.vkey),
                         [("missing", "tile/1/000"), ("missing", "tile/2/000.p/1"),
                          ("wrong", "tile/0/200")])
        self.assertEqual(self.faults(mirror, "--key", log.vkey, "--hashes-only")[:2],
                         [("wrong", "checkpoint"), ("missing", "tile/1/000")])

    def test_lengths(self):
        log, mirror = self.log(257)
        for path, data in log.files():
            if path == "checkpoint":
                continue
            for other in (b"", data[:-1], data + b"\0", data * 2):
                (mirror / path).write_bytes(other)
                self.assertEqual(self.faults(mirror, "--key", log.vkey), [("wrong", path)])
            (mirror / path).write_bytes(data)

    def test_not_files(self):
        log, mirror = self.log(1)
        (mirror / "tile/0/000.p/1").unlink()
        (mirror / "tile/0/000.p/1").mkdir()
        self.assertEqual(self.faults(mirror, "--key", log.vkey), [("missing", "tile/0/000.p/1")])

    def test_gives_up(self):
        log, mirror = self.log(257)
        for size in (2**62 + 12345, 2**63 - 1, 10**9):
            text = log.checkpoint().replace("\n257\n", f"\n{size}\n", 1)
            (mirror / "checkpoint").write_text(text)
            report = self.verify(mirror, "--any-key", status=1)
            self.assertTrue(report["gave_up"])
            self.assertLess(len(report["problems"]), 1100)
        result = concert.run("ledger", "verify", mirror, "--any-key", status=1)
        self.assertIn("...and at least", result.out)
        self.assertLess(len(result.out.splitlines()), 40)


class TrustTest(VerifyTestCase):
    def test_nobody(self):
        log, mirror = self.log(257)
        result = concert.run("ledger", "verify", mirror, status=1)
        self.assertIn("not checked against a key of yours", result.out)
        self.assertIn(f"{log.origin}+{log.key.id.hex()}", result.out)
        self.assertTrue(result.out.endswith("NOT VERIFIED\n"))
        self.assertEqual(self.verify(mirror, status=1)["problems"], [])
        result = concert.run("ledger", "verify", mirror, "--any-key")
        self.assertNotIn("verified", result.out)
        concert.run("ledger", "verify", mirror, "--any-key", "--key", log.vkey, status=2)

    def test_keys(self):
        log, mirror = self.log(257, WITNESSES)
        other = treelog.Key("cert.birch.example/ledger").vkey
        same_name = treelog.Key("x")
        same_name = f"{log.origin}+{same_name.id.hex()}+{same_name.vkey.split('+')[2]}"
        self.verify(mirror, "--key", log.vkey, "--key", log.vkey)
        self.verify(mirror, "--key", other, "--key", log.vkey)
        self.verify(mirror, "--key", log.cosigners[1].vkey)
        report = self.verify(mirror, "--key", other, status=1)
        self.assertIn("no key of yours is", report["untrusted"])
        self.assertEqual({signature["verdict"] for signature in report["signatures"]}, {"unknown"})
        for bad in (same_name, "", "nothing", log.vkey[:-1]):
            concert.run("ledger", "verify", mirror, "--key", bad, status=2)

    def test_witness_signs_but_the_log_does_not(self):
        log, mirror = self.log(257, WITNESSES)
        lines = log.checkpoint().split("\n")
        (mirror / "checkpoint").write_text("\n".join(lines[:4] + lines[5:]))
        self.verify(mirror, "--key", log.cosigners[0].vkey)
        report = self.verify(mirror, "--key", log.cosigners[0].vkey, "--key", log.vkey, status=1)
        self.assertIn("untrusted", report)

    def test_policy(self):
        log, mirror = self.log(257, WITNESSES)
        every = self.write("every", log.policy("all"))
        any_one = self.write("any", log.policy("any"))
        report = self.verify(mirror, "--policy", every)
        self.assertEqual([signature["verdict"] for signature in report["signatures"]], ["good"] * 3)
        self.assertEqual(report["signatures"][1]["time"], 1700000000)
        lines = log.checkpoint().splitlines(keepends=True)
        (mirror / "checkpoint").write_text("".join(lines[:-1]))
        self.verify(mirror, "--policy", any_one)
        self.assertIn("cosignatures", self.verify(mirror, "--policy", every, status=1)["untrusted"])
        wrong = self.write("wrong", "quorum nobody\n")
        self.assertIn("line 1", concert.run("ledger", "verify", mirror, "--policy", wrong,
                                            status=2).err)
        concert.run("ledger", "verify", mirror, "--policy", self.directory / "none", status=2)

    def test_nowhere(self):
        log = make_log(1)
        for where in (self.directory / "none", "http://127.0.0.1:1/", "ftp://alder.example/",
                      "https://alder.example/?log=1"):
            concert.run("ledger", "verify", where, "--key", log.vkey, status=2)


class Handler(http.server.SimpleHTTPRequestHandler):
    gzipped = False
    refused = ()

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.path in self.refused:
            self.send_error(403)
            return
        if not self.gzipped or not (path := self.translate_path(self.path)):
            super().do_GET()
            return
        try:
            with open(path, "rb") as file:
                body = gzip.compress(file.read())
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class UrlTest(VerifyTestCase):
    @contextlib.contextmanager
    def serve(self, directory, **attributes):
        handler = type("Handler", (Handler,), attributes)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(handler, directory=str(directory)))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def test_url(self):
        log, mirror = self.log(3000)
        with self.serve(self.directory) as url:
            where = f"{url}/{mirror.name}"
            concert.run("ledger", "verify", where, "--key", log.vkey, status=2)
            report = self.verify(where, "--allow-private", "--key", log.vkey)
            self.assertEqual(report["entries"], 3000)
            self.verify(where + "/", "--allow-private", "--key", log.vkey)
            self.spoil(mirror / "tile/0/007", 7)
            (mirror / "tile/entries/002").unlink()
            (mirror / "tile/0/004").write_bytes(b"x" * 8193)
            self.assertEqual(self.faults(where, "--allow-private", "--key", log.vkey),
                             [("missing", "tile/entries/002"), ("wrong", "tile/0/004"),
                              ("wrong", "tile/0/007")])

    def test_gzipped(self):
        log, mirror = self.log(513)
        with self.serve(mirror, gzipped=True) as url:
            self.verify(url, "--allow-private", "--key", log.vkey)

    def test_denied(self):
        log, mirror = self.log(513)
        with self.serve(mirror, refused=("/tile/entries/001",)) as url:
            result = concert.run("ledger", "verify", url, "--allow-private", "--key", log.vkey,
                                 status=2)
            self.assertIn("403", result.err)


class ProofTest(VerifyTestCase):
    def test_proofs(self):
        for size in (1, 2, 257, 65537):
            log = make_log(size, WITNESSES)
            policy = self.write("policy", log.policy())
            for index in {0, size // 2, size - 1}:
                proof = self.write("proof", log.tlog_proof(index))
                entry = self.write("entry", log.entries[index])
                result = concert.run("ledger", "verify-proof", proof, "--entry", entry, "--policy",
                                     policy)
                self.assertTrue(result.out.endswith(f"verified: it is entry {index}\n"))
                hexadecimal = log.entries[index].hex()
                result = concert.run("ledger", "verify-proof", proof, "--entry", hexadecimal,
                                     "--key", log.vkey, "--json")
                self.assertEqual(result.json(), {"verified": True, "origin": log.origin,
                                                 "index": index, "size": size})

    def test_every_byte(self):
        log = make_log(5, WITNESSES)
        policy = self.write("policy", log.policy())
        proof = self.write("proof", log.tlog_proof(3))
        arguments = ("ledger", "verify-proof", proof, "--entry", log.entries[3].hex(), "--policy",
                     policy)
        concert.run(*arguments)
        for offset in range(proof.stat().st_size):
            undo = self.spoil(proof, offset)
            self.assertIn(concert.run(*arguments, status=None).status, (1, 2), offset)
            undo()

    def test_refused(self):
        log = make_log(257)
        proof = self.write("proof", log.tlog_proof(3))
        good, other = log.entries[3].hex(), log.entries[4].hex()
        run = functools.partial(concert.run, "ledger", "verify-proof")
        self.assertIn("NOT VERIFIED", run(proof, "--entry", other, "--key", log.vkey, status=1).out)
        self.assertIn("key of yours", run(proof, "--entry", good, status=1).out)
        run(proof, "--key", log.vkey, status=2)
        run(proof, "--entry", "abc", "--key", log.vkey, status=2)
        run(self.directory / "none", "--entry", good, "--key", log.vkey, status=2)
        run(self.write("text", "no proof\n"), "--entry", good, "--key", log.vkey, status=2)
        large = self.write("large", b"x" * 65536)
        run(proof, "--entry", large, "--key", log.vkey, status=2)


class OthersTest(VerifyTestCase):
    @concert.needs_data("ledger/tessera")
    def test_tessera(self):
        self.verify(concert.data("ledger/tessera"), "--key", TESSERA_KEY)
        for size in range(16):
            mirror = self.directory / str(size)
            shutil.copytree(concert.data("ledger/tessera"), mirror)
            shutil.copy(mirror / f"checkpoint.{size}", mirror / "checkpoint")
            self.assertEqual(self.verify(mirror, "--key", TESSERA_KEY)["size"], size)

    @concert.needs_data(SUNLIGHT)
    def test_sunlight(self):
        report = self.verify(concert.data(SUNLIGHT), "--hashes-only", "--key", SUNLIGHT_KEY)
        self.assertEqual((report["size"], report["tiles"]), (300, 3))
        self.verify(concert.data(SUNLIGHT), "--key", SUNLIGHT_KEY, status=1)


class OwnTest(VerifyTestCase, concert.NodeTestCase):
    """Logs that Concert writes itself."""

    def mirror(self, size=None):
        """The mirror of the node's ledger, grown to that size first."""
        if size:
            subprocess.run([FILL, self.node, str(size)], check=True)
        self.concert("ledger", "mirror", self.directory / "mirror")
        return self.directory / "mirror"

    def keys(self):
        """The present vkeys by name."""
        return {key["key"]: key["vkey"]
                for key in self.concert("key", "list", "--json").lines()}

    def sizes(self, *sizes):
        key, old = self.keys()["ledger"], []
        for size in sizes:
            mirror = self.mirror(size)
            report = self.verify(mirror, "--key", key)
            self.assertEqual((report["size"], report["entries"]), (size, size))
            old.append(self.write(f"checkpoint-{size}", (mirror / "checkpoint").read_bytes()))
            if not judge.ABSENT:
                judge.accepts(mirror, key=key, old=old, flip=0 if size > 70000 else 20)
        if judge.ABSENT:
            self.skipTest(judge.ABSENT)

    def spoil_all(self, mirror, *options, step=1):
        """Each byte (or every so-many-th) of a mirror counts."""
        self.verify(mirror, *options)
        for path in sorted(path for path in mirror.rglob("*") if path.is_file()):
            name = path.relative_to(mirror).as_posix()
            for offset in range(0, path.stat().st_size, step):
                undo = self.spoil(path, offset)
                bad = path.read_bytes()
                result = concert.run("ledger", "verify", mirror, "--json", *options, status=None)
                undo()
                if name != "checkpoint":
                    named = [problem["path"] for problem in result.json()["problems"]]
                    self.assertIn(name, named, (offset, bad[max(offset - 40, 0):offset + 20]))
                self.assertEqual(result.status, 1)

    def test_small(self):
        self.sizes(1, 2, 255, 256, 257)

    def test_large(self):
        self.sizes(65536, 65537)

    @unittest.skipUnless(concert.LONG, "a million entries are for make test-long")
    def test_million(self):
        self.sizes(1000000)

    def test_every_byte(self):
        self.concert("ledger", "append", "Something for all", "--public")
        self.mirror()
        self.concert("key", "rotate", "ledger")
        self.concert("key", "rotate", "cosign")
        mirror = self.mirror(5)
        self.assertEqual(len(list((mirror / "tile/0/000.p").iterdir())), 2)
        step = 1 if concert.LONG else 29 if concert.SANITIZER else 5
        self.spoil_all(mirror, "--key", self.keys()["ledger"], step=step)

    def test_rotation(self):
        first = self.keys()["ledger"]
        before = self.mirror(3)
        shutil.copytree(before, self.directory / "before")
        self.concert("key", "rotate", "ledger")
        self.concert("key", "rotate", "ledger")
        mirror, last = self.mirror(), self.keys()["ledger"]
        self.assertNotEqual(first, last)
        for key in (first, last):
            self.verify(mirror, "--key", key)
            self.verify(mirror, "--policy", self.write("policy", f"log {key}\nquorum none\n"))
        # What was signed before is what the old key may sign, and the new one may not.
        self.verify(self.directory / "before", "--key", first)
        shutil.copy(mirror / "keys", self.directory / "before/keys")
        self.verify(self.directory / "before", "--key", first)
        self.verify(self.directory / "before", "--key", last, status=1)
        # Without the changes nobody can follow; with others' neither.
        keys = json.loads((mirror / "keys").read_text())
        for changed in ({**keys, "changes": keys["changes"][:1]}, {**keys, "changes": []},
                        {**keys, "origin": "cert.birch.example/ledger"}, {}):
            (mirror / "keys").write_text(json.dumps(changed))
            self.verify(mirror, "--key", first, status=1)
        (mirror / "keys").unlink()
        self.verify(mirror, "--key", first, status=1)
        self.verify(mirror, "--key", last)

    def test_recovery(self):
        keys = self.keys()
        self.mirror(4)
        self.concert("key", "recover", "ledger", "--recovery-key", self.node / "recovery.key",
                     "--trusted-size", 4)
        mirror = self.mirror()
        self.verify(mirror, "--key", self.keys()["ledger"])
        self.assertIn(("wrong", "keys"), self.faults(mirror, "--key", keys["ledger"]))
        self.verify(mirror, "--key", keys["ledger"], "--key", keys["recovery"])

    def test_openings(self):
        for title in ("one", "two", "three"):
            self.concert("ledger", "append", title, "--public")
        key = self.keys()["ledger"]
        mirror = self.mirror()
        self.assertEqual(self.verify(mirror, "--key", key)["openings"], 4)
        self.concert("ledger", "erase", "2", "--yes")
        mirror = self.mirror()
        report = self.verify(mirror, "--key", key)
        self.assertEqual(report["problems"], [])
        shutil.copy(mirror / "openings/1", mirror / "openings/3")
        self.assertEqual(self.faults(mirror, "--key", key), [("wrong", "openings/3")])
        (mirror / "openings/3").write_text("{}")
        self.assertEqual(self.faults(mirror, "--key", key), [("wrong", "openings/3")])
        self.verify(mirror, "--key", key, "--hashes-only")

    def test_disclosure(self):
        item = self.write("item", b"what was found")
        key = self.keys()["ledger"]
        self.concert("ledger", "append", "Found", item, item)
        self.concert("key", "rotate", "ledger")
        file = self.directory / "disclosure.json"
        self.concert("ledger", "disclose", "1", "--item", "1", "--output", file)
        run = functools.partial(concert.run, "ledger", "verify-disclosure", file)
        for trusted in (key, self.keys()["ledger"]):
            policy = self.write("policy", f"log {trusted}\nquorum none\n")
            for option in (("--key", trusted), ("--policy", policy)):
                shown = run(*option, "--json").json()
                self.assertEqual((shown["verified"], shown["index"], shown["kind"]),
                                 (True, 1, "statement"))
                self.assertEqual([item["state"] for item in shown["items"]],
                                 ["withheld", "present"])
                self.assertTrue(run(*option).out.endswith("verified\n"))
        out = self.directory / "out"
        run("--key", key, "--item", "1", "--output", out)
        self.assertEqual(out.read_bytes(), item.read_bytes())
        run("--key", key, "--item", "0", "--output", out, status=2)
        run("--key", treelog.Key("cert.birch.example/ledger").vkey, status=1)
        run(status=1)
        data = file.read_bytes()
        for offset in range(0, len(data) - 1, 1 if concert.LONG else 29 if concert.SANITIZER else 5):
            undo = self.spoil(file, offset)
            result = run("--key", key, status=None)
            undo()
            if result.status == 0:
                self.fail(f"byte {offset} does not count: {data[offset - 20:offset + 20]}")

    def test_proof(self):
        key = self.keys()["ledger"]
        mirror = self.mirror(300)
        proof = self.directory / "proof"
        self.concert("ledger", "prove", "260", "--output", proof)
        bundle = (mirror / "tile/entries/001.p/44").read_bytes()
        entry = bundle[4 * 35 + 2:5 * 35]
        concert.run("ledger", "verify-proof", proof, "--entry", entry.hex(), "--key", key)
        concert.run("ledger", "verify-proof", proof, "--entry", bundle[2:35].hex(), "--key", key,
                    status=1)


@unittest.skipIf(concert.SANITIZER, "nothing of Concert runs in it")
@judge.needed
class JudgeTest(VerifyTestCase):
    """What Concert accepts and refuses, a program that shares nothing with it does, too."""

    def test_sizes(self):
        for size in (1, 255, 256, 257, 65536, 65537):
            with self.subTest(size=size):
                log, mirror = self.log(size, WITNESSES)
                old = [self.write(f"old-{n}", log.checkpoint(n))
                       for n in {1, size // 2 + 1, max(size - 1, 1), size}]
                cosigners = [key.vkey for key in log.cosigners]
                judge.accepts(mirror, key=log.vkey, cosigner=cosigners, old=old,
                              flip=-1 if size == 1 else 3000 if size < 1000 else 40)
                fork = treelog.Log([b"fork", *treelog.entries(size)[1:]])
                judge.refuses(mirror, key=log.vkey, cosigner=cosigners,
                              old=self.write("fork", fork.checkpoint()))
                judge.refuses(mirror, key=[log.vkey, treelog.Key("cert.birch.example").vkey])
                next(path for path in (mirror / "tile/0").rglob("*") if path.is_file()).unlink()
                judge.refuses(mirror, key=log.vkey)

    def test_million(self):
        log = treelog.Log(treelog.entries(1000000))
        judge.accepts(log.write(self.directory / "mirror"), key=log.vkey)

    @concert.needs_data("ledger/tessera")
    def test_tessera(self):
        tessera = concert.data("ledger/tessera")
        judge.accepts(tessera, key=TESSERA_KEY, flip=-1,
                      old=[tessera / f"checkpoint.{size}" for size in range(16)])

    @concert.needs_data(SUNLIGHT)
    def test_sunlight(self):
        judge.accepts(concert.data(SUNLIGHT), cosigner=SUNLIGHT_KEY, hashes_only=True)
        judge.refuses(concert.data(SUNLIGHT), cosigner=SUNLIGHT_KEY)


if __name__ == "__main__":
    unittest.main()
