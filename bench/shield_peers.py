"""Hyperscan, ripgrep and grep with the same million values as Concert, over the same 1.2 GB of text.

All of them run in turn, one thread each; a ratio is the median of those of the rounds. What a tool
takes to load the values is told apart, and is not in its rate. ripgrep 13 takes up to 10 GiB of
memory, ripgrep 15 a seventh of that and is half as fast; whichever PATH finds first is measured.
"""

import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

COUNT = 1_000_000
MEGABYTES = 1200
PIECE = 1_000_000
RUNS = "3"  # of Concert and of Hyperscan in a round, of which the fastest counts
COMMANDS = {"ripgrep -F -f": ["rg", "-j1", "-c", "-F", "-f"],
            "grep -F -f": ["grep", "-c", "-F", "-f"]}
GOALS = {"Hyperscan": 24, "ripgrep -F -f": 100, "grep -F -f": 400}


def version_of(program):
    """The number that a program says of itself."""
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"[\d.]+", said)[0]


class Peers:
    """Values ("kind<TAB>value" lines), what of them is literal, and a text."""

    def __init__(self, bench, values=None, log=None):
        self.bench, self.rounds = bench, {}
        self.work = bench.work / "shield-peers"
        self.work.mkdir(exist_ok=True)
        self.values = Path(values) if values else self.make_values()
        self.patterns = self.write_patterns()
        self.log = Path(log) if log else self.make_log()
        self.bytes = self.log.stat().st_size
        self.bit = self.work / "bit"
        with open(self.log, "rb") as whole:
            self.bit.write_bytes(whole.read(PIECE) + whole.readline())
        self.set = self.work / "set"
        subprocess.run([bench.build / "bench/bench-shield", "compile", self.values, self.set],
                       check=True, stdout=subprocess.DEVNULL)

    def make_values(self):
        path = self.work / "values"
        with open(path, "wb") as file:
            subprocess.run([self.bench.build / "bench/bench-shield", "indicators", str(COUNT)],
                           stdout=file, check=True)
        return path

    def make_log(self):
        path = self.work / "log"
        subprocess.run([self.bench.build / "bench/bench-shield-log", self.values, "0", path,
                        str(MEGABYTES * 1_000_000), "feed"], check=True)
        return path

    def write_patterns(self):
        """Networks are no literal values; what is there twice costs others time. Not made here: a
        child's most memory is told as its parent's, if that had more."""
        path = self.work / "patterns"
        with open(path, "wb") as out:
            subprocess.run(["awk", "-F\t", '$1 != "cidr" && !seen[$2]++ { print $2 }', self.values],
                           stdout=out, check=True)
        with open(path, "rb") as lines:
            self.count = sum(1 for _ in lines)
        return path

    def note(self, name, seconds, loading, memory, own=0):
        """Keeps what each round said; @own: what Concert made just before, in bytes a second."""
        rate = self.bytes / seconds
        self.rounds.setdefault(name, []).append((rate, loading, memory, own / rate))

    # --- one after the other

    def in_memory(self):
        """Bytes a second of the fastest way that this machine has."""
        for simd in ("avx512", "avx2", "plain"):
            out = subprocess.run([self.bench.build / "bench/bench-shield-scan", self.values,
                                  self.log, RUNS, simd], check=True, capture_output=True,
                                 text=True).stdout
            found = re.search(rf"^{simd} +([\d.]+) GB/s", out, re.M)
            if found:
                rate = float(found[1]) * 1e9
                self.note("Concert, in memory", self.bytes / rate, 0, 0)
                return rate
        raise SystemExit("bench-shield-scan told nothing")

    def match(self):
        command = [self.bench.concert_bin, "match", "-c", "-j", "1", "--set", self.set, self.log]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            usage = self.wait(process)
        self.note("`concert match`, start included", usage.ru_utime + usage.ru_stime, 0,
                  usage.ru_maxrss / 1024)

    def hyperscan(self):
        own = self.in_memory()
        out = subprocess.run([self.bench.build / "bench/bench-hyperscan", self.patterns, self.log,
                              RUNS], check=True, capture_output=True, text=True).stdout.split()
        loading, seconds, _, _, peak = map(float, out)
        self.note("Hyperscan", seconds, loading, peak / 1024, own)

    def reader(self, name, command):
        """A program that loads its values each time it is called: what it takes for the text
        without what it takes for next to nothing."""
        own, seconds = self.in_memory(), {}
        for log in (self.bit, self.log):
            # Not to /dev/null: grep would stop at its first match.
            with subprocess.Popen([*command, self.patterns, log], stdout=subprocess.PIPE) as process:
                process.stdout.read()
                usage = self.wait(process)
            seconds[log] = usage.ru_utime + usage.ru_stime
        looking = max(seconds[self.log] - seconds[self.bit], 1e-3)
        self.note(name, looking, seconds[self.bit], usage.ru_maxrss / 1024, own)

    def wait(self, process):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode > 1:
            raise SystemExit(f"{process.args[0]} failed")
        return usage

    def round(self):
        self.match()
        if (self.bench.build / "bench/bench-hyperscan").exists():
            self.hyperscan()
        for name, command in COMMANDS.items():
            if shutil.which(command[0]):
                self.reader(name, command)

    def report(self):
        for name in GOALS:
            if name not in self.rounds:
                self.bench.row(f"peers: {name}", "skipped: not installed", "", "", "")
        for name, rounds in self.rounds.items():
            rates, loading, memory, ratios = zip(*rounds)
            version = f" ({version_of(COMMANDS[name][0])})" if name in COMMANDS else ""
            self.bench.row(f"peers: {name}{version}, {self.count:,} values",
                           f"{statistics.median(rates) / 1e6:,.1f} MB/s",
                           (f"loading {statistics.median(loading):.1f} s, " if loading[0] else "") +
                           (f"at most {max(memory):,.0f} MiB" if memory[0] else ""),
                           f"Concert {statistics.median(ratios):.1f} times "
                           f"({min(ratios):.1f} to {max(ratios):.1f})" if name in GOALS else "",
                           f"{GOALS[name]} times" if name in GOALS else "")


def run(bench, values, log):
    peers = Peers(bench, values, log)
    for _ in range(bench.repeats):
        peers.round()
    peers.report()
