"""The command line itself: parsing, help, exit statuses, what is shown of strange text."""

import contextlib
import functools
import os
import pty
import re
import socket
import subprocess
import unittest

import concert

COMMANDS = ["init", "serve", "status", "config", "account", "collection", "import", "follow", "export",
            "search", "show", "adopt", "match", "watch", "sighting", "shield", "card", "directory", "peer", "community",
            "dispatch", "exchange", "request", "notify", "contact", "case", "claim", "consultation", "group",
            "resolution", "report", "board", "convention", "clock", "dossier", "attachment", "evidence",
            "incident", "policy", "emergency", "note", "parcel", "ledger", "key",
            "backup", "restore", "version", "help", "completion"]


@functools.cache
def help_of(*path):
    return concert.run(*path, "--help").out


class CommandLineTest(concert.TestCase):
    def test_no_command(self):
        result = concert.run(status=2)
        self.assertIn("Usage: concert", result.out)

    def test_help_lists_every_command(self):
        listed = re.findall(r"(?m)^  ([a-z]+)  ", concert.run("--help").out)
        self.assertEqual(sorted(listed), sorted(COMMANDS))

    def test_every_command_has_help(self):
        def walk(path):
            out = help_of(*path)
            self.assertTrue(out.startswith("Usage: concert " + " ".join(path)), out)
            self.assertEqual(out, concert.run("help", *path).out)
            subcommands = out.partition("\nCommands:\n")[2]
            for name in re.findall(r"(?m)^  ([a-z-]+)(?:  |$)", subcommands):
                walk([*path, name])
            if not subcommands:
                self.assertIn("Exit status:", out)

        for command in COMMANDS:
            with self.subTest(command=command):
                walk([command])

    def test_help_fits_a_terminal(self):
        for command in COMMANDS:
            for line in help_of(command).partition("Examples:")[0].splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_unknown_command(self):
        result = concert.run("improt", status=2)
        self.assertEqual(result.out, "")
        self.assertIn('no command "improt" (did you mean "import"?)', result.err)
        self.assertNotIn("did you mean", concert.run("zzzzzz", status=2).err)
        self.assertIn('did you mean "token"', concert.run("account", "tokne", status=2).err)

    def test_unknown_option(self):
        self.assertIn("did you mean --json?", concert.run("status", "--jsno", status=2).err)
        self.assertIn("no option -Z", concert.run("status", "-Z", status=2).err)
        self.assertIn("no option --nodes", concert.run("--nodes", "x", "status", status=2).err)

    def test_option_values(self):
        self.assertIn("needs a value", concert.run("search", "--limit", status=2).err)
        self.assertIn("from 0 to", concert.run("search", "--limit", "x", "y", status=2).err)
        self.assertIn("from 0 to", concert.run("search", "--limit=-1", "y", status=2).err)
        self.assertIn("from 0 to", concert.run("search", "--limit=99999999999999999999", "y",
                                               status=2).err)
        self.assertIn("given twice", concert.run("search", "-n1", "-n2", "y", status=2).err)
        self.assertIn("takes no value", concert.run("version", "--json=yes", status=2).err)
        self.assertIn("must be one of", concert.run("export", "--spec", "3", status=2).err)

    def test_arguments(self):
        self.assertIn("too few arguments", concert.run("show", status=2).err)
        self.assertIn("too many arguments", concert.run("show", "a", "b", status=2).err)
        self.assertIn("takes no argument", concert.run("version", "x", status=2).err)
        self.assertIn("needs one of its commands", concert.run("account", status=2).err)

    def test_the_node_may_be_named_anywhere(self):
        none = self.directory / "none"
        for command in (["--node", none, "case", "list"], ["case", "--node", none, "list"],
                        ["case", f"--node={none}", "list"], ["case", "list", "--node", none]):
            self.assertIn(f"{none} is no node", concert.run(*command, status=2).err)
        self.assertIn("needs one of its commands", concert.run("case", "--node", none, status=2).err)

    def test_file_in_place_of_a_command(self):
        """`concert notify FILE`, whatever options stand before the file."""
        none = self.directory / "none"
        report = self.write("report.txt", "192.0.2.1\n")
        for command in (["notify", "--node", none, report], ["notify", "--dry-run", report, "--node", none],
                        ["notify", "--node", none, "-n", "-"], ["notify", "--node", none, "-"]):
            self.assertIn(f"{none} is no node", concert.run(*command, status=2).err)
        self.assertIn('no command and no file "reprot.txt"',
                      concert.run("notify", "reprot.txt", status=2).err)
        self.assertIn("concert notify draft --help", concert.run("notify", "--bogus", status=2).err)
        self.assertIn("Usage: concert notify COMMAND", concert.run("notify", "--help").out)

    def test_version(self):
        version = concert.run("version", "--json").json()
        self.assertEqual(concert.run("--version").out, f"concert {version['version']}\n")
        self.assertIn("sqlite", version["libraries"])

    def test_no_node(self):
        result = concert.run("status", "--node", self.directory / "none", status=2)
        self.assertIn("concert init", result.err)
        result = concert.run("status", status=2, env={"CONCERT_NODE": str(self.directory / "env")})
        self.assertIn(str(self.directory / "env"), result.err)

    def test_strange_text_is_escaped(self):
        result = concert.run("show\x1b[2J\u202e", status=2)
        self.assertIn("\\x1b[2J\\u202e", result.err)
        self.assertNotIn("\x1b", result.err)
        self.assertNotIn("\u202e", result.err)

    def test_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([concert.BIN, "version"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(process.returncode, 2)
        self.assertIn(b"standard output", process.stderr)

    def test_manual(self):
        page = concert.run("help", "--man", "concert").out
        for command in COMMANDS:
            self.assertRegex(page, rf"(?m)^\.SS concert {command}\b")
        settings = concert.run("help", "--man", "concert.conf").out
        self.assertIn(".B max_request_bytes", settings)

    def complete(self, *words):
        script = self.write("completion.bash", concert.run("completion", "bash").out)
        return subprocess.run(
            ["bash", "-c", 'source "$0"; COMP_WORDS=(concert "$@"); COMP_CWORD=$#; _concert; '
             'printf "%s\\n" "${COMPREPLY[@]}"', script, *words],
            capture_output=True, text=True).stdout.split()

    def test_completion_bash(self):
        self.assertEqual(self.complete("im"), ["import"])
        self.assertEqual(self.complete("account", "token", "r"), ["remove"])
        self.assertIn("--json", self.complete("import", "--j"))
        self.assertEqual(self.complete("export", "--spec", "2.1"), ["2.1"])

    def test_completion_zsh(self):
        script = concert.run("completion", "zsh").out
        self.assertTrue(script.startswith("#compdef concert"))
        self.assertIn("_concert_account_token_add()", script)
        self.assertIn("exit", concert.run("completion", "fish", status=2).err + "exit")


class NodeTest(concert.NodeTestCase):
    def at_a_terminal(self, *command):
        """What a command whose standard error is a terminal prints there, and its exit status."""
        terminal, other = pty.openpty()
        process = subprocess.Popen([concert.BIN, *map(str, command), "--node", str(self.node)],
                                   stdout=subprocess.PIPE, stderr=other)
        os.close(other)
        out = process.communicate()[0]
        shown = b""
        with contextlib.suppress(OSError):  # that is how a terminal ends
            while piece := os.read(terminal, 4096):
                shown += piece
        os.close(terminal)
        return process.returncode, out + shown

    def test_report_reads_on_a_terminal(self):
        for line in self.concert("report").out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        self.assertIn("has not begun", self.concert("report", "--year", "9000", status=2).err)
        for text in ("", "just words\n", "{}"):
            self.assertIn("words.txt: this is no signed report",
                          self.concert("report", "verify", self.write("words.txt", text), status=2).err)

    def test_what_to_do_next(self):
        log = self.write("log.txt", "192.0.2.1\n")
        self.assertIn("`concert import`, or name a file", self.concert("match", log, status=2).err)
        self.assertIn("none.key: No such file", self.concert(
            "key", "recover", "ledger", "--recovery-key", self.directory / "none.key", status=2).err)

    def test_every_list_of_nothing(self):
        """Whatever lists exits with 1 when there is nothing, and its help says so."""
        def walk(path):
            out = help_of(*path)
            names = re.findall(r"(?m)^  ([a-z-]+)(?:  |$)", out.partition("\nCommands:\n")[2])
            return [found for name in names for found in walk([*path, name])] if names else [(path, out)]

        lists = []
        for path, out in [found for command in COMMANDS for found in walk([command])]:
            if path[-1] not in ("list", "releases", "held", "silences") or "URL" in out.splitlines()[0]:
                continue
            for arguments in ([], ["--json"]):
                with self.subTest(path=path, arguments=arguments):
                    result = self.concert(*path, *arguments, status=None)
                    self.assertEqual(result.status, 0 if result.out else 1, result.err)
            if path != ["key", "list"]:  # of keys there are always some
                self.assertRegex(out, r"(?m)^  1  ", path)
            lists.append(" ".join(path))
        for name in ("account list", "account token list", "emergency list", "note list", "case list",
                     "shield standing list", "shield never-block list", "ledger witness list"):
            self.assertIn(name, lists)
        self.assertGreater(len(lists), 25, lists)

    def test_silence_is_told_to_people(self):
        """Who sits at a terminal is told when there is nothing; programs read the exit status."""
        self.assertEqual(self.concert("case", "list", status=1).err, "")
        self.assertEqual(self.at_a_terminal("case", "list"), (1, b"concert case list: there is none\r\n"))
        self.assertEqual(self.at_a_terminal("account", "list"), (1, b"concert account list: there is none\r\n"))
        log, indicators = self.write("log.txt", "192.0.2.1\n"), self.write("list.txt", "192.0.2.2\n")
        self.assertEqual(self.at_a_terminal("match", "-i", indicators, log),
                         (1, b"concert match: nothing was found\r\n"))
        self.assertEqual(self.at_a_terminal("match", "-q", "-i", indicators, log), (1, b""))
        # Where it is said already why it is nothing, nothing more is.
        self.assertEqual(self.at_a_terminal("case", "show", "abc")[1].count(b"\n"), 1)

    def test_init_refuses_what_is_there(self):
        self.assertIn("not empty", self.concert("init", status=2).err)

    def test_name_is_for_good(self):
        """Who gives no name is told, and who gives one later, that it is too late."""
        new = self.directory / "new"
        self.assertIn("no --name", concert.run("init", "--node", new).err)
        concert.configure(new, {"node": {"name": "cert.alder.example"}})
        self.assertIn("made for localhost", concert.run("status", "--node", new, status=1).out)
        named = self.directory / "named"
        self.assertEqual(concert.run("init", "--node", named, "--name", "cert.alder.example").err, "")
        concert.run("status", "--node", named)

    def test_init_leaves_nothing_half_made(self):
        """What failed on the way can be tried again."""
        new = self.directory / "new"
        concert.run("init", "--node", new, "--recovery-key", self.directory / "none" / "key", status=2)
        self.assertEqual(list(new.iterdir()), [])
        concert.run("init", "--node", new)
        concert.run("status", "--node", new)

    @unittest.skipIf(os.getuid() != 0, "only root can try as somebody else")
    def test_missing_permissions(self):
        """Who may not read a node is not told that there is none, or to make one."""
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if subprocess.run([*nobody, "test", "-x", concert.BIN]).returncode != 0:
            self.skipTest("the program lies where nobody else may run it")

        def other(*command, status=2):
            return concert.run(*command, "--node", self.node, status=status, wrapper=nobody).err

        self.directory.chmod(0o755)
        for command in ("status", "serve"):
            self.assertIn("concert.conf: Permission denied", other(command))
        self.assertIn("node: Permission denied", other("init"))
        for path in (self.node, *self.node.rglob("*")):
            os.chown(path, 65534, 65534)
        other("status", status=None)
        self.node.chmod(0o500)
        self.assertEqual("", other("status", status=None)) # what it would make is there already
        for name in ("concert.db-wal", "concert.db-shm"):
            (self.node / name).unlink()
        self.assertIn("writable for this user", other("status"))

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.configure({"server": {"listen": f"127.0.0.1:{port}"}})
            self.assertIn(f"port {port} is in use by another program: [server] listen",
                          self.concert("serve", status=2).err)

    def test_address_of_another_machine(self):
        self.configure({"server": {"listen": "192.0.2.55:8470"}})
        self.assertIn("this machine has no address 192.0.2.55: [server] listen chooses",
                      self.concert("serve", status=2).err)

    def test_certificate(self):
        """One that is soon over is told by who serves it, and to who asks how things are."""
        self.configure({"server": {"tls": "on", "tls_certificate": self.directory / "c.pem",
                                   "tls_key": self.directory / "k.pem"}})
        server = self.serve()
        self.assertNotIn("certificate", self.concert("status").out)
        server.stop()
        self.assertNotIn("the TLS certificate", "\n".join(server.log))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "k.pem", "-out", "c.pem",
                        "-days", "5", "-subj", "/CN=cert.alder.example"], cwd=self.directory,
                       check=True, capture_output=True)
        self.serve()
        self.assertRegex(self.concert("status", status=1).out,
                         r"warning +the TLS certificate .*/c\.pem expires at 2")

    def test_certificate_that_is_not_there(self):
        (self.directory / "k.pem").write_text("")
        self.configure({"server": {"tls": "on", "tls_certificate": self.directory / "c.pem",
                                   "tls_key": self.directory / "k.pem"}})
        error = self.concert("serve", status=2).err
        self.assertIn("[server] tls_certificate, tls_key: ", error)
        self.assertIn("c.pem: No such file", error)

    def test_what_to_name_instead(self):
        """What was meant otherwise is told with what would do."""
        self.assertIn('no file "cert.birch.example": a node is named by its URL, https://HOST',
                      self.concert("peer", "invite", "cert.birch.example", status=2).err)
        self.assertIn("concert dossier list --all",
                      self.concert("request", "ack", "deadbeef", status=1).err)
        self.assertIn("no notice of the batch none is drafted: `concert notify list",
                      self.concert("notify", "approve", "--batch", "none", "--as", "Duty Officer",
                                   status=1).err)
        path = self.write("list.txt", "192.0.2.1\n")
        self.assertIn("this is no disclosure",
                      self.concert("ledger", "verify-disclosure", path, status=2).err)
        self.assertIn("[fetch] allow_private",
                      self.concert("import", "http://127.0.0.1/list", status=2).err)
        self.serve()
        self.assertIn("`concert status` tells", self.concert("serve", status=2).err)

    def test_init_checks_its_settings(self):
        result = concert.run("init", "--node", self.directory / "new", "--listen", "nowhere",
                             status=2)
        self.assertIn("[server] listen = nowhere: must be", result.err)
        self.assertFalse((self.directory / "new").exists())

    def test_modes(self):
        self.assertEqual(os.stat(self.node).st_mode & 0o777, 0o700)
        for path in self.node.iterdir():
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_status(self):
        status = self.concert("status", "--json").json()
        self.assertEqual(status["name"], "cert.alder.example")
        self.assertFalse(status["served"])
        self.assertNotIn("memory", status)
        self.assertEqual(status["objects"], 0)
        self.assertEqual(status["collections"], 2)
        self.assertIn("cert.alder.example", self.concert("status").out)

    def test_status_beside_serve(self):
        server = self.serve()
        status = self.concert("status", "--json").json()
        self.assertTrue(status["served"])
        self.assertIn(str(server.port), status["listening"])
        with open(f"/proc/{status['pid']}/status", encoding="ascii") as file:
            resident = int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024
        self.assertGreater(status["memory"], resident / 2)
        self.assertLess(status["memory"], resident * 2)
        self.assertRegex(self.concert("status").out, r"\nmemory +[0-9.]+ MiB\n")

    def test_node_before_and_after_the_command(self):
        before = concert.run("--node", self.node, "status", "--json").json()
        after = concert.run("status", f"--node={self.node}", "--json").json()
        self.assertEqual(before["directory"], after["directory"])

    def test_collections(self):
        self.concert("collection", "add", "reports", "--title", "Reports", "--id",
                     "8a4f8b1c-2d3e-4f50-9a6b-7c8d9e0f1a2b")
        names = [line["name"] for line in self.concert("collection", "list", "--json").lines()]
        self.assertEqual(names, ["main", "partners", "reports"])
        self.assertIn("reports", self.concert("collection", "add", "reports", status=2).err)
        self.account("birch", "reader")
        self.concert("collection", "grant", "reports", "birch", "--read")
        shown = self.concert("collection", "show", "reports", "--json").json()
        self.assertEqual(shown["grants"], [{"account": "birch", "read": True, "write": False}])
        self.assertEqual(shown["id"], "8a4f8b1c-2d3e-4f50-9a6b-7c8d9e0f1a2b")
        self.concert("collection", "grant", "reports", "birch", "--none")
        shown = self.concert("collection", "show", "reports", "--json").json()
        self.assertEqual(shown["grants"], [])
        self.concert("collection", "grant", "reports", "birch", status=2)
        self.concert("collection", "grant", "nowhere", "birch", "--read", status=1)
        self.concert("collection", "show", "nowhere", status=1)
        self.concert("collection", "root", "add", "trust", "--title", "Trusted")
        self.concert("collection", "add", "inner", "--root", "trust")
        roots = [line["name"] for line in
                 self.concert("collection", "root", "list", "--json").lines()]
        self.assertEqual(roots, ["main", "trust"])
        self.concert("collection", "root", "add", "taxii2", status=2)

    def test_backup_and_restore(self):
        self.account("birch", "reader")
        backup = self.directory / "alder.backup"
        self.concert("backup", backup)
        self.assertEqual(backup.stat().st_mode & 0o077, 0)
        self.concert("backup", backup, status=2)
        copy = self.directory / "copy"
        concert.run("restore", "--node", copy, backup)
        listed = concert.run("account", "list", "--node", copy, "--json").lines()
        self.assertEqual([account["name"] for account in listed], ["birch"])
        self.assertEqual((copy / "concert.conf").read_text(),
                         (self.node / "concert.conf").read_text())
        self.assertIn("not empty", concert.run("restore", "--node", copy, backup, status=2).err)
        concert.run("restore", "--node", self.directory / "other", backup.with_name("no"), status=2)
        junk = self.write("junk", b"\0" * 5000)
        concert.run("restore", "--node", self.directory / "junky", junk, status=2)


if __name__ == "__main__":
    unittest.main()
