"""Dispatches between real nodes over TLS: sent, confirmed, taken back, granted, refused, reported."""

import datetime
import json
import os
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import concert
from peernode import FalsePeer, Node


def object_id(number):
    return f"indicator--11111111-1111-4111-8111-1111111111{number:02d}"


def indicator(number, name="page", day=1, **members):
    return {"type": "indicator", "spec_version": "2.1", "id": object_id(number),
            "created": "2026-01-01T00:00:00.000Z", "modified": f"2026-01-{day:02d}T00:00:00.000Z",
            "name": f"{name} {number}", "pattern_type": "stix",
            "pattern": f"[domain-name:value = 'page{number}.first-bank.example']",
            "valid_from": "2026-01-01T00:00:00Z", **members}


def bundle(*objects):
    return {"type": "bundle", "id": "bundle--11111111-1111-4111-8111-111111111111",
            "objects": list(objects)}


class OneNodeTest(concert.NodeTestCase):
    """What needs nobody else."""

    def send(self, *arguments, **keywords):
        return self.concert("dispatch", "send", "--title", "Pages", *arguments, **keywords)

    def test_what_must_be_said(self):
        page = self.write("page.json", bundle(indicator(1)))
        nobody = self.send(page, status=2)
        self.assertIn("nobody is not everybody", nobody.err)
        self.concert("dispatch", "send", "--public", page, status=2)
        self.assertIn("what is sent", self.send("--public", status=2).err)
        self.assertIn("what is sent", self.send("--public", "--id", object_id(1), page, status=2).err)
        self.assertIn("for everybody", self.send("--public", "--to", "x", page, status=2).err)
        self.assertIn("that is past", self.send("--public", "--expires", "2020-01-01", page,
                                                status=2).err)
        self.assertIn("30d", self.send("--public", "--expires", "soon", page, status=2).err)
        self.send("--to", "cert.birch.example", page, status=1)
        # Nothing of that was even imported, let alone committed.
        self.assertEqual(self.concert("status", "--json").json()["objects"], 0)
        self.assertEqual(self.concert("dispatch", "list", status=1).out, "")
        self.concert("dispatch", "show", "0", status=1)
        self.concert("dispatch", "show", "birch:0", status=1)
        self.concert("dispatch", "show", "first", status=2)

    def test_public(self):
        page = self.write("page.json", bundle(indicator(1), indicator(2)))
        denied = self.send("--public", "--tlp", "amber", page, status=1)
        self.assertIn("(rule public-needs-clear)", denied.err)
        self.assertIn(object_id(1), denied.err)
        self.assertEqual(self.concert("dispatch", "list", status=1).out, "")
        sent = self.send("--public", "--tlp", "clear", "--expires", "30d", page, "--json").json()
        self.assertEqual((sent["objects"], sent["audience"], sent["tlp"]), (2, [], "clear"))
        entry = sent["entries"][0]
        listed = self.concert("dispatch", "list", "--json").json()
        self.assertEqual((listed["entry"], listed["public"], listed["own"], listed["items"]),
                         (entry, True, True, 2))
        shown = self.concert("dispatch", "show", entry).out
        self.assertIn("audience     public\n", shown)
        self.assertIn("expires      20", shown)
        explained = self.explain(1, "anyone")
        self.assertEqual([(line["dispatch"], line["rule"]) for line in explained],
                         [(str(entry), "audience-public")])
        # Taken back once, and not again; recalled all the same.
        self.concert("dispatch", "withdraw", entry, status=2)
        self.concert("dispatch", "recall", entry, "--status", status=1)
        self.concert("dispatch", "withdraw", entry, "--reason", "a mistake")
        self.concert("dispatch", "withdraw", entry, "--reason", "a mistake", status=2)
        self.assertEqual(self.explain(1, "anyone", status=1)[0]["rule"], "state-withdrawn")
        self.concert("dispatch", "recall", entry, "--reason", "harmful")
        self.assertIn("state        recalled by entry", self.concert("dispatch", "show", entry).out)
        self.concert("dispatch", "recall", entry, "--reason", "harmful", status=2)
        self.concert("dispatch", "recall", entry, "--item", "7", "--reason", "x", status=1)

    def explain(self, number, whom, status=0):
        return self.concert("policy", "explain", object_id(number), "--for", whom, "--json",
                            status=status).lines()

    def test_files(self):
        """What cannot be sent as it stands in the file refuses the whole."""
        listed = self.send("--public", "--tlp", "clear", "-", input="198.51.100.7\n198.51.100.8\n")
        self.assertIn("Sent 2 objects as entry", listed.out)
        bad = self.write("bad.json", bundle(indicator(1), {**indicator(2), "pattern_type": 5}))
        result = self.send("--public", "--tlp", "clear", bad, status=2)
        self.assertIn("nothing was sent", result.err)
        self.assertIn("$.objects[1]: $.pattern_type", result.err)
        # Another source's object is not ours to replace.
        page = self.write("page.json", bundle(indicator(3)))
        self.concert("import", "--source", "birch", page)
        other = self.write("other.json", bundle(indicator(3, "other", day=2)))
        self.assertIn("another source", self.send("--public", other, status=2).err)
        self.assertEqual(len(self.concert("dispatch", "list", "--json").lines()), 1)
        self.send("--public", self.directory / "absent", status=2)

    def test_select(self):
        self.concert("import", "--source", "birch",
                     self.write("a.json", bundle(indicator(1), indicator(2, day=9))))
        self.concert("import", self.write("b.json", bundle(indicator(3))))
        for arguments, count in ((["--source", "birch"], 2), (["--type", "indicator"], 3),
                                 (["--collection", "main", "--modified-after", "2026-01-05"], 1),
                                 (["--id", object_id(1), "--id", object_id(3)], 2)):
            sent = self.send("--public", "--tlp", "clear", *arguments, "--json").json()
            self.assertEqual(sent["objects"], count, arguments)
        self.send("--public", "--tlp", "clear", "--type", "malware", status=1)
        self.send("--public", "--tlp", "clear", "--id", object_id(9), status=1)

    def test_many(self):
        """What takes several calls goes whole or not at all, and under one level."""
        amber = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
        objects = [indicator(1, id=f"indicator--11111111-1111-4111-8111-{number:012d}")
                   for number in range(4200)]
        objects[4150]["object_marking_refs"] = [amber]
        many = self.write("many.json", bundle(*objects))
        denied = self.send("--public", "--tlp", "clear", many, status=1)
        self.assertIn("(rule public-needs-clear)", denied.err)
        self.send("--public", many, status=1)
        self.assertEqual(self.concert("dispatch", "list", status=1).out, "")
        del objects[4150]["object_marking_refs"]
        objects[4150]["modified"] = "2026-02-01T00:00:00.000Z"
        sent = self.send("--public", "--tlp", "clear", self.write("many.json", bundle(*objects)),
                         "--json").json()
        self.assertEqual((sent["objects"], sent["tlp"]), (4200, "clear"))
        self.assertEqual(sum(line["items"] for line in
                             self.concert("dispatch", "list", "--json").lines()), 4200)

    def test_policy(self):
        self.concert("import", self.write("page.json", bundle(indicator(1))))
        rules = self.concert("policy", "rules", "--json").lines()
        self.assertIn({"rule": "audience-empty", "allows": False,
                       "sentence": "Its audience is empty: it is for nobody."}, rules)
        self.assertEqual(len([line for line in rules if "column" in line]), 8)
        table = self.concert("policy", "rules").out
        for line in rules:
            self.assertIn(line.get("column", line.get("sentence")), table)
        self.assertEqual(self.explain(1, "staff")[0]["rule"], "staff")
        self.assertEqual(self.explain(1, "anyone", status=1)[0]["rule"], "audience-empty")
        self.concert("policy", "explain", object_id(9), "--for", "staff", status=1)
        self.concert("policy", "explain", object_id(1), "--for", "cert.birch.example", status=1)
        self.concert("policy", "explain", object_id(1), status=2)

    def test_reach(self):
        listed = {line["name"]: line for line in self.concert("collection", "list", "--json").lines()}
        self.assertEqual(listed["partners"]["reach"], "staff")
        self.assertNotIn("reach", listed["main"])
        self.concert("collection", "add", "open", "--reach", "somebody", status=2)
        self.concert("collection", "show", "open", status=1)
        self.concert("collection", "add", "open", "--reach", "anyone")
        self.assertEqual(self.concert("collection", "show", "open", "--json").json()["reach"], "anyone")
        self.concert("collection", "reach", "open", "peer:cert.birch.example")
        self.assertIn("peer:cert.birch.example", self.concert("collection", "show", "open").out)
        self.concert("collection", "reach", "open", "none")
        self.assertNotIn("reach", self.concert("collection", "show", "open", "--json").json())
        self.concert("collection", "reach", "closed", "staff", status=1)
        self.concert("collection", "reach", "open", "peer:", status=2)

    def test_nobody(self):
        self.assertEqual(self.concert("exchange", "status", status=1).out, "")
        self.concert("exchange", "sync", status=1)
        self.concert("exchange", "sync", "cert.birch.example", status=1)
        self.concert("exchange", "report", "cert.birch.example", status=1)
        status = self.concert("status", "--json").json()
        self.assertEqual((status["peers_active"], status["entries_unconfirmed"]), (0, 0))


class ExchangeTest(concert.TestCase):
    def nodes(self, *names, settings=None):
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda name: Node(self, name, settings).serve(), names))

    def meet(self, node, other):
        node.run("peer", "invite", other.url)
        other.run("peer", "accept", node.name)

    def send(self, node, other, *arguments, title="Counterfeit page", **keywords):
        sent = node.run("dispatch", "send", "--to", other.name, "--title", title, *arguments,
                        "--json", **keywords)
        return sent.json()["entries"][0] if sent.status == 0 else sent

    def confirmed(self, node, entry):
        return all(line["confirmed"] == line["recipients"]
                   for line in node.run("dispatch", "list", "--own", "--json").lines()
                   if line["entry"] == entry)

    def members(self, node, collection="partners"):
        return node.run("collection", "show", collection, "--json").json()["members"]

    def dispatches(self, node, other):
        return node.run("dispatch", "list", "--from", other.name, "--json", status=None).lines()

    def recall_status(self, node, entry):
        """Of what was said last about the dispatch: who has it, and who knows."""
        result = node.run("dispatch", "recall", entry, "--status", "--json", status=None)
        last = max(line["by"] for line in result.lines())
        return result.status, {line["node"]: (line["has_it"], line["confirmed"])
                               for line in result.lines() if line["by"] == last}

    def test_sent_and_confirmed(self):
        alder, birch = self.nodes("alder", "birch")
        self.meet(alder, birch)
        page = self.write("page.json", bundle(indicator(1), indicator(2)))
        entry = self.send(alder, birch, "--tlp", "amber", "--pap", "green", "--exercise",
                          "--purpose", "Look for it", page)
        concert.until(lambda: self.confirmed(alder, entry))
        self.assertEqual(self.members(birch), 2)
        self.assertEqual(self.members(birch, "main"), 0)
        own = alder.run("dispatch", "show", entry).out
        self.assertIn("TLP:AMBER PAP:GREEN", own)
        self.assertRegex(own, r"audience     cert\.birch\.example  confirmed by its entry \d+ of 20")
        came = birch.run("dispatch", "show", f"{alder.name}:{entry}")
        self.assertRegex(came.out, r"(?m)^EXERCISE ")
        self.assertRegex(came.out, r"evidence     signed at ")
        self.assertIn("1 of 1", alder.run("dispatch", "list").out)
        self.assertIn("EXERCISE: Counterfeit page", birch.run("dispatch", "list").out)
        came = birch.run("dispatch", "show", f"{alder.name}:{entry}", "--json").json()
        self.assertEqual((came["title"], came["tlp"], came["purpose"], came["exercise"]),
                         ("Counterfeit page", "amber", "Look for it", True))
        self.assertEqual([item["id"] for item in came["item_list"]], [object_id(1), object_id(2)])
        self.assertEqual(json.loads(came["statement"])["body"]["to"], birch.origin)
        self.assertTrue(came["checkpoint"].startswith(alder.origin + "\n"))
        self.assertEqual(json.loads(came["header"])["audience"], [birch.origin])
        # A new version takes the place of the old one.
        page = self.write("new.json", bundle(indicator(1, "seen again", day=5)))
        entry = self.send(alder, birch, "--tlp", "amber", page)
        concert.until(lambda: self.confirmed(alder, entry))
        self.assertIn("seen again 1", birch.run("search", "page1.first-bank.example").out)
        status = alder.run("exchange", "status", "--json").json()
        self.assertEqual((status["peer"], status["state"], status["unconfirmed"]),
                         (birch.name, "active", 0))
        self.assertLess(abs(status["clock_ahead_seconds"]), 5)
        self.assertIn("1 active", alder.run("status", status=None).out)
        # What was received stays with who received it.
        refused = self.send(birch, alder, "--tlp", "amber", "--id", object_id(2), status=1)
        self.assertIn("(rule tlp-amber)", refused.err)
        explained = birch.run("policy", "explain", object_id(2), "--for", alder.name, "--json",
                              status=1).lines()
        self.assertEqual({line["rule"] for line in explained}, {"tlp-amber"})
        self.assertEqual(birch.run("policy", "explain", object_id(2), "--for", "client", "--json")
                         .json()["rule"], "client")
        self.assertIn("audience ", alder.run("policy", "explain", object_id(2), "--for",
                                             birch.name).out)
        self.report(alder, birch)

    def report(self, alder, birch):
        """Both sides add up alike, and what was sent can be proven to anybody."""
        proofs = self.directory / "proofs"

        def sides(node, other, *arguments):
            lines = node.run("exchange", "report", other.name, "--json", *arguments).lines()
            self.assertEqual(lines[0]["peer"], other.origin)
            sums = {line["direction"]: line for line in lines if line["event"] == "summary"}
            return lines, sums["sent"], sums["received"]

        def same():
            _, sent, _ = sides(alder, birch)
            lines, _, received = sides(birch, alder)
            return (sent["count"], sent["sha256"]) == (received["count"], received["sha256"])

        concert.until(same)
        lines, sent, received = sides(alder, birch, "--disclose", proofs)
        _, back, came = sides(birch, alder, "--received-before", sent["end"])
        self.assertEqual((sent["count"], sent["sha256"]), (came["count"], came["sha256"]))
        self.assertEqual((sent["dispatches"], sent["items"]), (came["dispatches"], came["items"]))
        self.assertEqual((sent["dispatches"], sent["items"]), (2, 3))
        _, back, _ = sides(birch, alder, "--sent-before", received["end"])
        self.assertEqual((received["count"], received["sha256"]), (back["count"], back["sha256"]))
        ours = [line for line in lines if line["event"] == "entry" and line["direction"] == "sent"]
        self.assertEqual([line["entry"] for line in ours if line["kind"] == "receipt"
                          and "receipt" in line], [])
        self.assertTrue(all("receipt" in line for line in ours if line["kind"] == "dispatch"))
        self.assertEqual(sorted(int(path.stem) for path in proofs.iterdir()),
                         [line["entry"] for line in ours])
        key = next(line["vkey"] for line in alder.run("key", "list", "--json").lines()
                   if line["key"] == "ledger")
        for path in proofs.iterdir():
            concert.run("ledger", "verify-disclosure", path, "--key", key)
        entry = next(line["entry"] for line in ours if line["kind"] == "dispatch")
        proof = proofs / f"{entry}.json"
        forged = self.write("forged.json", proof.read_text().replace("Counterfeit", "Confiscated"))
        self.assertNotEqual(forged.read_bytes(), proof.read_bytes())
        concert.run("ledger", "verify-disclosure", forged, "--key", key, status=1)
        # A report as a file; never over another.
        path = self.directory / "report.txt"
        alder.run("exchange", "report", birch.name, "-o", path)
        self.assertIn(sent["sha256"], path.read_text())
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        alder.run("exchange", "report", birch.name, "-o", path, status=2)

    def found(self, node, *arguments):
        """The indicators that the node looks for in a log that has all of them."""
        log = self.write("log", "".join(f"page{n}.first-bank.example\n" for n in range(1, 4)))
        return {line["indicator"] for line in
                node.run("match", "--json", *arguments, log, status=None).lines()}

    def test_taken_back(self):
        """Withdrawals and recalls, of all or of an item, while the other is there and is not."""
        alder, birch = self.nodes("alder", "birch")
        self.meet(alder, birch)
        pages = self.write("pages.json", bundle(*(indicator(n) for n in range(1, 4))))
        first = self.send(alder, birch, pages)
        concert.until(lambda: self.confirmed(alder, first))
        self.assertEqual(self.members(birch), 3)
        alder.run("dispatch", "withdraw", first, "--item", "1", "--reason", "not sure any more")
        concert.until(lambda: self.members(birch) == 2)
        self.assertEqual(self.found(birch), {object_id(1), object_id(3)})
        # They bear no marking: the dispatch's counts.
        log = self.write("log", "page1.first-bank.example\n")
        self.assertEqual(birch.run("match", "--json", log).json()["tlp"], "amber")
        birch.stop()
        recalled = alder.run("dispatch", "recall", first, "--reason", "a bank's own server")
        self.assertIn("not yet", recalled.out)
        status, nodes = self.recall_status(alder, first)
        self.assertEqual((status, nodes[birch.name]), (1, (True, False)))
        self.assertEqual(alder.run("exchange", "status", "--json").json()["unconfirmed"], 1)
        self.assertEqual(alder.run("status", "--json", status=None).json()["entries_unconfirmed"], 1)
        birch.serve()
        concert.until(lambda: self.recall_status(alder, first)[0] == 0)
        self.assertEqual(self.members(birch), 0)
        came = birch.run("dispatch", "show", f"{alder.name}:{first}").out
        self.assertRegex(came, r"state        recalled by entry \d+: a bank's own server")
        self.assertIn("recalled", birch.run("dispatch", "list").out)
        explained = birch.run("policy", "explain", object_id(1), "--for", "client", "--json",
                              status=1).json()
        self.assertEqual(explained["rule"], "state-recalled")
        # Who asks for the object by itself is told, too, and by which dispatch.
        shown = birch.run("show", object_id(1)).out
        self.assertRegex(shown, rf"dispatch     {alder.name}:{first}  recalled by entry \d+: a bank's")
        self.assertIn("  out of use  ", shown)
        self.assertIs(birch.run("show", object_id(1), "--json").json()["out_of_use"], True)
        self.assertIn("  out of use  ", birch.run("search", "page1.first-bank.example").out)
        self.assertIs(alder.run("search", "page1.first-bank.example", "--json").json()["out_of_use"],
                      False)
        # Nobody looks for it any more, unless asked to.
        self.assertEqual(self.found(birch), set())
        self.assertEqual(self.found(birch, "--expired"), {object_id(n) for n in range(1, 4)})
        # Sent anew it is there again; so is what somebody puts into a collection.
        again = self.send(alder, birch, "--id", object_id(1))
        concert.until(lambda: self.confirmed(alder, again))
        self.assertEqual(self.members(birch), 1)
        self.assertEqual(self.found(birch), {object_id(1)})
        self.assertNotIn("out of use", birch.run("show", object_id(1)).out)
        third = self.write("third.json", bundle(indicator(3)))
        birch.run("import", "--source", alder.name, third)
        self.assertEqual(self.found(birch), {object_id(1), object_id(3)})

    def test_suspended(self):
        """What is sent while the peering is suspended waits until it is resumed, and no longer; who
        sends it is told."""
        alder, birch = self.nodes("alder", "birch", settings={"exchange": {"interval": "1h"}})
        self.meet(alder, birch)
        for number, (sender, other) in enumerate([(alder, birch), (birch, alder)] * 3, 1):
            alder.run("peer", "suspend", birch.name)
            sent = sender.run("dispatch", "send", "--to", other.name, "--title", "Page",
                              self.write("page.json", bundle(indicator(number))))
            self.assertIn(f"The peering with {other.name} is suspended", sent.err)
            self.assertEqual(self.members(other), (number - 1) // 2)
            alder.run("peer", "resume", birch.name)
            # At once, and not at the next `[exchange] interval`.
            concert.until(lambda other=other, count=(number + 1) // 2: self.members(other) == count)

    def test_behind_a_firewall(self):
        """A node that peers cannot reach waits for their answers, again as soon as a peer that was
        away is there."""
        alder = Node(self, "alder").serve()
        birch = Node(self, "birch", {"exchange": {"long_poll": "yes", "interval": "1h"}},
                     reachable=False).serve()
        birch.run("peer", "invite", alder.url)
        alder.run("peer", "accept", birch.name, status=None)

        def failures():
            return birch.run("exchange", "status", "--json", status=None).json()["failures"]

        concert.until(lambda: birch.state(alder) == "active")
        alder.stop()
        concert.until(lambda: failures() > 0)
        alder.serve()
        concert.until(lambda: failures() == 0)
        self.send(alder, birch, self.write("page.json", bundle(indicator(1))))
        concert.until(lambda: self.members(birch) == 1)

    def test_who_does_not_wait(self):
        """A peer that is asked to wait for something new, and has nothing at once, is asked less and
        less often; once it waits, it is asked on at once."""
        alder = Node(self, "alder").serve()
        birch = Node(self, "birch", {"exchange": {"long_poll": "yes", "interval": "1h"}},
                     reachable=False).serve()
        birch.run("peer", "invite", alder.url)
        alder.run("peer", "accept", birch.name, status=None)
        concert.until(lambda: birch.state(alder) == "active")
        alder.stop()
        asked = []

        def follow(body):
            if "wait" in json.loads(body):
                asked.append(time.monotonic())
                if len(asked) >= 4:
                    time.sleep(3)
            return 204, "text/plain", b""

        FalsePeer(self, alder, {"/exchange/v1/follow": follow})
        # Once in a row and twice as long from time to time, within a tenth.
        concert.until(lambda: len(asked) >= 4)
        self.assertGreater(asked[3] - asked[0], 0.9 * (1 + 2 + 4))
        concert.until(lambda: len(asked) >= 6)
        self.assertLess(min(asked[5] - asked[4], asked[4] - asked[3]), 3 + 4)

    def test_erased(self):
        """A copy is erased when its time is over, unless it is held; the report says so."""
        alder, birch = self.nodes("alder", "birch")
        concert.configure(birch.path, {"exchange": {"expired_retention": "0"}})
        birch.stop()
        birch.serve()
        self.meet(alder, birch)
        end = (datetime.datetime.now(datetime.timezone.utc) +
               datetime.timedelta(seconds=concert.span(4))).strftime("%Y-%m-%dT%H:%M:%SZ")
        held = self.send(alder, birch, "--expires", end, self.write("a.json", bundle(indicator(1))))
        over = self.send(alder, birch, "--expires", end, self.write("b.json", bundle(indicator(2))))
        kept = self.send(alder, birch, self.write("c.json", bundle(indicator(3), indicator(4))))
        concert.until(lambda: self.confirmed(alder, kept))
        name = f"{alder.name}:{held}"
        self.assertIn("--reason", birch.run("dispatch", "hold", name, status=2).err)
        birch.run("dispatch", "hold", name, "--reason", "Case 4711")
        birch.run("dispatch", "hold", name, "--reason", "Case 4711", status=2)
        alder.run("dispatch", "recall", kept, "--item", "0", "--reason", "false")

        def states(node, other, side):
            lines = node.run("exchange", "report", other.name, "--json").lines()
            return {line["entry"]: (line["state"], line["taken_back"]) for line in lines
                    if line["event"] == "entry" and line["direction"] == side
                    and line["kind"] == "dispatch"}

        expected = {held: ("expired", 0), over: ("erased", 0), kept: ("live", 1)}
        concert.until(lambda: states(birch, alder, "received") == expected)
        self.assertEqual(states(alder, birch, "sent"),
                         {held: ("expired", 0), over: ("expired", 0), kept: ("live", 1)})
        shown = birch.run("dispatch", "show", name).out
        self.assertRegex(shown, r"held         since .*: Case 4711")
        self.assertIn("Counterfeit page", shown)
        gone = birch.run("dispatch", "show", f"{alder.name}:{over}").out
        self.assertIn("state        erased", gone)
        self.assertNotIn("Counterfeit page", gone)
        birch.run("show", object_id(1))
        birch.run("show", object_id(2), status=1)
        report = birch.run("exchange", "report", alder.name).out
        self.assertIn("expired, held", report)
        self.assertIn("live, 1 taken back", report)
        birch.run("dispatch", "release", name)
        self.assertIn("no hold", birch.run("dispatch", "release", name, status=2).err)
        # What bears a stricter marking raises the dispatch, and that is said.
        amber = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
        marked = self.write("marked.json", bundle(indicator(9, object_marking_refs=[amber])))
        raised = alder.run("dispatch", "send", "--to", birch.name, "--tlp", "green", "--title",
                           "Marked", marked)
        self.assertIn("Sent as TLP:AMBER, not TLP:GREEN", raised.err)
        self.assertNotIn("Sent as", alder.run("dispatch", "send", "--to", birch.name, "--tlp",
                                              "red", "--title", "Marked", marked).err)
        # Events of dossiers are dispatches too, which few want to see among the others.
        def entries(*options):
            return [line["entry"] for line in alder.run("dispatch", "list", "--json", *options).lines()]

        listed = entries()
        alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "Look at this",
                  "--text", "Please.")
        self.assertEqual(entries(), listed)
        self.assertGreater(len(entries("--all")), len(listed))

    def test_grant(self):
        """Who comes later gets nothing older, but what is granted."""
        alder, birch, cedar = self.nodes("alder", "birch", "cedar")
        self.meet(alder, birch)
        first = self.send(alder, birch, self.write("a.json", bundle(indicator(1))))
        second = self.send(alder, birch, self.write("b.json", bundle(indicator(2))))
        secret = self.send(alder, birch, "--tlp", "red", self.write("c.json", bundle(indicator(3))))
        concert.until(lambda: self.confirmed(alder, secret))
        self.meet(alder, cedar)
        third = alder.run("dispatch", "send", "--to", birch.name, "--to", cedar.name, "--title",
                          "Both", self.write("d.json", bundle(indicator(4))), "--json").json()
        concert.until(lambda: self.confirmed(alder, third["entries"][0]))
        self.assertEqual([line["title"] for line in self.dispatches(cedar, alder)], ["Both"])
        cedar.run("dispatch", "show", f"{alder.name}:{first}", status=1)
        # Not by a hair's breadth more than what is granted.
        denied = alder.run("dispatch", "grant", secret, "--to", cedar.name, status=1)
        self.assertIn("(rule tlp-red-not-named)", denied.err)
        alder.run("dispatch", "grant", second, "--to", "cert.nobody.example", status=1)
        alder.run("dispatch", "grant", second, status=2)
        alder.run("dispatch", "grant", second, "--to", cedar.name)
        concert.until(lambda: len(self.dispatches(cedar, alder)) == 2)
        self.assertEqual({line["entry"] for line in self.dispatches(cedar, alder)},
                         {second, third["entries"][0]})
        came = cedar.run("dispatch", "show", f"{alder.name}:{second}", "--json").json()
        self.assertIn("granted_by", came)
        concert.until(lambda: self.confirmed(alder, second))
        self.assertIn(f"granted by entry {came['granted_by']}",
                      alder.run("dispatch", "show", second).out)
        self.assertEqual(alder.run("policy", "explain", object_id(2), "--for", cedar.name, "--json")
                         .lines()[0]["rule"], "audience-grant")
        self.assertEqual(alder.run("policy", "explain", object_id(1), "--for", cedar.name, "--json",
                                   status=1).lines()[0]["rule"], "audience-not-in")
        # What was granted is recalled from whom it was granted to as well.
        alder.run("dispatch", "recall", second, "--reason", "false")
        concert.until(lambda: self.recall_status(alder, second) ==
                  (0, {birch.name: (True, True), cedar.name: (True, True)}))
        self.assertEqual(self.members(cedar), 1)

    def test_community(self):
        """RED does not go by way of a community; what goes, goes to its members."""
        alder, birch = self.nodes("alder", "birch")
        self.meet(alder, birch)
        alder.run("community", "create", "banks", "--title", "Banks")
        name = f"banks@{alder.name}"
        page = self.write("page.json", bundle(indicator(1)))
        to_banks = ["dispatch", "send", "--community", name, "--title", "To banks", page]
        alder.run(*to_banks, status=2)  # it has no other member
        alder.run("community", "add", "banks", birch.name)
        red = alder.run(*to_banks, "--tlp", "red", status=1)
        self.assertIn("(rule tlp-red-not-named)", red.err)
        entry = alder.run(*to_banks, "--tlp", "green", "--json").json()["entries"][0]
        concert.until(lambda: self.confirmed(alder, entry))
        self.assertEqual(self.dispatches(birch, alder)[0]["community"], name)
        # What is compiled of a community's dispatches has nothing else, and only while they stand.
        compiled = str(page) + ".shield"
        to_compile = ["shield", "compile", "--json", "-o", compiled]
        for node in (alder, birch):
            node.run("import", self.write("other.txt", "other.cedar.example\n"))
            self.assertEqual(node.run(*to_compile).json()["indicators"], 2)
            self.assertEqual(node.run(*to_compile, "--community", name).json()["indicators"], 1)
        birch.run(*to_compile, "--community", f"none@{alder.name}", status=2)
        alder.run("dispatch", "recall", str(entry), "--reason", "A mistake")
        self.assertEqual(alder.run(*to_compile, "--community", name).json()["indicators"], 0)


if __name__ == "__main__":
    unittest.main()
