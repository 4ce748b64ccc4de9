"""Restoring: a node from yesterday's backup whose witnesses saw more, with a mirror, without anything;
keys lost, keys stolen. Each ends with peers that go on trusting, or a fork that is told loudly."""

import concurrent.futures
import contextlib
import functools
import http.server
import os
import pty
import shutil
import sqlite3
import threading

import concert
import test_witness

PASSPHRASE = "a passphrase for the safe"


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def served(directory):
    """A web server of somebody's who keeps a mirror."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listed(path):
    """The public keys of a node, and the state of each."""
    return {key["key"]: (key["vkey"], key["state"])
            for key in concert.run("--node", path, "key", "list", "--json").lines()}


class Node(test_witness.Node):
    def back_up(self, *options):
        """Backup and keys, as files beside the node."""
        self.backup = self.path.with_suffix(".backup")
        self.keys = self.path.with_suffix(".keys")
        for path in (self.backup, self.keys):
            path.unlink(missing_ok=True)
        self.run("backup", self.backup, "--keys", self.keys, "--password-stdin",
                 input=PASSPHRASE + "\n")

    def lose(self):
        """The machine is gone, but for what its owner has elsewhere."""
        if self.server:
            self.stop()
        self.recovery = self.path.with_suffix(".recovery")
        if (self.path / "recovery.key").exists():
            (self.path / "recovery.key").rename(self.recovery)
        shutil.move(self.path, self.path.with_suffix(".lost"))

    def restore(self, keys=True):
        options = ["--keys", self.keys, "--password-stdin"] if keys else []
        self.run("restore", self.backup, *options, input=PASSPHRASE + "\n")
        if keys:  # in the clear again, as they were
            self.run("key", "seal", "--none", env={"CONCERT_PASSPHRASE": PASSPHRASE})

    def status(self):
        return self.run("ledger", "status", "--json", status=None).json()

    def resume(self, *options, status=0):
        report = self.run("ledger", "resume", "--json", *options, status=status).json()
        assert report["released"] == (status == 0), report
        return report

    def answers(self, report):
        return {witness["name"].split(".")[1]: (witness["answer"], witness.get("size"))
                for witness in report["witnesses"]}

    def show(self, index):
        return self.run("ledger", "show", str(index), "--json").json()

    def whole(self):
        """The node's own audit finds nothing."""
        report = self.run("ledger", "audit", "--json").json()
        assert report["problems"] == [], report
        return report


class RestoreTestCase(test_witness.WitnessTestCase):
    witnesses = ("birch", "cedar")

    def setUp(self):
        super().setUp()
        self.alder = Node(self, "alder")
        self.peers = [Node(self, name) for name in self.witnesses]
        for peer in self.peers:
            peer.serve()
            peer.run("ledger", "witness", "watch", self.alder.key("ledger"))
            self.alder.run("ledger", "witness", "add", peer.key("cosign"), peer.url)

    def seen(self, size):
        """Until the peers have cosigned that many entries."""
        for peer in self.peers:
            self.wait(f"{peer.name} cosigns {size}",
                      lambda: peer.log(self.alder.origin).get("size") == size)

    def tell_key(self):
        """The peers' operators are told of Alder's present key."""
        for peer in self.peers:
            peer.run("ledger", "witness", "watch", self.alder.key("ledger"))

    def no_fork(self):
        for peer in self.peers:
            peer.run("ledger", "witness", "evidence", "--all", status=1)
            peer.run("status")

    def held(self):
        """Nothing is signed, whoever asks for it."""
        size = self.alder.size()
        self.assertTrue(self.alder.status()["held"])
        for command in (["ledger", "append", "x"], ["key", "rotate", "ledger"],
                        ["ledger", "erase", "--yes", "0"]):
            self.alder.run(*command, status=2)
        self.assertEqual(self.alder.size(), size)

    def goes_on(self, size):
        """Served again, appended to and cosigned by all, who saw no fork."""
        self.alder.run("ledger", "append", "after")
        self.alder.whole()
        self.alder.serve()
        self.seen(size + 1)
        self.no_fork()


class YesterdayTest(RestoreTestCase):
    """The backup has 3 entries, the peers saw 10."""

    def setUp(self):
        super().setUp()
        alder = self.alder
        alder.append("first")
        alder.append("second")
        alder.back_up()
        alder.serve()
        for i in range(2):
            alder.append(f"lost {i}")
        alder.run("ledger", "append", "--public", "told to all", self.write("item", b"an item"))
        alder.run("ledger", "erase", "--yes", "1")
        alder.run("key", "rotate", "ledger")
        self.tell_key()
        alder.append("lost 5")
        alder.run("key", "rotate", "cosign")
        self.size = alder.size()
        self.assertEqual(self.size, 10)
        self.seen(self.size)
        self.mirror = self.directory / "mirror"
        alder.run("ledger", "mirror", self.mirror)
        self.newest = (self.mirror / "checkpoint").read_text()

    def lose_and_restore(self, keys=True):
        self.alder.lose()
        self.alder.restore(keys)
        self.assertEqual(self.alder.size(), 3)
        self.held()

    def test_witnesses_saw_more(self):
        self.lose_and_restore()
        report = self.alder.resume(status=1)
        self.assertEqual(self.alder.answers(report), {"birch": ("ahead", 10), "cedar": ("ahead", 10)})
        self.assertIn("more entries", report["obstacle"])
        self.held()
        text = self.alder.run("ledger", "resume", status=1).out
        self.assertIn("cert.birch.example/witness", text)
        self.assertIn("HAS SEEN MORE", text)
        self.assertIn("HELD with 3 entries", text)
        # Nobody's word outweighs a witness's.
        self.alder.resume("--nothing-was-signed", "--yes", status=1)
        self.held()
        self.no_fork()

    def test_mirror(self):
        """All comes back but what was not public; what was erased meanwhile is gone again."""
        self.lose_and_restore()
        report = self.alder.resume("--from", self.mirror)
        self.assertEqual((report["regained"], report["openings"]), (7, 4))
        self.assertEqual(self.alder.answers(report), {"birch": ("agrees", 10), "cedar": ("agrees", 10)})
        status = self.alder.status()
        self.assertEqual((status["size"], status["held"]), (10, False))
        # Signed then, not now.
        self.assertEqual(status["checkpoint"].split("\n")[:5], self.newest.split("\n")[:5])
        self.assertTrue(self.alder.show(3)["lost"])
        self.assertFalse(self.alder.show(3)["erased"])
        self.assertEqual(self.alder.show(5)["header"]["title"], "told to all")
        self.assertEqual(self.alder.run("ledger", "show", "5", "--item", "0").raw, b"an item")
        self.assertEqual((self.alder.show(1)["erased"], self.alder.show(1)["lost"]), (True, False))
        self.assertIn("lost", self.alder.run("ledger", "show", "3").out)
        self.assertIn("lost", self.alder.run("ledger", "list").out)
        audit = self.alder.whole()
        self.assertEqual((audit["lost"], audit["erased"], audit["key_changes"]), (3, 1, 2))
        # Provable, though nobody can say any more what it says.
        self.alder.run("ledger", "prove", "3", "-o", self.directory / "proof")
        self.alder.run("ledger", "disclose", "3", "-o", self.directory / "disclosure", status=1)
        self.alder.run("ledger", "erase", "--yes", "3", status=2)
        # The keys of the backup were rotated since: the recovery key makes new ones.
        self.alder.run("ledger", "append", "x", status=2)
        for role in ("ledger", "cosign"):
            self.alder.run("key", "recover", role, "--recovery-key", self.alder.recovery)
        self.tell_key()
        self.goes_on(12)

    def test_served_mirror(self):
        """A peer that serves the log, over HTTP; the node is served too."""
        self.lose_and_restore()
        with served(self.mirror) as url:
            self.alder.serve()
            report = self.alder.resume("--from", url)
        self.assertEqual(report["regained"], 7)
        self.assertFalse(self.alder.status()["held"])
        self.no_fork()

    def test_spoilt_mirror(self):
        """Nothing is believed of a mirror."""
        self.lose_and_restore()
        bundle = self.mirror / "tile/entries/000.p/10"
        whole = bundle.read_bytes()
        own = self.newest.split("\n")[4]  # the ledger's signature
        for path, bad in ((bundle, whole[:-1] + bytes([whole[-1] ^ 1])),
                          (bundle, whole[:-35]),
                          (self.mirror / "checkpoint", self.newest.replace("\n10\n", "\n9\n")),
                          (self.mirror / "checkpoint", self.newest.replace(own, own[:-20] + own[-20:][::-1]))):
            good = path.read_bytes()
            path.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
            self.alder.run("ledger", "resume", "--from", self.mirror, status=2)
            self.assertEqual(self.alder.size(), 3)
            self.held()
            path.write_bytes(good)
        # An opening that is not the entry's is none.
        opening = self.mirror / "openings/5"
        opening.write_text(opening.read_text().replace("told to all", "told to some"))
        self.alder.resume("--from", self.mirror)
        self.assertTrue(self.alder.show(5)["lost"])

    def test_old_mirror(self):
        """A mirror that has not all brings the ledger nearer, and no further."""
        old = self.directory / "old"
        shutil.copytree(self.mirror, old)
        self.alder.append("one more")
        self.seen(11)
        self.alder.run("ledger", "mirror", self.mirror)
        self.lose_and_restore()
        report = self.alder.resume("--from", old, status=1)
        self.assertEqual((report["regained"], self.alder.size()), (7, 10))
        self.held()
        self.assertEqual(self.alder.resume("--from", self.mirror)["regained"], 1)

    def test_nothing_to_be_had(self):
        """A new ledger follows, and says after what."""
        self.lose_and_restore()
        self.alder.run("ledger", "resume", "--relink", status=2)  # the recovery key signs
        report = self.alder.resume("--relink", "--recovery-key", self.alder.recovery)
        self.assertEqual(report["origin"], "cert.alder.example/ledger-2")
        status = self.alder.status()
        self.assertEqual((status["origin"], status["size"], status["held"]),
                         ("cert.alder.example/ledger-2", 1, False))
        header = self.alder.show(0)["header"]
        self.assertEqual(header["origin"], "cert.alder.example/ledger-2")
        self.assertEqual(header["previous"].split("\n")[:2], ["cert.alder.example/ledger", "3"])
        self.assertEqual(header["seen"], 10)
        self.assertIn("concert/v1 ledger succession", header["succession"])
        self.assertEqual(header["keys"]["recovery"], status["keys"]["recovery"])
        # What there was is kept.
        with contextlib.closing(sqlite3.connect(report["archive"])) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM entry").fetchone(), (3,))
        self.alder.whole()
        # The peers are told by a person, and go on with the new one; the old one is no fork.
        self.tell_key()
        self.alder.origin = "cert.alder.example/ledger-2"
        self.goes_on(1)
        self.assertEqual(self.peers[0].log("cert.alder.example/ledger")["size"], 10)
        self.alder.run("key", "rotate", "ledger")
        self.alder.whole()

    def test_relink_after_a_checkpoint(self):
        """Of a mirror without entries the checkpoint is still good for being named."""
        shutil.rmtree(self.mirror / "tile")
        self.lose_and_restore()
        self.alder.run("ledger", "resume", "--from", self.mirror, status=2)
        # Its key was rotated in entries that are lost: it cannot be told from a thief's.
        self.alder.run("ledger", "resume", "--from", self.mirror, "--relink", "--recovery-key",
                       self.alder.recovery, status=2)
        self.held()


class NothingSignedTest(RestoreTestCase):
    def test_nothing_was_signed(self):
        self.alder.append("first")
        self.alder.back_up()
        self.alder.serve()
        self.seen(2)
        self.alder.lose()
        self.alder.restore()
        self.held()
        report = self.alder.resume()
        self.assertEqual(self.alder.answers(report), {"birch": ("agrees", 2), "cedar": ("agrees", 2)})
        self.goes_on(2)

    def test_only_a_checkpoint(self):
        """Somebody kept the newest checkpoint and nothing else: the new ledger names it."""
        self.alder.back_up()
        self.alder.append("lost")
        self.alder.append("lost")
        mirror = self.directory / "mirror"
        self.alder.run("ledger", "mirror", mirror)
        shutil.rmtree(mirror / "tile")
        self.alder.lose()
        self.alder.restore()
        self.alder.run("ledger", "resume", "--from", mirror, status=2)
        self.held()
        self.alder.resume("--from", mirror, "--relink", "--recovery-key", self.alder.recovery)
        header = self.alder.show(0)["header"]
        self.assertEqual(header["previous"].split("\n")[:3],
                         (mirror / "checkpoint").read_text().split("\n")[:3])
        self.assertEqual(header["previous"].split("\n")[1], "3")
        self.assertEqual(header["succession"].split("\n")[2], "3")
        self.alder.whole()

    def test_witnesses_know_less(self):
        """They are shown how it went on."""
        self.alder.serve()
        self.seen(1)
        self.alder.stop()
        for i in range(5):
            self.alder.append(f"entry {i}")
        self.alder.back_up()
        self.alder.lose()
        self.alder.restore()
        self.alder.resume()
        self.goes_on(6)

    def test_nobody_answers(self):
        self.alder.back_up()
        self.alder.lose()
        self.alder.restore()
        for peer in self.peers:
            peer.stop()
        report = self.alder.resume(status=1)
        self.assertIn("too few", report["obstacle"])
        self.assertEqual({answer for answer, _ in self.alder.answers(report).values()}, {"silent"})
        self.alder.resume("--nothing-was-signed", "--yes", status=1)
        self.held()
        for peer in self.peers:
            self.alder.run("ledger", "witness", "remove", f"cert.{peer.name}.example/witness")
        self.assertIn("no witness", self.alder.resume(status=1)["obstacle"])
        self.alder.run("ledger", "resume", "--nothing-was-signed", status=2)
        self.held()
        report = self.alder.resume("--nothing-was-signed", "--yes")
        self.assertTrue(report["stated"])
        self.assertIn("states that nothing", self.alder.show(1)["header"]["title"])
        self.alder.whole()
        self.alder.run("ledger", "resume", status=2)  # it is not held any more

    def test_policy(self):
        """One witness is not enough where the owner's policy asks for both."""
        lines = [f"log {self.alder.key('ledger')}"]
        lines += [f"witness {peer.name} {peer.key('cosign')} {peer.url}" for peer in self.peers]
        policy = self.write("policy", "\n".join([*lines, "group both all birch cedar", "quorum both", ""]))
        concert.configure(self.alder.path, {"ledger": {"policy": policy}})
        self.alder.back_up()
        self.alder.lose()
        self.alder.restore()
        url = self.peers[1].server.port
        self.peers[1].stop()
        report = self.alder.resume(status=1)
        self.assertEqual(self.alder.answers(report)["birch"], ("agrees", 1))
        concert.configure(self.peers[1].path, {"server": {"listen": f"127.0.0.1:{url}"}})
        self.peers[1].serve()
        self.alder.resume()
        self.goes_on(1)

    def test_other_keys(self):
        """Keys of another node, a wrong passphrase: nothing is left behind."""
        self.alder.back_up()
        forum = Node(self, "forum")
        forum.back_up()
        target = self.directory / "copy"
        for keys, passphrase in ((forum.keys, PASSPHRASE), (self.alder.keys, "wrong passphrase")):
            concert.run("restore", "--node", target, self.alder.backup, "--keys", keys,
                        "--password-stdin", input=passphrase + "\n", status=2)
            self.assertEqual(list(target.iterdir()), [])  # message and parcel keys too
        concert.run("restore", "--node", target, self.alder.backup, "--keys", self.alder.keys,
                    env={"CONCERT_PASSPHRASE": PASSPHRASE})
        self.assertEqual((target / "keys/ledger.key").stat().st_mode & 0o077, 0)


class BackupTest(RestoreTestCase):
    witnesses = ()

    def test_files(self):
        plain = self.directory / "plain.backup"
        self.assertIn("keys are not in it", self.alder.run("backup", plain).err)
        self.alder.run("backup", self.directory / "b", "--keys", self.directory / "k", status=2)
        self.assertFalse((self.directory / "b").exists())  # keys leave under a passphrase only
        self.alder.back_up()
        self.assertNotIn("PRIVATE", self.alder.keys.read_text())
        self.assertEqual(self.alder.keys.stat().st_mode & 0o077, 0)
        self.assertNotIn(b"PRIVATE+KEY", self.alder.backup.read_bytes())

    def test_the_passphrase_that_there_is(self):
        """To open what is sealed it is asked for once; no new one is made up."""
        self.alder.back_up()
        backup, keys = self.alder.backup, self.alder.keys
        copy = self.directory / "copy"
        for command in (["restore", "--node", copy, backup, "--keys", keys],
                        ["key", "unlock", "--node", self.alder.path]):
            self.assertIn("no option --password-new", concert.run(*command, "--password-new", status=2).err)
        child, terminal = pty.fork()
        if child == 0:
            os.execv(concert.BIN, [concert.BIN, "restore", "--node", copy, backup, "--keys", keys, "--password"])
        said = os.read(terminal, 100)
        os.write(terminal, PASSPHRASE.encode() + b"\n")
        with contextlib.suppress(OSError):  # Linux says EIO when the other end is closed
            while more := os.read(terminal, 4096):
                said += more
        os.close(terminal)
        self.assertEqual(os.waitpid(child, 0)[1], 0, said)
        self.assertEqual(said.count(b"assword: "), 1, said)
        self.assertIn("CONCERT_PASSPHRASE or `concert key unlock` gives it",
                      concert.run("key", "rotate", "ledger", "--node", copy, status=2).err)

    def test_served(self):
        """Online, and of sealed keys under their own passphrase."""
        self.alder.run("key", "seal", "--password-stdin", input=PASSPHRASE + "\n")
        self.alder.server = concert.Server(self.alder.path, env={"CONCERT_PASSPHRASE": PASSPHRASE})
        self.addCleanup(self.alder.server.stop)
        backup, keys = self.directory / "b", self.directory / "k"
        self.alder.run("backup", backup, "--keys", keys)
        self.alder.stop()
        copy = self.directory / "copy"
        concert.run("restore", "--node", copy, backup, "--keys", keys,
                    env={"CONCERT_PASSPHRASE": PASSPHRASE})
        for role in ("ledger", "cosign", "recovery", "message", "parcel"):
            self.assertEqual(listed(copy)[role], listed(self.alder.path)[role])
        for arguments in (["ledger", "resume", "--nothing-was-signed", "--yes"],
                          ["ledger", "append", "x"], ["ledger", "audit"]):
            concert.run("--node", copy, *arguments, env={"CONCERT_PASSPHRASE": PASSPHRASE})

    def test_rotating_meanwhile(self):
        """Keys and ledger of a backup agree, whatever goes on."""
        self.alder.serve()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            rotating = pool.submit(lambda: [self.alder.run("key", "rotate", "ledger")
                                            for _ in range(8)])
            for i in range(8):
                backup, keys = self.directory / f"b{i}", self.directory / f"k{i}"
                result = self.alder.run("backup", backup, "--keys", keys, "--password-stdin",
                                        input=PASSPHRASE + "\n", status=None)
                if result.status == 0:
                    copy = self.directory / f"copy{i}"
                    concert.run("restore", "--node", copy, backup, "--keys", keys,
                                "--password-stdin", input=PASSPHRASE + "\n")
                    concert.run("--node", copy, "ledger", "resume", "--nothing-was-signed", "--yes",
                                env={"CONCERT_PASSPHRASE": PASSPHRASE})
                    concert.run("--node", copy, "ledger", "append", "x",
                                env={"CONCERT_PASSPHRASE": PASSPHRASE})
                else:
                    self.assertIn("back up again", result.err)
            rotating.result()


class KeysTest(RestoreTestCase):
    """Peers pinned the ledger's key and the recovery key."""

    def setUp(self):
        super().setUp()
        self.alder.append("first")
        self.pinned = {role: self.alder.key(role) for role in ("ledger", "recovery")}
        self.mirror = self.directory / "mirror"

    def verify(self, status=0, recovery=True):
        """What somebody says who pinned the keys long ago."""
        options = ["--key", self.pinned["ledger"]]
        if recovery:
            options += ["--key", self.pinned["recovery"]]
        return concert.run("ledger", "verify", self.mirror, *options, status=status)

    def test_lost(self):
        """Backup without keys, ledger and cosign key lost: the recovery key makes new ones."""
        plain = self.directory / "plain.backup"
        self.alder.run("backup", plain)
        self.alder.serve()
        self.seen(2)
        self.alder.lose()
        self.alder.backup = plain
        self.alder.restore(keys=False)
        self.assertFalse((self.alder.path / "keys").exists())
        self.alder.run("key", "recover", "ledger", "--recovery-key", self.alder.recovery, status=2)
        self.alder.resume()
        states = {key["key"]: key["state"] for key in self.alder.run("key", "list", "--json").lines()}
        self.assertEqual((states["ledger"], states["cosign"]), ("missing", "missing"))
        self.assertIn("ledger.key is missing: `concert key recover ledger`",
                      self.alder.run("ledger", "append", "x", status=1).err)
        for role in ("ledger", "cosign"):
            self.alder.run("key", "recover", role, "--recovery-key", self.alder.recovery)
        self.assertEqual(self.alder.size(), 4)
        for role in ("message", "parcel"):
            self.alder.run("key", "rotate", role)
        self.assertEqual(len(listed(self.alder.path)), 5)
        self.alder.run("ledger", "mirror", self.mirror)
        self.verify()
        self.verify(status=1, recovery=False)
        for peer in self.peers:
            peer.run("ledger", "witness", "follow", self.mirror, status=2)
            peer.run("ledger", "witness", "follow", self.mirror, "--recovery",
                     Node(self, "forum-" + peer.name).key("recovery"), status=2)
            result = peer.run("ledger", "witness", "follow", self.mirror, "--recovery",
                              self.pinned["recovery"])
            self.assertEqual(result.out.strip(), self.alder.key("ledger"))
            self.assertEqual(peer.log(self.alder.origin)["vkeys"], [self.alder.key("ledger")])
        self.goes_on(4)

    def test_rotated(self):
        """A rotation leads from one key to the next, without anybody's recovery key."""
        self.alder.run("key", "rotate", "ledger")
        self.alder.run("key", "rotate", "ledger")
        self.alder.run("ledger", "mirror", self.mirror)
        for peer in self.peers:
            peer.run("ledger", "witness", "follow", self.mirror)
            self.assertEqual(peer.log(self.alder.origin)["vkeys"],
                             [self.pinned["ledger"], self.alder.key("ledger")])
            peer.run("ledger", "witness", "follow", self.mirror)
            peer.run("ledger", "witness", "unwatch", self.alder.origin)
            peer.run("ledger", "witness", "follow", self.mirror, status=1)

    def test_lost_and_relinked(self):
        """Neither keys nor entries."""
        plain = self.directory / "plain.backup"
        self.alder.run("backup", plain)
        self.alder.serve()
        self.alder.append("lost")
        self.seen(3)
        self.alder.lose()
        self.alder.backup = plain
        self.alder.restore(keys=False)
        self.alder.resume(status=1)
        self.alder.resume("--relink", "--recovery-key", self.alder.recovery)
        self.alder.run("key", "recover", "cosign", "--recovery-key", self.alder.recovery)
        self.alder.whole()
        self.assertEqual(self.alder.status()["origin"], "cert.alder.example/ledger-2")

    def test_stolen(self):
        """The thief signs on from the copy; the owner names the last size that is good."""
        self.alder.append("good")
        self.alder.serve()
        self.seen(3)
        self.alder.stop()
        thief = Node(self, "thief")
        shutil.rmtree(thief.path)
        shutil.copytree(self.alder.path, thief.path)
        thief.run("ledger", "append", "a lie")
        thief.serve()  # asks the same witnesses
        self.seen(4)
        thief.run("ledger", "mirror", self.directory / "lies")
        thief.stop()

        recovery = self.alder.path / "recovery.key"
        self.alder.run("key", "recover", "ledger", "--recovery-key", recovery, "--trusted-size", "3")
        self.alder.run("ledger", "mirror", self.mirror)
        self.verify()
        self.assertNotEqual(self.alder.key("ledger"), self.pinned["ledger"])
        # Who knows of the recovery does not believe the thief, though the old key has signed.
        shutil.copy(self.mirror / "keys", self.directory / "lies/keys")
        result = concert.run("ledger", "verify", self.directory / "lies", "--key",
                             self.pinned["ledger"], "--key", self.pinned["recovery"], status=1)
        self.assertIn("voided", result.out)
        # The witnesses saw the thief's tree: a fork, told loudly, until a person decides.
        for peer in self.peers:
            peer.run("ledger", "witness", "follow", self.mirror, "--recovery",
                     self.pinned["recovery"])
        self.alder.serve()
        for peer in self.peers:
            self.wait(f"{peer.name} finds the fork",
                      lambda: peer.log(self.alder.origin)["frozen"])
            (evidence,) = peer.run("ledger", "witness", "evidence", "--json").lines()
            self.assertEqual({evidence[name].split("\n")[1] for name in ("first", "second")}, {"4"})
            self.assertIn("EQUIVOCATION: cert.alder.example/ledger",
                          peer.run("status", status=1).out)
        self.alder.append("the truth")
        for peer in self.peers:
            peer.run("ledger", "witness", "settle", self.alder.origin, "--keep", "second")
        self.seen(5)

    def test_stolen_and_ahead(self):
        """The thief has shown the witnesses more than the owner has: a way out that ends with the
        fork being told."""
        self.alder.serve()
        self.seen(2)
        self.alder.stop()
        thief = Node(self, "thief")
        shutil.rmtree(thief.path)
        shutil.copytree(self.alder.path, thief.path)
        for i in range(3):
            thief.append(f"lie {i}")
        thief.serve()
        self.seen(5)
        lies = self.directory / "lies"
        thief.run("ledger", "mirror", lies)
        thief.stop()

        recovery = self.alder.path / "recovery.key"
        self.alder.run("key", "recover", "ledger", "--recovery-key", recovery, "--trusted-size", "2")
        self.alder.run("ledger", "mirror", self.mirror)
        for peer in self.peers:
            peer.run("ledger", "witness", "follow", self.mirror, "--recovery",
                     self.pinned["recovery"])
        self.alder.serve()
        self.wait("the ledger is held", lambda: self.alder.status()["held"])
        self.assertEqual(self.alder.answers(self.alder.resume(status=1)),
                         {"birch": ("ahead", 5), "cedar": ("ahead", 5)})
        # What the thief signed is nothing to be got back.
        result = self.alder.run("ledger", "resume", "--from", lies, status=2)
        self.assertIn("voided", result.err)
        for peer in self.peers:
            self.alder.run("ledger", "witness", "remove", f"cert.{peer.name}.example/witness")
        self.alder.resume("--nothing-was-signed", "--yes")
        while self.alder.size() < 6:
            self.alder.append("the truth")
        for peer in self.peers:
            self.alder.run("ledger", "witness", "add", peer.key("cosign"), peer.url)
        for peer in self.peers:
            self.wait(f"{peer.name} finds the fork",
                      lambda: peer.log(self.alder.origin)["frozen"])
            peer.run("ledger", "witness", "settle", self.alder.origin, "--keep", "second")
        self.alder.append("the truth")
        self.seen(7)
        self.alder.whole()
