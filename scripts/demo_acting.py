"""The second half of scripts/demo: the nodes act together, by procedures whose rules each of them
checks for itself."""

import json
import os
import re
import time

from nodes import Deviation, wait

LOG = "".join(f"2026-05-0{day}T10:{minute:02}:00Z 203.0.113.{minute} GET /verify 200\n"
              for day in (1, 2, 3) for minute in range(60))
CLAIM = ("The pages that pretend to be the bank of Alder were put up and paid for by the group that calls itself "
         "Lantern.")
WEIGHING = {"hypotheses": [
    {"name": "lantern", "kind": "claimed", "text": "The group did it."},
    {"name": "mask", "kind": "false-flag", "text": "Somebody wants it to look like the group."},
    {"name": "kit", "kind": "other-actor", "text": "Others use the same kit."}]}
RULE = "A node that is asked for technical help acknowledges it within a day."


def expect(condition, what):
    if not condition:
        raise Deviation(what)


def short(dossier):
    return re.sub(r"^[a-z]+-", "", dossier)[:8]


class Acting:
    """@demo has the nodes and shows what they do; @swapped exchanges the countries in a text."""

    def __init__(self, demo, swapped):
        self.demo = demo
        self.alder, self.birch, self.cedar, self.forum = demo.nodes
        self.show, self.step, self.tell, self.swapped = demo.show, demo.step, demo.tell, swapped

    def run(self):
        self.evidence()
        self.claim()
        self.resolve()
        self.report()

    def begin(self, node, *arguments):
        """Opens a dossier, shows how, and gives the beginning of its id."""
        done = self.show(node, *arguments)
        return short(done.out.split()[0])

    def wait_state(self, node, procedure, dossier, state):
        def has():
            result = node.run(procedure, "show", dossier, "--json", status=None)
            return result.status == 0 and result.json().get("state") == state and result.json()
        return wait(f"the {procedure} is {state} at {node.name}", has)

    def refused(self, node, *arguments, rule):
        found = self.show(node, *arguments, status=2, most=3)
        expect(re.search(rule, found.err), f"it was not refused for {rule}: {found.err}")

    # --- procedures

    def evidence(self):
        alder, birch = self.alder, self.birch
        self.demo.write("access.log", LOG)
        self.step("Evidence changes hands, and anybody can check the chain",
                  "Birch seals a log and offers a copy to Alder, which hashes what came before it accepts.")
        item = self.begin(birch, "evidence", "identify", "--kind", "log", "--subject", "Log of the page's host",
                          "--source", "www7.bank.example")
        birch.run("evidence", "collect", item, "--time", "2026-05-04T09:00Z", "--method", "copied from the host")
        self.show(birch, "evidence", "seal", item, "--files", "access.log", "--time", "2026-05-04T09:10Z",
                  "--method", "SHA-256", "--tool", "concert")
        self.show(birch, "evidence", "offer", item, "--copy", "original", "--to", alder.name)
        wait("the offer is at Alder", lambda: alder.run("evidence", "list", status=None).out)
        wait("the file is at Alder", lambda: alder.run("attachment", "list", "--json", status=None).out)
        wait("Alder has accepted", lambda: alder.run("evidence", "accept", item, "--offer", "offered",
                                                     status=None).status == 0)
        self.show(alder, "evidence", "copies", item)
        self.show(alder, "evidence", "bundle", item, "-o", "bundle")
        self.tell("The bundle is verified without a node and without a network; then one byte of it is flipped.")
        self.show(None, "evidence", "verify", "bundle", most=8, only="^(evidence|STEP|VERIFIED|verified| +[0-9])")
        path = os.path.join(self.demo.directory, "bundle")
        with open(path, "rb") as file:
            content = bytearray(file.read())
        content[content.index(b"203.0.113.7 GET")] ^= 1
        with open(os.path.join(self.demo.directory, "forged"), "wb") as file:
            file.write(content)
        found = self.show(None, "evidence", "verify", "forged", status=1, most=8, only="access|WRONG|not")
        expect("access.log" in found.out + found.err, "the verifier does not name the file")

    def claim(self):
        alder, birch, forum = self.alder, self.birch, self.forum
        self.step("Nobody is named without evidence and direct contact",
                  "Alder wants to name a group. Its own node refuses until all conditions are met.")
        claim = self.begin(alder, "claim", "draft", "--subject", "Who ran the counterfeit page", "--actor", "Lantern",
                           "--names-no-person", "--text", self.swapped(CLAIM), "--tlp", "amber", "--as", "A. Writer")
        alder.run("claim", "add-item", claim, "The page was paid for by an account of the group.", "--name", "payment",
                  "--kind", "fact", "--root", "bank", "--as", "A. Writer")
        self.refused(alder, "claim", "publish", claim, rule="cannot publish")
        self.show(alder, "claim", "check", claim, status=1, most=10)
        self.tell("A second root, hypotheses, two reviews that are not the author's, then the contact.")
        alder.run("claim", "add-item", claim, "The name was registered with the group's address.", "--name",
                  "register", "--kind", "fact", "--root", "register", "--independent-of", "bank", "--shown-by",
                  "Another body keeps the register, from its own sources.", "--as", "A. Writer")
        weighing = {**WEIGHING, "weights": [
            {"hypothesis": one["name"], "item": item, "weight": "for" if one["kind"] == "claimed" else "against",
             "why": "It fits." if one["kind"] == "claimed" else "It would not be there."}
            for one in WEIGHING["hypotheses"] for item in ("payment", "register")]}
        self.demo.write("weighing.json", json.dumps(weighing))
        alder.run("claim", "weigh", claim, "--weighing", "weighing.json", "--as", "A. Writer")
        alder.run("claim", "finish", claim, "--as", "A. Writer")
        for reviewer in ("B. Reader", "C. Reader"):
            self.show(alder, "claim", "review", claim, "The evidence bears it.", "--finding", "supports", "--as", reviewer)
        alder.run("claim", "close-reviews", claim, "--as", "B. Reader")
        self.show(alder, "claim", "contact", claim, "We think that it was you. Please look at it.", "--name", "Lantern",
                  "--party", birch.name)
        wait("the claim is at Birch", lambda: birch.run("claim", "list", status=None).out)
        self.show(birch, "claim", "reply", claim, "The account was opened with papers that were stolen from us.",
                  "--as", "Lantern")
        wait("Alder has the reply", lambda: alder.run("claim", "take-reply", claim, status=None).status == 0)
        self.tell("There are two endings. If the reply convinces, `concert claim withdraw`: nobody ever sees the claim. "
                  "If not, it is published with the reply, each as prominent as the other.")
        alder.run("claim", "assess", claim, "--confidence", "low", "--basis", "Two roots, one contested.", "--dissent",
                  "none", "--on-reply", "It may be so; the address is not explained by it.", "--as", "A. Writer")
        self.show(alder, "claim", "check", claim, most=10)
        self.show(alder, "claim", "publish", claim, "--readers", forum.name, "--as", "F. Director")
        self.wait_state(forum, "claim", claim, "published")
        printed = self.show(forum, "claim", "print", claim, most=30, only="Claim|CLAIM|Reply|REPLY|stolen|Lantern")
        expect("stolen" in printed.out, "the reply is not in the public copy")

        other = short(alder.run("claim", "draft", "--subject", "Who sent the messages", "--actor", "Lantern",
                                "--names-no-person", "--text", self.swapped(CLAIM), "--as", "A. Writer").out.split()[0])
        self.tell("The other ending, of another claim:")
        self.show(alder, "claim", "withdraw", other, "--as", "A. Writer")

    def resolve(self):
        alder, birch, cedar, forum = self.demo.nodes
        community = f"region@{forum.name}"
        self.step("Two that do not get on agree on a rule",
                  "Alder and Birch suspend their peering. All the same they stand behind one text; the members vote, one "
                  "vote each, whatever their size. (An exercise: the periods are seconds, not weeks.)")
        for one, other in ((alder, birch), (birch, alder)):
            one.run("peer", "suspend", other.name, "--reason", "We have to talk.")
        self.show(alder, "peer", "list", only=birch.name)
        text = self.begin(alder, "resolution", "draft", "--exercise", "--kind", "norm", "--title",
                          "Answers within a day", "--text", RULE)
        self.show(alder, "resolution", "table", text, "--community", community)
        self.wait_state(forum, "resolution", text, "tabled")
        self.show(forum, "resolution", "consult", text, "--until", "3s", sort=True)
        end = time.monotonic() + 3
        self.wait_state(birch, "resolution", text, "consultation")
        self.show(birch, "resolution", "co-sponsor", text)
        time.sleep(max(0, end - time.monotonic()))
        wait("the vote is open", lambda: forum.run("resolution", "call", text, "--until", "60s",
                                                   status=None).status == 0)
        for node, vote in ((alder, "yes"), (birch, "yes"), (cedar, "no")):
            self.wait_state(node, "resolution", text, "voting")
            self.show(node, "resolution", "vote", text, vote)
        wait("all votes are counted", lambda: forum.run("resolution", "close", text, status=None).status == 0)
        self.wait_state(cedar, "resolution", text, "adopted")
        self.tell("Cedar, who voted against it, counts again; then anybody, from a file, without a node.")
        counted = self.show(cedar, "resolution", "recount", text, sort=True)
        cedar.run("resolution", "export", text, "-o", "resolution.jsonl")
        again = self.show(None, "resolution", "recount", "--file", "resolution.jsonl", sort=True)
        expect(re.search(r"\b2\b", counted.out) and again.status == 0, "the count is not two to one")
        for one, other in ((alder, birch), (birch, alder)):
            one.run("peer", "resume", other.name)

    def report(self):
        alder = self.alder
        year = time.strftime("%Y", time.gmtime())
        self.step("What was done is counted, signed, and can be counted again",
                  "Exercises are left out; what is below five is not shown.")
        self.show(alder, "report", "--year", year, most=16)
        alder.run("report", "--year", year, "--format", "json", "-o", "report.json")
        self.show(alder, "report", "verify", "report.json", "--here")
