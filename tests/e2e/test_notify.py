"""Notices: from a report to whoever is responsible, by mail and by node, and their answers back."""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import time
import unittest

import concert
import peernode
import smtpsink

CONTACTS = """email,name,language,as,ip,domain
abuse@isp.birch.example,Birch Telecom,fr,64496,198.51.100.0/24,
noc@host.cedar.example,Cedar Hosting,ar,,203.0.113.0/24,cedar.example
"""

FINDINGS = """198.51.100.7
hxxp://www[.]cedar[.]example/login
203.0.113.9
192.0.2.200
"""


class NotifyTestCase(concert.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.sink = smtpsink.Sink(self)
        self.configure({"mail": {"server": self.sink.url, "from": "notices@cert.alder.example"},
                        "node": {"signatory": "Duty Officer", "organisation": "Alder CERT"}})
        self.concert("contact", "import", self.write("contacts.csv", CONTACTS))

    def draft(self, text=FINDINGS, *arguments, **keywords):
        result = self.concert("notify", self.write("report.txt", text), "--json", *arguments,
                              **keywords)
        lines = result.lines()
        return ([line for line in lines if "recipient" in line],
                [line for line in lines if "left" in line])

    def show(self, notice):
        return self.concert("notify", "show", notice, "--json").json()


class MailTest(NotifyTestCase):
    def test_bad_records(self):
        """What cannot be read is named with its file, and costs the exit status, not its neighbours."""
        report = self.write("report.csv", "address,time,port\n198.51.100.7,2026-01-02T03:04:05Z,23\nbad,,\n")
        drafted = self.concert("notify", report, status=1)
        self.assertIn(f"{report}: line 3 is passed over", drafted.err)
        self.assertIn("notices drafted 1", drafted.out)
        imported = self.concert("case", "import", report)
        self.assertIn("is draft", imported.out)
        self.assertIn(f"{report}: line 3", imported.err)
        nothing = self.concert("contact", "import", self.write("none.csv", "a,b\n1,2\n"), status=2)
        self.assertIn("none.csv: no column", nothing.err)

    def test_what_is_told_on_the_way(self):
        empty = self.write("empty.csv", "")
        self.assertIn("empty.csv: the input is empty", self.concert("notify", empty, status=2).err)
        report = self.write("report.txt", FINDINGS)
        told = self.concert("notify", "--dry-run", report).out
        self.assertIn("findings 4 (text), recipients 2, notices drafted 0", told)
        self.assertIn("nothing was kept", told)
        self.concert("notify", report)
        for row in self.concert("notify", "list").out.splitlines()[1:]:
            self.assertRegex(row, "cert.alder.example  +(abuse@isp.birch.example|noc@host.cedar.example)")
        self.assertEqual({line["to"] for line in self.concert("notify", "list", "--json").lines()},
                         {"abuse@isp.birch.example", "noc@host.cedar.example"})
        # A table of contacts is what is missing, and not more.
        self.assertNotIn("contact import", self.concert(
            "notify", self.write("other.txt", "192.0.2.200\n"), status=1).out)
        self.concert("contact", "remove", "--source", "contacts.csv")
        self.assertIn("concert contact import", self.concert("notify", report, status=1).out)

    def test_list_given_twice(self):
        """What was drafted or sent is said, and drafted again only when it was seen again, or by wish."""
        def told(text, *arguments, status=0):
            lines = self.concert("notify", self.write("list.csv", text), "--json", *arguments, status=status).lines()
            return ({line["recipient"]: [one["value"] for one in line["findings"]] for line in lines if "findings" in line},
                    {line["to"]: (line["told_before"], line["state"]) for line in lines if "told_before" in line})

        birch, cedar = "abuse@isp.birch.example", "noc@host.cedar.example"
        rows = "ip,time\n198.51.100.7,2026-03-01T10:00:00Z\n203.0.113.9,2026-03-01T10:00:00Z\n"
        self.assertEqual(told(rows), ({birch: ["198.51.100.7"], cedar: ["203.0.113.9"]}, {}))
        twice = self.concert("notify", self.write("list.csv", rows), status=1).out
        self.assertRegex(twice, f"told before: 1 findings, to {birch} by the notice [0-9a-f]+, which is drafted\n")
        self.assertIn("recipients 0, notices drafted 0\n2 were drafted or sent before: --again", twice)
        self.assertEqual(len(self.concert("notify", "list", "--json").lines()), 2)
        self.concert("notify", "approve", "--all")
        self.concert("notify", "send", "--all")
        self.sink.wait(2)
        before = {birch: (1, "sent"), cedar: (1, "sent")}
        self.assertEqual(told(rows, "--dry-run", status=1), ({}, before))
        self.assertEqual(told(rows + "198.51.100.8,2026-03-01T10:00:00Z\n"), ({birch: ["198.51.100.8"]}, before))
        # Another port, and what was seen again since, is something else; without a time nothing is later.
        self.assertEqual(told("ip,port\n203.0.113.9,23\n"), ({cedar: ["203.0.113.9"]}, {}))
        self.assertEqual(told(rows.replace("03-01", "03-02"), "--dry-run")[1], {})
        self.assertEqual(told("ip\n203.0.113.9\n", status=1), ({}, {cedar: (1, "sent")}))
        # An exercise is not the real thing, and what was taken back, or never sent, does not count.
        self.assertEqual(told("ip\n203.0.113.9\n", "--exercise", "--dry-run")[0], {cedar: ["203.0.113.9"]})
        sent = next(line["id"] for line in self.concert("notify", "list", "--json").lines()
                    if line["to"] == cedar and line["state"] == "sent")
        self.concert("notify", "withdraw", sent, "An error.")
        self.assertEqual(told("ip\n203.0.113.9\n", "--dry-run")[0], {cedar: ["203.0.113.9"]})
        self.assertEqual(told(rows, "--again", "--dry-run"), ({birch: ["198.51.100.7"], cedar: ["203.0.113.9"]}, {}))

    def test_organisation_signs(self):
        """Where nobody is named the organisation signs, and is not written twice."""
        path = self.node / "concert.conf"
        path.write_text(path.read_text().replace("signatory = Duty Officer\n", ""))
        notices, _ = self.draft("198.51.100.7\n", "--language", "en")
        self.assertTrue(notices[0]["text"].endswith("\n\nAlder CERT"), notices[0]["text"])
        path.write_text(path.read_text().replace("organisation = Alder CERT\n", ""))
        refused = self.concert("notify", self.write("report.txt", FINDINGS), status=2)
        self.assertIn(f"[node] signatory in {self.node}/concert.conf", refused.err)

    def test_first_day(self):
        notices, left = self.draft()
        self.assertEqual({notice["recipient"]: notice["language"] for notice in notices},
                         {"abuse@isp.birch.example": "fr", "noc@host.cedar.example": "ar"})
        self.assertEqual([(line["left"], line["verdict"]) for line in left],
                         [("192.0.2.200", "nobody")])
        cedar = next(n for n in notices if n["recipient"] == "noc@host.cedar.example")
        self.assertEqual({finding["value"] for finding in cedar["findings"]},
                         {"http://www.cedar.example/login", "203.0.113.9"})
        self.assertIn("cedar.example: the list contacts.csv says", cedar["why"])

        # What can be done next is said by the name of the command, not of the procedure.
        self.assertIn("concert notify approve", self.concert("notify", "show", cedar["dossier"]).out)
        # Nothing leaves before a person has approved it.
        self.concert("notify", "send", "--all", status=1)
        self.concert("notify", "send", cedar["dossier"], status=2)
        self.assertEqual(self.sink.mails, [])
        self.concert("notify", "approve", "--all")
        self.concert("notify", "send", "--all")
        mails = {mail.recipient: mail for mail in self.sink.wait(2)}

        mail = smtpsink.parsed(mails["noc@host.cedar.example"])
        text = mail.get_body(("plain",)).get_content()
        self.assertIn("hxxp://www[.]cedar[.]example/login", text)
        self.assertNotIn("http://", text)
        self.assertIn("نرجو", text)
        self.assertIn("\u2068Alder CERT\u2069", text)
        self.assertEqual(mail.get_body(("plain",))["Content-Language"], "ar")
        self.assertIn(cedar["reference"], mail["Subject"])
        self.assertEqual(mail["Reply-To"], f"notices+{cedar['reference']}@cert.alder.example")
        table = next(part for part in mail.iter_attachments())
        rows = list(csv.DictReader(io.StringIO(table.get_content())))
        self.assertEqual({row["value"] for row in rows},
                         {"http://www.cedar.example/login", "203.0.113.9"})

        # The ledger has the hash of what went out.
        sent = self.show(cedar["dossier"])
        self.assertEqual(sent["state"], "sent")
        digest = hashlib.sha256(mails["noc@host.cedar.example"].data).hexdigest()
        self.assertIn(digest, json.dumps(sent))
        raw = self.concert("notify", "mails", cedar["dossier"], "--raw").raw
        self.assertEqual(hashlib.sha256(raw).hexdigest(), digest)

        # Sending again sends nothing.
        self.concert("notify", "send", cedar["dossier"], status=2)
        self.concert("notify", "send", "--all", status=1)
        self.assertEqual(len(self.sink.mails), 2)

        # What was answered, by the reference.
        self.concert("notify", "reply", cedar["reference"], "--state", "in-progress", "We look.")
        self.concert("notify", "reply", cedar["reference"], "--state", "disputed", status=2)
        self.concert("notify", "reply", cedar["reference"], "--state", "taken-down")
        self.assertEqual(self.show(cedar["dossier"])["state"], "answered")
        self.concert("notify", "close", cedar["dossier"])
        stats = self.concert("notify", "stats", "--json").json()
        self.assertEqual((stats["notices"], stats["sent"], stats["outcomes"]["taken-down"]),
                         (2, 2, 1))

    def send_one(self, text="198.51.100.7\n"):
        notice = self.draft(text)[0][0]
        self.concert("notify", "approve", notice["dossier"])
        self.concert("notify", "send", notice["dossier"])
        return notice

    def test_replies(self):
        first = self.send_one()
        second = self.send_one("198.51.100.8\n")
        third = self.send_one("203.0.113.4\n")
        box = self.directory / "Maildir"
        for folder in ("new", "cur", "tmp"):
            (box / folder).mkdir(parents=True)
        reference = first["reference"]
        (box / "new/1").write_text(
            f"From: Birch NOC <noc@isp.birch.example>\nTo: notices+{reference.upper()}@cert.alder.example\n"
            "Message-ID: <1@isp.birch.example>\nSubject: Re: Notice\n\nWe look into it.\n")
        (box / "cur/2:2,S").write_text(
            "From: noc@isp.birch.example\nMessage-ID: <2@isp.birch.example>\n"
            f"Subject: Re: Notice [{second['reference']}]\n\nStatus: fixed\n> Status: not-ours\n")
        (box / "new/3").write_text(
            "From: MAILER-DAEMON@mx.cedar.example\nMessage-ID: <3@mx.cedar.example>\n"
            "Auto-Submitted: auto-replied\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\n\nNo such user.\n--b\nContent-Type: message/rfc822\n\n"
            f"Message-ID: <{third['reference']}.1@cert.alder.example>\n\n--b--\n")
        (box / "new/4").write_text("From: shop@dora.example\nSubject: Buy\n\nNow!\n")
        (box / "new/5").write_text(
            f"From: noc@isp.birch.example\nAuto-Submitted: auto-replied\nSubject: Away [{reference}]"
            "\n\nStatus: disputed\n")
        lines = self.concert("notify", "import-replies", box, "--json").lines()
        self.assertEqual({line["dossier"]: (line["event"], line["state"]) for line in lines
                          if "dossier" in line},
                         {first["dossier"]: ("acknowledged", "acknowledged"),
                          second["dossier"]: ("answered", "answered"),
                          third["dossier"]: ("returned", "returned")})
        self.assertEqual([line["from"] for line in lines if "dossier" not in line],
                         ["shop@dora.example"])
        # Read again it says nothing new.
        self.assertIn("0 recorded, 3 known", self.concert("notify", "import-replies", box).out)
        # What came back can be sent once more, as another mail.
        self.concert("notify", "send", third["dossier"])
        ids = [smtpsink.parsed(mail)["Message-ID"] for mail in self.sink.wait(4)]
        self.assertEqual(ids[2:], [f"<{third['reference']}.1@cert.alder.example>",
                                   f"<{third['reference']}.2@cert.alder.example>"])
        self.concert("notify", "import-replies", "-", input="no mail", status=1)

    def test_reminders(self):
        notice = self.send_one()
        self.concert("notify", "remind", "--all", status=1)  # nothing is overdue
        self.concert("notify", "remind", notice["dossier"])
        reminder = smtpsink.parsed(self.sink.wait(2)[1])
        self.assertTrue(reminder["Subject"].startswith("Rappel : "), reminder["Subject"])
        self.assertEqual(reminder["In-Reply-To"], f"<{notice['reference']}.1@cert.alder.example>")
        self.assertIn("198.51.100.7", reminder.get_body(("plain",)).get_content())
        for _ in range(7):
            self.concert("notify", "remind", notice["dossier"])
        self.concert("notify", "remind", notice["dossier"], status=2)
        self.assertEqual(len(self.sink.wait(9)), 9)

    def test_troubles(self):
        """A server that refuses, or dies; limits; a node that is served."""
        self.sink.refuse["abuse@isp.birch.example"] = "451 later"
        first = self.send_one()
        mail = self.concert("notify", "mails", first["dossier"], "--json").json()
        self.assertEqual((mail["state"], mail["tries"]), ("waits", 1))
        self.assertIn("451 later", mail["failure"])
        self.concert("notify", "send", "--waiting")
        self.sink.refuse.clear()
        self.sink.vanish = True  # takes it, and dies
        self.concert("notify", "send", "--waiting")
        self.concert("notify", "send", "--waiting")
        self.concert("notify", "send", "--waiting")
        mails = self.sink.wait(2)
        self.assertEqual(len(self.sink.mails), 2)
        self.assertEqual(mails[0].data, mails[1].data)  # the same message, which a reader knows
        self.assertEqual(self.concert("notify", "mails", first["dossier"], "--json").json()["state"],
                         "sent")

        self.sink.refuse["noc@host.cedar.example"] = "550 no such user"
        refused = self.send_one("203.0.113.4\n")
        self.assertEqual(self.concert("notify", "mails", refused["dossier"], "--json").json()["state"],
                         "given up")
        self.concert("notify", "reply", refused["dossier"], "--state", "returned", "No such user.")
        self.concert("notify", "close", refused["dossier"])

        self.configure({"mail": {"per_contact_hour": 1}})
        held = self.send_one("198.51.100.9\n")
        self.assertEqual(self.concert("notify", "mails", held["dossier"], "--json").json()["state"],
                         "waits")
        self.assertEqual(len(self.sink.mails), 2)
        self.configure({"mail": {"per_contact_hour": 10}})
        server = self.serve()
        self.sink.wait(3)
        served = self.send_one("198.51.100.10\n")
        self.sink.wait(4)
        self.assertEqual(self.show(served["dossier"])["state"], "sent")
        server.stop()

        # Without TLS only to a server on this machine, and with what is needed.
        for settings, message in (({"server": "http://127.0.0.1"}, "smtp://"),
                                  ({"server": "smtp://user@127.0.0.1"}, "smtp://"),
                                  ({"from": "nobody"}, "from")):
            self.configure({"mail": {"server": self.sink.url, "from": "notices@cert.alder.example"}})
            self.configure({"mail": settings})
            notice = self.draft("198.51.100.11\n", "--again")[0][0]
            self.concert("notify", "approve", notice["dossier"])
            self.assertIn(message, self.concert("notify", "send", notice["dossier"], status=2).err)
        self.assertEqual(len(self.sink.mails), 4)

    def test_contact_that_is_no_peer(self):
        """What has no @ is the name of a node, and a node that is no peer is told nothing."""
        said = self.concert("contact", "add", "nomail", "--ip", "203.0.113.0/24")
        self.assertEqual(said.out, "nomail is a contact.\n")
        self.assertIn('"nomail" is the name of a node, and none of that name is a peer', said.err)
        self.assertEqual(self.concert("contact", "add", "soc@isp.birch.example").err, "")
        self.assertIn("no name of a node", self.concert("contact", "add", "no mail", status=2).err)

    def test_stops(self):
        """Who opted out is not told, and nobody of what is held."""
        self.concert("contact", "opt-out", "abuse@isp.birch.example", "--reason", "asked for it")
        self.concert("contact", "hold", "203.0.113.0/25", status=2)
        self.concert("contact", "hold", "203.0.113.0/25", "--reason", "Order 7", "--until", "30d")
        notices, left = self.draft("198.51.100.7\n203.0.113.9\n203.0.113.200\n")
        self.assertEqual([finding["value"] for finding in notices[0]["findings"]], ["203.0.113.200"])
        self.assertEqual({line["left"]: (line["verdict"], line["why"]) for line in left},
                         {"198.51.100.7": ("opt-out", "opt-out of abuse@isp.birch.example: asked for it"),
                          "203.0.113.9": ("hold", "hold of 203.0.113.0/25: Order 7")})
        stops = [line for line in self.concert("contact", "list", "--json").lines() if "stop" in line]
        self.assertEqual([(stop["stop"], stop["by"]) for stop in stops],
                         [("opt-out", "Duty Officer"), ("hold", "Duty Officer")])
        self.concert("contact", "release", "203.0.113.0/25")
        self.concert("contact", "release", "203.0.113.0/25", status=1)
        self.concert("contact", "release", "abuse@isp.birch.example", "--opt-out")
        self.assertEqual(self.draft("198.51.100.7\n203.0.113.9\n")[1], [])

    def test_own_ways(self):
        """Own templates, other languages, four eyes, a draft that is written anew."""
        templates = self.directory / "templates"
        templates.mkdir()
        source = (concert.ROOT / "src/node/notice_templates/en.txt").read_text()
        (templates / "de.txt").write_text(source.replace("Dear {name}", "Guten Tag, {name}"))
        self.configure({"notify": {"templates": templates, "four_eyes": "yes"}})
        notice = self.draft("198.51.100.7\n", "--language", "de-AT")[0][0]
        self.assertEqual(notice["language"], "de")
        self.assertIn("Guten Tag, Birch Telecom,", notice["text"])
        self.assertEqual(self.draft("198.51.100.7\n", "--language", "sw", "--dry-run", "--again")[0][0]["language"], "en")
        self.concert("notify", "approve", notice["dossier"], status=2)
        self.concert("notify", "approve", notice["dossier"], "--as", "Second Officer")
        self.concert("notify", "revise", notice["dossier"], "--subject", "Better", "Another text.")
        self.concert("notify", "send", notice["dossier"], status=2)
        self.concert("notify", "approve", notice["dossier"], "--as", "Second Officer")
        self.concert("notify", "send", notice["dossier"])
        mail = smtpsink.parsed(self.sink.wait(1)[0])
        self.assertEqual(mail["Subject"], f"Better [{notice['reference']}]")
        self.assertEqual(mail.get_body(("plain",)).get_content().strip(), "Another text.")
        (templates / "de.txt").write_text("[subject]\n{password}\n")
        self.assertIn("de.txt", self.concert("notify", "-", "--language", "de", status=2,
                                             input="198.51.100.7").err)

    def test_hostile_values(self):
        """Nothing of a report becomes a header, a formula, a link, or turns a line around."""
        report = ("address,time,description\n"
                  '198.51.100.7,2026-03-01,"=cmd()\nBcc: x@dora.example"\n'
                  "198.51.100.8,2026-03-01,\u202egnp.exe {name} [text]\n")
        notice = self.draft(report)[0][0]
        self.concert("notify", "approve", notice["dossier"])
        self.concert("notify", "send", notice["dossier"])
        mail = smtpsink.parsed(self.sink.wait(1)[0])
        self.assertIsNone(mail["Bcc"])
        text = mail.get_body(("plain",)).get_content()
        self.assertIn("{name} [text]", text)
        self.assertNotIn("\u202e", text)
        cells = [row["description"] for row in
                 csv.DictReader(io.StringIO(next(mail.iter_attachments()).get_content()))]
        self.assertTrue(cells[0].startswith("'="), cells)


@unittest.skipUnless(shutil.which("gpg"), "no gpg: OpenPGP mail is not tested")
class OpenPgpTest(NotifyTestCase):
    """Mail with real keys, read by gpg itself."""

    def gpg(self, home, *arguments, input=None):
        return subprocess.run(["gpg", "--homedir", home, "--batch", "--yes", "--pinentry-mode",
                               "loopback", "--passphrase", "", *arguments], input=input,
                              capture_output=True, check=True).stdout

    def make_key(self, home, name):
        home.mkdir(mode=0o700)
        self.addCleanup(subprocess.run, ["gpgconf", "--homedir", home, "--kill", "all"],
                        capture_output=True)
        self.gpg(home, "--quick-gen-key", name, "ed25519", "default", "never")
        self.gpg(home, "--quick-add-key", self.fingerprint(home), "cv25519", "encr", "never")
        return self.fingerprint(home)

    def fingerprint(self, home):
        listing = self.gpg(home, "--with-colons", "--list-keys").decode()
        return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))

    def test_mail(self):
        theirs = self.directory / "theirs"
        self.make_key(theirs, "abuse@isp.birch.example")
        ours = self.make_key(self.node / "gnupg", "notices@cert.alder.example")
        self.addCleanup(subprocess.run, ["gpgconf", "--homedir", self.node / "gnupg", "--kill", "all"],
                        capture_output=True)
        key = self.write("birch.asc", self.gpg(theirs, "--armor", "--export"))
        self.concert("contact", "add", "abuse@isp.birch.example", "--key", key)
        self.configure({"mail": {"sign_key": ours}})
        self.gpg(theirs, "--import", input=self.gpg(self.node / "gnupg", "--export"))
        notices = self.draft("198.51.100.7\n203.0.113.9\n")[0]
        self.concert("notify", "approve", "--all")
        self.concert("notify", "send", "--all")
        mails = {mail.recipient: mail for mail in self.sink.wait(2)}

        sealed = smtpsink.parsed(mails["abuse@isp.birch.example"])
        self.assertEqual(sealed.get_content_type(), "multipart/encrypted")
        self.assertNotIn(b"198.51.100.7", mails["abuse@isp.birch.example"].data)
        armour = sealed.get_payload()[1].get_payload()
        plain = self.gpg(theirs, "--decrypt", input=armour.encode())
        inner = smtpsink.parsed(smtpsink.Mail(None, None, plain))
        self.assertIn("198.51.100.7", inner.get_body(("plain",)).get_content())
        status = subprocess.run(["gpg", "--homedir", theirs, "--batch", "--status-fd", "2", "--decrypt"],
                                input=armour.encode(), capture_output=True).stderr.decode()
        self.assertIn(f"VALIDSIG {ours}", status)

        signed = mails["noc@host.cedar.example"].data
        message = smtpsink.parsed(mails["noc@host.cedar.example"])
        self.assertEqual(message.get_content_type(), "multipart/signed")
        mark = b"--" + message.get_boundary().encode()
        content = signed.split(mark + b"\r\n")[1].removesuffix(b"\r\n")
        signature = self.write("signature.asc", message.get_payload()[1].get_payload())
        self.gpg(theirs, "--verify", str(signature), "-", input=content)
        with self.assertRaises(subprocess.CalledProcessError):
            self.gpg(theirs, "--verify", str(signature), "-", input=content.replace(b"203", b"204"))
        events = json.dumps(self.show(notices[0]["dossier"]))
        self.assertIn('"protection": "signed-encrypted"', events)

        # A key that is not there is no reason to send it in the clear.
        self.concert("contact", "add", "noc@host.cedar.example", "--openpgp", "0" * 40)
        notice = self.draft("203.0.113.10\n")[0][0]
        self.concert("notify", "approve", notice["dossier"])
        self.concert("notify", "send", notice["dossier"], status=2)
        self.assertEqual(len(self.sink.mails), 2)


@unittest.skipUnless(shutil.which("openssl"), "no openssl: S/MIME mail is not tested")
class SmimeTest(NotifyTestCase):
    """S/MIME mail, read by openssl."""

    def openssl(self, *arguments, input=None, status=0):
        result = subprocess.run(["openssl", *map(str, arguments)], input=input, capture_output=True,
                                cwd=self.directory)
        self.assertEqual(result.returncode == 0, status == 0, result.stderr)
        return result.stdout

    def make(self, name, address, *arguments, algorithm="ec"):
        """A certificate of its own authority: NAME.pem and NAME.key."""
        options = ["-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "ec" else []
        self.openssl("req", "-x509", "-newkey", algorithm, *options, "-nodes", "-keyout",
                     f"{name}.key", "-out", f"{name}.pem", "-days", "30", "-subj", f"/CN={name}",
                     "-addext", f"subjectAltName=email:{address}", *arguments)
        return self.directory / f"{name}.pem"

    def send(self, address):
        notice = self.draft(f"{address}\n")[0][0]
        self.concert("notify", "approve", notice["dossier"])
        self.concert("notify", "send", notice["dossier"])
        return notice

    def test_mail(self):
        birch = self.make("birch", "Abuse@isp.birch.example")
        cedar = self.make("cedar", "noc@host.cedar.example", algorithm="rsa:2048")
        ours = self.make("alder", "notices@cert.alder.example")
        self.assertIn("CN=birch", self.concert("contact", "add", "abuse@isp.birch.example", "--smime",
                                               birch).out)
        der = self.write("cedar.der", self.openssl("x509", "-in", cedar, "-outform", "DER"))
        refused = self.concert("contact", "add", "abuse@isp.birch.example", "--smime", der, status=2)
        self.assertIn("is for noc@host.cedar.example, and not for abuse@isp.birch.example",
                      refused.err)
        contacts = self.concert("contact", "list", "--json").lines()
        self.assertEqual([contact["email"] for contact in contacts if "smime_until" in contact],
                         ["abuse@isp.birch.example"])

        # Encrypted, and not signed as long as the node has no certificate.
        self.send("198.51.100.7")
        first = self.sink.wait(1)[0]
        self.assertNotIn(b"198.51.100.7", first.data)
        message = smtpsink.parsed(first)
        self.assertEqual((message.get_content_type(), message.get_param("smime-type")),
                         ("application/pkcs7-mime", "enveloped-data"))
        self.assertEqual(message.get_filename(), "smime.p7m")
        mail = self.write("first.eml", first.data)
        plain = self.openssl("cms", "-decrypt", "-in", mail, "-recip", birch, "-inkey", "birch.key")
        self.assertIn("198.51.100.7",
                      smtpsink.parsed(smtpsink.Mail(None, None, plain)).get_body(("plain",))
                      .get_content())
        self.openssl("cms", "-decrypt", "-in", mail, "-recip", cedar, "-inkey", "cedar.key", status=1)

        # Signed inside, with a key that nobody else may read.
        self.configure({"mail": {"smime_certificate": ours, "smime_key": self.directory / "alder.key"}})
        os.chmod(self.directory / "alder.key", 0o644)
        notice = self.draft("198.51.100.8\n")[0][0]
        self.concert("notify", "approve", notice["dossier"])
        self.concert("notify", "send", notice["dossier"], status=2)
        os.chmod(self.directory / "alder.key", 0o600)
        self.concert("notify", "send", notice["dossier"])
        self.assertIn('"signed-encrypted"', json.dumps(self.show(notice["dossier"])))
        mail = self.write("second.eml", self.sink.wait(2)[1].data)
        plain = self.openssl("cms", "-decrypt", "-in", mail, "-recip", birch, "-inkey", "birch.key")
        self.assertIn(b"multipart/signed", plain)
        content = self.openssl("cms", "-verify", "-CAfile", ours, input=plain)
        self.assertIn("198.51.100.8",
                      smtpsink.parsed(smtpsink.Mail(None, None, content)).get_body(("plain",))
                      .get_content())

        # To who has no certificate it is signed; one changed byte is noticed.
        self.send("203.0.113.9")
        signed = self.sink.wait(3)[2].data
        self.assertEqual(smtpsink.parsed(self.sink.mails[2]).get_content_type(), "multipart/signed")
        self.openssl("cms", "-verify", "-CAfile", ours, input=signed)
        mark = b"--" + smtpsink.parsed(self.sink.mails[2]).get_boundary().encode()
        head, content, tail = signed.split(mark, 2)
        changed = head + mark + content.replace(b"charset=utf-8", b"charset=utf-7", 1) + mark + tail
        self.assertNotEqual(changed, signed)
        self.openssl("cms", "-verify", "-CAfile", ours, input=changed, status=1)

        # An answer, signed and encrypted to the certificate that came with the signature.
        answer = "Content-Type: text/plain\n\nStatus: fixed\n".encode()
        opaque = self.openssl("cms", "-sign", "-signer", birch, "-inkey", "birch.key", "-nodetach",
                              "-binary", input=answer)
        def closed(mail_id, recipient):
            body = self.openssl("cms", "-encrypt", "-aes256", "-binary", "-from", "noc@isp.birch.example",
                                "-to", "notices@cert.alder.example", "-subject",
                                f"Re: Notice [{notice['reference']}]", recipient, input=opaque)
            return self.write(f"{mail_id}.eml", f"Message-ID: <{mail_id}@isp.birch.example>\n".encode()
                              + body)
        self.concert("notify", "import-replies", closed("1", cedar), status=1)
        self.assertEqual(self.show(notice["dossier"])["state"], "sent")
        self.concert("notify", "import-replies", closed("2", ours))
        self.assertEqual(self.show(notice["dossier"])["state"], "answered")

    def test_refused(self):
        """What has expired, is for something else, or is none; nothing goes unencrypted instead."""
        old = self.directory / "old.pem"
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", "old.key", "-out", "old.csr",
                     "-subj", "/CN=old")
        self.openssl("x509", "-req", "-in", "old.csr", "-signkey", "old.key",
                     "-days", "0", "-out", old)
        time.sleep(1.1) # it ends when it begins
        signs = self.make("signs", "abuse@isp.birch.example", "-addext", "keyUsage=digitalSignature")
        other = self.make("other", "somebody@birch.example")
        for file, why in ((old, "expired 20"), (signs, "is not for encrypting"),
                          (self.write("none.pem", "none"), "no X.509 certificate")):
            refused = self.concert("contact", "add", "abuse@isp.birch.example", "--smime", file,
                                   status=2)
            self.assertIn(why, refused.err)
        self.concert("contact", "add", "abuse@isp.birch.example", "--smime", other, status=2)
        self.concert("contact", "add", "abuse@isp.birch.example", "--smime", other, "--force")
        # The node's own certificate is another's.
        self.configure({"mail": {"smime_certificate": other, "smime_key": self.directory / "other.key"}})
        notice = self.draft("198.51.100.7\n")[0][0]
        self.concert("notify", "approve", notice["dossier"])
        refused = self.concert("notify", "send", notice["dossier"], status=2)
        self.assertIn("not for notices@cert.alder.example", refused.err)
        self.assertEqual(self.sink.mails, [])
        self.concert("contact", "remove", "abuse@isp.birch.example")
        self.concert("contact", "add", "abuse@isp.birch.example")
        self.assertFalse([contact for contact in self.concert("contact", "list", "--json").lines()
                          if "smime_until" in contact])


class PeerTest(concert.TestCase):
    """To a peer that answers for it, as its node card says: whichever of the two finds."""

    def setUp(self):
        super().setUp()
        card = {"alder": {"constituency_ip": "192.0.2.0/24", "languages": "en"},
                "birch": {"constituency_ip": "198.51.100.0/24", "languages": "es"}}
        self.nodes = [peernode.Node(self, name, {"card": card[name],
                                                 "node": {"signatory": f"{name.title()} Officer"}})
                      for name in ("alder", "birch")]
        for node in self.nodes:
            node.serve()
        self.nodes[0].run("peer", "invite", self.nodes[1].url)
        self.nodes[1].run("peer", "accept", self.nodes[0].name)
        for node, other in (self.nodes, reversed(self.nodes)):
            node.wait_state(other, "active")

    def wait(self, node, notice, state):
        return node.wait_shown(lambda shown: shown["state"] == state, "notify", "show", notice)

    def story(self, finder, other, address, own):
        report = self.write("report.csv", f"address,time,port\n{address},2026-03-01 10:00:00,23\n"
                                          f"{own},2026-03-01 10:00:00,23\n203.0.113.1,,\n")
        lines = finder.run("notify", report, "--json", "--urgency", "high").lines()
        notice = next(line for line in lines if "recipient" in line)
        self.assertEqual((notice["recipient"], notice["by"]), (other.name, "node"))
        self.assertEqual({line["left"]: line["verdict"] for line in lines if "left" in line},
                         {own: "own", "203.0.113.1": "nobody"})
        dossier = notice["dossier"]

        # A draft stays at home.
        other.run("notify", "show", dossier, status=1)
        finder.run("notify", "approve", dossier)
        finder.run("notify", "send", dossier)
        theirs = self.wait(other, dossier, "received")
        self.wait(finder, dossier, "received")
        self.assertEqual([event["type"] for event in theirs["list"]],
                         ["drafted", "approved", "sent", "received"])
        self.assertIn(address, theirs["list"][0]["payload"]["text"])

        # Who sent it cannot answer for the other.
        finder.run("notify", "reply", dossier, "--state", "fixed", status=2)
        finder.run("notify", "remind", dossier, "--text", "Any news?")
        other.run("notify", "ack", dossier, "Thank you.")
        self.wait(finder, dossier, "acknowledged")
        other.run("notify", "reply", dossier, "--state", "fixed", "Closed the port.")
        self.wait(finder, dossier, "answered")
        finder.run("notify", "reopen", dossier, "Still open.")
        self.wait(other, dossier, "acknowledged")
        other.run("notify", "answer", dossier, "--outcome", "fixed")
        self.wait(finder, dossier, "answered")
        finder.run("notify", "close", dossier)
        mine, theirs = self.wait(finder, dossier, "closed"), self.wait(other, dossier, "closed")
        self.assertEqual(mine["digest"], theirs["digest"])
        return [(event["type"], event["verdict"], event["by"] == finder.name)
                for event in mine["list"]]

    def test_both_ways(self):
        alder, birch = self.nodes
        one = self.story(alder, birch, "198.51.100.23", "192.0.2.23")
        other = self.story(birch, alder, "192.0.2.77", "198.51.100.77")
        self.assertEqual(one, other)


if __name__ == "__main__":
    unittest.main()
