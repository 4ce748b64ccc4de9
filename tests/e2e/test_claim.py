"""Claims between three real nodes over TLS: an attribution that lacks something is refused with the
rule and what would satisfy it, one that has all is published with the reply on every copy; what is
sealed is not shown to readers; help and indicators wait for none of it. The same whoever of them
claims, and about whom."""

import json
import re
import unittest

import concert
from peernode import Node

WEIGHING = {
    "hypotheses": [{"name": "h1", "kind": "claimed", "text": "The group did it."},
                   {"name": "h2", "kind": "false-flag", "text": "Somebody wants it to look so."},
                   {"name": "h3", "kind": "other-actor", "text": "Two groups share the tools."}]}


def weighing(*items):
    return json.dumps({**WEIGHING, "weights": [
        {"hypothesis": one["name"], "item": item, "weight": "neutral", "why": "Fits <both>."}
        for one in WEIGHING["hypotheses"] for item in items]})


class ClaimTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder, self.birch, self.forum = (Node(self, name).serve() for name in ("alder", "birch", "forum"))

    def meet(self, one, *others):
        for other in others:
            one.run("peer", "invite", other.url)
            other.run("peer", "accept", one.name)

    def claim(self, node, step, *arguments, signer=None, status=0, **keywords):
        signed = ("--as", signer) if signer else ()
        arguments = (self.dossier, *arguments) if step != "draft" else arguments
        return node.run("claim", step, *arguments, *signed, status=status, **keywords)

    def refused(self, node, step, *arguments, says, **keywords):
        self.assertRegex(self.claim(node, step, *arguments, status=2, **keywords).err, says)

    def state(self, node):
        result = node.run("claim", "show", self.dossier, "--json", status=None)
        return result.json() if result.status == 0 else {"state": None, "digest": None}

    def wait(self, node, state, other=None):
        """Until the claim is @state at the node, and the same as at the other."""
        return node.wait_shown(
            lambda shown: shown["state"] == state and (not other or shown["digest"] == self.state(other)["digest"]),
            "claim", "show", self.dossier)

    def unmet(self, node, status=1):
        checked = self.claim(node, "check", "--json", "--as", "F. Director", status=status).json()
        return [one["condition"] for one in checked["conditions"] if not one["met"]]

    def draft(self, node):
        """Up to the review: two roots, three hypotheses; what is not enough is refused on the way."""
        self.dossier = None
        self.claim(node, "draft", "--subject", "Who ran the scans", "--actor", "Group One",
                   "--text", "Group One.", signer="A. Writer", status=2)  # no word on natural persons
        self.dossier = self.claim(node, "draft", "--subject", "Who ran the scans", "--actor", "Group One",
                             "--names-no-person", "--text", "Group One ran them; see the items.",
                             "--json", signer="A. Writer").json()["dossier"]
        write = lambda step, *arguments, **keywords: self.claim(node, step, *arguments, signer="A. Writer", **keywords)
        write("add-item", "Scans from 192.0.2.7", "--name", "e1", "--kind", "fact", "--root", "capture",
              *(part for i in range(10) for part in ("--sponsors", f"Body {i}")))
        self.refused(node, "finish", says="roots.*1 root, of which 1")
        sealed = node.run("claim", "seal", "-", "--json", input="Who told us.\n").json()
        write("add-item", "What a witness saw", "--name", "e2", "--kind", "fact", "--root", "witness",
              "--sealed", sealed["sealed"])
        self.refused(node, "finish", says="2 roots, of which 1")
        write("add-item", "The register of names", "--name", "e3", "--kind", "fact", "--root", "register",
              "--independent-of", "capture", "--shown-by", "Another body runs it.")
        write("weigh", "--weighing", "-", input=weighing("e1", "e2"))
        self.refused(node, "finish", says="h1 is not weighed against item e3")
        write("weigh", "--weighing", "-", input=weighing("e1", "e2", "e3"))
        write("finish")
        self.refused(node, "publish", says="cannot publish a claim that is evidence-ready")
        return sealed["salt"]

    def review(self, node):
        self.refused(node, "review", "Fits.", "--finding", "supports", signer="A. Writer", says="wrote some of it")
        for person in ("B. Reader", "C. Reader"):
            self.refused(node, "close-reviews", says="supporting review")
            self.claim(node, "review", "Fits.", "--finding", "supports", signer=person)
        self.claim(node, "close-reviews")

    def course(self, claimant, party, reader):
        salt = self.draft(claimant)
        # Nothing of this holds up help.
        claimant.run("request", "send", party.name, "--kind", "takedown", "--urgency", "critical",
                     "--subject", "192.0.2.7 scans now", "--text", "Please stop it.")
        self.review(claimant)
        self.claim(claimant, "contact", "--name", "Group One", "--party", party.name, "We think you ran them.")
        self.wait(claimant, "contacted", party)
        self.assertEqual(self.unmet(claimant), ["reply", "assessment"])
        self.refused(claimant, "silence", says="no reply, and the time for it is not over before")

        # What is sealed goes to the party alone.
        self.claim(claimant, "show-sealed", "Something else.", "--item", "e2", "--salt", salt, status=2)
        self.claim(claimant, "show-sealed", "Who told us.", "--item", "e2", "--salt", salt)
        self.refused(party, "reply", "x" * 300, says="300 characters, the claim")
        self.claim(party, "reply", "We did <not>.", signer="P. Speaker")
        self.wait(claimant, "contacted", party)
        concert.until(lambda: "Who told us." in party.run("claim", "show", self.dossier).out)
        self.claim(party, "see-sealed", "--items", "e2")
        self.wait(claimant, "contacted", party)
        self.claim(claimant, "take-reply")
        self.refused(claimant, "assess", "--confidence", "medium", "--basis", "b", "--dissent", "none",
                     says="on_reply")
        self.claim(claimant, "assess", "--confidence", "medium", "--basis", "Two roots.", "--dissent", "none",
                   "--on-reply", "It does not say who did.", signer="A. Writer")
        self.claim(claimant, "print", status=2)
        self.refused(claimant, "publish", signer="a. writer", says="wrote some of it")
        self.assertEqual(self.unmet(claimant, status=0), [])
        self.assertIn("decision     NOT MET", self.claim(claimant, "check", status=1, signer="A. Writer").out)
        self.claim(claimant, "publish", "--readers", reader.name, signer="F. Director")
        self.wait(reader, "published", claimant)
        self.wait(party, "published", claimant)
        self.assertNotIn("Who told us.", reader.run("claim", "show", self.dossier).out)

        # The reply stands on every copy right after the claim, in the same form.
        copy = self.claim(reader, "print", "--json").json()
        first, second = copy["sections"][:2]
        self.assertEqual((first["statement"], second["statement"]), (True, True))
        self.assertIn(f"The claim of {claimant.name}", first["heading"])
        self.assertIn(f"The reply of {party.name}", second["heading"])
        text = self.claim(reader, "print").out
        for part in ("We did <not>.", "1 of 3 items is sealed", f"e2 was seen by {party.name} (party)",
                     "3 named, 2 shown to be independent", "Confidence: medium", "Dissent: none"):
            self.assertIn(part, text)
        page = self.claim(party, "print", "--html").out
        self.assertEqual(len(re.findall('<section class="statement">\n<h2', page)), 2)
        self.assertIn("We did &lt;not&gt;.", page)
        self.assertNotIn("<script", page)

        # A reply that comes later is attached too; what was wrong is put right on every copy.
        self.claim(party, "reply", "Again: no.", signer="P. Speaker")
        self.wait(claimant, "published", party)
        self.claim(claimant, "correct", "e1 was 192.0.2.8.")
        self.wait(reader, "corrected", claimant)
        text = self.claim(reader, "print").out
        self.assertLess(text.index("e1 was 192.0.2.8."), text.index("Group One ran them"))
        self.assertIn("Again: no.", text)
        self.claim(claimant, "retract", "The register was wrong.")
        self.wait(reader, "retracted", claimant)
        self.assertIn("Retracted by", self.claim(reader, "print").out)

    # Who is shown a claim need not be a peer of the party.
    def test_alder_claims(self):
        self.meet(self.alder, self.birch, self.forum)
        self.course(self.alder, self.birch, self.forum)

    def test_birch_claims(self):
        self.meet(self.birch, self.alder, self.forum)
        self.course(self.birch, self.alder, self.forum)

    def test_attempts(self):
        """A party without a node: two attempts, two channels, two people; and the time to reply."""
        alder = self.alder
        self.meet(alder, self.forum)
        self.meet(self.forum, self.birch)
        self.draft(alder)
        self.review(alder)
        self.claim(alder, "defer", "It would warn them.", "--operation", "Takedown 7", "--decided-by", "Alder CERT",
                   "--until", "48h")
        self.refused(alder, "publish", says="deferred")
        self.claim(alder, "contact", "--name", "Group One", "We think you ran them.", "--urgency", "ongoing-harm",
                   "--harm", "Scans go on.")
        attempt = ("--contact", "abuse desk", "--listed-in", "security.txt", "No answer.")
        self.claim(alder, "attempt", "--channel", "e-mail", *attempt, signer="D. Caller")
        self.refused(alder, "attempt-again", "--channel", "e-mail", *attempt, says="another channel")
        self.claim(alder, "attempt-again", "--channel", "telephone", *attempt, signer="D. Caller")
        self.refused(alder, "confirm-attempt", "--attempt", "attempted", signer="D. Caller", says="documented it")
        self.claim(alder, "confirm-attempt", "--attempt", "attempted", signer="E. Listener")
        self.assertIn("contact", self.unmet(alder))
        self.claim(alder, "confirm-attempt", "--attempt", "attempted-again", signer="E. Listener")
        self.assertNotIn("contact", self.unmet(alder))
        shown = self.state(alder)
        start = next(one["time"] for one in shown["list"] if one["type"] == "attempted-again")
        clock = next(one for one in shown["clocks"] if one["clock"] == "reply")
        self.assertEqual(clock["started"], start)
        self.refused(alder, "silence", says="the time for it is not over before")
        self.refused(alder, "print", says="no copy of it before it is restricted or published")
        self.claim(alder, "record-reply", "Not us.", "--author", "Group One", "--channel", "e-mail",
                   "--cleared", "by mail")
        self.claim(alder, "take-reply")
        self.claim(alder, "assess", "--confidence", "low", "--basis", "b", "--dissent", "none", "--on-reply", "o")
        self.claim(alder, "restrict", "--readers", self.forum.name, signer="F. Director")
        self.wait(self.forum, "restricted", alder)
        self.refused(self.forum, "relay", "--readers", self.birch.name, says="restricted")
        copy = self.claim(self.forum, "print").out
        for part in ("The reply of Group One", "Not us.", "attempt by telephone", "put off because of a live operation",
                     "for nobody else"):
            self.assertIn(part, copy)
        self.assertNotIn("abuse desk", copy)


if __name__ == "__main__":
    unittest.main()
