"""Hyperscan, ripgrep and grep with the same million values as Concert, over the same text.

All of them run in turn, one thread each, and the best of several rounds counts: others may load the
machine. What a tool takes to load the values is told apart. ripgrep 13 takes up to 10 GiB of memory,
ripgrep 15 a seventh of that and is half as fast; whichever PATH finds first is measured.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

COUNT = 1_000_000
MEGABYTES = 100
PIECE = 1_000_000
COMMANDS = {"ripgrep -F -f": ["rg", "-j1", "-c", "-F", "-f"],
            "grep -F -f": ["grep", "-c", "-F", "-f"]}
# How often the text is looked through: loading takes several times as long.
TIMES = {"ripgrep -F -f": 4, "grep -F -f": 3}
GOALS = {"Hyperscan": 24, "ripgrep -F -f": 100, "grep -F -f": 400}


def version_of(program):
    """The number that a program says of itself."""
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"[\d.]+", said)[0]


class Peers:
    """Values ("kind<TAB>value" lines), what of them is literal, and a text."""

    def __init__(self, bench, values=None, log=None):
        self.bench, self.rates = bench, {}
        self.work = bench.work / "shield-peers"
        self.work.mkdir(exist_ok=True)
        self.values = Path(values) if values else self.make_values()
        self.patterns = self.write_patterns()
        self.log = self.cut(Path(log)) if log else self.make_log()
        self.bytes = self.log.stat().st_size
        self.loads, self.loads_and_looks = {}, {}
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

    def cut(self, log):
        """Of a larger log pieces from all of it: its parts may be of different kinds."""
        size, path = log.stat().st_size, self.work / "log"
        pieces = max(min(size, MEGABYTES * 1_000_000) // PIECE, 1)
        with open(log, "rb") as source, open(path, "wb") as out:
            for i in range(pieces):
                source.seek(i * (size // pieces))
                if i > 0:
                    source.readline()
                out.write(source.read(PIECE) + source.readline())
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

    def note(self, name, seconds, loading, memory):
        """Keeps the fastest of several rounds."""
        best = self.rates.setdefault(name, [0, loading, memory])
        best[0] = max(best[0], self.bytes / seconds)
        best[1], best[2] = min(best[1], loading), min(best[2], memory)

    # --- one after the other

    def concert(self):
        for simd in ("avx512", "avx2", "plain"):
            out = subprocess.run([self.bench.build / "bench/bench-shield-scan", self.values,
                                  self.log, "5", simd], check=True, capture_output=True,
                                 text=True).stdout
            found = re.search(rf"^{simd} +([\d.]+) GB/s", out, re.M)
            if found:
                self.note(f"Concert, in memory, {simd}", self.bytes / (float(found[1]) * 1e9), 0, 0)
                break
        command = [self.bench.concert_bin, "match", "-c", "-j", "1", "--set", self.set, self.log]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            usage = self.wait(process)
        self.note("`concert match`, start included", usage.ru_utime + usage.ru_stime, 0,
                  usage.ru_maxrss / 1024)

    def hyperscan(self):
        out = subprocess.run([self.bench.build / "bench/bench-hyperscan", self.patterns, self.log,
                              "5"], check=True, capture_output=True, text=True).stdout.split()
        loading, seconds, _, _, peak = map(float, out)
        self.note("Hyperscan", seconds, loading, peak / 1024)

    def reader(self, name, command, times):
        """A program that loads its values each time it is called: what it takes for the text
        @times, without what it takes for next to nothing. Both the fastest of all rounds, as
        loading takes several times as long as looking."""
        for what, logs in ((self.loads, [self.bit]), (self.loads_and_looks, [self.log] * times)):
            # Not to /dev/null: grep would stop at its first match.
            with subprocess.Popen([*command, self.patterns, *logs], stdout=subprocess.PIPE) as process:
                process.stdout.read()
                usage = self.wait(process)
            seconds = usage.ru_utime + usage.ru_stime
            what[name] = min(seconds, what.get(name, seconds))
        looking = max(self.loads_and_looks[name] - self.loads[name], 1e-3)
        size = times * self.bytes - self.bit.stat().st_size
        self.rates[name] = [size / looking, self.loads[name], usage.ru_maxrss / 1024]

    def wait(self, process):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode > 1:
            raise SystemExit(f"{process.args[0]} failed")
        return usage

    def round(self):
        self.concert()
        if (self.bench.build / "bench/bench-hyperscan").exists():
            self.hyperscan()
        for name, command in COMMANDS.items():
            if shutil.which(command[0]):
                self.reader(name, command, TIMES[name])

    def report(self):
        own = max(rate for name, (rate, _, _) in self.rates.items() if "in memory" in name)
        for name, goal in GOALS.items():
            if name not in self.rates:
                self.bench.row(f"peers: {name}", "skipped: not installed", "", "", "")
        for name, (rate, loading, memory) in self.rates.items():
            goal = GOALS.get(name)
            version = f" ({version_of(COMMANDS[name][0])})" if name in COMMANDS else ""
            self.bench.row(f"peers: {name}{version}, {self.count:,} values", f"{rate / 1e6:,.1f} MB/s",
                           (f"loading {loading:.1f} s, " if loading else "") +
                           (f"at most {memory:,.0f} MiB" if memory else ""),
                           f"Concert {own / rate:.1f} times" if goal else "",
                           f"{goal} times" if goal else "")


def run(bench, values, log):
    peers = Peers(bench, values, log)
    for _ in range(bench.repeats):
        peers.round()
    peers.report()
