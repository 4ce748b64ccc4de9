"""Silence: a coordinator is told that nobody answers, where both sides want it."""


import concert
import test_clock
from peernode import Node


class SilenceTest(test_clock.ClockTestCase):
    def watch(self, waits, acts, forum):
        """A request of one to the other; both name the forum."""
        request = self.send(waits, acts, "--wanted-by", "3s")
        for node, who in (waits, "A. Example"), (acts, "B. Example"):
            node.run("exchange", "sync")
            node.run("request", "watch-silence", request, "--coordinator", forum.name, "--as", who)
        return request

    def silences(self, node, *options):
        return node.run("clock", "silences", "--json", *options, status=None).lines()

    def facts(self, rows):
        return [(row["dossier"], row["told_by"], row["over"]) for row in rows]

    def wait_silences(self, node, wanted, *options):
        rows = []

        def told():
            node.run("exchange", "sync", status=None)
            rows[:] = self.silences(node, *options)
            return self.facts(rows) == wanted

        concert.until(told, lambda: rows)
        return rows

    def test_silence(self):
        """Whichever of two does not answer: who waits tells the coordinator that both named, and nobody else."""
        alder, birch, forum = (Node(self, name).serve() for name in ("alder", "birch", "forum"))
        for one, other in (alder, birch), (alder, forum), (birch, forum):
            one.run("peer", "invite", other.url)
            other.run("peer", "accept", one.name)
        for waits, acts in (alder, birch), (birch, alder):
            before = self.facts(self.silences(forum, "--all"))
            request = self.watch(waits, acts, forum)
            row = self.wait_silences(forum, [(request, waits.name, False)])[0]
            self.assertEqual(set(row), {"dossier", "no_answer_since", "told_by", "exercise", "over"})
            forum.run("request", "show", request, status=1)
            acts.run("request", "answer", request, "They are.", "--as", "B. Example")
            waits.run("exchange", "sync")
            self.wait_silences(forum, [])
            self.wait_silences(forum, [(request, waits.name, True), *before], "--all")
        for node in alder, birch:
            node.run("clock", "silences", "--all", status=1)
