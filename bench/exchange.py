"""The exchange between nodes: real ones, served over TLS on loopback, and many peers of one node
that bench-exchange plays."""

import json
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

import objects

CHANGES = 100
PUBLISHED = 100
PEERS = 200
PEER_OBJECTS = 10000    # that each of the peers catches up with
PEER_SECONDS = 20
BUNDLE = 10000
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"    # TLP 2.0
REPORT = ("Seen in messages that pretend to come from a bank of Alder and lead to a page that asks for "
          "cards and codes; reported by three customers and confirmed by its own incident team.")


def say(text=""):
    """Tells on a terminal what is going on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def indicators(first, count, modified="2026-01-01T00:00:00.000Z"):
    """Indicators of some 600 bytes, of which each number has always the same one."""
    made = []
    for number in range(first, first + count):
        bits = random.Random(number).getrandbits(122)
        made.append(
            f'{{"type":"indicator","spec_version":"2.1","id":"indicator--{bits >> 90:08x}-'
            f'{bits >> 74 & 0xffff:04x}-4{bits >> 62 & 0xfff:03x}-{8 + (bits >> 60 & 3):x}'
            f'{bits >> 48 & 0xfff:03x}-{bits & 0xffffffffffff:012x}",'
            f'"created":"2026-01-01T00:00:00.000Z","modified":"{modified}",'
            f'"name":"counterfeit bank page {number}","description":"{REPORT}",'
            f'"indicator_types":["malicious-activity"],"pattern_type":"stix",'
            f'"pattern":"[domain-name:value = \'h{number}.bank.example\']",'
            f'"valid_from":"2026-01-01T00:00:00Z",'
            f'"object_marking_refs":["{GREEN}"]}}'.encode())
    return made


def write(directory, first, count, **keywords):
    """Bundle files of these indicators; their paths."""
    return [objects.write_bundles(
        directory / f"{start:08d}",
        [b'{"objects":[' +
         b",".join(indicators(start, min(BUNDLE, first + count - start), **keywords)) + b"]}"])[0]
        for start in range(first, first + count, BUNDLE)]


def ids(made):
    return [json.loads(text)["id"] for text in made]


class Exchange:
    def __init__(self, bench, count):
        self.bench, self.work, self.count = bench, bench.work, count
        self.tool = bench.build / "bench/bench-exchange"

    # --- helpers

    def make_node(self, name):
        """A node that is reached over TLS; its directory."""
        node = self.work / name
        shutil.rmtree(node, ignore_errors=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.run(node, "init", "--name", f"cert.{name}.example", "--organisation",
                 f"{name.title()} CERT", "--listen", f"127.0.0.1:{port}")
        conf = node / "concert.conf"
        text = conf.read_text()
        for section, lines in (("server", "tls = on\nmax_connections_per_address = 500\n"),
                               ("fetch", "allow_private = yes\n"),
                               ("card", f"url = https://127.0.0.1:{port}\n")):
            for line in lines.splitlines():
                text = re.sub(rf"(?m)^{line.split(' ')[0]} = .*\n", "", text)
            text = text.replace(f"[{section}]\n", f"[{section}]\n{lines}", 1)
        conf.write_text(text)
        return node

    def call(self, *command, **keywords):
        """A program's stdout; ends with what it says when it fails."""
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              **keywords)
        if done.returncode != 0:
            say()
            raise SystemExit(f"{' '.join(str(part) for part in command[:6])}: exit status "
                             f"{done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def run(self, node, *arguments):
        return self.call(self.bench.concert_bin, "--node", node, *arguments)

    @staticmethod
    def figures(text):
        return {name: float(value) for name, value in
                (line.split() for line in text.splitlines() if " " in line)}

    def send(self, node, to, title, *what):
        return json.loads(self.run(node, "dispatch", "send", *to, "--title", title, "--json", *what))

    # --- two nodes

    def meet(self):
        alder, birch = self.make_node("alder"), self.make_node("birch")
        with self.bench.serving(alder), self.bench.serving(birch):
            url = re.search(r"(?m)^url = (.*)$", (birch / "concert.conf").read_text())[1]
            self.run(alder, "peer", "invite", url)
            self.run(birch, "peer", "accept", "cert.alder.example")
        return alder, birch

    def million(self):
        """A million objects from one node to the other: like ATT&CK's, then indicators, which both
        nodes keep."""
        say(f"making {self.count:,} objects")
        rich = objects.bundles(self.work / "exchanged-rich", self.count)
        for node in self.transfer(rich, "objects"):
            shutil.rmtree(node)
        say(f"making {self.count:,} indicators")
        return self.transfer(write(self.work / "exchanged", 0, self.count), "indicators")

    def transfer(self, bundles, what):
        """Lets alder have what is in @bundles and birch follow it; their directories."""
        what += f" of {sum(path.stat().st_size for path in bundles) / self.count / 1000:.1f} kB"
        alder, birch = self.meet()
        say("importing them at alder")
        self.run(alder, "import", *bundles)
        say("sending them to birch")
        start = time.monotonic()
        sent = self.send(alder, ("--to", "cert.birch.example"), "Counterfeit bank pages",
                         "--collection", "main")
        sending = time.monotonic() - start
        assert sent["objects"] == self.count, sent
        say("measuring the limit")
        limits = [self.bench.limit(bundles)]
        with self.bench.serving(alder):
            say("birch follows alder")
            start = time.monotonic()
            result = json.loads(self.run(birch, "exchange", "sync", "cert.alder.example", "--json"))
            seconds = time.monotonic() - start
        say("measuring the limit again")
        limits.append(self.bench.limit(bundles))
        say()
        assert result["stored"] == self.count, result
        limit = statistics.mean(limits)
        self.bench.row(f"exchange: {self.count:,} {what} sent",
                       f"{self.count / sending:,.0f} objects/s", "", "", "")
        self.bench.row(f"exchange: {self.count:,} {what} from node to node",
                       f"{self.count / seconds:,.0f} objects/s", f"limit {limit:,.0f}",
                       f"{self.count / seconds / limit:.2f}",
                       "0.4" if what.startswith("objects") else "")
        for path in bundles:
            path.unlink()
        return alder, birch

    def changes(self, alder, birch):
        """A hundred changes, and nothing new, on a connection that is there."""
        made = indicators(0, CHANGES, modified="2026-02-01T00:00:00.000Z")
        bundle = write(self.work / "changed", 0, CHANGES, modified="2026-02-01T00:00:00.000Z")[0]
        say("a hundred changes, and nothing new")
        with self.bench.serving(alder), subprocess.Popen(
                [self.tool, "follow", birch, "cert.alder.example"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True) as follower:
            if follower.stdout.readline() != "ready\n":
                raise SystemExit("birch cannot follow alder")
            self.send(alder, ("--to", "cert.birch.example"), "Changes", bundle)
            out, _ = follower.communicate("go\n")
        say()
        if follower.returncode != 0:
            raise SystemExit("birch cannot follow alder")
        got = self.figures(out)
        assert got["changes_stored"] == CHANGES, got
        size = sum(map(len, made))
        self.bench.row(f"exchange: {CHANGES} changes among them, question to stored",
                       f"{got['changes_ms']:.1f} ms", "", "", "below 100 ms")
        self.bench.row(f"exchange: bytes of these {CHANGES} changes", f"{got['changes_wire']:,.0f} B",
                       f"the objects {size:,}", f"{got['changes_wire'] / size:.2f}", "near 1")
        self.bench.row("exchange: nothing new, one round trip, p50", f"{got['idle_p50']:.2f} ms", "",
                       "", "")
        self.bench.row("exchange: nothing new, bytes of question and answer",
                       f"{got['idle_sent']:,.0f} B and {got['idle_received']:,.0f} B",
                       f"together {got['idle_sent'] + got['idle_received']:,.0f}", "", "below 2,048 B")

    def publish(self, alder, birch):
        """From the call that publishes to the reader's commit, both nodes being served."""
        new = write(self.work / "published", self.count, PUBLISHED)[0]
        self.run(alder, "import", new)
        say(f"publishing {PUBLISHED} objects one by one")
        with self.bench.serving(alder), self.bench.serving(birch):
            time.sleep(2)
            got = self.figures(self.call(
                self.tool, "publish", alder, birch,
                input="\n".join(ids(indicators(self.count, PUBLISHED))) + "\n"))
        say()
        self.bench.row("exchange: publish to stored at a peer, p50", f"{got['publish_p50']:.1f} ms",
                       "", "", "below 50 ms")
        self.bench.row("exchange: publish to stored at a peer, p95", f"{got['publish_p95']:.1f} ms",
                       f"of the call to send alone, p50 {got['send_p50']:.1f}", "", "")

    # --- one node with many peers

    def peers(self):
        say(f"making {PEERS} peers")
        node = self.make_node("alder")
        count = min(PEER_OBJECTS, self.count)
        first = write(self.work / "peers", 0, count)
        later = ids(indicators(count, PUBLISHED))
        self.run(node, "import", *write(self.work / "peers-later", count, PUBLISHED))
        self.call(self.tool, "make", node, PEERS)
        to = [part for i in range(PEERS) for part in ("--to", f"peer{i}.bench.example")]
        self.send(node, to, "To catch up with", *first)
        say(f"{PEERS} peers follow")
        with self.bench.serving(node) as (process, _):
            time.sleep(1)
            idle = self.bench.memory_of(process, "VmRSS")
            got = self.figures(self.call(self.tool, "peers", node, PEERS, PEER_SECONDS,
                                         input="\n".join(later) + "\n"))
            peak = self.bench.memory_of(process, "VmHWM")
        say()
        self.bench.row(f"exchange: {PEERS} peers catch up at once, {count:,} objects each",
                       f"{got['catch_up_bytes'] / got['catch_up_seconds'] / 1e6:,.0f} MB/s",
                       f"p95 of an answer {got['catch_up_p95'] / 1e3:,.2f} s", "", "")
        self.bench.row(f"exchange: {PEERS} peers ask once a second, dispatches coming",
                       f"p50 {got['steady_p50']:.1f} ms, p95 {got['steady_p95']:.1f} ms",
                       f"{got['steady_answers']:,.0f} answers", "", "")
        self.bench.row(f"exchange: {PEERS} peers ask as fast as they can",
                       f"{got['flat_out_requests'] / got['flat_out_seconds']:,.0f} requests/s",
                       f"p95 {got['flat_out_p95']:.0f} ms", "", "")
        self.bench.row(f"exchange: memory of a node with {PEERS} peers", f"{peak:.1f} MB peak",
                       f"before them {idle:.1f}", "", "below 300 MB")


def run(bench, count):
    exchange = Exchange(bench, count)
    alder, birch = exchange.million()
    exchange.changes(alder, birch)
    exchange.publish(alder, birch)
    shutil.rmtree(alder)
    shutil.rmtree(birch)
    exchange.peers()
