"""How fast text is looked through, against memory. Other tools: shield_peers.py.

What looks through text in memory (bench-shield-scan) is timed in one process, `concert match` as it
is used, with its start and what the kernel does for it, in turn with memchr() over the same log.
"""

import os
import re
import statistics
import subprocess
import time
from pathlib import Path

MEGABYTES = 1200
EVE_MEGABYTES = 300


def timed(command):
    """Seconds: of processor, the system's part included, and by the clock."""
    before, start = os.times(), time.monotonic()
    subprocess.run(command, stdout=subprocess.PIPE, check=False)
    seconds, after = time.monotonic() - start, os.times()
    return (after.children_user - before.children_user
            + after.children_system - before.children_system), seconds


def timed_beside(command):
    """Seconds by the clock of two processes of @command at once."""
    start = time.monotonic()
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    for process in both:
        process.wait()
    return time.monotonic() - start


def timed_pipe(command, log):
    """Seconds of processor of @command alone, fed by another process, and by the clock."""
    start = time.monotonic()
    with subprocess.Popen(["cat", log], stdout=subprocess.PIPE) as feeder, \
            subprocess.Popen(command, stdin=feeder.stdout, stdout=subprocess.DEVNULL) as reader:
        feeder.stdout.close()
        _, _, usage = os.wait4(reader.pid, 0)
        seconds = time.monotonic() - start
        reader.returncode = 0
    return usage.ru_utime + usage.ru_stime, seconds


class Workload:
    """Indicators, what they compile to, and a log that has some of them."""

    def __init__(self, bench, count, kind="mixed", megabytes=MEGABYTES):
        work = bench.work / "shield-scan"
        work.mkdir(exist_ok=True)
        self.bench, self.count = bench, count
        self.indicators = work / f"indicators-{count}"
        self.set = work / f"set-{count}"
        self.log = work / f"log-{kind}-{count}"
        subprocess.run([bench.build / "bench/bench-shield-log", self.indicators, str(count),
                        self.log, str(megabytes * 1_000_000)] + (["eve"] if kind == "eve" else []),
                       check=True)
        self.compile()

    @classmethod
    def given(cls, bench):
        """What --values and --log name."""
        workload = cls.__new__(cls)
        workload.bench, workload.set = bench, bench.work / "set-given"
        workload.indicators, workload.log = Path(bench.values), Path(bench.log)
        with open(workload.indicators, "rb") as lines:
            workload.count = sum(1 for _ in lines)
        workload.compile()
        return workload

    def compile(self):
        subprocess.run([self.bench.build / "bench/bench-shield", "compile", self.indicators, self.set],
                       check=True, stdout=subprocess.DEVNULL)
        self.bytes = self.log.stat().st_size

    def match(self, *arguments):
        return [self.bench.concert_bin, "match", "-c", "--set", self.set, *arguments]

    def memchr(self):
        """Bytes a second of memchr() for each line feed, in memory."""
        nothing = self.set.with_name("nothing")
        nothing.touch()
        out = subprocess.run([self.bench.build / "bench/bench-shield-scan", nothing, self.log, "3",
                              "none"], check=True, capture_output=True, text=True).stdout
        return float(re.search(r"memchr per line +([\d.]+) GB/s", out)[1]) * 1e9


def compare(workload, name, run, goal):
    """Rows of @run's rate against memchr(): the median of ratios, and the fastest of both."""
    pairs = [(workload.bytes / run(), workload.memchr()) for _ in range(workload.bench.repeats)]
    ratio = statistics.median(a / b for a, b in pairs)
    workload.bench.row(name, f"{max(a for a, _ in pairs) / 1e9:.2f} GB/s",
                       f"memchr {max(b for _, b in pairs) / 1e9:.2f}", f"{ratio:.3f}", goal)


def matching(bench):
    """`concert match` over a file, over a pipe, with one thread and two."""
    workload = Workload.given(bench) if bench.values else Workload(bench, 1_000_000)
    one, two = workload.match("-j", "1", workload.log), workload.match("-j", "2", workload.log)
    pipe = workload.match("-j", "1", "-")
    compare(workload, "match: a file, processor", lambda: timed(one)[0], "")
    compare(workload, "match: a pipe, processor", lambda: timed_pipe(pipe, workload.log)[0], "0.25")
    compare(workload, "match: a pipe, by the clock", lambda: timed_pipe(pipe, workload.log)[1], "")
    rounds = [(timed(one)[1], timed(two)[1], timed_beside(one))
              for _ in range(2 * bench.repeats + 1)]
    fastest = [min(seconds) for seconds in zip(*rounds)]
    bench.row("match: two threads against one, by the clock",
              f"{workload.bytes / fastest[1] / 1e9:.2f} GB/s",
              f"one {workload.bytes / fastest[0] / 1e9:.2f} GB/s",
              f"{fastest[0] / fastest[1]:.2f}", "1.9")
    bench.row("match: two processes of one thread, each with all of it: what the machine can",
              f"{2 * workload.bytes / fastest[2] / 1e9:.2f} GB/s", "",
              f"{2 * fastest[0] / fastest[2]:.2f}", "")


def eve(bench):
    """EVE with the types of its fields, and as nothing but text."""
    workload = Workload(bench, 1_000_000, "eve", EVE_MEGABYTES)
    for name, how in (("with the types of its fields", "eve"), ("as text", "text")):
        command = workload.match("-j", "1", "--input", how, workload.log)
        compare(workload, f"match: EVE {name}, processor", lambda: timed(command)[0],
                "0.8 GB/s" if how == "eve" else "")


def names(bench):
    """Names asked for one by one."""
    for count in (1_000_000, 5_000_000):
        values = bench.work / "values.tsv"
        with open(values, "wb") as file:
            subprocess.run([bench.build / "bench/bench-shield", "indicators", str(count)],
                           stdout=file, check=True)
        made = bench.work / "made.shield"
        subprocess.run([bench.build / "bench/bench-shield", "compile", values, made], check=True,
                       stdout=subprocess.DEVNULL)
        out = subprocess.run([bench.build / "bench/bench-shield", "names", values, made],
                             check=True, capture_output=True, text=True).stdout
        for what, rate in re.findall(r"^(.+): ([\d.]+) M/s", out, re.M):
            bench.row(f"names, {count // 1_000_000}M indicators: {what}", f"{rate} M/s", "", "",
                      "50 M/s")


def in_memory(bench, workload, *ways):
    """Rows of text in memory, by each of the ways to look at it, or one of them."""
    out = subprocess.run([bench.build / "bench/bench-shield-scan", workload.indicators,
                          workload.log, str(bench.repeats), *ways], check=True,
                         capture_output=True, text=True).stdout
    for name, rate, ratio, found in re.findall(
            r"^(.+?) +([\d.]+) GB/s +([\d.]+) of memchr +(\d+)$", out, re.M):
        megabytes = round(workload.bytes / 1e6)
        bench.row(f"shield-scan: {name}, {workload.count:,} indicators, {megabytes} MB",
                  f"{rate} GB/s",
                  f"{found} found", ratio, "")
    for line in re.findall(r"^.*skipped.*$", out, re.M):
        bench.row("shield-scan: " + line, "", "", "", "")


def run(bench, megabytes=100):
    if bench.values:
        workload = Workload.given(bench)
        for way in ("avx512", "avx2", "plain"):
            in_memory(bench, workload, way)
        return
    for count in (10_000, 1_000_000, 5_000_000):
        in_memory(bench, Workload(bench, count, megabytes=megabytes))
    for count in (1_000_000, 5_000_000):
        workload = Workload(bench, count)
        for way in ("avx512", "avx2"):
            in_memory(bench, workload, way)
