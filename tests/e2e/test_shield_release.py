"""Releases of the shield: nothing blocks before a person here has approved it, what is recalled
unblocks at once, and what is dangerous needs two."""

import json
import unittest

import concert
from peernode import Node
from shieldnode import indicator


def domain(number, name, pap="green", **members):
    return indicator(number, f"[domain-name:value = '{name}']", pap, **members)


class ReleaseTestCase(concert.NodeTestCase):
    def give(self, *objects, source=None):
        path = self.write("bundle.json", {"type": "bundle", "objects": objects,
                                          "id": "bundle--0a000000-0000-4000-8000-00000000000a"})
        self.concert("import", path, *(["--source", source] if source else []))

    def shield(self, *arguments, **keywords):
        return self.concert("shield", *arguments, **keywords)

    def propose(self, *arguments, **keywords):
        return self.shield("propose", "--as", "Anna", "--json", *arguments, **keywords).json()

    def release(self, *arguments):
        """Proposes and approves."""
        proposal = self.propose(*arguments)
        self.shield("approve", proposal["release"], "--as", "Ben")
        return proposal["release"]

    def blocked(self):
        """The names that the release in force blocks."""
        lines = self.shield("export", "rpz", "--exact").out.splitlines()
        return sorted(line.split()[0] for line in lines if line.endswith(" CNAME ."))

    def entries(self, kind):
        entries = [line for line in self.concert("ledger", "list", "--json").lines()
                   if line["header"]["kind"] == kind]
        return [line["header"] for line in sorted(entries, key=lambda line: line["index"])]


class ReleaseTest(ReleaseTestCase):
    def test_release(self):
        self.give(domain(1, "one.example"), domain(2, "two.example", "amber"),
                  domain(3, "three.example", None), domain(4, "four.example", confidence=80),
                  domain(5, "old.example", valid_until="2024-02-01T00:00:00Z"))
        nothing = self.shield("export", "rpz", status=1)
        self.assertEqual(nothing.err, "concert: no release is in force: `concert shield propose`\n")
        self.assertEqual(nothing.out, "")
        self.assertIn("one.example", self.shield("export", "rpz", "--from-store").out)
        self.shield("export", "rpz", "--unmarked", "green", status=2)
        self.shield("releases", status=1)
        self.shield("rollback", "--as", "Anna", status=1)

        # A dry run on logs that are not there would say that nobody is hit.
        self.assertIn("no such file", self.shield("propose", "--logs", self.directory / "none",
                                                  "--as", "Anna", status=2).err)
        log = self.write("dns.log", "one.example four.example\nwww.one.example\n")
        self.assertIn("there are plain, avx2", self.shield("propose", "--logs", log, "--as", "Anna",
                                                           status=2, env={"CONCERT_SIMD": "x"}).err)
        self.shield("releases", status=1)

        # What it says.
        proposal = self.propose("--logs", log)
        self.assertEqual((proposal["release"], proposal["values"]), (1, 2))
        self.assertEqual(proposal["added"]["kinds"], {"domain": 2})
        self.assertEqual([row["value"] for row in proposal["added"]["list"]],
                         ["four.example", "one.example"])
        self.assertEqual(proposal["left_out"], {"unmarked": 1, "not-permitted": 1})
        self.assertEqual([(row["value"], row["hits"]) for row in proposal["dry_run"]["values"]],
                         [("one.example", 2), ("four.example", 1)])
        self.shield("export", "rpz", status=1)
        self.shield("approve", 7, "--as", "Ben", status=1)
        # Nobody approves their own act, however they write their name.
        for name in ("Anna", " anna "):
            self.assertIn("another person", self.shield("approve", 1, "--as", name, status=2).err)
        self.shield("export", "rpz", status=1)
        self.shield("approve", 1, "--as", "Ben")
        self.assertEqual(self.blocked(), ["four.example", "one.example"])
        self.shield("approve", 1, "--as", "Ben", status=2)
        self.shield("propose", "--as", "Anna", status=1)

        # Who asks for less gets less, and one command undoes it.
        text = self.shield("propose", "--min-confidence", "50", "--as", "Anna").out
        self.assertIn("removed   1 values: domain 1", text)
        self.shield("approve", 2, "--as", "Ben")
        self.assertEqual(self.blocked(), ["four.example"])
        self.shield("rollback", "--as", "Ben")
        self.assertEqual(self.blocked(), ["four.example", "one.example"])
        self.shield("rollback", "2", "--as", "Ben")
        self.assertEqual(self.blocked(), ["four.example"])
        self.shield("rollback", "1", "--as", "Ben")
        states = [(row["release"], row["state"]) for row in
                  self.shield("releases", "--json").lines()]
        self.assertEqual(states, [(2, "was in force"), (1, "in force")])
        shown = self.shield("release", "show", "1", "--json").json()
        self.assertEqual((shown["approvers"], len(shown["list"])), (["Ben"], 2))
        self.shield("release", "show", "9", status=1)

        # Never, at once.
        self.shield("never-block", "add", "www.one.example", "--reason", "ours", "--as", "Anna")
        self.shield("never-block", "add", "WWW.one.example", "--as", "Anna", status=2)
        # One that is wrong keeps no other from it.
        wrong = self.shield("never-block", "add", "what?", "here.example", "--as", "Anna", status=2)
        self.assertEqual(wrong.err, "concert: what? is no address, prefix or domain\n")
        self.shield("never-block", "remove", "there.example", "here.example", "--as", "Anna",
                    status=1)
        self.assertEqual(self.blocked(), ["four.example"])
        told = self.shield("export", "rpz", "--json", "-o", self.directory / "zone").json()
        self.assertEqual((told["values"], told["left_out"]), (1, {"never-block": 1}))
        self.assertIn("1 approved, and left out now: touch the never-block list",
                      self.shield("export", "hosts").err)
        self.assertEqual(self.shield("never-block", "list", "--json").json()["value"],
                         "www.one.example")
        self.assertEqual(self.propose("--check", status=1)["left_out"]["never-block"], 1)
        self.shield("never-block", "remove", "www.one.example", "--as", "Anna")
        self.assertEqual(self.blocked(), ["four.example", "one.example"])
        self.shield("never-block", "remove", "www.one.example", "--as", "Anna", status=1)

        # Gone without anybody's approval; another indicator of the same value is not approved.
        self.give(domain(4, "four.example", modified="2024-06-01T00:00:00.000Z", revoked=True),
                  domain(6, "four.example"))
        self.assertEqual(self.blocked(), ["one.example"])
        self.assertEqual(self.propose("--check")["added"]["list"][0]["value"], "four.example")

        # The ledger has it all, for nobody.
        for kind, count in (("release.proposed", 2), ("release.approved", 2),
                            ("release.in-force", 2), ("release.rolled-back", 3),
                            ("never-block.changed", 4)):
            entries = self.entries(kind)
            self.assertEqual((kind, len(entries)), (kind, count))
            self.assertTrue(all(entry["audience"] == [] for entry in entries))
        first = self.entries("release.in-force")[0]
        self.assertEqual((first["release"], first["values"], first["digest"]),
                         (1, 2, shown["digest"]))
        self.concert("ledger", "audit")

    def test_dangers(self):
        concert.configure(self.node, {
            "shield": {"change_limit": "3", "resolvers": "198.51.100.53"},
            "card": {"constituency_ip": "203.0.113.0/24", "constituency_domains": "birch.example"}})
        self.give(indicator(1, "[ipv4-addr:value = '203.0.113.7']"),
                  domain(2, "www.birch.example"), domain(3, "alder.example"),
                  indicator(4, "[ipv4-addr:value ISSUBSET '192.0.0.0/15']"),
                  indicator(5, "[ipv6-addr:value ISSUBSET '2001:db8::/31']"),
                  indicator(6, "[url:value = 'http://198.51.100.53/x']"),
                  domain(7, "cedar.example"),
                  indicator(8, "[ipv4-addr:value ISSUBSET '192.0.0.0/16']"))
        refused = self.shield("propose", "--as", "Anna", status=2)
        self.assertIn("8 values would change, more than the limit of 3", refused.err)
        self.shield("releases", status=1)
        proposal = self.propose("--over-limit", "the first")
        self.assertTrue(proposal["over_limit"])
        self.assertEqual({row["value"]: row["why"] for row in proposal["dangerous"]}, {
            "203.0.113.7": "constituency of this node",
            "www.birch.example": "constituency of this node",
            "alder.example": "name of this node",
            "192.0.0.0/15": "a prefix shorter than /16",
            "2001:db8::/31": "a prefix shorter than /32",
            "http://198.51.100.53/x": "resolver named in concert.conf"})
        # The proposer is neither approver, and nobody is two persons.
        self.assertIn("does not approve it", self.shield("approve", 1, "--as", "Anna", status=2).err)
        self.assertIn("another person", self.shield("approve", 1, "--as", "Cleo").out)
        self.shield("export", "nftables", status=1)
        self.assertIn("need a second approver", self.concert("status", status=1).out)
        self.assertIn("already", self.shield("approve", 1, "--as", " cleo ", status=2).err)
        self.assertIn("does not approve it", self.shield("approve", 1, "--as", "Anna", status=2).err)
        self.shield("approve", 1, "--as", "Ben")
        self.assertIn("203.0.113.7", self.shield("export", "nftables").out)
        self.assertEqual([entry["second"] for entry in self.entries("release.approved")],
                         [False, True])
        self.assertEqual(self.entries("release.proposed")[0]["over_limit"], "the first")
        # What was approved already is not dangerous again.
        self.give(domain(9, "nine.example"))
        self.assertEqual(self.propose()["dangerous"], [])
        self.shield("approve", 2, "--as", "Ben")
        # Made before another came into force: to be looked at again.
        self.give(domain(10, "ten.example"))
        self.propose()
        self.propose()
        self.shield("approve", 4, "--as", "Ben")
        self.assertIn("before another", self.shield("approve", 3, "--as", "Ben", status=2).err)

    def test_unnamed(self):
        """Leaving out the name makes nobody another person."""
        concert.configure(self.node, {"node": {"organisation": "Forum CERT"}})
        self.give(domain(1, "one.example"))
        self.propose()
        for arguments in ((), ("--as", "forum  cert")):
            self.assertIn("which person", self.shield("approve", 1, *arguments, status=2).err)
        self.shield("export", "nftables", status=1)
        concert.configure(self.node, {"node": {"signatory": "Ben"}})
        self.shield("approve", 1)
        self.assertEqual(self.blocked(), ["one.example"])

    def test_one_person(self):
        """A node where only one person is says so in concert.conf, and each time in the ledger."""
        self.give(domain(1, "one.example"))
        self.propose()
        self.shield("approve", 1, "--as", "Anna", status=2)
        concert.configure(self.node, {"shield": {"own_approval": "yes"}})
        self.assertIn("own_approval", self.shield("approve", 1, "--as", "Anna").err)
        self.assertEqual(self.blocked(), ["one.example"])
        # What is dangerous needs a second one all the same.
        concert.configure(self.node, {"card": {"constituency_domains": "birch.example"}})
        self.give(domain(2, "birch.example"))
        self.propose()
        self.assertFalse(self.shield("approve", 2, "--as", "Anna", "--json").json()["in_force"])
        self.shield("approve", 2, "--as", "anna", status=2)
        # What the proposer approved counts only as long as that is allowed.
        concert.configure(self.node, {"shield": {"own_approval": "no"}})
        self.assertIn("by who proposed it", self.shield("approve", 2, "--as", "Ben", status=2).err)
        concert.configure(self.node, {"shield": {"own_approval": "yes"}})
        self.assertTrue(self.shield("approve", 2, "--as", "Ben", "--json").json()["in_force"])
        self.assertEqual([(entry["by"], entry.get("own")) for entry in self.entries("release.approved")],
                         [("Anna", True), ("Anna", True), ("Ben", None)])

    def test_as_numbers(self):
        """What lies in an AS of a card is in the table of routes, or it is said that it is not."""
        concert.configure(self.node, {"card": {"constituency_as": "AS64500 64501"}})
        self.give(indicator(1, "[ipv4-addr:value = '203.0.113.7']"),
                  indicator(2, "[ipv4-addr:value = '203.0.113.130']"),
                  indicator(3, "[url:value = 'http://203.0.113.8/x']"), domain(4, "four.example"))
        unknown = [{"as": 64500, "of": "this node"}, {"as": 64501, "of": "this node"}]
        proposal = self.propose("--check")
        self.assertEqual((proposal["dangerous"], proposal["unresolved"]), ([], unknown))
        self.assertIn("not known what lies in AS64500 of this node, AS64501 of this node",
                      self.shield("propose", "--as", "Anna").out)
        self.concert("contact", "import", self.write(
            "routes.csv", "prefix,asn\n203.0.113.0/24,64500\n203.0.113.128/25,AS64999\n"))
        proposal = self.propose("--check")
        self.assertEqual(({row["value"]: row["why"] for row in proposal["dangerous"]},
                          proposal["unresolved"]),
                         ({"203.0.113.7": "AS64500, constituency of this node",
                           "http://203.0.113.8/x": "AS64500, constituency of this node"},
                          unknown[1:]))
        # What was proposed before the table came is judged again by who approves it.
        first = self.shield("approve", 1, "--as", "Cleo")
        self.assertIn("2 of its values are dangerous", first.out)
        self.assertIn("what lies in 1 AS numbers", first.err)
        second = self.shield("approve", 1, "--as", "Ben", "--json").json()
        self.assertEqual((second["in_force"], second["unresolved"]), (True, unknown[1:]))
        # Standing approvals let nothing dangerous in, and say what they cannot tell.
        self.shield("standing", "add", "--source", "birch", "--min-confidence", "0", "--daily", "9",
                    "--until", "30d", "--as", "Anna")
        self.assertIn("AS64501 of this node", self.shield("standing", "list").err)

    def test_standing(self):
        concert.begin_within_a_day()
        concert.configure(self.node, {"shield": {"standing_interval": "1s"}})
        add = ("standing", "add", "--source", "birch", "--as", "Anna")
        self.shield(*add, "--daily", "2", "--until", "30d", status=2)
        self.shield(*add, "--min-confidence", "50", "--daily", "2", "--until", "2y", status=2)
        self.shield(*add, "--min-confidence", "50", "--daily", "2", "--until", "2020-01-01",
                    status=2)
        number = self.shield(*add, "--kind", "domain", "--min-confidence", "50", "--daily", "2",
                             "--until", "30d").out.strip()
        self.assertEqual(number, "1")
        self.give(domain(1, "one.example", confidence=80),
                  domain(2, "low.example", confidence=10), domain(3, "none.example"),
                  domain(4, "two.example", "amber", confidence=80),
                  indicator(5, "[ipv4-addr:value = '192.0.2.1']", confidence=80),
                  domain(6, "test", confidence=80),
                  domain(7, "cert.alder.example", confidence=80),
                  source="birch")
        self.give(domain(8, "other.example", confidence=80))
        server = self.serve()
        token = self.shield("consumer", "add", "resolver", "--format", "rpz").out.strip()

        def fetch():
            reply = server.get("/shield/export/rpz", headers={"Authorization": f"Bearer {token}"})
            self.assertEqual(reply.status, 200)
            self.assertIn(b" SOA ", reply.body)
            return reply.body

        concert.until(lambda: b"\none.example CNAME" in fetch())
        self.assertEqual(self.blocked(), ["one.example"])
        # The day's bound, and what waits.
        self.give(*(domain(10 + i, f"more{i}.example", confidence=80) for i in range(3)),
                  source="birch")
        concert.until(lambda: self.concert("status", "--json",
                                           status=None).json()["values_waiting"] == 2)
        self.assertEqual(len(self.blocked()), 2)
        self.assertIn("2 values exceed", self.concert("status", status=1).out)
        standing = self.shield("standing", "list", "--json").json()
        self.assertEqual((standing["used_today"], standing["waiting"]), (2, 2))
        # Gone at once; and a rollback is not undone by what stands.
        self.give(domain(1, "one.example", modified="2024-06-01T00:00:00.000Z", revoked=True),
                  source="birch")
        self.assertNotIn(b"one.example", fetch())
        self.shield("rollback", "0", "--as", "Ben")
        self.assertNotIn(b"CNAME .", fetch())
        self.shield("export", "rpz", status=1)
        self.assertEqual(self.shield("standing", "list", "--json").json()["state"],
                         "stopped by a rollback")
        self.shield("standing", "resume", "1", "--as", "Anna")
        self.shield("standing", "remove", "1", "--as", "Anna")
        self.shield("standing", "remove", "1", "--as", "Anna", status=1)
        self.assertEqual([entry["values"] for entry in self.entries("standing.used")], [1, 1])
        for kind in ("standing.added", "standing.resumed", "standing.removed"):
            self.assertEqual(len(self.entries(kind)), 1)


class PeerTest(concert.TestCase):
    def test_peers(self):
        alder = Node(self, "alder").serve()
        birch = Node(self, "birch", {"card": {"constituency_as": "AS64510"}}).serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        alder.wait_state(birch, "active")
        bundle = self.directory / "bundle.json"
        bundle.write_text(json.dumps({"type": "bundle", "objects": [domain(1, "bad.example")],
                                      "id": "bundle--0a000000-0000-4000-8000-00000000000a"}))
        sent = birch.run("dispatch", "send", "--title", "Block", "--to", alder.name, "--pap",
                         "green", "--tlp", "green", bundle, "--json").json()

        bundle.write_text(json.dumps({"type": "bundle", "objects": [domain(2, "drill.example")],
                                      "id": "bundle--0a000000-0000-4000-8000-00000000000b"}))
        birch.run("dispatch", "send", "--title", "Drill", "--to", alder.name, "--pap", "green",
                  "--tlp", "green", "--exercise", bundle)

        def export(*options, **keywords):
            return alder.run("shield", "export", "rpz", *options, **keywords)

        concert.until(lambda: len(alder.run("shield", "export", "plain").out.split()) >= 2)
        export(status=1)
        proposal = alder.run("shield", "propose", "--source", birch.name, "--as", "Anna",
                             "--json").json()
        self.assertEqual(proposal["added"]["sources"], {birch.name: 1})
        self.assertEqual(proposal["left_out"], {"not-permitted": 1})  # exercises never block
        alder.run("shield", "approve", 1, "--as", "Ben")
        self.assertIn("\nbad.example CNAME .\n", export().out)
        # What lies in an AS of a peer's card is dangerous, too.
        self.assertEqual(proposal["unresolved"], [{"as": 64510, "of": birch.name}])
        routes = self.write("routes.csv", "prefix,asn\n203.0.113.0/24,64510\n")
        alder.run("contact", "import", routes)
        theirs = indicator(3, "[ipv4-addr:value = '203.0.113.7']")
        alder.run("import", self.write("theirs.json", theirs))
        proposal = alder.run("shield", "propose", "--check", "--json").json()
        self.assertEqual([(row["value"], row["why"]) for row in proposal["dangerous"]],
                         [("203.0.113.7", f"AS64510, constituency of {birch.name}")])
        self.assertEqual(proposal["unresolved"], [])
        birch.run("dispatch", "recall", sent["entries"][0], "--reason", "a mistake")
        concert.until(lambda: "bad.example" not in export().out)


if __name__ == "__main__":
    unittest.main()
