"""HTTP as the server speaks it: bounds of size, time and rate, and requests that are not quite
requests. What is served is test_taxii.py's subject."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import concert  # noqa: E402
import test_taxii as taxii  # noqa: E402

OBJECTS = taxii.OBJECTS
MEGABYTE = 1 << 20


class HttpTestCase(taxii.TaxiiTestCase):
    def raw(self, text=b"", timeout=30):
        client = socket.create_connection((self.server.host, self.server.port), timeout=timeout)
        self.addCleanup(client.close)
        client.sendall(text.encode() if isinstance(text, str) else text)
        return client

    def ended(self, client):
        """Reads until the server hangs up."""
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                answer += piece
        return answer

    def head(self, *more, method="POST", path=OBJECTS, version="1.1"):
        lines = [f"{method} {path} HTTP/{version}", f"Authorization: {self.both}",
                 f"Content-Type: {concert.TAXII}", *more]
        return "\r\n".join(lines) + "\r\n\r\n"

    def check_refusal(self, answer, status):
        """@answer is one response, a TAXII error with @status, and nothing behind it."""
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertRegex(head, rb"^HTTP/1\.1 %d " % status)
        self.assertIn(concert.TAXII.encode(), head)
        error = json.loads(body)
        self.assertEqual(error["http_status"], str(status))
        return error


class SizeTest(HttpTestCase):
    settings = {"server": {"max_request_bytes": "1M"}}

    def test_clients_that_send_all_first_see_the_refusal(self):
        with contextlib.closing(self.server.connect()) as connection:
            connection.connect()
            kept = connection.sock
            for size, status in ((MEGABYTE + 1, 413), (MEGABYTE, 422), (5 * MEGABYTE, 413),
                                 (40 * MEGABYTE, 413)):
                connection.request("POST", OBJECTS, b" " * size,
                                   {"Authorization": self.both, "Content-Type": concert.TAXII})
                response = concert.Response(connection.getresponse())
                self.assertEqual(response.status, status, size)
                self.check_error(response)
                self.assertIs(connection.sock, kept)
            self.assertIn("1048576", self.post(" " * 2 * MEGABYTE, status=413).json()["description"])

    def test_unknown_length(self):
        body = (b" " * 65536 for _ in range(80))
        with contextlib.closing(self.server.connect()) as connection:
            connection.request("POST", OBJECTS, body, {"Authorization": self.both,
                                                       "Content-Type": concert.TAXII},
                               encode_chunked=True)
            response = concert.Response(connection.getresponse())
            self.assertEqual(response.status, 413)
            self.check_error(response)

    def test_other_refusals_reach_the_sender(self):
        body = " " * 5 * MEGABYTE
        self.post(body, status=401, auth=concert.basic("alder", "wrong"))
        self.post(body, status=404, path="/main/collections/none/objects/")
        self.post(body, status=415, headers={"Content-Type": "text/plain"})
        response = self.server.request("GET", "/taxii2/", body, auth=self.both)
        self.assertEqual(response.status, 200)

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl(self):
        path = self.write("body.json", b" " * 5 * MEGABYTE)
        for expect, sent in (("100-continue", 0), ("", 5 * MEGABYTE)):
            result = subprocess.run(
                ["curl", "-sS", "-o", "-", "-w", "\n%{http_code} %{size_upload}", "-H",
                 f"Expect: {expect}" if expect else "Expect:", "-H", f"Content-Type: {concert.TAXII}",
                 "-H", f"Authorization: {self.both}", "--data-binary", f"@{path}",
                 self.server.url + OBJECTS], capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 0, result.stderr)
            body, _, figures = result.stdout.rpartition("\n")
            self.assertEqual(figures, f"413 {sent}")
            self.assertEqual(json.loads(body)["error_code"], "too-large")

    def test_who_waits_for_leave_is_refused_before_sending(self):
        for length, status in ((MEGABYTE + 1, 413), (10 ** 15, 413)):
            client = self.raw(self.head("Host: a", f"Content-Length: {length}",
                                        "Expect: 100-continue"))
            self.check_refusal(self.ended(client), status)
        client = self.raw(self.head("Host: a", "Content-Length: 14", "Connection: close",
                                    "Expect: 100-continue"))
        self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 100 "))
        client.sendall(b'{"objects":[]}')
        self.assertRegex(self.ended(client), rb"^HTTP/1\.1 202 ")

    def test_discarding_has_an_end(self):
        """Of a refused body 64 MB are read; what announces more is answered at once."""
        for method, status in (("POST", 413), ("GET", 413), ("DELETE", 405)):
            client = self.raw(self.head("Host: a", f"Content-Length: {65 * MEGABYTE}",
                                        method=method))
            self.check_refusal(self.ended(client), status)
        client = self.raw(self.head("Host: a", "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        sent = 0
        with self.assertRaises(ConnectionError):
            while sent < 200 * MEGABYTE:
                client.sendall(piece)
                sent += 65536
        self.assertGreater(sent, 60 * MEGABYTE)
        self.get("/taxii2/")

    def test_chunks_have_the_time_their_bytes_take(self):
        self.server.stop()
        self.configure({"server": {"request_deadline": "2s"}})
        self.server = self.serve()
        client = self.raw(self.head("Host: a", "Transfer-Encoding: chunked", "Connection: close"))
        client.sendall(b'c\r\n{"objects":[\r\n')
        for _ in range(10):
            client.sendall(b"2710\r\n" + b" " * 10000 + b"\r\n")
            time.sleep(0.5)
        client.sendall(b"2\r\n]}\r\n0\r\n\r\n")
        self.assertRegex(self.ended(client), rb"^HTTP/1\.1 202 ")


class TlsSizeTest(HttpTestCase):
    settings = {"server": {"max_request_bytes": "1M", "tls": "on"}}

    def test_refusal_reaches_the_sender(self):
        self.assertEqual(self.server.scheme, "https")
        self.post(" " * 5 * MEGABYTE, status=413)


class FramingTest(HttpTestCase):
    """What others may read in another way is refused at once, and the end of the connection."""

    def refused(self, text, status):
        started = time.monotonic()
        answer = self.ended(self.raw(text))
        self.assertLess(time.monotonic() - started, 10)
        if self.library >= (1,) and concert.TAXII.encode() not in answer:
            # It refuses most of these itself, from 1.0 on.
            self.assertRegex(answer, rb"^HTTP/1\.1 400 [^\r]*\r\n(.+\r\n)*Connection: close\r\n")
            self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d", answer)), 1)
            return
        self.assertTrue(self.check_refusal(answer, status)["description"])

    @property
    def library(self):
        version = concert.run("version", "--json").json()["libraries"]["libmicrohttpd"]
        return tuple(map(int, version.split(".")))

    def test_unknown_codings(self):
        for coding in ("gzip", "gzip, chunked", "identity", "chunked, chunked", "chunked;a=b", "x"):
            self.refused(self.head("Host: a", f"Transfer-Encoding: {coding}"), 501)
            self.refused(self.head("Host: a", f"Transfer-Encoding: {coding}", method="GET"), 501)
        self.refused(self.head("Host: a", "Transfer-Encoding: gzip") + "x" * 100000, 501)

    def test_length_and_coding(self):
        for headers in (("Content-Length: 14", "Transfer-Encoding: chunked"),
                        ("Transfer-Encoding: chunked", "Content-Length: 14"),
                        ("Content-Length: 14", "Transfer-Encoding: gzip"),
                        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
                        ("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
                        ("Content-Length: 14", "Content-Length: 14")):
            self.refused(self.head("Host: a", *headers), 400)
        self.refused(self.head("Transfer-Encoding: chunked", version="1.0"), 400)

    def test_names_with_white_space(self):
        for header in ("Content-Length : 14", "Content-Length\t: 14", "X Y: 1"):
            self.refused(self.head("Host: a", header), 400)

    def test_hosts(self):
        self.refused(self.head("Content-Length: 0"), 400)
        self.refused(self.head("Host: a", "Host: a"), 400)

    def test_refused_by_the_library(self):
        """libmicrohttpd answers these itself, without a TAXII error; docs/taxii.md lists them."""
        for text, status in (
                ("GET /\r\n\r\n", 400), ("GET / XTTP/1.1\r\n\r\n", 400),
                ("GET / HTTP/2.0\r\n\r\n", 505), ("GET / HTTP/0.9\r\n\r\n", 505),
                ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
                ("GET /" + "a" * 20000, 414),
                ("GET / HTTP/1.1\r\nX: " + "a" * 20000, 431),
                (self.head("Host: a", "Content-Length: -1"), 400),
                (self.head("Host: a", "Content-Length: 1, 1"), 400),
                (self.head("Host: a", "Content-Length: " + "9" * 30), 413),
                (self.head("Host: a", "Transfer-Encoding: chunked") + "zz\r\n", 400),
                (self.head("Host: a", "Transfer-Encoding: chunked") + "f" * 20 + "\r\n", 413),
                (self.head("Host: a", "Transfer-Encoding: chunked") + "0\r\nno colon\r\n\r\n", 400)):
            answer = self.ended(self.raw(text))
            self.assertRegex(answer, rb"^HTTP/1\.1 %d " % status, text[:80])
        # Nearly as much is no trouble.
        self.assertRegex(self.ended(self.raw(self.head("Host: a", "X: " + "a" * 12000,
                                                       "Connection: close", method="GET"))),
                         rb"^HTTP/1\.1 200 ")


class AccountRateTest(HttpTestCase):
    settings = {"server": {"account_requests_per_second": 1}}

    def until_refused(self, ask):
        """Asks until 429; returns after how many answers, and the refusal."""
        for count in range(100):
            response = ask()
            if response.status == 429:
                self.check_error(response)
                return count, response
        self.fail("never refused")

    def test_an_account_is_bounded(self):
        birch = self.account("birch", "reader", grants=[("main", "r")])
        count, refusal = self.until_refused(lambda: self.server.get("/taxii2/", auth=self.both))
        self.assertGreaterEqual(count, 10)
        self.assertLess(count, 60)
        self.assertIn("account", refusal.json()["description"])
        wait = int(refusal.headers["Retry-After"])
        self.assertEqual(wait, 1)
        # Others go on, who did not log in too, and the account itself after the time it was told.
        self.get("/taxii2/", auth=birch)
        self.assertEqual(self.server.get("/health").status, 200)
        time.sleep(wait)
        self.get("/taxii2/")
        metrics = self.server.get("/metrics").body.decode()
        self.assertRegex(metrics, r"(?m)^concert_over_account_rate_total [1-9]")
        self.assertRegex(metrics, r"(?m)^concert_over_address_rate_total 0$")

    def test_what_is_refused_is_not_done(self):
        number = 0

        def add():
            nonlocal number
            number += 1
            return self.server.post(OBJECTS, {"objects": [taxii.indicator(number)]}, auth=self.both)
        self.until_refused(add)
        birch = self.account("birch", "reader", grants=[("main", "r")])
        self.assertEqual(len(self.get(OBJECTS, auth=birch).json()["objects"]), number - 1)


class NoRateTest(HttpTestCase):
    def test_no_bound_unless_set(self):
        with contextlib.closing(self.server.connect()) as connection:
            for _ in range(2000):
                connection.request("GET", "/taxii2/", headers={"Authorization": self.both})
                response = connection.getresponse()
                response.read()
                self.assertEqual(response.status, 200)


def outward_address():
    """An IPv4 address of this machine that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if re.match(r"127\.|0\.", address) else address


@unittest.skipUnless(outward_address(), "no address but loopback")
class AddressRateTest(HttpTestCase):
    settings = {"server": {"requests_per_second": 1, "listen": f"{outward_address()}:0"}}

    def test_an_address_is_bounded(self):
        for _ in range(100):
            response = self.server.get("/taxii2/", auth=self.both)
            if response.status == 429:
                break
        self.assertEqual(response.status, 429)
        self.check_error(response)
        self.assertGreaterEqual(int(response.headers["Retry-After"]), 1)
        self.assertIn("address", response.json()["description"])


class StatusTest(HttpTestCase):
    def test_bundles(self):
        bundle = {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001",
                  "objects": [taxii.indicator(2)]}
        for nested in (bundle, {**bundle, "spec_version": "2.0"}, {"type": "bundle"}):
            status = self.post([taxii.indicator(1), nested]).json()
            self.assertEqual((status["success_count"], status["failure_count"]), (1, 1))
            self.assertIn('send its objects in an envelope, {"objects": [...]}',
                          status["failures"][0]["message"])
        self.assertEqual(self.ids(OBJECTS), [taxii.indicator(1)["id"]])
        # A bundle is an envelope with properties that say nothing to TAXII.
        status = self.post(json.dumps(bundle)).json()
        self.assertEqual(status["success_count"], 1)
        self.assertEqual(len(self.ids(OBJECTS)), 2)

    def test_what_is_no_envelope(self):
        for body, what in ((json.dumps({"type": "bundle", "id": "bundle--1"}), "bundle of nothing"),
                           (json.dumps(taxii.indicator(1)), "object itself"),
                           (json.dumps([taxii.indicator(1)]), "no JSON object"),
                           ("{}", 'no "objects"')):
            description = self.post(body, status=422).json()["description"]
            self.assertIn(what, description)
            self.assertIn('send {"objects": [...]}', description)

    def test_more_failures_than_are_listed(self):
        bad = [{"type": "indicator", "id": f"x{n}"} for n in range(12345)]
        status = self.post([taxii.indicator(1), *bad, taxii.indicator(2)]).json()
        self.assertEqual((status["total_count"], status["success_count"], status["failure_count"],
                          status["pending_count"]), (12347, 2, 12345, 0))
        self.assertEqual([failure["id"] for failure in status["failures"]],
                         [f"x{n}" for n in range(10000)])
        self.assertEqual(status["x_concert_failures_omitted"], 2345)
        self.assertEqual(len(status["successes"]), 2)
        self.assertEqual(self.get(f"/main/status/{status['id']}/").json(), status)
        self.assertNotIn("x_concert_failures_omitted", self.post(bad[:10000]).json())


if __name__ == "__main__":
    unittest.main()
