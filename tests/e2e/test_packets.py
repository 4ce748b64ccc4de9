"""`concert match` on captures and dnstap, made here: hits say which packet, when, between whom."""

import gzip
import struct
import unittest
from pathlib import Path

import concert

ALDER, BIRCH = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 7])
QUERY = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + b"\3www\5alder\7example\0" + struct.pack(">2H", 1, 1)
REQUEST = b"GET /a HTTP/1.1\r\nHost: birch.example\r\nUser-Agent: x/198.51.100.9\r\n\r\n"
QUIC = Path(__file__).resolve().parent.parent / "data/quic"
LIST = "alder.example\nhttp://birch.example/a\n198.51.100.0/24\n"


def ip(protocol, payload, source=ALDER, destination=BIRCH):
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return bytes(12) + b"\x08\0" + header + source + destination + payload


def udp(source, destination, payload):
    return ip(17, struct.pack(">4H", source, destination, 8 + len(payload), 0) + payload)


def tcp(source, destination, sequence, payload, flags=0x10):
    return ip(6, struct.pack(">2H2I4H", source, destination, sequence, 0, 0x5000 | flags, 0, 0, 0)
              + payload)


def capture(*frames):
    packets = b"".join(struct.pack("<4I", 1700000000 + number, 0, len(frame), len(frame)) + frame
                       for number, frame in enumerate(frames))
    return struct.pack("<I2H4I", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1) + packets


def field(number, value):
    if isinstance(value, bytes):
        return bytes([number << 3 | 2, len(value)]) + value
    return bytes([number << 3, value])


def dnstap():
    start = struct.pack(">3I", 2, 1, 22) + b"protobuf:dnstap.Dnstap"
    message = field(1, 5) + field(2, 1) + field(3, 1) + field(4, ALDER) + field(10, QUERY)
    frame = field(15, 1) + field(14, message)
    return bytes(4) + struct.pack(">I", len(start)) + start + struct.pack(">I", len(frame)) + frame


class PacketsTest(concert.TestCase):
    def hits(self, path, input=None):
        feed = self.write("list.txt", LIST)
        return concert.run("match", "--json", "-i", feed, path, input=input).lines()

    def file(self, name, data):
        path = self.write(name, "")
        path.write_bytes(data)
        return path

    def test_capture(self):
        """A DNS query, and a request whose segments come out of order."""
        data = capture(udp(5000, 53, QUERY), tcp(5001, 8080, 9, b"", flags=2),
                       tcp(5001, 8080, 20, REQUEST[10:]), tcp(5001, 8080, 10, REQUEST[:10]))
        hits = self.hits(self.file("a.pcap", data))
        self.assertEqual([(hit["line"], hit["field"], hit["value"]) for hit in hits], [
            (1, "ip.dst", "198.51.100.0/24"), (1, "dns.query", "alder.example"),
            (2, "ip.dst", "198.51.100.0/24"), (4, "http.url", "http://birch.example/a")])

    def test_times_and_ends(self):
        data = capture(udp(5000, 53, QUERY), tcp(5001, 8080, 0, REQUEST))
        hits = self.hits(self.file("a.pcap", data))
        self.assertEqual([hit["field"] for hit in hits],
                         ["ip.dst", "dns.query", "ip.dst", "http.url"])
        url = hits[-1]
        self.assertEqual({key: url[key] for key in (
            "type", "seen", "time", "proto", "src_ip", "src_port",
            "dest_ip", "dest_port", "column", "format")}, {
                "type": "url", "seen": "http://birch.example/a", "time": "2023-11-14T22:13:21.000000Z",
                "proto": "tcp", "src_ip": "192.0.2.1", "src_port": 5001,
                "dest_ip": "198.51.100.7", "dest_port": 8080, "column": None,
                "format": "packets"})

    def test_quic(self):
        """The client's packet of RFC 9001 A.2, on a port of its own, from the higher address; then
        with a byte changed, cut off in the capture, and in fragments."""
        right = bytes.fromhex((QUIC / "rfc9001-a2.hex").read_text())

        def sent(port, payload):
            return ip(17, struct.pack(">4H", port, 8443, 8 + len(payload), 0) + payload,
                      source=BIRCH, destination=ALDER)
        wrong, whole = right[:-1] + b"x", sent(5003, right)
        fragments = [bytearray(ip(17, whole[34:34 + 800], BIRCH, ALDER)),
                     bytearray(ip(17, whole[34 + 800:], BIRCH, ALDER))]
        fragments[0][20:22], fragments[1][20:22] = b"\x20\0", struct.pack(">H", 100)
        path = self.file("a.pcap", capture(sent(5000, wrong), sent(5001, right)[:-100],
                                           sent(5002, right), *fragments))
        feed = self.write("quic.txt", "example.com\n")
        hits = concert.run("match", "--json", "-i", feed, path).lines()
        self.assertEqual([{key: hit[key] for key in (
            "value", "field", "line", "time", "proto", "src_ip", "src_port", "dest_ip", "dest_port")}
            for hit in hits], [{
                "value": "example.com", "field": "tls.sni", "line": line,
                "time": f"2023-11-14T22:13:{19 + line}.000000Z", "proto": "udp",
                "src_ip": "198.51.100.7", "src_port": port, "dest_ip": "192.0.2.1",
                "dest_port": 8443} for line, port in ((3, 5002), (5, 5003))])

    def test_compressed_piped_and_cut(self):
        data = capture(udp(5000, 53, QUERY), udp(5001, 53, QUERY))
        self.assertEqual(len(self.hits(self.file("a.pcap.gz", gzip.compress(data)))), 4)
        self.assertEqual(len(self.hits("-", input=data)), 4)
        feed, cut = self.write("list.txt", LIST), self.file("cut.pcap", data[:-10])
        result = concert.run("match", "--json", "-i", feed, cut)
        self.assertEqual(len(result.lines()), 3)
        self.assertIn("cut off by the end of the file", result.err)

    def test_dnstap(self):
        hits = self.hits(self.file("tap", dnstap()))
        self.assertEqual([(hit["line"], hit["field"], hit["src_ip"]) for hit in hits],
                         [(1, "dns.query", "192.0.2.1")])

    def test_patterns(self):
        """A lookup, and within a minute a request to the host: two packets fulfil one pattern."""
        pattern = ("([domain-name:value = 'www.alder.example'] FOLLOWEDBY "
                   "[url:value = 'http://birch.example/a']) WITHIN 60 SECONDS")
        feed = self.write("feed.json", {
            "type": "indicator", "spec_version": "2.1", "created": "2023-01-01T00:00:00.000Z",
            "modified": "2023-01-01T00:00:00.000Z", "valid_from": "2023-01-01T00:00:00Z",
            "id": "indicator--00000001-1111-4111-8111-111111111111",
            "pattern": pattern, "pattern_type": "stix"})
        request, lookup = tcp(5001, 8080, 0, REQUEST), udp(5000, 53, QUERY)
        path = self.file("a.pcap", capture(lookup, request))
        [hit] = concert.run("match", "--patterns", "--json", "-i", feed, path).lines()
        self.assertEqual((hit["value"], hit["observations"], hit["first_observed"]),
                         (pattern, [f"{path}:1", f"{path}:2"], "2023-11-14T22:13:20.000000Z"))
        path = self.file("b.pcap", capture(request, lookup))
        concert.run("match", "--patterns", "-i", feed, path, status=1)

    def test_broken(self):
        feed, broken = self.write("list.txt", LIST), self.file("b.pcap", capture()[:20])
        result = concert.run("match", "-i", feed, broken, status=2)
        self.assertIn("broken capture", result.err)


if __name__ == "__main__":
    unittest.main()
