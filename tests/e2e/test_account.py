"""Accounts, passwords and tokens, with and without a server beside."""

import os
import pty
import select
import signal
import subprocess
import termios
import time
import unittest

import concert

PASSWORD = "correct horse battery"


class AccountTest(concert.NodeTestCase):
    def accounts(self):
        return {account["name"]: account
                for account in self.concert("account", "list", "--json", status=None).lines()}

    def test_add(self):
        self.concert("account", "add", "birch", "--roles", "reader,analyst", "--source",
                     "cert.birch.example", "--password-stdin", input=PASSWORD + "\n")
        account = self.accounts()["birch"]
        self.assertEqual(account["roles"], ["reader", "analyst"])
        self.assertEqual(account["source"], "cert.birch.example")
        self.assertTrue(account["password"])
        self.assertFalse(account["disabled"])
        self.assertIn("birch", self.concert("account", "list").out)

    def test_add_twice(self):
        self.concert("account", "add", "birch")
        self.assertIn("birch", self.concert("account", "add", "birch", status=2).err)

    def test_bad_input(self):
        self.assertIn("overlord", self.concert("account", "add", "x", "--roles", "overlord",
                                               status=2).err)
        self.concert("account", "add", "No Such Name!", status=2)
        self.concert("account", "add", "x", "--password-stdin", input="short\n", status=2)
        self.concert("account", "add", "x", "--password-stdin", "--password-new", status=2)
        self.concert("account", "add", "x", "--password-file", "/nonexistent", status=2)
        self.assertEqual(self.accounts(), {})

    def test_unknown_account(self):
        for command in (["disable", "no"], ["enable", "no"], ["roles", "no", "reader"],
                        ["token", "add", "no"], ["token", "remove", "no", "1"],
                        ["password", "no", "--password-new"]):
            self.assertIn("no", self.concert("account", *command, status=1).err)

    def test_change(self):
        self.concert("account", "add", "birch", "--roles", "reader")
        self.assertFalse(self.accounts()["birch"]["password"])
        path = self.write("password", PASSWORD + "\n")
        self.concert("account", "password", "birch", "--password-file", path)
        self.concert("account", "roles", "birch", "admin")
        self.concert("account", "disable", "birch")
        account = self.accounts()["birch"]
        self.assertEqual((account["roles"], account["password"], account["disabled"]),
                         (["admin"], True, True))
        self.concert("account", "enable", "birch")
        self.assertFalse(self.accounts()["birch"]["disabled"])

    def test_tokens(self):
        self.concert("account", "add", "birch", "--roles", "reader")
        token = self.concert("account", "token", "add", "birch", "--label", "script").out.strip()
        self.assertRegex(token, r"^concert_[A-Za-z0-9_-]{43}$")
        self.concert("account", "token", "add", "birch", "--days", "30")
        listed = self.concert("account", "token", "list", "birch", "--json").lines()
        self.assertEqual([entry["label"] for entry in listed], ["script", ""])
        self.assertNotIn("expires", listed[0])
        self.assertIn("expires", listed[1])
        self.concert("account", "token", "remove", "birch", listed[0]["number"])
        self.concert("account", "token", "remove", "birch", listed[0]["number"], status=1)
        self.concert("account", "token", "remove", "birch", "x", status=2)
        self.assertEqual(len(self.concert("account", "token", "list", "--json").lines()), 1)
        # Nothing on the disk holds the token itself.
        for path in self.node.rglob("*"):
            if path.is_file():
                self.assertNotIn(token.encode(), path.read_bytes(), path)

    def test_log_in(self):
        """What is changed beside a running server takes effect at once."""
        server = self.serve()
        auth = self.account("birch", "reader", grants=[("main", "r")])
        self.assertEqual(server.get("/main/collections/", auth=auth).status, 200)
        self.assertEqual(server.get("/main/collections/",
                                    auth=concert.basic("birch", "wrong password")).status, 401)
        token = self.concert("account", "token", "add", "birch").out.strip()
        bearer = "Bearer " + token
        self.assertEqual(server.get("/main/collections/", auth=bearer).status, 200)
        self.concert("account", "token", "remove", "birch", "1")
        self.assertEqual(server.get("/main/collections/", auth=bearer).status, 401)
        self.concert("account", "disable", "birch")
        self.assertEqual(server.get("/main/collections/", auth=auth).status, 401)

    def test_prompt(self):
        """The password is asked for twice on the terminal and never shown."""
        def talk(answers):
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(concert.BIN, [concert.BIN, "account", "add", "cedar", "--node",
                                       str(self.node), "--password"])
            shown, answers = b"", list(answers)
            deadline = time.monotonic() + concert.PATIENCE
            while time.monotonic() < deadline:
                if not select.select([terminal], [], [], 1)[0]:
                    continue
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    break
                if not piece:
                    break
                shown += piece
                if answers and piece.rstrip().endswith(b":"):
                    os.write(terminal, answers.pop(0) + b"\n")
            else:
                os.kill(pid, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.close(terminal)
            return status, shown

        status, shown = talk([b"one password here", b"another password"])
        self.assertEqual(status, 2)
        self.assertIn(b"differ", shown)
        self.assertNotIn(b"one password here", shown)
        status, shown = talk([PASSWORD.encode(), PASSWORD.encode()])
        self.assertEqual(status, 0, shown)
        self.assertNotIn(PASSWORD.encode(), shown)
        self.assertTrue(self.accounts()["cedar"]["password"])

    def test_interrupted_prompt(self):
        """Ctrl-C at the prompt ends the program and leaves the terminal as it was."""
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored by what a shell runs behind it
            os.execv(concert.BIN, [concert.BIN, "account", "add", "cedar", "--node",
                                   str(self.node), "--password"])
        before = termios.tcgetattr(terminal)[3]
        shown = b""
        while not shown.endswith(b": "):
            shown += os.read(terminal, 4096)
        self.assertFalse(termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(terminal, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGINT)
        self.assertEqual(termios.tcgetattr(terminal)[3], before)
        os.close(terminal)

    def test_no_terminal(self):
        process = subprocess.run(
            [concert.BIN, "account", "add", "x", "--node", self.node, "--password"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True)
        self.assertEqual(process.returncode, 2)
        self.assertIn("--password-stdin", process.stderr)


if __name__ == "__main__":
    unittest.main()
