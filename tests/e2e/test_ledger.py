"""The ledger and the keys from the command line: what is appended is shown, proven, disclosed,
erased; what was changed is refused by name."""

import base64
import json
import os
import sqlite3
import threading
import unittest

import concert


class LedgerTest(concert.NodeTestCase):
    def ledger(self, *arguments, **keywords):
        return concert.run("ledger", *arguments[:1], "--node", self.node, *arguments[1:],
                           **keywords)

    def key(self, *arguments, **keywords):
        return concert.run("key", *arguments[:1], "--node", self.node, *arguments[1:], **keywords)

    def status(self):
        return self.ledger("status", "--json").json()

    def append(self, title, *arguments):
        return self.ledger("append", title, *arguments, "--json").json()["index"]

    def files(self, count):
        return [self.write(f"item-{i}", f"what item {i} says\n") for i in range(count)]

    # --- what init makes

    def test_init(self):
        status = self.status()
        self.assertEqual(status["origin"], "cert.alder.example/ledger")
        self.assertEqual(status["size"], 1)
        self.assertFalse(status["held"])
        self.assertTrue(status["recovery_key_here"])
        for path in (self.node / "recovery.key", *(self.node / "keys").iterdir()):
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)
        self.assertEqual((self.node / "keys").stat().st_mode & 0o777, 0o700)
        opened = self.ledger("show", "0", "--json").json()
        self.assertEqual(opened["header"]["kind"], "ledger.opened")
        self.assertEqual(opened["header"]["keys"], status["keys"])

    def test_recovery_key_elsewhere(self):
        node, key = self.directory / "other", self.directory / "offline.key"
        concert.run("init", "--node", node, "--name", "cert.birch.example", "--recovery-key", key)
        self.assertTrue(key.exists())
        self.assertFalse((node / "recovery.key").exists())
        result = concert.run("init", "--node", self.directory / "third", "--recovery-key", key,
                             status=2)
        self.assertIn("is there already", result.err)

    def test_open_is_for_nodes_without(self):
        result = self.ledger("open", status=2)
        self.assertIn("has a ledger already", result.err)

    # --- entries

    def test_append_and_show(self):
        index = self.append("Two files", *self.files(2), "--type", "text/plain")
        self.assertEqual(index, 1)
        shown = self.ledger("show", "1", "--json").json()
        self.assertEqual(shown["header"]["title"], "Two files")
        self.assertEqual(shown["header"]["audience"], [])
        self.assertEqual([i["state"] for i in shown["items"]], ["present", "present"])
        self.assertEqual(self.ledger("show", "1", "--item", "1").out, "what item 1 says\n")
        self.assertIn("has no item 2", self.ledger("show", "1", "--item", "2", status=1).err)
        self.assertIn("no entry 7", self.ledger("show", "7", status=1).err)
        self.assertIn("whole number", self.ledger("show", "one", status=2).err)

    def test_empty_item(self):
        index = self.append("Nothing", self.write("nothing", ""))
        self.assertEqual(self.ledger("show", str(index), "--item", "0").raw, b"")
        self.assertEqual(self.ledger("show", str(index), "--json").json()["items"][0]["state"],
                         "present")
        path = self.directory / "nothing.json"
        self.ledger("disclose", str(index), "-o", path)
        self.verify_disclosure(path, self.status()["keys"]["ledger"])
        self.ledger("audit")

    def test_audience(self):
        self.append("To two", "--to", "cert.cedar.example/ledger", "--to",
                    "cert.birch.example/ledger")
        self.append("To all", "--public")
        shown = self.ledger("list", "--json").lines()
        self.assertEqual(shown[0]["header"]["audience"], "public")
        self.assertEqual(shown[1]["header"]["audience"],
                         ["cert.birch.example/ledger", "cert.cedar.example/ledger"])
        result = self.ledger("append", "Both", "--public", "--to", "cert.birch.example/ledger",
                             status=2)
        self.assertIn("contradict", result.err)
        self.assertEqual(self.status()["size"], 3)

    def test_list(self):
        for i in range(5):
            self.append(f"statement {i}")
        titles = [e["header"].get("title") for e in
                  self.ledger("list", "--json", "--limit", "3").lines()]
        self.assertEqual(titles, ["statement 4", "statement 3", "statement 2"])
        self.assertEqual(len(self.ledger("list", "--kind", "ledger.opened", "--json").lines()), 1)
        self.ledger("list", "--kind", "nothing.such", status=1)

    def test_too_large(self):
        large = self.write("large", b"x" * (3 * 1024 * 1024))
        result = self.ledger("append", "Large", large, status=2)
        self.assertIn("large", result.err)
        self.assertIn("No such file", self.ledger("append", "None", self.directory / "absent",
                                                  status=2).err)

    def test_beside_a_running_node(self):
        server = concert.Server(self.node)
        self.addCleanup(server.stop)
        self.assertEqual(self.append("While serving", *self.files(1)), 1)
        self.assertEqual(self.ledger("show", "1", "--item", "0").out, "what item 0 says\n")

    def test_many_at_once(self):
        """Each command takes the lock or is served by the one that has it, to its end."""
        results = []

        def append(number):
            for i in range(6):
                results.append(self.ledger("append", f"statement {number}.{i}", status=None))
        workers = [threading.Thread(target=append, args=(n,)) for n in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual([r.err for r in results if r.status != 0], [])
        self.assertEqual(self.status()["size"], 37)

    # --- proofs

    def test_prove(self):
        for i in range(9):
            self.append(f"statement {i}")
        key = self.status()["keys"]["ledger"]
        for index in (0, 4, 9):
            path = self.directory / f"proof-{index}"
            self.ledger("prove", str(index), "-o", path)
            entry = self.ledger("show", str(index), "--json").json()["entry"]
            concert.run("ledger", "verify-proof", path, "--entry", entry, "--key", key)
            self.assertIn("is there already",
                          self.ledger("prove", str(index), "-o", path, status=2).err)
            other = entry[:-1] + ("0" if entry[-1] != "0" else "1")
            concert.run("ledger", "verify-proof", path, "--entry", other, "--key", key, status=1)
        self.assertIn("no entry 10", self.ledger("prove", "10", status=1).err)

    def verify_disclosure(self, path, key, **keywords):
        return concert.run("ledger", "verify-disclosure", path, "--key", key, **keywords)

    def test_disclose(self):
        self.append("Three files", *self.files(3), "--type", "text/plain")
        key = self.status()["keys"]["ledger"]
        whole, part = self.directory / "whole.json", self.directory / "part.json"
        self.ledger("disclose", "1", "-o", whole)
        self.ledger("disclose", "1", "--item", "1", "-o", part)
        self.verify_disclosure(whole, key)
        self.verify_disclosure(part, key)
        items = json.loads(part.read_text())["opening"]["items"]
        self.assertEqual([item is None for item in items], [True, False, True])
        self.assertIn("no item", self.ledger("disclose", "1", "--item", "3", status=1).err)

    def test_disclosure_with_a_flipped_byte(self):
        self.append("One file", *self.files(1))
        key = self.status()["keys"]["ledger"]
        text = self.ledger("disclose", "1").raw
        path = self.directory / "changed.json"
        # Members that are not known are passed over, so the name of an empty list may change.
        end = text.index(b',"changes"')
        for at in range(len(b'{"concert":"'), end, 1 + end // 60):
            path.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1:])
            result = self.verify_disclosure(path, key, status=None)
            self.assertIn(result.status, (1, 2), f"byte {at}: {result.out}{result.err}")

    # --- erasing

    def test_erase(self):
        self.append("Three files", *self.files(3), "--type", "text/plain")
        key = self.status()["keys"]["ledger"]
        self.assertIn("--yes", self.ledger("erase", "1", status=2).err)
        said = self.ledger("erase", "1", "--item", "1", "--yes", "--json").json()["index"]
        shown = self.ledger("show", "1", "--json").json()
        self.assertEqual([i["state"] for i in shown["items"]], ["present", "erased", "present"])
        header = self.ledger("show", str(said), "--json").json()["header"]
        self.assertEqual((header["kind"], header["erased"], header["erased_items"]),
                         ("opening.erased", 1, [1]))
        self.assertIn("erased", self.ledger("show", "1", "--item", "1", status=1).err)
        self.ledger("audit")

        self.ledger("erase", "1", "--yes")
        self.assertTrue(self.ledger("show", "1", "--json").json()["erased"])
        self.assertIn("erased already", self.ledger("erase", "1", "--yes", status=2).err)
        self.ledger("audit")
        path = self.directory / "erased.json"
        self.ledger("disclose", "1", "-o", path)
        self.assertIn("erased", self.verify_disclosure(path, key).out)
        for name in ("concert.db", "concert.db-wal"):
            if (self.node / name).exists():
                self.assertNotIn(b"what item", (self.node / name).read_bytes(), name)

    def test_what_others_go_by_is_kept(self):
        self.assertIn("cannot be verified without", self.ledger("erase", "0", "--yes",
                                                                status=2).err)

    # --- keys

    def test_rotate(self):
        first = self.status()["keys"]
        for _ in range(2):
            self.append("before")
            self.key("rotate", "ledger")
        self.key("rotate", "cosign")
        now = self.status()["keys"]
        self.assertNotEqual(first["ledger"], now["ledger"])
        self.assertNotEqual(first["cosign"], now["cosign"])
        self.assertEqual(first["recovery"], now["recovery"])
        self.ledger("audit")
        mirror = self.directory / "mirror"
        self.ledger("mirror", mirror)
        concert.run("ledger", "verify", mirror, "--key", now["ledger"])
        concert.run("ledger", "verify", mirror, "--key", first["ledger"])
        listed = {k["key"]: k["vkey"] for k in self.key("list", "--json").lines()}
        self.assertEqual({key: listed[key] for key in now}, now)
        self.assertIn("none of the keys", self.key("rotate", "recovery", status=2).err)

    def test_rotate_beside_a_running_node(self):
        server = concert.Server(self.node)
        self.addCleanup(server.stop)
        before = self.status()["keys"]["ledger"]
        after = self.key("rotate", "ledger", "--json").json()["vkey"]
        self.assertNotEqual(before, after)
        self.append("after")
        self.ledger("audit")

    def keys(self):
        """What others have of each key."""
        return {k["key"]: k.get("x25519", k["vkey"]) for k in self.key("list", "--json").lines()}

    def test_rotate_what_the_card_announces(self):
        first = self.keys()
        self.assertEqual(sorted(first), ["cosign", "ledger", "message", "parcel", "recovery"])
        self.assertTrue(first["message"].startswith("cert.alder.example/message+"))
        self.assertEqual(len(base64.b64decode(first["parcel"])), 32)
        self.assertIn(first["parcel"], self.key("list").out)
        size = self.status()["size"]
        old = (self.node / "keys/parcel.key").read_bytes()
        message = self.key("rotate", "message", "--json").json()["vkey"]
        server = concert.Server(self.node)
        self.addCleanup(server.stop)
        parcel = self.key("rotate", "parcel").out.strip()
        self.assertEqual(self.keys(), {**first, "message": message, "parcel": parcel})
        self.assertNotIn(message, first.values())
        self.assertNotIn(parcel, first.values())
        self.assertEqual((self.node / "keys/parcel.key.previous").read_bytes(), old)
        self.assertEqual(self.status()["size"], size) # no entry of the ledger says so
        self.assertIn("none of the keys", self.key("recover", "message", "--recovery-key",
                                                   self.node / "recovery.key", status=2).err)

    def test_recover(self):
        first = self.status()["keys"]
        offline = self.directory / "offline.key"
        (self.node / "recovery.key").rename(offline)
        self.append("before")
        (self.node / "keys/ledger.key").unlink()
        self.assertIn("ledger.key", self.ledger("append", "without", status=None).err)
        self.key("recover", "ledger", "--recovery-key", offline)
        self.append("after")
        self.ledger("audit")
        self.assertNotEqual(self.status()["keys"]["ledger"], first["ledger"])
        foreign = self.directory / "foreign"
        concert.run("init", "--node", self.directory / "other", "--name", "cert.alder.example",
                    "--recovery-key", foreign)
        self.assertNotEqual(self.key("recover", "ledger", "--recovery-key", foreign,
                                     status=None).status, 0)

    def test_sealed(self):
        secret = self.write("secret", "correct horse battery\n")
        os.chmod(secret, 0o600)
        self.key("seal", "--password-file", secret)
        self.assertEqual({k["state"] for k in self.key("list", "--json").lines()},
                         {"sealed", "offline"})
        for path in (self.node / "keys").iterdir():
            self.assertNotIn(b"PRIVATE", path.read_bytes(), path)
        self.assertIn("is sealed", self.ledger("append", "locked", status=2).err)
        self.ledger("append", "open", env={"CONCERT_PASSPHRASE": "correct horse battery"})
        self.ledger("append", "wrong", env={"CONCERT_PASSPHRASE": "wrong horse battery"}, status=2)
        server = concert.Server(self.node)
        self.addCleanup(server.stop)
        self.ledger("append", "locked", status=2)
        self.key("unlock", "--password-file", secret)
        self.ledger("append", "unlocked")
        server.stop()
        self.key("seal", "--none", env={"CONCERT_PASSPHRASE": "correct horse battery"})
        self.ledger("append", "in the clear")
        self.ledger("audit")

    # --- audit

    def test_audit_names_what_is_wrong(self):
        self.append("Two files", *self.files(2))
        for i in range(3):
            self.append(f"statement {i}")
        changes = {
            "UPDATE entry_item SET data = 'other' WHERE number = 4096": "item 0",
            "UPDATE entry SET nonce = zeroblob(32) WHERE number = 2": "entry 2",
            "UPDATE entry SET entry = X'01' || zeroblob(32) WHERE number = 3": "entry 3",
            "UPDATE entry SET nonce = NULL, header = NULL WHERE number = 3": "no entry says so",
            "UPDATE ledger SET checkpoint = replace(checkpoint, char(10) || '5' || char(10),"
            " char(10) || '6' || char(10))": "checkpoint",
        }
        pristine = (self.node / "concert.db").read_bytes()
        for sql, expected in changes.items():
            db = sqlite3.connect(self.node / "concert.db")
            db.execute(sql)
            db.commit()
            db.close()
            result = self.ledger("audit", status=1)
            self.assertIn(expected, result.out, sql)
            self.assertIn("NOT WHOLE", result.out)
            (self.node / "concert.db").write_bytes(pristine)
        self.ledger("audit")


if __name__ == "__main__":
    unittest.main()
