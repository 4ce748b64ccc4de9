"""Compiled sets: how long they take to make and to open, and how large they are."""

import json
import os
import subprocess
import time
import uuid

# Values, and seconds by the clock that adding and building may take.
SIZES = ((1000000, "0.3"), (5000000, "1.5"))


# How a pattern names the values of bench-shield.
PATTERNS = {"ipv4": "[ipv4-addr:value = '%s']", "ipv6": "[ipv6-addr:value = '%s']",
            "cidr": "[ipv4-addr:value ISSUBSET '%s']", "domain": "[domain-name:value = '%s']",
            "url": "[url:value = '%s']", "md5": "[file:hashes.MD5 = '%s']",
            "sha1": "[file:hashes.'SHA-1' = '%s']", "sha256": "[file:hashes.'SHA-256' = '%s']",
            "email": "[email-addr:value = '%s']", "ja4": "[network-traffic:x_tls.ja4 = '%s']"}
BUNDLE = 300000


def write_list(values, path):
    with open(values) as lines, open(path, "w") as file:
        file.writelines(line.partition("\t")[2] for line in lines)


def write_bundle(values, path):
    """Indicators of some 600 bytes, as feeds give them."""
    with open(values) as lines, open(path, "w") as file:
        file.write('{"type":"bundle","id":"bundle--%s","objects":[' % uuid.UUID(int=1, version=4))
        for number, line in zip(range(BUNDLE), lines):
            kind, _, value = line.rstrip("\n").partition("\t")
            file.write("," if number else "")
            json.dump({
                "type": "indicator", "spec_version": "2.1",
                "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_URL, str(number))}",
                "created": "2026-01-02T03:04:05.678Z", "modified": "2026-02-03T04:05:06.789Z",
                "name": f"Seen in wave {number % 100}",
                "description": "A host that machines of Alder asked for after the letter was opened",
                "indicator_types": ["malicious-activity"], "pattern": PATTERNS[kind] % value,
                "pattern_type": "stix", "valid_from": "2026-01-02T03:04:05.678Z",
                "labels": ["alder", "wave"], "confidence": 80,
                "external_references": [{"source_name": "birch.example",
                                         "url": f"https://birch.example/reports/{number}"}],
            }, file, separators=(",", ":"))
        file.write("]}")


def measure(arguments):
    """Seconds by the clock and of processor, and the most memory in KiB."""
    start = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def compile_inputs(bench, values):
    """`concert shield compile --from`, the file on the disk included."""
    made = bench.work / "made.shield"
    for name, what, write in (("values.txt", "a list of 1M lines", write_list),
                              ("values.json", "a bundle of 300,000 indicators", write_bundle)):
        path = bench.work / name
        write(values, path)
        clock, processor, memory = (min(figures) for figures in zip(*(
            measure([bench.concert_bin, "shield", "compile", "--from", path, "-o", made])
            for _ in range(bench.repeats))))
        bench.row(f"{what}, compiled, by the clock", f"{clock:.2f} s", "", "", "")
        bench.row(f"{what}: processor of all threads", f"{processor:.2f} s", "", "", "")
        bench.row(f"{what}: most memory", f"{memory / 1024:.0f} MiB", "the file",
                  f"{memory * 1024 / made.stat().st_size:.1f}", "2")


def compile_sets(bench):
    tool = bench.build / "bench/bench-shield"
    for count, seconds in SIZES:
        values = bench.work / "values.tsv"
        with open(values, "wb") as file:
            subprocess.run([tool, "indicators", str(count)], stdout=file, check=True)
        runs = [json.loads(subprocess.run([tool, "compile", values, bench.work / "made.shield"],
                                          check=True, capture_output=True, text=True).stdout)
                for _ in range(bench.repeats)]
        if count == SIZES[0][0]:
            compile_inputs(bench, values)
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
