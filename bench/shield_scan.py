"""How fast text is looked through, against memory and against other tools: bench/run shield_scan."""

import os
import re
import shutil
import subprocess
import time


def peer(bench, name, command, size, values):
    """Another tool that looks for the same values, literally; skips loudly."""
    if not shutil.which(command[0]):
        bench.row(f"shield-scan: {name}", "skipped: not installed", "", "", "")
        return
    before = os.times()
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    after = os.times()
    used = (after.children_user - before.children_user
            + after.children_system - before.children_system)
    bench.row(f"shield-scan: {name}, {values:,} literal values, with loading",
              f"{size / used / 1e9:.4f} GB/s", f"{time.monotonic() - start:.1f} s", "", "")


def run(bench, megabytes=100):
    work = bench.work / "shield-scan"
    work.mkdir(exist_ok=True)
    log = work / "log"
    for count in (10_000, 1_000_000):
        indicators = work / f"indicators-{count}"
        subprocess.run([bench.build / "bench/bench-shield-log", indicators, str(count), log,
                        str(megabytes * 1_000_000)], check=True)
        out = subprocess.run([bench.build / "bench/bench-shield-scan", indicators, log,
                              str(bench.repeats)], check=True, capture_output=True, text=True).stdout
        for name, rate, ratio, found in re.findall(
                r"^(.+?) +([\d.]+) GB/s +([\d.]+) of memchr +(\d+)$", out, re.M):
            bench.row(f"shield-scan: {name}, {count:,} indicators", f"{rate} GB/s",
                      f"{found} found", ratio, "")
        for line in re.findall(r"^.*skipped.*$", out, re.M):
            bench.row("shield-scan: " + line, "", "", "", "")
        if count > 10_000:
            continue
        patterns = work / "patterns"
        values = [line.split("\t")[1] for line in indicators.read_text().splitlines()
                  if not line.startswith("cidr")]
        patterns.write_text("\n".join(values) + "\n")
        peer(bench, "grep -F -f", ["grep", "-c", "-F", "-f", patterns, log], log.stat().st_size,
             len(values))
        peer(bench, "ripgrep", ["rg", "-c", "-F", "-f", patterns, log], log.stat().st_size,
             len(values))
        bench.row("shield-scan: Hyperscan", "skipped: this measures command-line tools only", "",
                  "", "")
