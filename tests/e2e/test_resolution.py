"""Resolutions between four real nodes: tabled, consulted on, amended, voted on and counted again by
everybody, also from a file in which one ballot was tampered with; silence; suspended peers."""

import json
import time

import unittest

import concert
from peernode import Node

TEXT = "Members answer within a day. Members warn each other."


class ResolutionTest(concert.TestCase):
    """Forum owns the community and has no vote; Alder, Birch and Cedar have one each. Exercises, so
    that the periods may be short; the plain rules are told by the error messages."""

    sponsor, others = "alder", ("birch", "cedar")

    def setUp(self):
        super().setUp()
        names = ("forum", self.sponsor, *self.others)
        self.nodes = {name: Node(self, name).serve() for name in names}
        listed = list(self.nodes.values())
        for i, node in enumerate(listed):
            for other in listed[i + 1:]:
                node.run("peer", "invite", other.url)
                other.run("peer", "accept", node.name)
        forum = self.nodes["forum"]
        forum.run("community", "create", "coast", "--title", "The coast")
        for name in names[1:]:
            forum.run("community", "add", "coast", self.nodes[name].name, "--votes")
        for name in names[1:]:
            concert.until(lambda name=name: len(self.voters(name)) == 3)

    def voters(self, name):
        lines = self.nodes[name].run("community", "list", "--json", status=None).lines()
        return [member for line in lines for member in line["members"]
                if member["votes"] and member["step"] == "admitted"]

    def run_on(self, name, command, *arguments, **keywords):
        return self.nodes[name].run("resolution", command, *arguments, **keywords)

    def wait(self, name, resolution, state, events=0):
        return self.nodes[name].wait_shown(
            lambda shown: shown.get("state") == state and len(shown["list"]) >= events,
            "resolution", "show", resolution)

    def table(self, *options, kind="norm", text=TEXT):
        sent = self.run_on(self.sponsor, "draft", "--kind", kind, "--title", "Answers", "--text", text,
                           "--exercise", "--tlp", "green", "--json").json()
        self.assertEqual((sent["state"], sent["told"]), ("draft", []))
        resolution = sent["dossier"]
        for name in self.others:
            self.run_on(name, "show", resolution, status=1)
        told = self.run_on(self.sponsor, "table", resolution, *options, "--json").json()["told"]
        self.assertEqual(told, sorted(node.name for name, node in self.nodes.items() if name != self.sponsor))
        self.wait("forum", resolution, "tabled")
        return resolution

    def consult(self, resolution, seconds=2):
        seconds = concert.span(seconds)
        self.run_on("forum", "consult", resolution, "--until", f"{seconds}s")
        for name in (self.sponsor, *self.others):
            self.wait(name, resolution, "consultation")
        return time.monotonic() + seconds

    def act_when(self, moment, *arguments):
        time.sleep(max(0.0, moment - time.monotonic()))
        concert.until(lambda: self.run_on("forum", *arguments, status=None).status == 0)

    def recounts(self, resolution, state):
        """What every node counts by itself: the same."""
        found = []
        for name in self.nodes:
            self.wait(name, resolution, state)
            found.append(self.run_on(name, "recount", resolution, "--json").json())
        for one in found:
            self.assertEqual(one, found[0])
        return found[0]

    def digests(self, resolution):
        return {self.run_on(name, "show", resolution, "--json").json()["digest"] for name in self.nodes}

    def test_vote(self):
        birch, cedar = self.others
        resolution = self.table()
        short = resolution.removeprefix("resolution-")[:8]
        # Only the chair opens the consultation, and nobody has its rules aside.
        self.assertIn("only its chair", self.run_on(birch, "consult", short, status=2).err)
        end = self.consult(resolution, 4)
        self.run_on(birch, "co-sponsor", short)
        self.assertIn("once", self.run_on(birch, "co-sponsor", short, status=2).err)
        self.assertIn("exactly once",
                      self.run_on(birch, "amend", short, "--replaces", "Members", "States", status=2).err)
        self.run_on(birch, "amend", short, "--replaces", "a day", "two days")
        self.run_on(cedar, "amend", short, "--replaces", "within a day", "at once")
        concert.until(lambda: len(self.run_on("forum", "text", short, "--json").json()["amendments"]) == 2)
        self.assertIn("it lasts until", self.run_on("forum", "call", short, status=2).err)
        span = concert.span(3)
        self.act_when(end, "call", short, "--until", f"{span}s")
        closing = time.monotonic() + span
        for name in (self.sponsor, *self.others):
            self.wait(name, resolution, "voting")
        self.assertIn("2 amendments", self.run_on(birch, "vote", short, "yes", status=2).err)
        # "within a day" -> "at once" is the furthest: the other one falls with it.
        self.run_on(self.sponsor, "vote", short, "yes", "--amendment", "no", "--amendment", "no",
                    "--if-amended", "no")
        self.run_on(birch, "vote", short, "yes", "--amendment", "yes", "--amendment", "yes")
        self.wait("forum", resolution, "voting", events=8)
        self.assertIn("once, and for good",
                      self.run_on(birch, "vote", short, "no", "--amendment", "yes", "--amendment", "yes",
                                  status=2).err)
        # Nobody but the chair has another's ballot.
        seen = [event["by"] for event in self.run_on(birch, "show", short, "--json").json()["list"]
                if event["type"] == "ballot"]
        self.assertEqual(seen, [self.nodes[birch].name])
        self.assertNotIn("votes", self.run_on("forum", "recount", short, "--json").json())
        self.assertIn("it lasts until", self.run_on("forum", "close", short, status=2).err)
        self.run_on(cedar, "vote", short, "no", "--amendment", "yes", "--amendment", "abstain",
                    "--if-amended", "yes")
        self.act_when(min(closing, time.monotonic()), "close", short)
        count = self.recounts(resolution, "adopted")
        self.assertEqual((count["yes"], count["no"], count["abstain"], count["verified"], count["quorum"]),
                         (2, 1, 0, True, True))
        self.assertEqual([(one["outcome"], one["yes"], one["no"], one["abstain"]) for one in count["amendments"]],
                         [("carried", 2, 1, 0), ("fallen", 1, 1, 1)])
        self.assertEqual({one["member"].split(".")[1]: one["vote"] for one in count["votes"]},
                         {self.sponsor: "no", birch: "yes", cedar: "yes"})
        self.assertEqual(len(self.digests(resolution)), 1)
        self.assertEqual(self.run_on(birch, "text", short).out,
                         "Members answer at once. Members warn each other.\n")
        self.check_file(resolution, birch)
        self.check_commitments(resolution, birch)

    def check_file(self, resolution, name):
        """Anybody counts again from a file; one tampered ballot is named, a missing one too."""
        path = self.directory / "resolution.jsonl"
        self.run_on(name, "export", resolution, "-o", path)
        good = concert.run("resolution", "recount", "--file", path, "--json").json()
        self.assertEqual((good["state"], good["verified"], good["yes"]), ("adopted", True, 2))
        text = concert.run("resolution", "recount", "--file", path).out
        self.assertIn("verified: all signatures and counts are right", text)
        self.assertIn("by the key in the file:", text)
        lines = path.read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if '"type":"ballot"' in line
                  and self.nodes[name].name in line)
        forged = json.loads(lines[at])
        forged["body"]["payload"]["vote"] = "no"
        changed = self.directory / "changed.jsonl"
        changed.write_text("\n".join([*lines[:at], json.dumps(forged), *lines[at + 1:]]) + "\n")
        found = concert.run("resolution", "recount", "--file", changed, "--json", status=1).json()
        self.assertFalse(found["verified"])
        self.assertIn(f"line {at + 1}: ballot of {self.nodes[name].name}", found["faults"][0])
        self.assertIn("its signature is wrong", found["faults"][0])
        changed.write_text("\n".join(lines[:at] + lines[at + 1:]) + "\n")
        missing = concert.run("resolution", "recount", "--file", changed, status=1).out
        self.assertIn("which is not here", missing)
        # Keys that the reader trusts count instead of those in the file.
        keys = [json.loads(line)["key"] for line in lines if line.startswith('{"key"')]
        options = [word for key in keys for word in ("--key", key)]
        concert.run("resolution", "recount", "--file", path, *options)
        concert.run("resolution", "recount", "--file", path, *options[:-2], status=1)
        changed.write_text("{}\n")
        self.assertIn(str(changed),
                      concert.run("resolution", "recount", "--file", changed, status=2).err)
        concert.run("resolution", "recount", "--file", self.directory / "none", status=2)
        concert.run("resolution", "recount", status=2)

    def check_commitments(self, resolution, name):
        self.run_on(name, "commitments", status=1)
        self.run_on(name, "commit", resolution, "--due", "2099-01-01T00:00:00Z", "A duty officer day and night.")
        self.wait("forum", resolution, "adopted", events=12)
        made = self.run_on("forum", "commitments", "--json").lines()
        self.assertEqual([(line["member"], line["status"], line["due"]) for line in made],
                         [(self.nodes[name].name, "open", made[0]["due"])])
        self.assertTrue(made[0]["due"].startswith("2099-01-01"))
        self.run_on(name, "progress", resolution, "--commitment", "commitment", "Hired.")
        self.run_on(name, "implement", resolution, "--status", "partly", "By day.")
        self.run_on(name, "fulfil", resolution, "--commitment", made[0]["event"][:12])
        self.assertEqual(self.run_on(name, "commitments", resolution, "--json").json()["status"], "fulfilled")
        self.assertIn("partly", self.run_on(name, "commitments", resolution).out)
        self.check_exercise(resolution, name)

    def check_exercise(self, resolution, name):
        """It is said wherever it is shown; of all resolutions only what was promised is listed."""
        register = self.run_on(name, "commitments").out
        self.assertIn("EXERCISE", register)
        self.assertNotIn("IMPLEMENTATION", register)
        self.assertTrue(self.run_on(name, "commitments", "--json").json()["exercise"])
        self.assertTrue(self.run_on(name, "recount", resolution).out.startswith("EXERCISE"))
        self.assertTrue(self.run_on(name, "recount", resolution, "--json").json()["exercise"])

    def test_silence_and_ends(self):
        birch, cedar = self.others
        agreed, broken = self.table(), self.table()
        end = max(self.consult(agreed, 1), self.consult(broken, 1))
        span = concert.span(3)
        for resolution in (agreed, broken):
            self.act_when(end, "silence", resolution, "--until", f"{span}s")
        over = time.monotonic() + span
        for name in (birch, cedar):
            self.wait(name, agreed, "silence")
            self.run_on(name, "note", agreed)
        self.wait(cedar, broken, "silence")
        self.run_on(cedar, "break", broken, "Not in this form.")
        for name in self.nodes:
            self.wait(name, broken, "contested")
        self.wait("forum", agreed, "silence", events=6)
        self.assertIn("it lasts until", self.run_on("forum", "close", agreed, status=2).err)
        # A vote in which too few take part adopts nothing.
        self.run_on("forum", "call", broken, "--until", f"{concert.span(3)}s")
        self.wait(birch, broken, "voting")
        self.run_on(birch, "vote", broken, "yes")
        self.act_when(over, "close", agreed)
        self.wait("forum", broken, "voting", events=7)
        concert.until(lambda: self.run_on("forum", "close", broken, status=None).status == 0)
        self.assertEqual(self.recounts(broken, "rejected")["quorum"], False)
        for name in self.nodes:
            self.wait(name, agreed, "adopted")
        self.assertIn("noted the text in silence", self.run_on(birch, "recount", agreed).out)
        self.assertEqual(len(self.digests(agreed)), 1)
        # On the rulebook there is no silence; brackets ripen nowhere; a draft goes without a word.
        other = self.table(kind="rulebook", text="Members [shall] answer.")
        end = self.consult(other, 1)
        time.sleep(max(0.0, end - time.monotonic()))
        self.assertIn("never silence", self.run_on("forum", "silence", other, "--until", "3d", status=2).err)
        self.assertIn("square brackets", self.run_on("forum", "call", other, status=2).err)
        self.run_on(self.sponsor, "withdraw", other)
        self.wait(cedar, other, "withdrawn")

        self.check_suspended()

    def check_suspended(self):
        """Two whose peering is suspended co-sponsor one text: what they say to each other is passed on by
        the others, and each takes it because the other signed it."""
        birch, cedar = self.others
        self.nodes[self.sponsor].run("peer", "suspend", self.nodes[birch].name, "--reason", "A dispute.")
        self.nodes[birch].wait_state(self.nodes[self.sponsor], "suspended")
        sent = self.run_on(self.sponsor, "draft", "--kind", "norm", "--title", "Answers", "--text", TEXT,
                           "--exercise", "--tlp", "green", "--json").json()
        resolution = sent["dossier"]
        self.run_on(self.sponsor, "table", resolution)
        self.wait("forum", resolution, "tabled")
        end = self.consult(resolution, 4)
        self.run_on(birch, "co-sponsor", resolution)
        for name in self.nodes:
            self.wait(name, resolution, "consultation", events=4)
        self.act_when(end, "call", resolution, "--until", "60s")
        for number, name in enumerate((self.sponsor, birch, cedar)):
            self.wait(name, resolution, "voting")
            self.run_on(name, "vote", resolution, "yes")
            self.wait("forum", resolution, "voting", events=6 + number)
        self.run_on("forum", "close", resolution)
        count = self.recounts(resolution, "adopted")
        self.assertEqual((count["yes"], count["verified"]), (3, True))
        self.assertEqual(len(self.digests(resolution)), 1)
        self.assertEqual(self.nodes[birch].state(self.nodes[self.sponsor]), "suspended")


class ExchangedTest(ResolutionTest):
    """The same with the countries exchanged."""

    sponsor, others = "cedar", ("alder", "birch")
    test_silence_and_ends = None

    def check_file(self, resolution, name):
        """Files are the same whoever they are of."""

    def check_commitments(self, resolution, name):
        """And so are commitments."""


if __name__ == "__main__":
    unittest.main()
