"""Exports of the shield: what each format says, machines that fetch them over HTTP, and the programs
they are made for as judges. A judge that is not installed is skipped, loudly."""

import contextlib
import csv
import io
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import concert

PAP = {"clear": "marking-definition--ad15a0cd-55b6-4588-a14c-a66105329b92",
       "green": "marking-definition--c43594d1-4b11-4c59-93ab-1c9b14d53ce9",
       "amber": "marking-definition--60f8932b-e51e-4458-b265-a2e8be9a80ab"}
BLOCKED = {"domain": "alder.example", "v4": "203.0.113.7", "v6": "2001:db8:5::7"}


def indicator(number, pattern, pap="green", modified="2024-01-01T00:00:00.000Z", **members):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--{number:08x}-0000-4000-8000-000000000000",
            "created": "2024-01-01T00:00:00.000Z", "modified": modified, "pattern": pattern,
            "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00Z",
            **({"object_marking_refs": [PAP[pap]]} if pap else {}), **members}


BLOCKING = [
    indicator(1, "[domain-name:value = 'alder.example']"),
    indicator(2, "[ipv4-addr:value = '203.0.113.7']"),
    indicator(3, "[ipv6-addr:value ISSUBSET '2001:db8:5::/48']"),
    indicator(4, "[ipv4-addr:value ISSUBSET '203.0.113.128/25']"),
    indicator(5, "[url:value = 'http://cedar.example/a?x=%27;y']"),
    indicator(6, "[domain-name:value = '_service.under.birch.example']"),
    indicator(7, "[ipv6-addr:value = '2001:db8:0:1:0:0:1:1']"),
]
# Addresses and a name that are blocked at one port.
PORT = 8080
PORTS = [
    indicator(number, f"[network-traffic:dst_ref.type = '{kind}' AND network-traffic:dst_ref.value "
              f"{value} AND network-traffic:dst_port = {PORT}]")
    for number, kind, value in ((10, "ipv4-addr", "= '198.51.100.7'"),
                                (11, "ipv6-addr", "ISSUBSET '2001:db8:6::/64'"),
                                (12, "domain-name", "= 'port.example'"))
]
OTHERS = [
    indicator(20, "[domain-name:value = 'amber.example']", "amber"),
    indicator(21, "[domain-name:value = 'nobody.example']", None),
    indicator(22, "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
              name="=HYPERLINK(1)\n\";drop $(id)"),
    indicator(23, "[domain-name:value = 'old.example']", valid_until="2024-02-01T00:00:00Z"),
    indicator(24, "[file:hashes.'SHA-256' = '" + "ab" * 32 + "']"),
]


def needs(*programs):
    absent = [program for program in programs if not shutil.which(program)]
    return unittest.skipIf(absent, f"no {', '.join(absent)}")


class ShieldTestCase(concert.NodeTestCase):
    def setUp(self):
        super().setUp()
        self.give(*BLOCKING, *OTHERS)
        self.release()

    def release(self):
        """Lets all block that may. The node's own domain is among it: that needs two persons."""
        number = self.concert("shield", "propose", "--as", "Anna", "--json").json()["release"]
        for person in ("Ben", "Cleo"):
            if self.concert("shield", "approve", number, "--as", person,
                            "--json").json()["in_force"]:
                break

    def give(self, *objects):
        path = self.write("bundle.json", {"type": "bundle", "objects": objects,
                                          "id": "bundle--0a000000-0000-4000-8000-00000000000a"})
        self.concert("import", path)

    def revoke(self, number, pattern):
        self.give(indicator(number, pattern, modified="2024-06-01T00:00:00.000Z", revoked=True))

    def export(self, name, *options):
        """The file of an export, and what was said of it."""
        path = self.directory / f"concert-{name}"
        result = self.concert("shield", "export", name, "-o", path, "--json", *options)
        return path, result.json()

    def judge(self, *command, status=0):
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(done.returncode, status, f"{' '.join(map(str, command))}: {done.stdout}")
        return done.stdout


class ExportTest(ShieldTestCase):
    def test_export(self):
        result = self.concert("shield", "export", "rpz")
        self.assertIn("rpz: 6 values written\n", result.err)
        result = self.concert("shield", "export", "rpz", "--from-store")
        self.assertIn("\nalder.example CNAME .\n*.alder.example CNAME .\n", result.out)
        self.assertIn("\n48.zz.5.db8.2001.rpz-ip CNAME .\n", result.out)
        self.assertNotIn("amber.example", result.out)
        self.assertNotIn("nobody.example", result.out)
        self.assertIn("rpz: 6 values written\n", result.err)
        self.assertIn("  1 their PAP level forbids blocking: domain 1\n", result.err)
        self.assertIn("  1 no PAP level permits blocking (see --unmarked): domain 1\n", result.err)
        self.assertIn("  3 the format has no place for them: url 1, md5 1, sha256 1\n", result.err)

        path, summary = self.export("rpz", "--from-store", "--unmarked", "green", "--exact", "-a",
                                    "nodata")
        self.assertIn("\nnobody.example CNAME *.\n", path.read_text())
        self.assertNotIn("*.nobody", path.read_text())
        self.assertEqual(summary["values"], 7)
        self.assertEqual(summary["not-permitted"], {"domain": 1})
        self.assertEqual(summary["no-place"], {"url": 1, "md5": 1, "sha256": 1})
        self.assertEqual(summary["bytes"], path.stat().st_size)

        # Other users read it; what somebody chose for the file stays.
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        path.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(path, 0, 65534)
        before = path.stat()
        after = self.export("rpz")[0].stat()
        self.assertNotEqual(after.st_ino, before.st_ino)
        self.assertEqual((after.st_mode, after.st_uid, after.st_gid),
                         (before.st_mode, before.st_uid, before.st_gid))

        path, summary = self.export("plain", "-k", "domain")
        self.assertEqual(sorted(path.read_text().split()), [
            "_service.under.birch.example", "alder.example", "amber.example", "nobody.example"])
        self.assertEqual(summary["unwanted"]["md5"], 1)

    def test_programs(self):
        """What other programs read is what their readers make of it."""
        path, _ = self.export("csv")
        rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
        self.assertEqual(len(rows), 11)
        row, = (row for row in rows if row["type"] == "md5")
        self.assertEqual(row["name"], "'=HYPERLINK(1) \";drop $(id)")

        path, _ = self.export("stix")
        bundle = json.loads(path.read_text())
        self.assertEqual(len(bundle["objects"]), 11)
        before = path.read_text().partition("objects")[2]
        self.concert("import", path, "--source", "again")
        other = self.directory / "other"
        concert.run("init", "--node", other, "--name", "cert.birch.example")
        result = concert.run("import", "--node", other, path, "--json")
        self.assertEqual(result.lines()[-1]["accepted"], 11, result.out)
        hits = concert.run("match", "--node", other, "--json", "-",
                           input="www.alder.example 203.0.113.200 http://cedar.example/a?x=%27;y")
        self.assertEqual(len(hits.lines()), 3)

        path, _ = self.export("misp")
        third = self.directory / "third"
        concert.run("init", "--node", third, "--name", "cert.cedar.example")
        event = json.loads(path.read_text())["Event"]
        self.assertEqual(len({each["uuid"] for each in event["Attribute"]}),
                         len(event["Attribute"]))
        concert.run("import", "--node", third, path)
        concert.run("match", "--node", third, "-", input="203.0.113.200 www.alder.example")
        self.assertTrue(before)

    def test_sources(self):
        """A compiled file says the same as the node; what a warninglist names is left out."""
        compiled = self.directory / "node.set"
        self.concert("shield", "compile", "-o", compiled)
        for name in ("nftables", "plain", "suricata"):
            here = self.concert("shield", "export", name).out.splitlines()
            there = concert.run("shield", "export", name, "--from", compiled).out.splitlines()
            self.assertEqual([line for line in here if not line.startswith("#")],
                             [line for line in there if not line.startswith("#")])

        self.configure({"shield": {"suppress": self.write("list.json", {
            "name": "Names of Alder", "version": 1, "type": "hostname",
            "matching_attributes": ["domain", "hostname"], "list": ["alder.example"]})}})
        path, summary = self.export("rpz")
        self.assertNotIn("alder.example", path.read_text())
        path, summary = self.export("rpz", "--from-store")
        self.assertNotIn("alder.example", path.read_text())
        self.assertEqual(summary["suppressed"], {"domain": 1})
        path, summary = self.export("rpz", "--from-store", "--suppressed")
        self.assertIn("\nalder.example CNAME", path.read_text())
        self.assertNotIn("suppressed", summary)

    def test_mistakes(self):
        for arguments in (["bind"], ["rpz", "-a", "redirect"], ["dnsmasq", "--exact"],
                          ["rpz", "--redirect", "a b"], ["dnsmasq", "-a", "nodata"],
                          ["plain", "-k", "dog"], ["plain", "--json"], ["plain", "-o", self.directory],
                          ["rpz", "--from-store", "--from", self.write("any.set", "")],
                          ["plain", "--from", self.directory / "none"],
                          ["plain", "--from", self.write("no.set", "no set")]):
            result = self.concert("shield", "export", *arguments, status=2)
            self.assertIn("concert: ", result.err)
        kept = self.write("kept", "as it was")
        self.concert("shield", "export", "rpz", "-a", "redirect", "-o", kept, status=2)
        self.assertEqual(kept.read_text(), "as it was")
        self.assertEqual([path.name for path in self.directory.glob("kept*")], ["kept"])


class ConsumerTest(ShieldTestCase):
    def get(self, name, token, **headers):
        return self.server.get(f"/shield/export/{name}",
                               headers={"Authorization": f"Bearer {token}", "Accept": "*/*",
                                        **{key.replace("_", "-"): value
                                           for key, value in headers.items()}})

    def test_consumer(self):
        add = ("shield", "consumer", "add")
        token = self.concert(*add, "resolver1", "--format", "rpz", "--format", "plain").out.strip()
        other = self.concert(*add, "sensor", "-f", "zeek", "--days", "1").out.strip()
        self.assertNotIn(token.encode(), (self.node / "concert.db").read_bytes())
        self.concert(*add, "resolver1", "-f", "rpz", status=2)
        self.concert(*add, "without", status=2)
        self.concert(*add, "wrong", "-f", "bind", status=2)
        self.assertEqual([(each["name"], each["formats"]) for each in
                          self.concert("shield", "consumer", "list", "--json").lines()],
                         [("resolver1", ["rpz", "plain"]), ("sensor", ["zeek"])])
        reader = self.account("reader", "reader", "analyst", "admin")
        self.server = self.serve()

        # Who may fetch what.
        self.assertEqual(self.server.get("/shield/export/rpz").status, 401)
        self.assertEqual(self.server.get("/shield/export/rpz", auth=reader).status, 403)
        self.assertEqual(self.get("rpz", token + "x").status, 401)
        self.assertEqual(self.get("rpz", other).status, 403)
        self.assertEqual(self.get("nothing", token).status, 403)
        self.assertEqual(self.get("rpz/more", token).status, 404)
        self.assertIn(self.server.get("/main/collections/", auth=f"Bearer {token}").status,
                      (200, 403, 404))

        first = self.get("rpz", token)
        self.assertEqual(first.status, 200)
        self.assertIn(b"\nalder.example CNAME .\n", first.body)
        self.assertNotIn(b"nobody.example", first.body)
        self.assertEqual(first.headers["Content-Type"], "text/dns; charset=utf-8")
        self.assertIn(b"nobody.example", self.get("plain", token).body)
        zipped = self.get("rpz", token, Accept_Encoding="gzip")
        self.assertEqual(zipped.status, 200)

        # The same as long as the indicators are the same, whatever else changes.
        tag = first.headers["ETag"]
        self.concert("account", "add", "somebody")
        self.assertEqual(self.get("rpz", token).body, first.body)
        again = self.get("rpz", token, If_None_Match=f'"x", {tag}')
        self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", tag))
        self.revoke(1, "[domain-name:value = 'alder.example']")
        changed = self.get("rpz", token, If_None_Match=tag)
        self.assertEqual(changed.status, 200)
        self.assertNotEqual(changed.headers["ETag"], tag)
        self.assertNotIn(b"alder.example", changed.body)
        serials = [int(each.body.split(b"root.localhost. ")[1].split()[0])
                   for each in (first, changed)]
        self.assertLess(*serials)

        # Over by itself.
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + concert.span(2)))
        self.give(indicator(30, "[domain-name:value = 'soon.example']", valid_until=soon))
        self.release()
        self.assertIn(b"soon.example", self.get("rpz", token).body)
        end = time.monotonic() + 60
        while b"soon.example" in self.get("rpz", token).body:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

        # Options, as the command has them; each choice is another export.
        self.give(indicator(31, "[domain-name:value = 'late.example']"))
        self.release()
        plain = self.get("rpz", token)
        self.assertIn(b"\n*.late.example CNAME .\n", plain.body)
        exact = self.get("rpz?exact", token)
        self.assertNotIn(b"\n*.", exact.body)
        walled = self.get("rpz?redirect=192.0.2.9", token)
        self.assertIn(b" A 192.0.2.9\n", walled.body)
        self.assertEqual(len({each.headers["ETag"] for each in (plain, exact, walled)}), 3)
        tag = exact.headers["ETag"]
        self.assertEqual(self.get("rpz?exact", token, If_None_Match=tag).status, 304)
        self.assertEqual(self.get("rpz", token, If_None_Match=tag).status, 200)
        for query, named in (("zone=x", "zone"), ("unmarked=clear", "unmarked"), ("action=x", "action"),
                             ("exact&exact", "exact"), ("kind=dog", "kind"), ("redirect=a%20b", "a b")):
            refused = self.get(f"rpz?{query}", token, If_None_Match="*")
            self.assertEqual(refused.status, 400, query)
            self.assertIn(named, refused.json()["description"])

        self.concert("shield", "consumer", "remove", "resolver1")
        self.assertEqual(self.get("rpz", token).status, 401)
        self.concert("shield", "consumer", "remove", "resolver1", status=1)


# --- Judges that load -----------------------------------------------------------------------------

ACTIONS = ([], ["-a", "nodata"], ["--redirect", "192.0.2.9"], ["--redirect", "2001:db8::9"],
           ["--redirect", "garden.example"], ["-a", "passthru"], ["--exact"])


class LoadTest(ShieldTestCase):
    @needs("named-checkzone")
    def test_bind(self):
        for options in ACTIONS:
            path, _ = self.export("rpz", *options)
            self.judge("named-checkzone", "-k", "fail", "rpz.concert", path)

    @needs("unbound-checkconf")
    def test_unbound(self):
        for options in ACTIONS[:-1]:
            path, _ = self.export("unbound", *options)
            conf = self.write("unbound.conf", f'server:\n chroot: ""\n username: ""\n directory: '
                              f'"{self.directory}"\ninclude: "{path}"\n')
            self.judge("unbound-checkconf", conf)

    @needs("dnsmasq")
    def test_dnsmasq(self):
        for options in ([], ["--redirect", "192.0.2.9"], ["-a", "passthru"]):
            path, _ = self.export("dnsmasq", *options)
            self.judge("dnsmasq", "--test", "-C", path)


# --- Resolvers that answer ------------------------------------------------------------------------

def free_port():
    """A port for UDP and TCP, below those that the system hands out: nobody gets it meanwhile."""
    while True:
        port = random.randrange(10000, 32000)
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams, \
                contextlib.closing(socket.socket()) as stream, \
                contextlib.suppress(OSError):
            datagrams.bind(("127.0.0.1", port))
            stream.bind(("127.0.0.1", port))
            return port


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Upstream(threading.Thread):
    """A name server on loopback that has one address for every name; the blocked one for some."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                query, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            end = query.index(b"\0", 12) + 5
            kind, = struct.unpack("!H", query[end - 4:end - 2])
            address = BLOCKED["v4"] if b"bad" in query[12:end] else "198.51.100.1"
            answers = kind == 1
            self.socket.sendto(query[:2] + struct.pack("!HHHHH", 0x8580, 1, answers, 0, 0) +
                               query[12:end] + (b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" +
                                                socket.inet_aton(address) if answers else b""),
                               sender)


def ask(port, name):
    """The answer's code and how many records it has; None while nobody answers."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        asking.settimeout(0.3)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + encode_name(name) +
                        b"\0\1\0\1")
            answer = asking.recv(4096)
        except OSError:
            return None
        return answer[3] & 15, struct.unpack("!H", answer[6:8])[0]


NXDOMAIN, PASSED = (3, 0), (0, 1)


class ResolverTest(ShieldTestCase):
    def setUp(self):
        super().setUp()
        self.upstream = Upstream()
        self.addCleanup(self.upstream.socket.close)
        self.port = free_port()

    def start(self, *command):
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait(lambda: ask(self.port, "other.example") == PASSED, process)
        return process

    def wait(self, done, process):
        deadline = time.monotonic() + 20
        while not done():
            self.assertIsNone(process.poll(), f"{process.args[0]} ended")
            self.assertLess(time.monotonic(), deadline, "the judge does not answer as it should")
            time.sleep(0.05)

    def check(self, process, refresh):
        for name, expected in (("alder.example", NXDOMAIN), ("www.alder.example", NXDOMAIN),
                               ("xalder.example", PASSED), ("amber.example", PASSED),
                               ("bad.cedar.example", NXDOMAIN), ("good.cedar.example", PASSED)):
            self.assertEqual(ask(self.port, name), expected, name)
        self.revoke(1, "[domain-name:value = 'alder.example']")
        self.revoke(2, "[ipv4-addr:value = '203.0.113.7']")
        process = refresh() or process
        self.wait(lambda: ask(self.port, "www.alder.example") == PASSED, process)
        self.assertEqual(ask(self.port, "bad.cedar.example"), PASSED)
        self.assertEqual(ask(self.port, "x._service.under.birch.example"), NXDOMAIN)

    def unbound(self, name, how):
        path, _ = self.export(name)
        conf = self.write("unbound.conf", f"""server:
 chroot: ""
 username: ""
 directory: "{self.directory}"
 pidfile: ""
 use-syslog: no
 interface: 127.0.0.1
 port: {self.port}
 do-not-query-localhost: no
 module-config: "respip validator iterator"
 num-threads: 1
 cache-max-ttl: 0
{how.format(path=path)}
forward-zone:
 name: "."
 forward-addr: 127.0.0.1@{self.upstream.port}
""")
        process = self.start("unbound", "-d", "-c", conf)

        def refresh():
            self.export(name)
            process.send_signal(signal.SIGHUP)
        self.check(process, refresh)

    @needs("unbound")
    def test_unbound(self):
        self.unbound("unbound", 'include: "{path}"')

    @needs("unbound")
    def test_unbound_rpz(self):
        self.unbound("rpz", 'rpz:\n name: rpz.concert\n zonefile: "{path}"')

    @needs("named")
    def test_bind(self):
        path, _ = self.export("rpz")
        conf = self.write("named.conf", f"""options {{
 directory "{self.directory}";
 listen-on port {self.port} {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }};
 pid-file none;
 session-keyfile none;
 dnssec-validation no;
 max-cache-ttl 0;
 forward only;
 forwarders {{ 127.0.0.1 port {self.upstream.port}; }};
 response-policy {{ zone "rpz.concert"; }} min-update-interval 0;
}};
controls {{ }};
zone "rpz.concert" {{ type primary; file "{path}"; }};
""")
        process = self.start("named", "-g", "-n", "1", "-c", conf)

        def refresh():
            self.export("rpz")
            process.send_signal(signal.SIGHUP)
        self.check(process, refresh)

    @needs("dnsmasq")
    def test_dnsmasq(self):
        path, _ = self.export("dnsmasq")

        def start():
            return self.start("dnsmasq", "-k", "-C", path, "-p", self.port, "-a", "127.0.0.1",
                              "--bind-interfaces", "--no-resolv", "--no-hosts", "--cache-size=0",
                              "--user=", "--pid-file=",
                              f"--server=127.0.0.1#{self.upstream.port}")
        process = start()

        def refresh():
            self.export("dnsmasq")
            process.kill()
            process.wait()
            return start()
        self.check(process, refresh)


# --- A packet filter that drops -------------------------------------------------------------------

def absent_nft():
    """Why nft cannot be a judge here; None: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nft"):
        if not shutil.which(program):
            return f"no {program}"
    name = f"concert-nft-{os.getpid()}"
    run = lambda *command: subprocess.run(command, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, text=True)
    made = run("ip", "netns", "add", name)
    if made.returncode != 0:
        return f"no network namespaces: {made.stdout.strip()}"
    try:
        listed = run("ip", "netns", "exec", name, "nft", "list", "ruleset")
        return f"no nftables in this kernel: {listed.stdout.strip()}" if listed.returncode else None
    finally:
        run("ip", "netns", "del", name)


ABSENT_NFT = absent_nft()

# Sends a datagram to each address, to port 7 or the one behind a "#"; prints those that said no, and
# those from which came what was sent there. With "/tcp" it asks for a connection.
TALK = """
import select, socket, sys
for whom in sys.argv[1:]:
    where, _, tcp = whom.partition("/")
    address, _, port = where.partition("#")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as asking:
        try:
            if tcp:
                asking.settimeout(0.4)
                asking.connect((address, int(port or 7)))
                asking.send(b"hello")
            else: # the answer may come from another address
                asking.sendto(b"hello", (address, int(port or 7)))
            print(whom, "passed" if select.select([asking], [], [], 0.4)[0] else "lost")
        except PermissionError:
            print(whom, "refused")
        except TimeoutError:
            print(whom, "lost")
"""

ECHO = f"""
import select, socket, socketserver, threading

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(64))

waiting = []
for port in (7, {PORT}):
    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        each = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            each.setsockopt(socket.IPPROTO_IP, 8, 1)
        else:
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind((everywhere, port))
        waiting.append(each)
    server = socketserver.ThreadingTCPServer(("0.0.0.0", port), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
while True:
    for each in select.select(waiting, [], [])[0]:
        data, sender = each.recvfrom(64)
        each.sendto(data, sender)
"""

# Sends a datagram from an address and port to the own host.
SEND = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) # beside who answers there
    sending.bind((sys.argv[1], int(sys.argv[2])))
    sending.sendto(b"x", ("192.0.2.1", 9))
"""


class NamespaceTestCase(ShieldTestCase):
    """The own host (192.0.2.1), and another with addresses that are blocked and not."""

    def space(self, name, *command):
        return self.judge("ip", "netns", "exec", name, *command)

    def setUp(self):
        super().setUp()
        self.own, self.far = (f"concert-{name}-{os.getpid()}" for name in ("own", "far"))
        for name in (self.own, self.far):
            self.judge("ip", "netns", "add", name)
            self.addCleanup(subprocess.run, ["ip", "netns", "del", name])
        self.judge("ip", "link", "add", "line", "netns", self.own, "type", "veth", "peer", "name",
                   "line", "netns", self.far)
        addresses = {self.own: ["192.0.2.1/24", "2001:db8:1::1/64"],
                     self.far: ["203.0.113.7/32", "198.51.100.7/32", "192.0.2.2/24",
                                "2001:db8:5::7/128", "2001:db8:6::7/128", "2001:db8:1::2/64"]}
        for name, each in addresses.items():
            for address in each:
                self.judge("ip", "-n", name, "addr", "add", address, "dev", "line",
                           *(["nodad"] if ":" in address else []))
            self.judge("ip", "-n", name, "link", "set", "line", "up")
        self.judge("ip", "-n", self.own, "route", "add", "default", "via", "192.0.2.2")
        self.judge("ip", "-n", self.own, "-6", "route", "add", "default", "via", "2001:db8:1::2")

    def talk(self, *addresses):
        return dict(line.split() for line in
                    self.space(self.own, "python3", "-c", TALK, *addresses).splitlines())


@unittest.skipIf(ABSENT_NFT, ABSENT_NFT)
class NftTest(NamespaceTestCase):
    def counted(self):
        listed = json.loads(self.space(self.own, "nft", "-j", "list", "counters"))["nftables"]
        return {each["counter"]["name"]: each["counter"]["packets"]
                for each in listed if "counter" in each}

    def send(self, address, port, counted):
        """What comes from there, and how many of them were dropped by then."""
        self.space(self.far, "python3", "-c", SEND, address, port)
        deadline = time.monotonic() + 5
        while self.counted()["from4"] < counted and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.counted()["from4"], counted)

    def start_echo(self):
        echo = subprocess.Popen(["ip", "netns", "exec", self.far, "python3", "-c", ECHO],
                                stdout=subprocess.PIPE)
        self.addCleanup(echo.stdout.close)
        self.addCleanup(echo.wait)
        self.addCleanup(echo.kill)
        echo.stdout.readline()

    def wait_for_line(self, everybody):
        deadline = time.monotonic() + 10
        while set(self.talk(*everybody).values()) != {"passed"}:
            self.assertLess(time.monotonic(), deadline, "the line does not carry anything")

    def test_nft(self):
        self.start_echo()
        everybody = ("203.0.113.7", "198.51.100.7", "2001:db8:5::7", "2001:db8:6::7")
        self.wait_for_line(everybody)
        path, summary = self.export("nftables")
        self.assertEqual(summary["values"], 4)
        self.space(self.own, "nft", "-f", path)
        talked = self.talk(*everybody)
        self.assertNotEqual(talked["203.0.113.7"], "passed")
        self.assertNotEqual(talked["2001:db8:5::7"], "passed")
        self.assertEqual(talked["198.51.100.7"], "passed")
        self.assertEqual(talked["2001:db8:6::7"], "passed")
        counted = self.counted()
        self.assertGreaterEqual(counted["to4"], 1)
        self.assertGreaterEqual(counted["to6"], 1)
        self.assertEqual(counted["from4"], 0)

        # What comes from there is dropped before anybody sees it.
        self.send("203.0.113.7", 0, 1)

        # Loading it again changes nothing; after a recall it unblocks, and the counts go on.
        self.space(self.own, "nft", "-f", path)
        self.revoke(2, "[ipv4-addr:value = '203.0.113.7']")
        path, summary = self.export("nftables")
        self.space(self.own, "nft", "-f", path)
        talked = self.talk(*everybody)
        self.assertEqual(talked["203.0.113.7"], "passed")
        self.assertNotEqual(talked["2001:db8:5::7"], "passed")
        self.assertEqual(self.counted()["from4"], 1)
        self.assertGreaterEqual(self.counted()["to6"], counted["to6"])

    def test_ports(self):
        """An address that is meant at one port is blocked there, and nowhere else."""
        self.give(*PORTS)
        added = self.concert("shield", "propose", "--check", "--json").json()["added"]["list"]
        self.assertEqual({row["value"]: row.get("port") for row in added},
                         {"198.51.100.7": PORT, "2001:db8:6::/64": PORT, "port.example": PORT})
        self.release()
        self.start_echo()
        wide = ("198.51.100.7", "198.51.100.7/tcp", "2001:db8:6::7")
        narrow = (f"198.51.100.7#{PORT}", f"198.51.100.7#{PORT}/tcp", f"2001:db8:6::7#{PORT}")
        self.wait_for_line(wide + narrow)

        path, summary = self.export("nftables")
        self.assertEqual(summary["values"], 6)
        for _ in range(2):
            self.space(self.own, "nft", "-f", path)
            talked = self.talk(*wide, *narrow)
            self.assertEqual({talked[each] for each in wide}, {"passed"}, talked)
            self.assertNotIn("passed", {talked[each] for each in narrow})
        counted = self.counted()
        self.assertGreaterEqual(counted["to4"], 4)
        self.assertGreaterEqual(counted["to6"], 2)
        self.assertEqual(counted["from4"], 0)
        self.send("198.51.100.7", PORT, 1)
        self.send("198.51.100.7", PORT + 1, 1)

        # Another indicator of the same address that says no port is more than the first one.
        self.give(indicator(13, "[ipv4-addr:value = '198.51.100.7']"))
        self.release()
        path, summary = self.export("nftables")
        self.space(self.own, "nft", "-f", path)
        self.assertNotIn("passed", self.talk(*narrow[:2], *wide[:2]).values())
        self.revoke(13, "[ipv4-addr:value = '198.51.100.7']")
        self.revoke(11, PORTS[1]["pattern"])
        path, summary = self.export("nftables")
        self.space(self.own, "nft", "-f", path)
        talked = self.talk(*wide, *narrow)
        self.assertEqual({talked[each] for each in wide + narrow[2:]}, {"passed"}, talked)
        self.assertNotIn("passed", {talked[each] for each in narrow[:2]})

        # An indicator that asks for more than was approved needs a person again.
        self.give(indicator(10, "[ipv4-addr:value = '198.51.100.7']",
                            modified="2024-06-01T00:00:00.000Z"))
        path, summary = self.export("nftables")
        self.assertNotIn("198.51.100.7", path.read_text())
        added = self.concert("shield", "propose", "--check", "--json").json()["added"]["list"]
        self.assertIn(("198.51.100.7", None), [(row["value"], row.get("port")) for row in added])
        self.release()
        path, summary = self.export("nftables")
        self.assertRegex(path.read_text(), r"blocked4 \{.* 198\.51\.100\.7[, ]")


# --- A sensor that alerts -------------------------------------------------------------------------

def packet(protocol, source, target, payload):
    if ":" in source:
        body = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + socket.inet_pton(
            socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target) + payload
        return b"\2" * 12 + b"\x86\xdd" + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    return (b"\2" * 12 + b"\x08\0" + head + socket.inet_aton(source) + socket.inet_aton(target) +
            payload)


def udp(source, target, port, payload):
    return packet(17, source, target, struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) +
                  payload)


def tcp(source, target, ports, sequence, acknowledged, flags, payload=b""):
    return packet(6, source, target, struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged,
                                                 0x50, flags, 8192, 0, 0) + payload)


def conversation(number, asked, server="198.51.100.7", port=80):
    client, ports = "192.0.2.1", (50000 + number, port)
    back = ports[::-1]
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    return [tcp(client, server, ports, 1, 0, 2), tcp(server, client, back, 1, 2, 0x12),
            tcp(client, server, ports, 2, 2, 0x10), tcp(client, server, ports, 2, 2, 0x18, asked),
            tcp(server, client, back, 2, 2 + len(asked), 0x18, reply),
            tcp(client, server, ports, 2 + len(asked), 2 + len(reply), 0x11),
            tcp(server, client, back, 2 + len(reply), 3 + len(asked), 0x11)]


def question(name):
    return udp("192.0.2.1", "192.0.2.53", 53,
               struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + encode_name(name) + b"\0\1\0\1")


def get(host, path):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: x\r\n\r\n".encode()


SURICATA = """%YAML 1.1
---
outputs:
  - fast:
      enabled: yes
      filename: fast.log
app-layer:
  protocols:
    tls: {enabled: yes, ja3-fingerprints: yes, detection-ports: {dp: 443}}
    dns: {udp: {enabled: yes, detection-ports: {dp: 53}}, tcp: {enabled: yes}}
    http: {enabled: yes}
"""


@needs("suricata")
class SuricataTest(ShieldTestCase):
    packets = [question("www.alder.example"), question("xalder.example"),
               udp("192.0.2.1", "203.0.113.200", 9, b"x"),
               udp("192.0.2.1", "203.0.113.7", 9, b"x"),
               udp("192.0.2.1", "198.51.100.9", 9, b"x"),
               udp("2001:db8:1::1", "2001:db8:5::7", 9, b"x"),
               *conversation(1, get("cedar.example", "/a?x=%27;y")),
               *conversation(2, get("cedar.example", "/a?x=%27;yz")),
               *conversation(3, get("ALDER.example", "/"))]

    def alerts(self, rules, packets=None, ports=False):
        """What each alert says, and whom it is about; with @ports, where."""
        packets = packets or self.packets
        capture = self.write("capture.pcap", struct.pack(
            "=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + b"".join(
                struct.pack("=IIII", 1700000000 + i, 0, len(each), len(each)) + each
                for i, each in enumerate(packets)))
        self.judge("suricata", "-c", self.write("suricata.yaml", SURICATA), "-S", rules, "-r",
                   capture, "-l", self.directory, "-k", "none", "--runmode", "single",
                   "--set", "classification-file=/dev/null",
                   "--set", "reference-config-file=/dev/null",
                   "--init-errors-fatal")
        log = self.directory / "fast.log"
        lines = log.read_text().splitlines()
        log.unlink()
        return [line.split("[**]")[1].split("] ", 1)[1].strip() + " " +
                line.split("} ")[1].split(" -> ")[1].rsplit(":", 0 if ports else 1)[0]
                for line in lines]

    def test_rules(self):
        for name in ("suricata", "suricata-drop"):
            path, _ = self.export(name)
            self.assertEqual(sorted(set(self.alerts(path))), [
                "Concert address 2001:0db8:0005:0000:0000:0000:0000:0007",
                "Concert address 203.0.113.200", "Concert address 203.0.113.7",
                "Concert domain 192.0.2.53", "Concert domain 198.51.100.7",
                "Concert url 198.51.100.7"])

    def test_ports(self):
        """An alert where an address or a name is used at the port that is meant, and nowhere else."""
        self.give(*PORTS)
        self.release()
        packets = [question("port.example"),
                   *(udp("192.0.2.1", "198.51.100.7", port, b"x") for port in (9, PORT, PORT + 1)),
                   *(udp("2001:db8:1::1", "2001:db8:6::7", port, b"x") for port in (9, PORT)),
                   *conversation(1, get("x.example", "/")),
                   *conversation(2, get("x.example", "/"), port=PORT),
                   *conversation(3, get("port.example", "/"), "198.51.100.9"),
                   *conversation(4, get("port.example", "/"), "198.51.100.9", PORT)]
        there = [f"Concert address 198.51.100.7:{PORT}",
                 f"Concert address 2001:0db8:0006:0000:0000:0000:0000:0007:{PORT}",
                 f"Concert domain 198.51.100.9:{PORT}"]
        for name, lookup in (("suricata", ["Concert domain 192.0.2.53:53"]), ("suricata-drop", [])):
            path, summary = self.export(name)
            self.assertNotIn("widened", summary)
            # An answer is the client's: its ports are those of conversation().
            seen = {alert for alert in self.alerts(path, packets, ports=True)
                    if " 192.0.2.1:" not in alert}
            self.assertEqual(sorted(seen), sorted(there + lookup))
        for name in ("rpz", "suricata-ip", "plain"):
            path, summary = self.export(name)
            self.assertNotIn("198.51.100.7", path.read_text())
            self.assertNotIn("port.example", path.read_text())
            self.assertGreaterEqual(sum(summary["one-port"].values()), 1, name)
            path, summary = self.export(name, "--any-port")
            self.assertNotIn("one-port", summary)
            self.assertGreaterEqual(sum(summary["widened"].values()), 1, name)

    def test_sets(self):
        self.give(indicator(40, "[domain-name:value = 'www.alder.example']"),
                  indicator(41, "[network-traffic:x_tls.ja3 = '" + "0" * 32 + "']"),
                  indicator(42, "[file:hashes.'SHA-1' = '" + "0" * 40 + "']"))
        for kind in ("domain", "ip", "md5", "sha1", "sha256", "ja3"):
            path, _ = self.export(f"suricata-{kind}")
            path.rename(self.directory / f"concert-{kind}.lst")
        rules, _ = self.export("suricata-sets")
        self.assertEqual(len(rules.read_text().splitlines()), 10)
        self.assertEqual(sorted(set(self.alerts(rules))), [
            "Concert address 203.0.113.7", "Concert domain 192.0.2.53",
            "Concert domain 198.51.100.7"])


ASK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    asking.sendto(bytes.fromhex(sys.argv[1]), ("198.51.100.7", 53))
"""


@needs("suricata")
@unittest.skipIf(ABSENT_NFT, ABSENT_NFT)
@unittest.skipUnless(concert.LONG, "only where CONCERT_LONG is set: it takes some seconds to start")
class SuricataLiveTest(NamespaceTestCase):
    """Suricata listens where the packets pass."""

    def alerts(self):
        log = self.directory / "fast.log"
        return {line.split("[**]")[1].split("] ", 1)[1].strip()
                for line in log.read_text().splitlines()} if log.exists() else set()

    def test_live(self):
        rules, _ = self.export("suricata")
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.own, "suricata", "-c",
             self.write("suricata.yaml", SURICATA), "-S", rules, "--af-packet=line",
             "-l", self.directory, "-k", "none",
             "--set", "classification-file=/dev/null", "--set", "reference-config-file=/dev/null"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

        def ask_until(name, wanted):
            query = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + encode_name(name) + b"\0\1\0\1"
            deadline = time.monotonic() + 60
            while wanted not in self.alerts():
                self.assertIsNone(process.poll())
                self.assertLess(time.monotonic(), deadline, self.alerts())
                self.space(self.own, "python3", "-c", ASK, query.hex())
                time.sleep(0.2)

        ask_until("www.alder.example", "Concert domain")
        self.assertEqual(self.alerts(), {"Concert domain"})
        self.talk("198.51.100.7", "203.0.113.7")
        ask_until("xalder.example", "Concert address")


if __name__ == "__main__":
    unittest.main()
