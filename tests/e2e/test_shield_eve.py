"""What Suricata says of real captures, in its EVE log and in the captures themselves."""

import ipaddress
import json
import re
import subprocess
import unittest
from pathlib import Path

import concert
from shieldnode import indicator, needs

CAPTURES = Path(concert.DATA) / "traffic/arkime/pcap"

SETTINGS = """%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - dns
        - http: {extended: yes}
        - tls: {extended: yes, ja4: on}
        - quic: {ja4: on}
        - files: {force-hash: [md5, sha1, sha256]}
        - smtp
        - flow
app-layer:
  protocols:
    tls: {enabled: yes, ja3-fingerprints: yes, ja4-fingerprints: yes, detection-ports: {dp: 443}}
    quic: {enabled: yes, ja3-fingerprints: yes, ja4-fingerprints: yes}
    dns: {udp: {enabled: yes, detection-ports: {dp: 53}}, tcp: {enabled: yes, detection-ports: {dp: 53}}}
    http: {enabled: yes}
    smtp: {enabled: yes}
"""

PATTERNS = {"ipv4": "ipv4-addr:value", "ipv6": "ipv6-addr:value", "domain": "domain-name:value",
            "url": "url:value", "email": "email-addr:value", "md5": "file:hashes.MD5",
            "sha1": "file:hashes.'SHA-1'", "sha256": "file:hashes.'SHA-256'",
            "ja3": "network-traffic:x_tls.ja3", "ja4": "network-traffic:x_tls.ja4"}

NAME = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.I)


def host(text):
    """The kind and the canonical form of an address or a name; None: it is neither."""
    text = re.sub(r":\d+$", "", text or "") if (text or "").count(":") == 1 else (text or "")
    try:
        address = ipaddress.ip_address(text.strip("[]"))
        return f"ipv{address.version}", str(address)
    except ValueError:
        name = text.rstrip(".").lower()
        return ("domain", name) if len(name) <= 253 and NAME.fullmatch(name) else None


def values(event):
    """Kinds and values that a record names; of some members only what is sure to be a value."""
    for key in ("src_ip", "dest_ip"):
        yield host(event.get(key))
    dns = event.get("dns", {})
    yield host(dns.get("rrname"))
    for record in [record for part in ("queries", "answers", "authorities")
                   for record in dns.get(part, [])]:
        yield host(record.get("rrname"))
        if record.get("rrtype") in ("A", "AAAA", "CNAME", "NS"):
            yield host(record.get("rdata"))
    tls, quic, http, file = (event.get(part, {}) for part in ("tls", "quic", "http", "fileinfo"))
    for hello in (tls, quic if "ja3" in quic else {}):  # Google's QUIC has no ClientHello
        yield host(hello.get("sni"))
        yield "ja3", hello.get("ja3", {}).get("hash")
        yield "ja4", (hello.get("ja4") or "").lower()
    where = host(http.get("hostname"))
    yield where
    if where and http.get("protocol") != "HTTP/2" and http.get("http_port", 80) == 80 and re.fullmatch(
            r"/[\w/.=&?-]*", http.get("url", "")):
        yield "url", f"http://{where[1]}{http['url']}"
    for kind in ("md5", "sha1", "sha256"):
        yield kind, file.get(kind)
    for mailbox in [event.get("smtp", {}).get("mail_from"), *event.get("smtp", {}).get("rcpt_to", [])]:
        found = re.search(r"<([\w.+-]+@[\w.-]+\.[a-z]+)>$", mailbox or "")
        yield "email", found and found[1]


@needs("suricata")
@unittest.skipUnless(CAPTURES.is_dir(), "no CONCERT_DATA")
class SuricataEveTest(concert.NodeTestCase):
    def test_nothing_is_missed(self):
        done = subprocess.run(
            ["suricata", "-c", self.write("suricata.yaml", SETTINGS), "-r", CAPTURES,
             "-l", self.directory, "-k", "none", "--runmode", "single", "-S", "/dev/null",
             "--set", "classification-file=/dev/null", "--set", "reference-config-file=/dev/null"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        log = self.directory / "eve.json"
        events = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertGreater(len(events), 300, done.stdout)
        hellos = [event["quic"]["ja4"][0] for event in events if "ja4" in event.get("quic", {})]
        self.assertEqual(hellos, ["q", "q", "q"])
        wanted = {value for event in events for value in values(event) if value and value[1]}
        indicators = [indicator(i, f"[{PATTERNS[kind]} = '{value}']", None)
                      for i, (kind, value) in enumerate(sorted(wanted))]
        bundle = self.write("wanted.json", {"type": "bundle", "objects": indicators,
                                            "id": "bundle--0a000000-0000-4000-8000-00000000000a"})

        def found(*logs):
            hits = self.concert("match", "--json", "-i", bundle, *logs).lines()
            return {(hit["type"], hit["value"]) for hit in hits}
        self.assertEqual(wanted - found(log), set())
        # Files are not taken out of captures.
        self.assertEqual({value for value in wanted - found(*sorted(CAPTURES.iterdir()))
                          if value[0] not in ("md5", "sha1", "sha256")}, set())


if __name__ == "__main__":
    unittest.main()
