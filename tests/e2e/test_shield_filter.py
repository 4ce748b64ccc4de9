"""Exports of the shield in a packet filter that drops."""

import json
import unittest

import concert
from namespaces import ABSENT_NFT, NamespaceTestCase
from shieldnode import PORT, PORTS, indicator

# Sends a datagram from an address and port to the own host.
SEND = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) # beside who answers there
    sending.bind((sys.argv[1], int(sys.argv[2])))
    sending.sendto(b"x", ("192.0.2.1", 9))
"""


@unittest.skipIf(ABSENT_NFT, ABSENT_NFT)
class NftTest(NamespaceTestCase):
    def counted(self):
        listed = json.loads(self.space(self.own, "nft", "-j", "list", "counters"))["nftables"]
        return {each["counter"]["name"]: each["counter"]["packets"]
                for each in listed if "counter" in each}

    def send(self, address, port, counted):
        """What comes from there, and how many of them were dropped by then."""
        self.space(self.far, "python3", "-c", SEND, address, port)
        concert.until(lambda: self.counted()["from4"] >= counted)
        self.assertEqual(self.counted()["from4"], counted)

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


if __name__ == "__main__":
    unittest.main()
