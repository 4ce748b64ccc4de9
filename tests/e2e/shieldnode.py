"""Nodes whose shield exports and releases: indicators, what is made of them, and judges of it. A judge
that is not installed is skipped, loudly."""

import shutil
import struct
import subprocess
import unittest

import concert

PAP = {"clear": "marking-definition--ad15a0cd-55b6-4588-a14c-a66105329b92",
       "green": "marking-definition--c43594d1-4b11-4c59-93ab-1c9b14d53ce9",
       "amber": "marking-definition--60f8932b-e51e-4458-b265-a2e8be9a80ab"}


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


def question(name):
    """What a resolver is asked: the address of @name."""
    return (struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) +
            b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) +
            b"\0\0\1\0\1")
