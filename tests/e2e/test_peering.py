"""Peering: real nodes that meet over TLS and by files, say yes, pause, resume and end, while either
is away; and strangers of every kind."""

import json
import unittest

import concert
from peernode import Node, Stranger, now

PATH = "/exchange/v1/peering"


class PeeringTest(concert.TestCase):
    def meet(self):
        alder, birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("active", "active"))
        return alder, birch

    def words(self, node, other):
        return node.run("peer", "words", other.name).out.strip()

    def test_life(self):
        """Invite, the same words on both sides, accept, suspend, resume, end."""
        alder, birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        invited = alder.run("peer", "invite", birch.url, "--json").json()
        self.assertEqual((invited["state"], invited["delivered"]), ("invited", True))
        self.assertEqual(birch.state(alder), "asked")
        words = self.words(alder, birch)
        self.assertEqual(len(words.split()), 12)
        self.assertEqual(words, self.words(birch, alder))
        self.assertIn("words not compared", birch.run("peer", "list").out)
        birch.run("peer", "compared", alder.name)
        self.assertTrue(birch.peer(alder)["compared"])
        birch.run("peer", "accept", alder.name)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("active", "active"))
        # There is nothing to accept or to resume.
        birch.run("peer", "accept", alder.name, status=2)
        birch.run("peer", "resume", alder.name, status=2)

        alder.run("peer", "suspend", birch.name, "--reason", "an exercise")
        self.assertEqual((alder.state(birch), birch.state(alder)), ("suspended", "suspended"))
        self.assertEqual(birch.peer(alder)["reason"], "an exercise")
        birch.run("peer", "resume", alder.name, status=2)
        alder.run("peer", "resume", birch.name)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("active", "active"))

        birch.run("peer", "end", alder.name)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("ended", "ended"))
        # To begin again both have to say so.
        birch.run("peer", "invite", alder.url)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("asked", "invited"))
        alder.run("peer", "invite", birch.url)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("active", "active"))
        # Each step is an entry for the peer alone.
        steps = alder.entries("peering")
        self.assertEqual(len(steps), 4)
        self.assertEqual([step["header"]["audience"] for step in steps], [[birch.origin]] * 4)

    def test_away(self):
        """A step is delivered when the peer is there again."""
        alder, birch = self.meet()
        birch.stop()
        said = alder.run("peer", "suspend", birch.name, "--json").json()
        self.assertFalse(said["delivered"])
        self.assertIn("suspend", alder.run("peer", "show", birch.name).out)
        alder.run("peer", "resume", birch.name)
        alder.run("peer", "suspend", birch.name)
        birch.serve()
        birch.wait_state(alder, "suspended")
        alder.run("peer", "resume", birch.name)
        birch.wait_state(alder, "active")

    def test_files(self):
        """Two nodes that never reach each other."""
        alder = Node(self, "alder", reachable=False)
        birch = Node(self, "birch", reachable=False)
        birch.run("card", "publish")
        card = self.write("birch.json", birch.run("card", "show", "--json").out)
        invitation, acceptance = self.directory / "invitation", self.directory / "acceptance"
        alder.run("peer", "invite", card, "--to-file", invitation)
        birch.run("peer", "accept", "--from-file", invitation, "--to-file", acceptance)
        self.assertEqual((alder.state(birch), birch.state(alder)), ("invited", "active"))
        alder.run("peer", "receive", acceptance)
        self.assertEqual(alder.state(birch), "active")
        self.assertEqual(self.words(alder, birch), self.words(birch, alder))
        # Again, and what is older than what was said since, changes nothing.
        birch.run("peer", "suspend", alder.name)
        birch.run("peer", "receive", invitation)
        self.assertEqual(birch.state(alder), "suspended")
        alder.run("peer", "receive", acceptance)
        self.assertEqual(alder.state(birch), "active")
        # A file of somebody else's, and none at all.
        birch.run("peer", "receive", acceptance, status=2)
        birch.run("peer", "receive", card, status=2)
        birch.run("peer", "receive", self.directory / "nowhere", status=2)

    def test_one_unreachable(self):
        """Who cannot be reached asks again until the answer is there."""
        alder, birch = Node(self, "alder", reachable=False).serve(), Node(self, "birch").serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        self.assertEqual(birch.state(alder), "active")
        alder.wait_state(birch, "active")

    def test_new_keys(self):
        """A ledger key that was changed is followed; other keys of the same name are refused."""
        alder, birch = self.meet()
        birch.run("key", "rotate", "ledger")
        birch.run("peer", "suspend", alder.name)
        self.assertEqual(alder.state(birch), "suspended")
        self.assertEqual(self.words(alder, birch), self.words(birch, alder))
        self.assertEqual(alder.peer(birch)["card"], 2)
        impostor = Stranger(birch.name, "impostor")
        response = alder.server.post(PATH, impostor.step("resume", alder.origin))
        self.assertEqual(response.status, 403)
        card = self.write("impostor.json", impostor.card(99))
        alder.run("card", "verify", card, status=1)
        alder.run("peer", "invite", card, status=2)
        self.assertEqual(alder.state(birch), "suspended")


class HostileTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder = Node(self, "alder").serve()

    def refuse(self, step, status, says=""):
        response = self.alder.server.post(PATH, step)
        self.assertEqual(response.status, status, response.body)
        self.assertIn(says, response.json()["description"])
        self.assertEqual(self.alder.run("peer", "list", "--json", status=None).lines(), [])

    def test_steps(self):
        cedar, dora = Stranger("cert.cedar.example"), Stranger("cert.dora.example")
        alder = self.alder.origin
        self.refuse(cedar.step("invite", alder, signer=dora.keys["message"]), 403, "no signature of a known key")
        self.refuse(cedar.step("invite", alder, signer=cedar.keys["ledger"]), 403)
        self.refuse(cedar.step("invite", alder, card=dora.card()), 400, "bears the card of")
        self.refuse(cedar.step("invite", "cert.birch.example/ledger"), 400, "this is")
        self.refuse(cedar.step("marry", alder), 400, "\"step\"")
        self.refuse(cedar.step("suspend", alder), 404, "no peer")
        self.refuse(cedar.step("invite", alder, time=now(100000)), 422, "ahead")
        self.refuse(cedar.step("invite", alder, reason="a\nb"), 400, "\"reason\"")
        forged = cedar.card()
        forged["body"]["organisation"] = "Somebody Else"
        self.refuse(cedar.step("invite", alder, card=forged), 403, "card")
        self.refuse(Stranger(self.alder.name, "twin").step("invite", alder), 400)
        self.refuse({}, 400)
        self.refuse("no JSON", 400)
        self.refuse("[" * 100000, 400)
        response = self.alder.server.post(PATH, json.dumps(
            cedar.step("invite", alder, card=cedar.card(organisation="x" * 300, padding="y" * 300000))))
        self.assertEqual(response.status, 422, response.body)
        response = self.alder.server.post(PATH, b"x" * 600000)
        self.assertEqual(response.status, 413, response.body)

    def test_flood(self):
        """A hundred invitations: only so many wait, and the newest are refused."""
        statuses = []
        for i in range(100):
            step = Stranger(f"n{i}.cedar.example", "many").step("invite", self.alder.origin)
            statuses.append(self.alder.server.post(PATH, step).status)
        self.assertEqual(statuses, [204] * 64 + [503] * 36)
        asked = self.alder.run("peer", "list", "--json").lines()
        self.assertEqual([peer["state"] for peer in asked], ["asked"] * 64)
        # What one asked for again takes no more room; who is turned down leaves room.
        again = Stranger("n0.cedar.example", "many").step("invite", self.alder.origin)
        self.assertEqual(self.alder.server.post(PATH, again).status, 204)
        self.alder.run("peer", "end", "n0.cedar.example")
        last = Stranger("n99.cedar.example", "many").step("invite", self.alder.origin)
        self.assertEqual(self.alder.server.post(PATH, last).status, 204)

    def test_taken_name(self):
        """Somebody used Birch's name first; the card that a person fetched wins."""
        impostor = Stranger("cert.birch.example", "impostor")
        self.assertEqual(
            self.alder.server.post(PATH, impostor.step("invite", self.alder.origin)).status, 204)
        birch = Node(self, "birch").serve()
        invited = birch.run("peer", "invite", self.alder.url, "--json").json()
        self.assertFalse(invited["delivered"])
        self.alder.run("peer", "invite", birch.url)
        self.assertEqual(self.alder.server.post(
            PATH, impostor.step("accept", self.alder.origin)).status, 403)
        birch.wait_state(self.alder, "active")
        self.alder.wait_state(birch, "active")


class CardTest(concert.TestCase):
    SETTINGS = {"card": {"affiliation": "XA", "roles": "national-cert witness",
                         "languages": "en pt-BR", "contacts": "contacts.json",
                         "constituency_ip": "192.0.2.7/24 2001:DB8::/32",
                         "constituency_as": "AS64500 64501", "constituency_domains": "Alder.example",
                         "listed": "yes", "directory": "yes"}}
    CONTACTS = [{"name": "Desk", "email": "desk@alder.example", "phone": "+1 (555) 0100",
                 "languages": ["en"], "hours": "24/7"}]

    def test_card(self):
        alder = Node(self, "alder", self.SETTINGS)
        self.write("alder/contacts.json", self.CONTACTS)
        self.assertEqual(alder.run("card", "show", status=1).out, "")
        alder.serve()
        served = alder.server.get("/.well-known/concert")
        self.assertEqual(served.headers["Content-Type"], "application/json")
        card = served.json()["body"]
        self.assertEqual(card["number"], 1)
        self.assertEqual(card["contacts"], self.CONTACTS)
        self.assertEqual(card["constituency"], {"ip": ["192.0.2.0/24", "2001:db8::/32"],
                                                "as": [64500, 64501], "domains": ["alder.example"]})
        self.assertRegex(card["tls"][0], "^sha256//.{44}$")
        self.assertEqual(served.json(), alder.run("card", "show", "--json").json())
        self.assertIn("this node's own", alder.run("card", "verify", alder.url).out)
        # It is an entry that everybody may read.
        entry = alder.entries("card.published")[0]
        opening = alder.server.get(f"/ledger/openings/{entry['index']}")
        self.assertEqual(opening.status, 200)

        text = alder.server.get("/.well-known/security.txt")
        self.assertEqual(text.headers["Content-Type"], "text/plain; charset=utf-8")
        lines = text.body.decode().splitlines()
        self.assertIn("Contact: mailto:desk@alder.example", lines)
        self.assertIn("Contact: tel:+15550100", lines)
        self.assertIn("Preferred-Languages: en, pt-BR", lines)
        self.assertIn(f"Canonical: {alder.url}/.well-known/security.txt", lines)
        self.assertEqual(sum(line.startswith("Expires: ") for line in lines), 1)

        # Nothing new is not published; something new is, by itself.
        alder.run("card", "publish")
        self.assertEqual(len(alder.entries("card.published")), 1)
        alder.run("key", "rotate", "ledger")
        self.assertEqual(len(alder.entries("card.published")), 2)
        alder.stop()
        concert.configure(alder.path, {"card": {"affiliation": "XB"}})
        alder.serve()
        self.assertEqual(alder.run("card", "show", "--json").json()["body"]["number"], 3)

    def test_settings(self):
        """What is wrong in a setting is named."""
        alder = Node(self, "alder")
        for name, value, says in (("roles", "king", "no role \"king\""),
                                  ("url", "ftp://x", "\"ftp://x\""),
                                  ("constituency_ip", "192.0.2.0/33", "\"192.0.2.0/33\""),
                                  ("constituency_as", "AS0", "\"AS0\""),
                                  ("contacts", "nowhere.json", "nowhere.json")):
            before = (alder.path / "concert.conf").read_text()
            concert.configure(alder.path, {"card": {name: value}})
            result = alder.run("card", "publish", status=2)
            self.assertIn(f"[card] {name}", result.err)
            self.assertIn(says, result.err)
            (alder.path / "concert.conf").write_text(before)
        self.write("alder/contacts.json", [{"name": "x", "email": "nobody"}])
        concert.configure(alder.path, {"card": {"contacts": "contacts.json"}})
        self.assertIn("contacts[0]: \"email\"", alder.run("card", "publish", status=2).err)

    def test_directory(self):
        """Only peers that want to be listed are; a bad card spoils no other."""
        forum = Node(self, "forum", {"card": {"directory": "yes"}}).serve()
        for name, listed in (("alder", "yes"), ("birch", "no")):
            node = Node(self, name, {"card": {"listed": listed}}).serve()
            node.run("peer", "invite", forum.url)
            forum.run("peer", "accept", node.name)
        served = forum.server.get("/.well-known/concert-directory").json()
        self.assertEqual([card["body"]["node"] for card in served["cards"]],
                         [forum.name, "cert.alder.example"])
        cedar = Node(self, "cedar")
        shown = cedar.run("directory", "import", forum.url, "--json").lines()
        self.assertEqual([line["known"] for line in shown], ["new", "new"])
        self.assertEqual(cedar.run("peer", "list", "--json", status=1).lines(), [])
        served["cards"][0]["body"]["organisation"] = "Somebody Else"
        bad = self.write("bad.json", served)
        result = cedar.run("directory", "import", bad, "--json", "--save", self.directory, status=1)
        self.assertEqual([line["node"] for line in result.lines()], ["cert.alder.example"])
        self.assertIn("card 1:", result.err)
        cedar.run("card", "verify", self.directory / "cert.alder.example.json")
        # Nobody's directory is served unasked.
        self.assertEqual(concert.run("directory", "import", "--node", cedar.path, "https://127.0.0.1:1",
                                     status=2).out, "")


if __name__ == "__main__":
    unittest.main()
