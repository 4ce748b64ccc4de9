"""Clocks that remind by mail: whom, of what, once, whatever the mail server does."""

import time

import concert
import smtpsink
import test_clock
from peernode import Node


class ClockMailTest(test_clock.ClockTestCase):
    def test_mail(self):
        """Reminders by mail: to the first contact, then to the second too, without a word of the content."""
        sink, mail = smtpsink.Sink(self), {"from": "node@birch.example"}
        slow, _ = self.program("slow", "exit 3; cat")
        birch = Node(self, "birch", {"clock": {"mail": "duty@birch.example, desk@birch.example", "command": str(slow),
                                               "mail_second": "head@birch.example"}})
        self.assertIn("[mail] server", birch.run("clock", "test", "--mail", status=2).err)
        self.assertIn("[clock] mail needs [mail]", birch.run("serve", status=2).err)
        concert.configure(birch.path, {"mail": {**mail, "server": sink.url}})
        birch.run("clock", "test", "--mail")
        self.assertEqual([one.recipient for one in sink.wait(3)],
                         ["duty@birch.example", "desk@birch.example", "head@birch.example"])
        sink.mails.clear()
        sink.refuse["desk@birch.example"] = "450 later"
        alder = Node(self, "alder").serve()
        birch.serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        request = self.send(alder, birch, "--urgency", "low", "--wanted-by", "4s")
        # A program that fails, and an address that does not answer, hold nothing up. On a slow machine one mail may
        # stand for two reminders.
        concert.until(lambda: "head@birch.example" in [one.recipient for one in sink.mails], lambda: sink.mails)
        mails = list(sink.mails)
        self.assertIn(len(mails), (2, 3, 4))
        self.assertEqual([one.recipient for one in mails], ["duty@birch.example"] * (len(mails) - 1) + ["head@birch.example"])
        parsed = [smtpsink.parsed(one) for one in mails]
        self.assertEqual(len({one["Message-ID"] for one in parsed}), len(mails))
        for one, kept in zip(parsed, mails):
            self.assertIn(request, one.get_content())
            self.assertIn("answer: until the answer", one.get_content())
            self.assertIn(birch.name, one.get_content())
            for word in ("secret", "Example", alder.name, "alder"):
                self.assertNotIn(word.encode(), kept.data)
        # None is sent twice: not while it runs, and not by another start.
        birch.stop()
        birch.serve()
        time.sleep(1.5)
        self.assertEqual(len(sink.mails), len(mails), sink.mails)
        alder.run("clock", "test", "--mail", status=2)

    def test_dead_mail(self):
        """A mail server that is not there holds up no program; what waits goes out when it is back."""
        sink = smtpsink.Sink(self)
        sink.refuse_all = "451 not now"
        page, paged = self.program("page", "cat")
        birch = Node(self, "birch", {"clock": {"mail": "duty@birch.example", "command": str(page)},
                                     "mail": {"server": sink.url, "from": "node@birch.example"}}).serve()
        alder = Node(self, "alder").serve()
        alder.run("peer", "invite", birch.url)
        birch.run("peer", "accept", alder.name)
        self.send(alder, birch, "--wanted-by", "2s")
        lines = self.wait_lines(paged, 1)
        while not lines[-1]["second_contact"]:
            lines = self.wait_lines(paged, len(lines) + 1)
        self.assertEqual(sink.mails, [])
        birch.stop()
        sink.refuse_all = None
        birch.run("notify", "send", "--waiting")
        self.assertEqual([one.recipient for one in sink.wait(len(lines))], ["duty@birch.example"] * len(lines))
