"""The procedures again, in bad weather: nodes are killed amid their stories and start again some
commands later (peernode.py). All end as in good weather, with the same digests."""

import os
import subprocess
import sys
import unittest

import concert

# Left out is what cuts lines or counts seconds itself: a vote among them.
STORIES = {
    "case": ["test_case.CaseTest"],
    "claim": ["test_claim.ClaimTest"],
    "consultation": ["test_consultation.ConsultationTest"],
    "evidence": ["test_evidence.EvidenceTest.test_dispute"],
    "group": ["test_consultation.GroupTest"],
    "request": ["test_request.RequestTest"],
}
SEEDS = range(1, 6) if concert.LONG else range(1, 2)


class WeatherTest(unittest.TestCase):
    def story(self, name):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                done = subprocess.run([sys.executable, "-m", "unittest", *STORIES[name]],
                                      env={**os.environ, "CONCERT_WEATHER": str(seed)},
                                      cwd=concert.ROOT / "tests/e2e", capture_output=True,
                                      text=True, timeout=900)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_case(self):
        self.story("case")


def add(name):
    def test(self):
        self.story(name)

    setattr(WeatherTest, f"test_{name}", test)


if concert.LONG:
    for story in STORIES:
        add(story)
