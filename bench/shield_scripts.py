"""How fast logs in other scripts than ASCII are looked through: nobody's shall cost much more.

Lines of a log whose messages are made-up words of one script, with that script's full stops, some of
them without a blank behind; as UTF-8, and as JSON and URLs escape it.
"""

import json
import random
import urllib.parse

import shield_scan

MEGABYTES = 30

# First and last letters, what parts words, and what ends sentences.
SCRIPTS = {
    "Latin": ("a", "z", " ", ". "),
    "Cyrillic": ("\u0430", "\u044f", " ", ". "),
    "Greek": ("\u03b1", "\u03c1", " ", ". "),
    "Arabic": ("\u0628", "\u063a", " ", ". "),
    "Hebrew": ("\u05d0", "\u05ea", " ", ". "),
    "Devanagari": ("\u0915", "\u094c", " ", "\u0964 ."),
    "Thai": ("\u0e01", "\u0e39", "", ". "),
    "Han": ("\u4e00", "\u5600", "", "\u3002"),
    "Kana": ("\u3042", "\u3093", "", "\u3002"),
    "Hangul": ("\uac00", "\ub000", " ", ". "),
}


def message(chosen, script):
    first, last, between, stop = SCRIPTS[script]
    words = ["".join(chr(chosen.randint(ord(first), ord(last)))
                     for _ in range(chosen.randint(2, 9))) for _ in range(16)]
    text = ""
    for word in words:
        end = chosen.random()
        text += word + (stop if end < 0.1 else "." if end < 0.15 else between)
    return text


def write(path, script, escape):
    chosen = random.Random(7)
    lines = []
    for number in range(2000):
        said = message(chosen, script)
        if escape == "json":
            lines.append(json.dumps({"n": number, "message": said}))
        elif escape == "url":
            lines.append(f"192.0.2.1 - - GET /find?q={urllib.parse.quote(said)} 200")
        else:
            lines.append(f"2030-02-01T10:20:30Z host app[{number}]: {said}")
    block = ("\n".join(lines) + "\n").encode()
    with open(path, "wb") as file:
        for _ in range(MEGABYTES * 1_000_000 // len(block)):
            file.write(block)
    return path.stat().st_size


def run(bench):
    workload = shield_scan.Workload(bench, 1_000_000, megabytes=1)
    log, empty = workload.log.with_name("script"), workload.log.with_name("empty")
    empty.touch()

    def seconds(path):
        command = workload.match("-j", "1", "--input", "text", path)
        return min(shield_scan.timed(command)[0] for _ in range(bench.repeats))

    for script in SCRIPTS:
        for escape, said in ((None, "UTF-8"), ("json", "\\u escapes"), ("url", "percent escapes")):
            if script == "Latin" and escape == "json":
                continue  # there are none
            size = write(log, script, escape)
            rate = size / (seconds(log) - seconds(empty)) / 1e6
            bench.row(f"match: {script}, {said}", f"{rate:.0f} MB/s", "", "", "")
