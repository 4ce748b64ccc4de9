"""Exports of the shield in a sensor that alerts."""

import hashlib
import os
import signal
import socket
import struct
import subprocess
import unittest

import concert
from namespaces import ABSENT_NFT, NamespaceTestCase
from shieldnode import PORT, PORTS, ShieldTestCase, indicator, needs, question


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


def conversation(number, asked, server="198.51.100.7", port=80, body=b""):
    client, ports = "192.0.2.1", (50000 + number, port)
    back = ports[::-1]
    reply = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    return [tcp(client, server, ports, 1, 0, 2), tcp(server, client, back, 1, 2, 0x12),
            tcp(client, server, ports, 2, 2, 0x10), tcp(client, server, ports, 2, 2, 0x18, asked),
            tcp(server, client, back, 2, 2 + len(asked), 0x18, reply),
            tcp(client, server, ports, 2 + len(asked), 2 + len(reply), 0x11),
            tcp(server, client, back, 2 + len(reply), 3 + len(asked), 0x11)]


def lookup(name):
    return udp("192.0.2.1", "192.0.2.53", 53, question(name))


def hello():
    """What a client says first in TLS 1.2, and its JA3: version, ciphers, extensions, curves, formats."""
    ciphers, curves = (0x1301, 0xc02f), (29, 23)
    extensions = struct.pack("!HHHHH", 10, 6, 4, *curves) + b"\0\x0b\0\2\1\0"
    body = (b"\3\3" + bytes(33) + struct.pack("!HHH", 4, *ciphers) + b"\1\0" +
            struct.pack("!H", len(extensions)) + extensions)
    message = b"\1" + struct.pack("!I", len(body))[1:] + body
    spelled = "771," + "-".join(map(str, ciphers)) + ",10-11," + "-".join(map(str, curves)) + ",0"
    return (b"\x16\3\1" + struct.pack("!H", len(message)) + message,
            hashlib.md5(spelled.encode()).hexdigest())


def get(host, path):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: x\r\n\r\n".encode()


SURICATA = """%YAML 1.1
---
outputs:
  - fast:
      enabled: yes
      filename: fast.log
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - files:
            force-hash: [md5, sha1, sha256]
app-layer:
  protocols:
    tls: {enabled: yes, ja3-fingerprints: yes, detection-ports: {dp: 443}}
    dns: {udp: {enabled: yes, detection-ports: {dp: 53}}, tcp: {enabled: yes}}
    http: {enabled: yes}
"""


class ListsMixin:
    def export_lists(self, *kinds):
        """The file of the rules that use them."""
        for kind in kinds:
            path, _ = self.export(f"suricata-{kind}")
            path.rename(self.directory / f"concert-{kind}.lst")
        return self.export("suricata-sets")[0]


@needs("suricata")
class SuricataTest(ListsMixin, ShieldTestCase):
    packets = [lookup("www.alder.example"), lookup("xalder.example"),
               udp("192.0.2.1", "203.0.113.200", 9, b"x"),
               udp("192.0.2.1", "203.0.113.7", 9, b"x"),
               udp("192.0.2.1", "198.51.100.9", 9, b"x"),
               udp("2001:db8:1::1", "2001:db8:5::7", 9, b"x"),
               *conversation(1, get("cedar.example", "/a?x=%27;y")),
               *conversation(2, get("cedar.example", "/a?x=%27;yz")),
               *conversation(3, get("ALDER.example", "/"))]

    def alerts(self, rules, packets=None, ports=False, settings=SURICATA):
        """What each alert says, and whom it is about; with @ports, where."""
        packets = packets or self.packets
        capture = self.write("capture.pcap", struct.pack(
            "=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + b"".join(
                struct.pack("=IIII", 1700000000 + i, 0, len(each), len(each)) + each
                for i, each in enumerate(packets)))
        self.judge("suricata", "-c", self.write("suricata.yaml", settings), "-S", rules, "-r",
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

    def test_reputation(self):
        """Addresses and networks as a list of its own, in the way the manual says."""
        path, summary = self.export("suricata-iprep")
        self.assertEqual(summary["values"], 4)
        self.write("categories.txt", "1,Concert,what partners found\n")
        rules = self.write("reputation.rules", "alert ip any any -> any any (msg:\"Concert reputation\"; "
                           "iprep:any,Concert,>,0; sid:1400000010; rev:1;)\n")
        settings = SURICATA + f"""
reputation-categories-file: {self.directory}/categories.txt
default-reputation-path: {self.directory}
reputation-files:
  - {path.name}
"""
        self.assertEqual(sorted(self.alerts(rules, settings=settings)), [
            "Concert reputation 2001:0db8:0005:0000:0000:0000:0000:0007",
            "Concert reputation 203.0.113.200", "Concert reputation 203.0.113.7"])

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
        packets = [lookup("port.example"),
                   *(udp("192.0.2.1", "198.51.100.7", port, b"x") for port in (9, PORT, PORT + 1)),
                   *(udp("2001:db8:1::1", "2001:db8:6::7", port, b"x") for port in (9, PORT)),
                   *conversation(1, get("x.example", "/")),
                   *conversation(2, get("x.example", "/"), port=PORT),
                   *conversation(3, get("port.example", "/"), "198.51.100.9"),
                   *conversation(4, get("port.example", "/"), "198.51.100.9", PORT)]
        there = [f"Concert address 198.51.100.7:{PORT}",
                 f"Concert address 2001:0db8:0006:0000:0000:0000:0000:0007:{PORT}",
                 f"Concert domain 198.51.100.9:{PORT}"]
        looked_up = ["Concert domain 192.0.2.53:53"]
        for name, option in (("suricata", None), ("suricata-drop", None),
                             ("suricata", "--any-port"), ("suricata-drop", "--any-port")):
            path, summary = self.export(name, *([option] if option else []))
            self.assertEqual(summary.get("widened"), {"domain": 1} if option else None)
            # An answer is the client's: its ports are those of conversation().
            seen = {alert for alert in self.alerts(path, packets, ports=True)
                    if " 192.0.2.1:" not in alert}
            self.assertEqual(sorted(seen), sorted(there + (looked_up if option else [])))
        for name in ("rpz", "suricata-ip", "plain"):
            path, summary = self.export(name)
            self.assertNotIn("198.51.100.7", path.read_text())
            self.assertNotIn("port.example", path.read_text())
            self.assertGreaterEqual(sum(summary["one-port"].values()), 1, name)
            path, summary = self.export(name, "--any-port")
            self.assertNotIn("one-port", summary)
            self.assertGreaterEqual(sum(summary["widened"].values()), 1, name)

    def test_sets(self):
        said, ja3 = hello()
        files = {"MD5": b"one", "SHA-1": b"two", "SHA-256": b"three"}
        self.give(indicator(40, "[domain-name:value = 'www.alder.example']"),
                  indicator(41, f"[network-traffic:x_tls.ja3 = '{ja3}']"),
                  *(indicator(42 + i, f"[file:hashes.'{name}' = '" +
                              hashlib.new(name.replace("-", ""), body).hexdigest() + "']")
                    for i, (name, body) in enumerate(files.items())))
        self.release()
        rules = self.export_lists("domain", "ip", "md5", "sha1", "sha256", "ja3")
        self.assertEqual(len(rules.read_text().splitlines()), 12)
        self.assertEqual(sorted(set(self.alerts(rules))), [
            "Concert address 203.0.113.7", "Concert domain 192.0.2.53",
            "Concert domain 198.51.100.7"])
        # A file that comes, and how a client begins.
        for name, body in {**files, "": b"four"}.items():
            seen = self.alerts(rules, conversation(10, get("x.example", "/"), body=body))
            kind = name.replace("-", "").lower()
            self.assertEqual(seen, [f"Concert {kind} 192.0.2.1"] if kind else [])
        self.assertEqual(self.alerts(rules, conversation(20, said, port=443)),
                         ["Concert ja3 198.51.100.7"])


ASK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    asking.sendto(bytes.fromhex(sys.argv[1]), ("198.51.100.7", 53))
"""


BRIDGE = SURICATA + "af-packet:\n" + "".join(f"""
  - interface: {one}
    cluster-id: {number}
    cluster-type: cluster_flow
    defrag: no
    threads: 1
    copy-mode: ips
    copy-iface: {other}
""" for number, one, other in ((98, "near", "beyond"), (99, "beyond", "near")))

# Whoever copies packets needs their checksums, which a line without wires leaves out.
CHECKSUMS = """
import array, fcntl, socket, struct
ETHTOOL_STXCSUM, SIOCETHTOOL = 0x17, 0x8946
off = array.array("B", struct.pack("II", ETHTOOL_STXCSUM, 0))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    fcntl.ioctl(asking, SIOCETHTOOL, struct.pack("16sP", b"line", off.buffer_info()[0]))
"""


class SensorTestCase(ListsMixin, NamespaceTestCase):
    def start(self, place, settings, rules, *source):
        return self.spawn(
            "ip", "netns", "exec", place, "suricata", "-c",
            self.write("suricata.yaml", settings), "-S", rules, *source, "-l", self.directory,
            "-k", "none", "--set", "classification-file=/dev/null",
            "--set", "reference-config-file=/dev/null",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self, process, condition):
        def so():
            self.assertIsNone(process.poll(), "suricata has ended")
            return condition()
        concert.until(so)


@needs("suricata")
@unittest.skipIf(ABSENT_NFT, ABSENT_NFT)
class SuricataAlertTest(SensorTestCase):
    """Suricata listens where the packets pass."""

    def alerts(self):
        log = self.directory / "fast.log"
        return {line.split("[**]")[1].split("] ", 1)[1].strip()
                for line in log.read_text().splitlines()} if log.exists() else set()

    def alerts_when_asked(self, name, wanted):
        self.space(self.own, "python3", "-c", ASK, question(name).hex())
        return wanted in self.alerts()

    def test_alert(self):
        rules, _ = self.export("suricata")
        process = self.start(self.own, SURICATA, rules, "--af-packet=line")
        self.wait(process, lambda: self.alerts_when_asked("www.alder.example", "Concert domain"))
        self.assertEqual(self.alerts(), {"Concert domain"})
        self.talk("198.51.100.7", "203.0.113.7")
        self.wait(process, lambda: self.alerts_when_asked("xalder.example", "Concert address"))

    def test_lists_again(self):
        """Lists are read again at a signal: what was recalled is let alone, what is new is seen."""
        rules = self.export_lists("domain", "ip")
        process = self.start(self.own, SURICATA, rules, "--af-packet=line")
        self.wait(process, lambda: self.alerts_when_asked("alder.example", "Concert domain"))
        self.revoke(1, "[domain-name:value = 'alder.example']")
        self.give(indicator(40, "[ipv4-addr:value = '198.51.100.7']"))
        self.release()
        self.export_lists("domain", "ip")
        process.send_signal(signal.SIGUSR2)
        # What is asked is asked of that address.
        self.wait(process, lambda: self.alerts_when_asked("xalder.example", "Concert address"))
        (self.directory / "fast.log").write_text("")
        self.wait(process, lambda: self.alerts_when_asked("alder.example", "Concert address"))
        self.assertEqual(self.alerts(), {"Concert address"})


@needs("suricata")
@unittest.skipIf(ABSENT_NFT, ABSENT_NFT)
class SuricataDropTest(SensorTestCase):
    """Suricata stands between the two hosts, and hands on what it does not drop."""

    def lay_line(self):
        self.middle = f"concert-middle-{os.getpid()}"
        self.judge("ip", "netns", "add", self.middle)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", self.middle])
        for place, name in ((self.own, "near"), (self.far, "beyond")):
            self.judge("ip", "link", "add", "line", "netns", place, "type", "veth", "peer", "name",
                       name, "netns", self.middle)
            self.space(place, "python3", "-c", CHECKSUMS)
            self.judge("ip", "-n", self.middle, "link", "set", name, "up")

    def test_drop(self):
        """What is blocked does not arrive, the rest does; after a recall it arrives again."""
        self.start_echo()
        rules, _ = self.export("suricata-drop")
        process = self.start(self.middle, BRIDGE, rules, "--af-packet")
        passing = ("198.51.100.7", "2001:db8:6::7")
        self.wait(process, lambda: set(self.talk(*passing).values()) == {"passed"})
        self.assertEqual(set(self.talk("203.0.113.7", "2001:db8:5::7").values()), {"lost"})

        self.revoke(2, "[ipv4-addr:value = '203.0.113.7']")
        self.export("suricata-drop")
        process.send_signal(signal.SIGUSR2) # it reads its rules again
        self.wait(process, lambda: self.talk("203.0.113.7")["203.0.113.7"] == "passed")
        self.assertEqual(self.talk("2001:db8:5::7"), {"2001:db8:5::7": "lost"})


if __name__ == "__main__":
    unittest.main()
