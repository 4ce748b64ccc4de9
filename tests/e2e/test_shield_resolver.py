"""Exports of the shield in resolvers that answer, and block no more after a recall."""

import contextlib
import random
import signal
import socket
import struct
import subprocess
import threading
import unittest

import concert
from shieldnode import ShieldTestCase, needs, question

BLOCKED = "203.0.113.7"


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
            address = BLOCKED if b"bad" in query[12:end] else "198.51.100.1"
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
            asking.send(question(name))
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

    def start(self, *command, ready="other.example"):
        process = self.spawn(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.wait(lambda: ask(self.port, ready) == PASSED, process)
        return process

    def wait(self, done, process):
        concert.until(lambda: done() or process.poll() is not None,
                      "the judge does not answer as it should")
        self.assertIsNone(process.poll(), f"{process.args[0]} ended")

    def answer(self, name):
        """As ask() has it; a judge that is busy is asked again."""
        return concert.until(lambda: ask(self.port, name))

    def check(self, process, refresh, addresses=True):
        for name, expected in (("alder.example", NXDOMAIN), ("www.alder.example", NXDOMAIN),
                               ("xalder.example", PASSED), ("amber.example", PASSED),
                               ("bad.cedar.example", NXDOMAIN if addresses else PASSED),
                               ("good.cedar.example", PASSED)):
            self.assertEqual(self.answer(name), expected, name)
        self.revoke(1, "[domain-name:value = 'alder.example']")
        self.revoke(2, "[ipv4-addr:value = '203.0.113.7']")
        process = refresh() or process
        self.wait(lambda: ask(self.port, "www.alder.example") == PASSED, process)
        self.assertEqual(self.answer("bad.cedar.example"), PASSED)
        self.assertEqual(self.answer("x._service.under.birch.example"), NXDOMAIN)

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

    def named(self, options, zone, file, **more):
        conf = self.write("named.conf", f"""options {{
 directory "{self.directory}";
 listen-on port {self.port} {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }};
 pid-file none;
 session-keyfile none;
{options}}};
controls {{ }};
zone "{zone}" {{ type primary; file "{file}"; }};
""")
        return self.start("named", "-g", "-n", "1", "-c", conf, **more)

    @needs("named")
    def test_bind(self):
        path, _ = self.export("rpz")
        process = self.named(f""" dnssec-validation no;
 max-cache-ttl 0;
 forward only;
 forwarders {{ 127.0.0.1 port {self.upstream.port}; }};
 response-policy {{ zone "rpz.concert"; }} min-update-interval 0;
""", "rpz.concert", path)

        def refresh():
            self.export("rpz")
            process.send_signal(signal.SIGHUP)
        self.check(process, refresh)

    @needs("named")
    def test_dnstap(self):
        """What a name server writes of what it is asked is read as what it is."""
        if "dnstap" not in self.judge("named", "-V"):
            self.skipTest("this BIND writes no dnstap")
        self.write("alder.zone", "$TTL 60\n@ SOA localhost. root.localhost. 1 60 60 60 60\n"
                   " NS localhost.\nwww A 203.0.113.7\nalias CNAME birch.example.\n")
        process = self.named(f""" recursion no;
 dnstap {{ all; }};
 dnstap-output file "{self.directory}/named.tap";
""", "alder.example", "alder.zone", ready="www.alder.example")
        for name in ("alias.alder.example", "none.cedar.example"):
            self.answer(name)
        process.terminate()
        process.wait()
        values = self.write("values.txt", "birch.example\nnone.cedar.example\n203.0.113.7\n")
        hits = self.concert("match", "--json", "-i", values, self.directory / "named.tap").lines()
        self.assertEqual({(hit["value"], hit["field"]) for hit in hits}, {
            ("203.0.113.7", "dns.a"), ("birch.example", "dns.cname"),
            ("none.cedar.example", "dns.query")})
        for hit in hits:
            self.assertIn(self.port, (hit["src_port"], hit["dest_port"]))

    @needs("pdns_recursor")
    def test_powerdns(self):
        path, _ = self.export("rpz")
        self.write("rpz.lua", f'rpzFile("{path}", {{policyName="rpz.concert"}})\n')
        self.write("recursor.conf", f"""local-address=127.0.0.1
local-port={self.port}
socket-dir={self.directory}
forward-zones-recurse=.=127.0.0.1:{self.upstream.port}
dont-query=
dnssec=off
max-cache-ttl=15
disable-packetcache=yes
security-poll-suffix=
lua-config-file={self.directory}/rpz.lua
""")
        # From 5.2 on it takes such settings only when told so.
        new = "enable-old-settings" in self.judge("pdns_recursor", "--help")
        process = self.start("pdns_recursor", f"--config-dir={self.directory}", "--daemon=no",
                             *(["--enable-old-settings"] if new else []))

        def refresh():
            self.export("rpz")
            self.judge("rec_control", f"--socket-dir={self.directory}", "reload-lua-config")
        self.check(process, refresh)

    @needs("kresd")
    def test_knot(self):
        """It knows names alone, and reads the file again by itself."""
        path, _ = self.export("rpz")
        conf = self.write("kresd.conf", f"""net.listen('127.0.0.1', {self.port}, {{ kind = 'dns' }})
cache.size = 10 * MB
trust_anchors.remove('.')
policy.add(policy.rpz(policy.DENY, '{path}', true))
policy.add(policy.all(policy.STUB('127.0.0.1@{self.upstream.port}')))
""")
        process = self.start("kresd", "-n", "-c", conf, self.directory)
        self.check(process, lambda: self.export("rpz") and None, addresses=False)

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


if __name__ == "__main__":
    unittest.main()
