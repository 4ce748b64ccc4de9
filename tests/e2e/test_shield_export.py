"""Exports of the shield: what each format says, and the programs that check what they are given."""

import csv
import io
import json
import os
import unittest

import concert
from shieldnode import ShieldTestCase, needs


class ExportTest(ShieldTestCase):
    def test_export(self):
        result = self.concert("shield", "export", "rpz")
        self.assertIn("rpz: 6 values written\n", result.err)
        result = self.concert("shield", "export", "rpz", "--from-store")
        self.assertIn("\nalder.example CNAME .\n*.alder.example CNAME .\n", result.out)
        self.assertIn("\n48.zz.5.db8.2001.rpz-ip CNAME .\n", result.out)
        self.assertNotIn("amber.example", result.out)
        self.assertNotIn("nobody.example", result.out)
        self.assertIn("rpz: 6 values written\n", result.err)
        self.assertIn("  1 their PAP level forbids blocking: domain 1\n", result.err)
        self.assertIn("  1 no PAP level permits blocking (see --unmarked): domain 1\n", result.err)
        self.assertIn("  3 the format has no place for them: url 1, md5 1, sha256 1\n", result.err)

        path, summary = self.export("rpz", "--from-store", "--unmarked", "green", "--exact", "-a",
                                    "nodata")
        self.assertIn("\nnobody.example CNAME *.\n", path.read_text())
        self.assertNotIn("*.nobody", path.read_text())
        self.assertEqual(summary["values"], 7)
        self.assertEqual(summary["not-permitted"], {"domain": 1})
        self.assertEqual(summary["no-place"], {"url": 1, "md5": 1, "sha256": 1})
        self.assertEqual(summary["bytes"], path.stat().st_size)

        # Other users read it; what somebody chose for the file stays.
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        path.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(path, 0, 65534)
        before = path.stat()
        after = self.export("rpz")[0].stat()
        self.assertNotEqual(after.st_ino, before.st_ino)
        self.assertEqual((after.st_mode, after.st_uid, after.st_gid),
                         (before.st_mode, before.st_uid, before.st_gid))

        path, summary = self.export("plain", "-k", "domain")
        self.assertEqual(sorted(path.read_text().split()), [
            "_service.under.birch.example", "alder.example", "amber.example", "nobody.example"])
        self.assertEqual(summary["unwanted"]["md5"], 1)

    def test_unmarked(self):
        """What bears no PAP level counts as the configuration says, but for --unmarked; a compiled
        set belongs to no node, so of it --unmarked alone says."""
        self.concert("shield", "compile", "-o", self.directory / "own.set")
        concert.configure(self.node, {"shield": {"unmarked": "green"}})
        for arguments, blocks in ((["--from-store"], True), (["--from-store", "--unmarked", "none"], False),
                                  (["--from", self.directory / "own.set"], False),
                                  (["--from", self.directory / "own.set", "--unmarked", "clear"], True)):
            out = self.concert("shield", "export", "rpz", *arguments).out
            self.assertEqual("\nnobody.example CNAME" in out, blocks, arguments)
        self.concert("shield", "export", "rpz", "--unmarked", "none", status=2)

    def test_programs(self):
        """What other programs read is what their readers make of it."""
        path, _ = self.export("csv")
        rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
        self.assertEqual(len(rows), 11)
        row, = (row for row in rows if row["type"] == "md5")
        self.assertEqual(row["name"], "'=HYPERLINK(1) \";drop $(id)")

        path, _ = self.export("stix")
        bundle = json.loads(path.read_text())
        self.assertEqual(len(bundle["objects"]), 11)
        before = path.read_text().partition("objects")[2]
        self.concert("import", path, "--source", "again")
        other = self.directory / "other"
        concert.run("init", "--node", other, "--name", "cert.birch.example")
        result = concert.run("import", "--node", other, path, "--json")
        self.assertEqual(result.lines()[-1]["accepted"], 11, result.out)
        hits = concert.run("match", "--node", other, "--json", "-",
                           input="www.alder.example 203.0.113.200 http://cedar.example/a?x=%27;y")
        self.assertEqual(len(hits.lines()), 3)

        path, _ = self.export("misp")
        third = self.directory / "third"
        concert.run("init", "--node", third, "--name", "cert.cedar.example")
        event = json.loads(path.read_text())["Event"]
        self.assertEqual(len({each["uuid"] for each in event["Attribute"]}),
                         len(event["Attribute"]))
        concert.run("import", "--node", third, path)
        concert.run("match", "--node", third, "-", input="203.0.113.200 www.alder.example")
        self.assertTrue(before)

    def test_sources(self):
        """A compiled file says the same as the node; what a warninglist names is left out."""
        compiled = self.directory / "node.set"
        self.concert("shield", "compile", "-o", compiled)
        for name in ("nftables", "plain", "suricata"):
            here = self.concert("shield", "export", name).out.splitlines()
            there = concert.run("shield", "export", name, "--from", compiled).out.splitlines()
            self.assertEqual([line for line in here if not line.startswith("#")],
                             [line for line in there if not line.startswith("#")])

        self.configure({"shield": {"suppress": self.write("list.json", {
            "name": "Names of Alder", "version": 1, "type": "hostname",
            "matching_attributes": ["domain", "hostname"], "list": ["alder.example"]})}})
        path, summary = self.export("rpz")
        self.assertNotIn("alder.example", path.read_text())
        path, summary = self.export("rpz", "--from-store")
        self.assertNotIn("alder.example", path.read_text())
        self.assertEqual(summary["suppressed"], {"domain": 1})
        path, summary = self.export("rpz", "--from-store", "--suppressed")
        self.assertIn("\nalder.example CNAME", path.read_text())
        self.assertNotIn("suppressed", summary)

    def test_mistakes(self):
        for arguments in (["bind"], ["rpz", "-a", "redirect"], ["dnsmasq", "--exact"],
                          ["rpz", "--redirect", "a b"], ["dnsmasq", "-a", "nodata"],
                          ["plain", "-k", "dog"], ["plain", "--json"], ["plain", "-o", self.directory],
                          ["rpz", "--from-store", "--from", self.write("any.set", "")],
                          ["plain", "--from", self.directory / "none"],
                          ["plain", "--from", self.write("no.set", "no set")]):
            result = self.concert("shield", "export", *arguments, status=2)
            self.assertIn("concert: ", result.err)
        kept = self.write("kept", "as it was")
        self.concert("shield", "export", "rpz", "-a", "redirect", "-o", kept, status=2)
        self.assertEqual(kept.read_text(), "as it was")
        self.assertEqual([path.name for path in self.directory.glob("kept*")], ["kept"])


ACTIONS = ([], ["-a", "nodata"], ["--redirect", "192.0.2.9"], ["--redirect", "2001:db8::9"],
           ["--redirect", "garden.example"], ["-a", "passthru"], ["--exact"])


class LoadTest(ShieldTestCase):
    @needs("named-checkzone")
    def test_bind(self):
        for options in ACTIONS:
            path, _ = self.export("rpz", *options)
            self.judge("named-checkzone", "-k", "fail", "rpz.concert", path)

    @needs("unbound-checkconf")
    def test_unbound(self):
        for options in ACTIONS[:-1]:
            path, _ = self.export("unbound", *options)
            conf = self.write("unbound.conf", f'server:\n chroot: ""\n username: ""\n directory: '
                              f'"{self.directory}"\n'
                              f' module-config: "respip validator iterator"\ninclude: "{path}"\n')
            self.judge("unbound-checkconf", conf)

    @needs("dnsmasq")
    def test_dnsmasq(self):
        for options in ([], ["--redirect", "192.0.2.9"], ["-a", "passthru"]):
            path, _ = self.export("dnsmasq", *options)
            self.judge("dnsmasq", "--test", "-C", path)


if __name__ == "__main__":
    unittest.main()
