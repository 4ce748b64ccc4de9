"""Compiled sets: how long they take to make and to open, and how large they are."""

import json
import subprocess

# Values, and seconds by the clock that adding and building may take.
SIZES = ((1000000, "0.3"), (5000000, "1.5"))


def compile_sets(bench):
    tool = bench.build / "bench/bench-shield"
    for count, seconds in SIZES:
        values = bench.work / "values.tsv"
        with open(values, "wb") as file:
            subprocess.run([tool, "indicators", str(count)], stdout=file, check=True)
        runs = [json.loads(subprocess.run([tool, "compile", values, bench.work / "made.shield"],
                                          check=True, capture_output=True, text=True).stdout)
                for _ in range(bench.repeats)]
        best = min(runs, key=lambda run: run["add_clock"] + run["build_clock"])
        size, what = best["bytes"], f"{count // 1000000}M values, compiled"
        bench.row(f"{what}: adding, by the clock", f"{best['add_clock']:.2f} s", "", "", "")
        bench.row(f"{what}: building, by the clock", f"{best['build_clock']:.2f} s", "", "", "")
        bench.row(f"{what}: both", f"{best['add_clock'] + best['build_clock']:.2f} s", "", "",
                  seconds)
        bench.row(f"{what}: both, processor of all threads",
                  f"{best['add_seconds'] + best['build_seconds']:.2f} s", "", "", "")
        bench.row(f"{what}: size", f"{size / 1e6:.0f} MB", "", "", "")
        bench.row(f"{what}: bytes a value that scanning touches",
                  f"{best['scanned_bytes'] / best['indicators']:.1f}", "", "", "30")
        bench.row(f"{what}: most memory", f"{best['peak_kib'] / 1024:.0f} MiB", "the file",
                  f"{best['peak_kib'] * 1024 / size:.1f}", "2")
        bench.row(f"{what}: opening", f"{best['open_seconds'] * 1000:.2f} ms", "", "", "1")
