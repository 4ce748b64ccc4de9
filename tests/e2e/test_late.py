"""Libraries that are loaded when they are first used: what needs none of them has none of them in its
memory, and where one is missing it is said which, and what to install."""

import json
import re
import struct
import unittest
import zipfile
from pathlib import Path

import concert

# An IODEF document, as far as libxml2 is concerned.
IODEF = '<?xml version="1.0"?><IODEF-Document version="2.00"><Incident purpose="reporting"/></IODEF-Document>'


def notes():
    """What the program says of the libraries it loads late: the notes of ".note.dlopen"."""
    program = Path(concert.BIN).read_bytes()
    found = []
    for at in re.finditer(re.escape(struct.pack("<I", 0x407c0c0a) + b"FDO\0"), program):
        length = struct.unpack("<I", program[at.start() - 4:at.start()])[0]
        found += json.loads(program[at.end():at.end() + length].rstrip(b"\0"))
    return found


class LateTest(concert.TestCase):
    def loaded(self, *arguments, status=0):
        """The names of the libraries that the linker was asked for."""
        said = concert.run(*arguments, status=status, env={"LD_DEBUG": "files"}).err
        return set(re.findall(r"file=(\S+) \[0\]", said))

    def without(self, soname):
        """An environment in which the library cannot be loaded."""
        path = self.write(f"no-{soname}/{soname}", "not a library\n")
        return {"LD_LIBRARY_PATH": str(path.parent)}

    def soname(self, feature):
        return next(note["soname"][0] for note in notes() if note["feature"] == feature)

    def log(self):
        return self.write("dns.log", "query c2.alder.example\n")

    def zip(self):
        path = self.directory / "logs.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(self.log(), "dns.log")
        return path

    def values(self):
        return self.write("values.txt", "c2.alder.example\n")

    def test_notes(self):
        self.assertEqual(sorted(note["feature"] for note in notes()),
                         ["archives", "http", "iodef", "openpgp", "pcap"])
        for note in notes():
            self.assertEqual(sorted(note), ["description", "feature", "priority", "soname"])
            self.assertIn(note["priority"], ("required", "recommended", "suggested"))
            self.assertRegex(note["soname"][0], r"^lib[a-z0-9-]+\.so(\.\d+)+$")

    def test_not_mapped(self):
        late = {note["soname"][0] for note in notes()}
        for command in (["--version"], ["help"], ["match", "-i", self.values(), self.log()]):
            loaded = self.loaded(*command)
            self.assertTrue(any(name.startswith("libglib-2.0.so") for name in loaded), loaded)
            self.assertEqual(loaded & late, set(), command)
        # The archive's library, when there is an archive, and no other.
        self.assertEqual(self.loaded("match", "-i", self.values(), self.zip()) & late,
                         {self.soname("archives"), self.soname("iodef")} & late)

    def test_serve(self):
        node = self.directory / "node"
        concert.run("init", "--node", node, "--name", "cert.alder.example", "--listen", "127.0.0.1:0")
        server = concert.Server(node)
        self.addCleanup(server.stop)
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
        self.assertIn("/libmicrohttpd.so", maps)
        for note in notes():
            self.assertNotIn(f"/{note['soname'][0]}", maps)

    def test_missing(self):
        report = self.write("report.xml", IODEF)
        log = self.log()
        for feature, package, command in (
                ("archives", "libarchive13", ["match", "-i", self.values(), self.zip()]),
                ("iodef", "libxml2", ["incident", "show", report]),
                ("http", "libcurl3-gnutls", ["match", "-i", "https://alder.example/list", log])):
            soname = self.soname(feature)
            result = concert.run(*command, status=2, env=self.without(soname))
            self.assertIn(f"the library {soname} cannot be loaded (Debian has it in {package})",
                          result.err)
        result = concert.run("version", env=self.without(self.soname("http")))
        self.assertIn("cannot be loaded", result.out)


if __name__ == "__main__":
    unittest.main()
