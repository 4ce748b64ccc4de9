"""Many dossiers in one node: states judged anew, and what a person waits for at a terminal. A command
that does nothing on the same node is the peer: what is above it is what the dossiers cost."""

import json
import statistics
import subprocess
import time

REPEATS = 5


def run(bench, count):
    tool = bench.build / "bench/bench-dossiers"
    node = bench.make_node("dossiers")
    subprocess.run([tool, node, "fill", str(count)], check=True)
    runs = [subprocess.run([tool, node, "judge"], check=True, capture_output=True,
                           text=True).stdout.split() for _ in range(2)]
    seconds, core = (min(float(run[i]) for run in runs) for i in range(2))
    bench.row(f"dossiers: {count} of 20 events judged anew", f"{seconds:.1f} s, {core:.1f} of a core",
              f"{count * 20 / seconds:.0f} events/s", "", "10 s of one core for 100,000")
    first = json.loads(bench.concert(node, "request", "list", "--limit", "1", "--json").stdout)["id"]

    def time_of(*arguments):
        times = []
        for _ in range(REPEATS):
            start = time.monotonic()
            subprocess.run([bench.concert_bin, "--node", node, *arguments], capture_output=True,
                           check=True)
            times.append((time.monotonic() - start) * 1000)
        return statistics.median(times)

    nothing = time_of("collection", "list")
    for what, arguments in (
            ("the newest 100 of all", ("dossier", "list", "--all", "--limit", "100")),
            ("100 that wait for this node", ("request", "list", "--waiting", "--limit", "100")),
            ("100 in one state", ("request", "list", "--state", "closed", "--limit", "100")),
            ("one opened", ("request", "show", first))):
        took = time_of(*arguments)
        bench.row(f"dossiers: {what}", f"{took:.0f} ms",
                  f"{nothing:.0f} ms, a command that does nothing", "", "50 ms")
