"""How soon `concert watch` tells a hit, and how much it keeps up with: bench/run watch."""

import subprocess
import time

LINE = b"a.alder.example\n"
WRITES, BLOCKS = 500, 300


def run(bench):
    work = bench.work / "watch"
    work.mkdir(exist_ok=True)
    log, values = work / "a.log", work / "list.txt"
    log.write_bytes(LINE)
    values.write_text("alder.example\n")
    block = b"2026-01-01T00:00:00 host app: request 12345 took 77 ms\n" * 20_000 + LINE
    with subprocess.Popen([bench.concert_bin, "watch", "--json", "-i", values, log],
                          stdout=subprocess.PIPE) as process, open(log, "ab", buffering=0) as file:
        process.stdout.readline()
        took = []
        for _ in range(WRITES):
            time.sleep(0.004)
            start = time.monotonic()
            file.write(LINE)
            process.stdout.readline()
            took.append(time.monotonic() - start)
        took.sort()
        bench.row("watch: from write to hit, median", f"{took[WRITES // 2] * 1e3:.2f} ms", "",
                  f"p99 {took[WRITES * 99 // 100] * 1e3:.2f} ms", "")
        start = time.monotonic()
        for _ in range(BLOCKS):
            file.write(block)
        for _ in range(BLOCKS):
            process.stdout.readline()
        rate = BLOCKS * len(block) / (time.monotonic() - start)
        bench.row("watch: written and looked through, one core", f"{rate / 1e9:.2f} GB/s", "", "", "")
        process.terminate()
    log.unlink()
