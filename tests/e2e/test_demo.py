"""The demonstration: `make demo` is all as it should be, whichever country has which role."""

import os
import re
import signal
import subprocess
import sys
import unittest

import concert

DEMO = concert.ROOT / "scripts/demo"
BUILD = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(concert.BIN))))

# What is another at each run: words, and the numbers and keys that come of chance and time; and which
# of the witnesses that nobody asks about had signed by then.
CHANCE = ((r"(?m)^ *signature .*\(not checked: no key of yours\)\n", ""),
          (r"(?m)^( *)[a-z]+( [a-z]+){11}$", r"\1WORDS"),
          (r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{43,}=*", "+KEY"),
          (r"\+[0-9a-f]{8}\b", "+KEY"),
          (r"\b[0-9a-f]{8}-[-0-9a-f]{27}\b", "UUID"),
          (r"(--|\b)[0-9a-f]{8}(\.\.\.)", r"\1HEX\2"),
          (r"\b[0-9a-f]{12}\b", "HEX"),
          (r" +[0-9a-f]{8}\b(?!-)", " ID"),
          (r"\b[0-9a-f]{64}\b", "HASH"),
          (r"root .*", "root"),
          (r"[0-9]+(\.[0-9]+)? ([KM]iB|B|ms|s)\b", "N UNIT"),
          (r"[0-9]+(\.[0-9]+)?", "N"),
          (r"[ -]{2,}", " "))
OTHER = {"alder": "birch", "Alder": "Birch", "XA": "XB"}
OTHER |= {value: key for key, value in OTHER.items()}


def exchanged(text):
    return re.sub("|".join(OTHER), lambda match: OTHER[match[0]], text)


@unittest.skipIf(concert.SANITIZER, "the demo promises times that sanitizers do not keep")
class DemoTest(concert.TestCase):
    def environment(self, **more):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("SWAP", "KEEP")}
        return {**environment, "BUILD": BUILD, "TMPDIR": str(self.directory), **more}

    def demo(self, **environment):
        done = subprocess.run([sys.executable, DEMO], env=self.environment(**environment),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def normal(self, text):
        for pattern, name in CHANCE:
            text = re.sub(pattern, name, text)
        return text.splitlines()

    def test_roles(self):
        """Line by line the same with the two countries exchanged, but for their names."""
        shown, other = self.demo(), self.demo(SWAP="1")
        self.assertRegex(shown.splitlines()[-1], r"^\d+ steps, all as they should be$")
        self.assertIn("Alder tells Birch", shown)
        self.assertIn("Birch tells Alder", other)
        self.assertEqual(self.normal(shown), self.normal(exchanged(other)))
        # Nothing is left.
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_interrupted(self):
        """Whoever has seen enough leaves nothing behind, neither files nor processes."""
        process = self.spawn(sys.executable, DEMO, env=self.environment(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, text=True)
        while (line := process.stdout.readline()) and not line.startswith("1."):
            pass
        nodes = list(self.directory.iterdir())[0]
        self.addCleanup(lambda: [os.kill(each, signal.SIGKILL) for each in running(nodes)])
        self.assertTrue(running(nodes))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(concert.PATIENCE), 128 + signal.SIGINT)
        concert.until(lambda: not running(nodes), lambda: f"{running(nodes)} still run")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_deviation(self):
        """What is not as it should be is said, and ends it."""
        done = subprocess.run([sys.executable, DEMO], env=self.environment(BUILD="/nonexistent"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent", done.stderr)


def running(directory):
    """The processes that work in @directory, which may be gone."""
    found = []
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                place = os.readlink(f"/proc/{process}/cwd").removesuffix(" (deleted)")
            except OSError:
                continue
            if place == str(directory):
                found.append(int(process))
    return found


if __name__ == "__main__":
    unittest.main()
