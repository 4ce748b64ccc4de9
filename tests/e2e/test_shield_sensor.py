"""Exports of the shield in a sensor that alerts."""

import socket
import struct
import subprocess
import time
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


def conversation(number, asked, server="198.51.100.7", port=80):
    client, ports = "192.0.2.1", (50000 + number, port)
    back = ports[::-1]
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    return [tcp(client, server, ports, 1, 0, 2), tcp(server, client, back, 1, 2, 0x12),
            tcp(client, server, ports, 2, 2, 0x10), tcp(client, server, ports, 2, 2, 0x18, asked),
            tcp(server, client, back, 2, 2 + len(asked), 0x18, reply),
            tcp(client, server, ports, 2 + len(asked), 2 + len(reply), 0x11),
            tcp(server, client, back, 2 + len(reply), 3 + len(asked), 0x11)]


def lookup(name):
    return udp("192.0.2.1", "192.0.2.53", 53, question(name))


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
    packets = [lookup("www.alder.example"), lookup("xalder.example"),
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
            deadline = time.monotonic() + concert.PATIENCE
            while wanted not in self.alerts():
                self.assertIsNone(process.poll())
                self.assertLess(time.monotonic(), deadline, self.alerts())
                self.space(self.own, "python3", "-c", ASK, question(name).hex())
                time.sleep(0.2)

        ask_until("www.alder.example", "Concert domain")
        self.assertEqual(self.alerts(), {"Concert domain"})
        self.talk("198.51.100.7", "203.0.113.7")
        ask_until("xalder.example", "Concert address")


if __name__ == "__main__":
    unittest.main()
