"""Compiled sets: how long they take to make and to open, and how large they are."""

import json
import subprocess

SIZES = (1000000, 5000000)


def compile_sets(bench):
    tool = bench.build / "bench/bench-shield"
    for count in SIZES:
        values = bench.work / f"values-{count}.tsv"
        with open(values, "wb") as file:
            subprocess.run([tool, "indicators", str(count)], stdout=file, check=True)
        runs = [json.loads(subprocess.run([tool, "compile", values, bench.work / "made.shield"],
                                          check=True, capture_output=True, text=True).stdout)
                for _ in range(3)]
        best = min(runs, key=lambda run: run["build_seconds"])
        size = best["bytes"]
        bench.row(f"compile {count // 1000000}M", "s",
                  f"{best['add_seconds']:.2f} + {best['build_seconds']:.2f}",
                  f"{size / 1e6:.0f} MB, {best['scanned_bytes'] / best['indicators']:.1f} B/value scanned",
                  f"peak {best['peak_kib'] * 1024 / size:.1f} x file",
                  f"open {best['open_seconds'] * 1000:.2f} ms")
