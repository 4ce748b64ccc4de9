"""Requests between two real nodes over TLS: asked, received by itself, acknowledged, answered,
closed; refused, withdrawn; what is not possible, and who signs. Data preserved and disclosed, on a
legal profile or without, whoever of the two asks."""

import json
import unittest

import concert
from peernode import Node


class RequestTest(concert.TestCase):
    def setUp(self):
        super().setUp()
        self.alder, self.birch = Node(self, "alder").serve(), Node(self, "birch").serve()
        self.alder.run("peer", "invite", self.birch.url)
        self.birch.run("peer", "accept", self.alder.name)

    def ask(self, *options, subject="Scans of port 445"):
        if "--text" not in options:
            options = ("--text", "Please look.", *options)
        sent = self.alder.run("request", "send", self.birch.name, "--kind", "advice", "--subject", subject,
                              "--as", "A. Example", "--json", *options).json()
        self.assertEqual((sent["state"], sent["told"], sent["untold"]), ("sent", [self.birch.name], []))
        return sent["dossier"]

    def show(self, node, request):
        return node.run("request", "show", request, "--json").json()

    def wait(self, node, request, state):
        return node.wait_shown(lambda shown: shown["state"] == state, "request", "show", request)

    def test_life(self):
        alder, birch = self.alder, self.birch
        request = self.ask("--text", "Are these yours?\nPlease look.", "--urgency", "high", "--wanted-by", "48h")
        short = request.removeprefix("request-")[:8]
        self.assertEqual(self.wait(alder, request, "received")["next"],
                         [f"concert request withdraw {short}", f"concert request comment {short} TEXT"])

        waiting = birch.run("request", "list", "--waiting", "--json").lines()
        self.assertEqual([(line["id"], line["subject"], line["waits_here"], line["overdue"])
                          for line in waiting], [(request, "Scans of port 445", True, False)])
        alder.run("request", "list", "--waiting", status=1)
        self.assertIn(short, alder.run("request", "list").out)
        status = birch.run("status", "--json", status=None).json()
        self.assertEqual((status["requests_waiting"], status["requests_due"]), (1, waiting[0]["due"]))
        self.assertEqual(alder.run("status", "--json", status=None).json()["requests_waiting"], 0)

        text = birch.run("request", "show", short).out
        for part in ("    Please look.", "by itself", "clock",
                     f"concert request ack {short}", f"concert request answer {short} TEXT"):
            self.assertIn(part, text)
        self.assertNotIn("OVERDUE", text)

        # Who asks cannot answer, nor close what was not answered.
        alder.run("request", "ack", short, status=2)
        alder.run("request", "close", short, status=2)
        birch.run("request", "ack", short, "On", "it.", "--expected", "2h")
        self.wait(alder, request, "acknowledged")
        birch.run("request", "answer", short, "-", "--as", "B. Example", input="They are.\nSorry.\n")
        answered = self.wait(alder, request, "delivered")
        self.assertEqual((answered["waits_here"], answered["next"][0]), (True, f"concert request confirm {short}"))
        alder.run("request", "close", short, "Thank you.")
        self.wait(birch, request, "closed")

        mine, theirs = self.show(alder, request), self.show(birch, request)
        self.assertEqual(mine["digest"], theirs["digest"])
        self.assertEqual([(event["type"], event["by"], event.get("signatory"), event["verdict"])
                          for event in theirs["list"]],
                         [("sent", alder.name, "A. Example", "valid"), ("received", birch.name, None, "valid"),
                          ("acknowledged", birch.name, "Birch CERT", "valid"),
                          ("answered", birch.name, "B. Example", "valid"),
                          ("closed", alder.name, "Alder CERT", "valid")])
        self.assertEqual(theirs["list"][3]["payload"]["text"], "They are.\nSorry.")
        self.assertEqual(theirs["next"], [])
        # Each event stands in its author's ledger, in the entry that show names.
        entry = next(event["entry"] for event in theirs["list"] if event["type"] == "answered")
        self.assertIn("Request answered", birch.run("ledger", "show", entry).out)
        birch.run("request", "list", status=1)
        self.assertEqual(len(birch.run("request", "list", "--all", "--json").lines()), 1)

    def test_ends(self):
        """Refused with a ground; withdrawn; an exercise, which counts for nothing; either away."""
        alder, birch = self.alder, self.birch
        first, second = self.ask(), self.ask("--exercise", "--urgency", "critical")
        self.wait(birch, first, "received")
        self.wait(birch, second, "received")
        self.assertIn("EXERCISE", birch.run("request", "list").out)
        self.assertIn("EXERCISE", birch.run("request", "show", second).out)
        status = birch.run("status", "--json", status=None).json()
        self.assertEqual((status["requests_waiting"], status["request_exercises_waiting"]), (1, 1))
        # A refusal needs its ground, and the provision.
        birch.run("request", "refuse", first, "No.", status=2)
        birch.run("request", "refuse", first, "No.", "--ground", "because", status=2)
        birch.run("request", "refuse", first, "No.", "--ground", "no-legal-basis", status=2)
        birch.run("request", "refuse", first, "No.", "--ground", "no-legal-basis", "--provision", "Art. 1")
        self.wait(alder, first, "refused")
        self.assertIn("ground: no-legal-basis", alder.run("request", "show", first).out)
        alder.run("request", "withdraw", second, "found", "it")
        self.assertIn("found it", str(self.wait(birch, second, "withdrawn")["list"][-1]))
        birch.run("request", "ack", second, status=2)
        birch.run("request", "ack", "ffffffff", status=1)
        alder.run("request", "send", "cert.dora.example", "--kind", "advice", "--subject", "s", status=1)
        alder.run("request", "send", birch.name, "--kind", "advice", "--subject", "s", "--text", "t",
                  "--wanted-by", "2020-01-01T00:00Z", status=2)

        # What is asked while the peer is away, and answered while this node is, arrives.
        birch.stop()
        request = self.ask()
        self.assertIn("receive", self.show(alder, request)["waits_what"])
        birch.serve()
        self.wait(birch, request, "received")
        alder.stop()
        birch.run("request", "answer", request, "Yes.")
        self.assertEqual(self.show(birch, request)["state"], "delivered")
        alder.serve()
        self.wait(alder, request, "delivered")

    # --- data --------------------------------------------------------------------------------------

    PRESERVATION = ("--kind", "preservation", "--subject", "Logs of 192.0.2.7", "--text", "Please keep them.",
                    "--authority", "Court of the other side", "--data", "Logs of 1 to 3 May")

    def install(self, profile, *nodes):
        path = self.directory / "profile.json"
        path.write_text(json.dumps(profile))
        for node in nodes:
            node.run("request", "profiles", "add", path)

    def treaty(self, **changes):
        return {"concert": "legal-profile/v1", "name": "treaty", "title": "Treaty of the Tests",
                "kinds": {"preservation": {"requires": ["authority", "offence"], "preservation_days": 60,
                                           "grounds": ["human-rights"], "provision": "Article 1"}},
                "parties": [{"party": "XA", "status": "in-force", "since": "2020-01-01"},
                            {"party": "XB", "status": "in-force", "since": "2020-01-01"}], **changes}

    def preserve(self, asking, asked):
        """The whole course between two nodes."""
        def ask(*options, **keywords):
            return asking.run("request", "send", asked.name, *self.PRESERVATION, *options, **keywords)
        refused = ask("--profile", "treaty", status=2)
        self.assertIn('it lacks "offence"', refused.err)
        request = ask("--profile", "treaty", "--offence", "fraud", "--json").json()["dossier"]
        self.wait(asked, request, "received")
        self.assertIn("applies", asked.run("request", "profiles", "check", request).out)

        def refuse(word, *options, because, node=asked):
            self.assertIn(because, node.run("request", word, request, *options, status=2).err)
        refuse("accept", because="say whether")
        refuse("answer", "Here.", because="not answered by the way")
        asked.run("request", "accept", request, "--basis", "profile")
        refuse("release", "Here.", "--order", "Order 1", because="accepted")
        refuse("preserve", "--until", "59d", because="refused, as it must hold that data is preserved")
        asked.run("request", "preserve", request, "--until", "60d", "--reference", "K 7")
        refuse("record-formal", "--reference", "R 1", "--authority", "Court", node=asking, because="only its responder")
        refuse("release", "Here.", "--order", "Order 1", because="preserved")
        asked.run("request", "extend", request, "--until", "90d")
        self.wait(asking, request, "extended")
        asking.run("request", "announce-formal", request, "--reference", "R 1", "--authority", "Court")
        asked.run("request", "record-formal", request, "--reference", "R 1", "--authority", "Court")
        refuse("release", "Here.", because='"order" is missing: give --order ...')
        asked.run("request", "release", request, "The logs", "--order", "Order 1", "--as", "Judge's clerk")
        self.wait(asking, request, "released")
        asking.run("request", "confirm", request)
        asking.run("request", "close", request)
        self.wait(asked, request, "closed")
        shown = [self.show(node, request) for node in (asking, asked)]
        self.assertEqual(shown[0]["digest"], shown[1]["digest"])
        self.assertTrue(all(not clock["runs"] for clock in shown[0]["clocks"]))
        return [(event["type"], event["verdict"]) for event in shown[0]["list"]]

    def test_data(self):
        alder, birch = self.alder, self.birch
        birch.run("request", "profiles", "list", status=1)
        alder.run("request", "send", birch.name, *self.PRESERVATION, "--profile", "treaty", status=1)
        self.install(self.treaty(parties=[]), alder, birch)
        refused = alder.run("request", "send", birch.name, *self.PRESERVATION, "--profile", "treaty", status=2)
        self.assertIn("not in force for cert.alder.example", refused.err)
        self.assertIn("voluntary", refused.err)

        # Both directions have the same course; who is party is told by name or affiliation.
        by_name = [{"party": node.name, "status": "in-force", "since": "2020-01-01"} for node in (alder, birch)]
        self.install(self.treaty(parties=by_name), alder, birch)
        self.assertEqual(self.preserve(alder, birch), self.preserve(birch, alder))

        # Another treaty of the same name is found out; without one a promise is enough.
        self.install(self.treaty(title="Another Treaty", parties=by_name), birch)
        request = alder.run("request", "send", birch.name, *self.PRESERVATION, "--profile", "treaty", "--offence",
                            "fraud", "--json").json()["dossier"]
        self.wait(birch, request, "received")
        self.assertIn("not the same", birch.run("request", "profiles", "check", request, status=1).out)
        birch.run("request", "accept", request, "--basis", "voluntary")
        birch.run("request", "preserve", request, "--until", "5d")
        self.wait(alder, request, "preserved")
        clock = self.show(alder, request)["clocks"][-1]
        self.assertEqual((clock["clock"], clock["runs"]), ("preservation", True))
        self.assertIn("addressed to", alder.run("request", "send", birch.name, "--kind", "preservation", "--subject",
                                                "s", "--text", "t", "--data", "d", status=2).err)
        self.assertEqual([line["name"] for line in birch.run("request", "profiles", "list", "--json").lines()],
                         ["treaty"])
        self.assertIn("at least 60 days", birch.run("request", "profiles", "show", "treaty").out)
        birch.run("request", "profiles", "remove", "treaty")
        birch.run("request", "profiles", "show", "treaty", status=1)
        (self.directory / "bad.json").write_text("{}")
        birch.run("request", "profiles", "add", self.directory / "bad.json", status=2)

    def test_samples(self):
        samples = sorted((concert.ROOT / "share" / "profiles").glob("*.json"))
        self.assertEqual(len(samples), 3)
        for sample in samples:
            self.alder.run("request", "profiles", "add", sample)
        self.assertEqual([line["name"] for line in self.alder.run("request", "profiles", "list", "--json").lines()],
                         [sample.stem for sample in samples])


if __name__ == "__main__":
    unittest.main()
