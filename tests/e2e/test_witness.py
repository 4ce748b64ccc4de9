"""Witnesses: real nodes that cosign each other's ledgers, a node as witness of a log that is not
ours, a node's ledger and witnesses of every temper, and forks, which are found, kept and told."""

import base64
import contextlib
import http.server
import shutil
import threading
import time
import unittest

import concert
import judge
import treelog

QUICK = {"fetch": {"allow_private": "yes"},
         "ledger": {"cosign_interval": "0", "cosign_ask_interval": "1s"}}
ADD = "/ledger/witness/add-checkpoint"


class Node:
    """A node of its own, and its server when it is served."""

    def __init__(self, test, name, settings=QUICK):
        self.test, self.name, self.server = test, name, None
        self.path = test.directory / name
        self.origin = f"cert.{name}.example/ledger"
        concert.run("init", "--node", self.path, "--name", f"cert.{name}.example", "--listen",
                    "127.0.0.1:0")
        concert.configure(self.path, settings)

    def run(self, *arguments, **keywords):
        return concert.run("--node", self.path, *arguments, **keywords)

    def key(self, role):
        return self.run("ledger", "status", "--json", status=None).json()["keys"][role]

    def serve(self):
        self.server = concert.Server(self.path)
        self.test.addCleanup(self.server.stop)
        return self.server

    def stop(self):
        self.test.assertEqual(self.server.stop(), 0, self.server.log)
        self.server = None

    @property
    def url(self):
        return f"{self.server.url}/ledger/witness"

    def append(self, title):
        self.run("ledger", "append", title)

    def size(self):
        return self.run("ledger", "status", "--json", status=None).json()["size"]

    def list(self, kind):
        return [line for line in self.run("ledger", "witness", "list", "--json", status=None).lines()
                if line["is"] == kind]

    def witness(self, name):
        return next(w for w in self.list("witness") if w["name"] == name)

    def log(self, origin):
        return next(log for log in self.list("log") if log["origin"] == origin)

    def checkpoint(self):
        return self.server.get("/ledger/checkpoint", headers={"Accept": "text/plain"}).body.decode()


class WitnessTestCase(concert.TestCase):
    def wait(self, what, condition):
        """Until @condition gives something true, which is returned."""
        return concert.until(condition, what)

    def cosigned(self, node, names, size):
        """Until the served checkpoint is of that size and bears the cosignatures of those nodes."""
        def look():
            text = node.checkpoint()
            signers = [line.split(" ")[1] for line in text.splitlines() if line.startswith("\u2014")]
            return (text if text.split("\n")[1] == str(size) and
                    set(signers[1:]) == {f"cert.{name}.example/witness" for name in names} else None)
        return self.wait(f"{size} entries cosigned by {names}", look)


class QuorumTest(WitnessTestCase):
    """Alder's ledger, cosigned by Birch and Cedar."""

    def setUp(self):
        super().setUp()
        self.alder, self.birch, self.cedar = (Node(self, name)
                                              for name in ("alder", "birch", "cedar"))
        lines = [f"log {self.alder.key('ledger')}"]
        for witness in (self.birch, self.cedar):
            witness.serve()
            witness.run("ledger", "witness", "watch", self.alder.key("ledger"))
            lines.append(f"witness {witness.name} {witness.key('cosign')} {witness.url}")
        self.policy = self.write("forum.policy", "\n".join(
            [*lines, "group both all birch cedar", "quorum both", ""]))
        concert.configure(self.alder.path, {"ledger": {**QUICK["ledger"], "public": "yes",
                                                       "policy": self.policy}})

    def verify(self, status):
        return concert.run("ledger", "verify", f"{self.alder.server.url}/ledger", "--policy",
                           self.policy, "--allow-private", status=status)

    def test_quorum(self):
        self.alder.serve()
        self.alder.run("ledger", "witness", "add", "birch")  # as the policy has it
        self.cosigned(self.alder, ["birch"], 1)
        self.verify(1)
        self.alder.run("ledger", "witness", "add", self.cedar.key("cosign"), self.cedar.url + "/")
        self.cosigned(self.alder, ["birch", "cedar"], 1)
        self.verify(0)
        for i in range(3):
            self.alder.append(f"statement {i}")
        text = self.cosigned(self.alder, ["birch", "cedar"], 4)
        self.verify(0)
        body, lines = text.split("\n\n")
        for line, witness in zip(lines.splitlines()[1:], (self.birch, self.cedar)):
            self.assertTrue(treelog.cosigned(body + "\n", line, witness.key("cosign")))

        status = self.alder.run("status", "--json").json()
        self.assertEqual((status["witnesses"], status["witnesses_failing"],
                          status["ledger_size"], status["ledger_cosigned"]), (2, 0, 4, 4))
        listed = self.alder.witness("cert.birch.example/witness")
        self.assertEqual((listed["size"], listed["status"]), (4, 200))
        self.assertNotIn("failure", listed)
        self.assertEqual(self.birch.log(self.alder.origin)["size"], 4)

        # One of them goes: the newest checkpoint has one cosignature, and status tells of it.
        self.cedar.stop()
        self.alder.append("without Cedar")
        self.cosigned(self.alder, ["birch"], 5)
        self.wait("failure told", lambda: "failure" in self.alder.witness(
            "cert.cedar.example/witness"))
        status = self.alder.run("status", status=1)
        self.assertIn("witness cert.cedar.example/witness: ", status.out)
        self.verify(1)
        self.alder.run("ledger", "witness", "remove", "cert.cedar.example/witness")
        self.alder.run("ledger", "witness", "remove", "cert.cedar.example/witness", status=1)
        self.alder.run("status")
        self.alder.stop()
        self.birch.stop()

    @judge.needed
    def test_judge(self):
        """An independent program believes the cosignatures."""
        self.alder.serve()
        self.alder.run("ledger", "witness", "add", "birch")
        self.alder.run("ledger", "witness", "add", "cert.cedar.example/witness")
        self.cosigned(self.alder, ["birch", "cedar"], 1)
        mirror = self.directory / "mirror"
        self.alder.run("ledger", "mirror", mirror)
        judge.accepts(mirror, key=self.alder.key("ledger"),
                      cosigner=[self.birch.key("cosign"), self.cedar.key("cosign")])

    def test_names(self):
        result = self.alder.run("ledger", "witness", "add", "nobody", status=2)
        self.assertIn("nobody", result.err)
        self.alder.run("ledger", "witness", "add", self.alder.key("ledger"), "http://192.0.2.1",
                       status=2)
        self.alder.run("ledger", "witness", "add", self.birch.key("cosign"), status=2)
        self.alder.run("ledger", "witness", "watch", self.birch.key("cosign"), status=2)
        self.alder.run("ledger", "witness", "unwatch", "nobody.example", status=1)
        self.alder.run("ledger", "witness", "settle", "nobody.example", "--keep", "first", status=1)
        self.alder.run("ledger", "witness", "settle", "nobody.example", status=2)
        self.alder.run("ledger", "witness", "evidence", status=1)
        self.birch.run("ledger", "witness", "unwatch", self.alder.origin)
        self.assertFalse(self.birch.log(self.alder.origin)["watched"])


class ForkTest(WitnessTestCase):
    """A node's directory is copied, and both copies go on with the same key."""

    def setUp(self):
        super().setUp()
        self.alder, self.birch = Node(self, "alder"), Node(self, "birch")
        self.birch.serve()
        self.birch.run("ledger", "witness", "watch", self.alder.key("ledger"))
        self.alder.run("ledger", "witness", "add", self.birch.key("cosign"), self.birch.url)
        self.alder.append("common")
        self.twin = Node(self, "twin")
        shutil.rmtree(self.twin.path)
        shutil.copytree(self.alder.path, self.twin.path)

    def grow(self, node, title, size):
        for i in range(node.size(), size):
            node.append(f"{title} {i}")

    def ask(self, node):
        """Serves the node until Birch has answered it; how it did."""
        name = "cert.birch.example/witness"
        before = node.witness(name).get("asked")
        time.sleep(1)  # times are told in seconds
        node.serve()
        try:
            return self.wait("an answer",
                             lambda: (w := node.witness(name)).get("asked") != before and w)
        finally:
            node.stop()

    def frozen(self):
        """Evidence is there, loud and convincing."""
        status = self.birch.run("status", "--json", status=1).json()
        self.assertEqual(status["logs_frozen"], [self.alder.origin])
        self.assertIn("EQUIVOCATION: cert.alder.example/ledger",
                      self.birch.run("status", status=1).out)
        metrics = self.birch.server.get("/metrics/").body.decode()
        self.assertIn("\nconcert_witness_frozen_logs 1\n", metrics)
        self.assertTrue(self.birch.log(self.alder.origin)["frozen"])
        (evidence,) = self.birch.run("ledger", "witness", "evidence", "--json").lines()
        out = self.birch.run("ledger", "witness", "evidence", self.alder.origin).out
        public = base64.b64decode(self.alder.key("ledger").split("+", 2)[2])[1:]
        for name in ("first", "second"):
            text, lines = evidence[name].split("\n\n")
            signature = base64.b64decode(lines.split(" ")[2])[4:]
            self.assertTrue(treelog.verify(public, (text + "\n").encode(), signature))
            self.assertIn(text.split("\n")[2], out)
        self.assertNotIn("settled", evidence)
        return [evidence[name].split("\n")[1:3] for name in ("first", "second")], evidence

    def settle(self, keep):
        self.birch.run("ledger", "witness", "settle", self.alder.origin, "--keep", keep)
        self.birch.run("status")
        self.birch.run("ledger", "witness", "evidence", status=1)
        (evidence,) = self.birch.run("ledger", "witness", "evidence", "--all", "--json").lines()
        self.assertEqual(evidence["decision"], keep)

    def test_same_size(self):
        self.grow(self.alder, "alder", 5)
        self.grow(self.twin, "twin", 5)
        self.assertEqual(self.ask(self.alder)["size"], 5)
        answer = self.ask(self.twin)
        self.assertIn(answer["status"], (403, 409))
        self.assertIn("failure", answer)
        (first, second), evidence = self.frozen()
        self.assertEqual((first[0], second[0]), ("5", "5"))
        self.assertNotEqual(first[1], second[1])
        self.assertNotIn("proof", evidence)

        # Frozen: the genuine one is not cosigned either, until somebody decides.
        self.alder.append("more")
        answer = self.ask(self.alder)
        self.assertEqual(answer["status"], 403)
        self.assertIn("frozen", answer["failure"])
        self.settle("first")
        self.alder.serve()
        self.wait("cosigned again",
                  lambda: self.alder.witness("cert.birch.example/witness")["size"] == 6)

    def test_larger(self):
        """The twin is ahead, and its own proof convicts it."""
        self.grow(self.alder, "alder", 5)
        self.grow(self.twin, "twin", 7)
        self.ask(self.alder)
        answer = self.ask(self.twin)
        self.assertEqual(answer["status"], 422)
        self.assertIn("second copy", answer["failure"])
        (first, second), evidence = self.frozen()
        self.assertEqual((first[0], second[0]), ("5", "7"))
        self.assertTrue(evidence["proof"])
        self.settle("second")
        self.twin.serve()
        self.wait("the twin is cosigned",
                  lambda: self.twin.witness("cert.birch.example/witness")["size"] == 7)

    def test_smaller(self):
        """The twin is behind: it is held, and signs nothing more."""
        self.grow(self.alder, "alder", 7)
        self.grow(self.twin, "twin", 5)
        self.ask(self.alder)
        answer = self.ask(self.twin)
        self.assertEqual(answer["status"], 409)
        self.assertIn("rolled back", answer["failure"])
        self.twin.run("ledger", "append", "never", status=2)
        self.assertIn("held", self.twin.run("status", status=1).out)
        self.assertTrue(self.twin.run("status", "--json", status=1).json()["ledger_held"])
        self.assertTrue(self.twin.run("ledger", "status", "--json", status=1).json()["held"])

    def test_drop(self):
        self.grow(self.alder, "alder", 5)
        self.grow(self.twin, "twin", 5)
        self.ask(self.alder)
        self.ask(self.twin)
        self.birch.run("ledger", "witness", "unwatch", self.alder.origin, status=2)
        self.settle("drop")
        self.alder.append("more")
        self.assertEqual(self.ask(self.alder)["status"], 404)


class Double(http.server.BaseHTTPRequestHandler):
    """A witness that answers as the test wants."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, body.decode()))
        status, headers, answer = self.server.answer(body.decode())
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class TemperTest(WitnessTestCase):
    """Alder's ledger and a witness that is none of ours."""

    def setUp(self):
        super().setUp()
        self.key = treelog.Key("witness.forum.example", treelog.COSIGNATURE)
        self.double = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Double)
        self.double.requests, self.double.answer = [], self.cosign
        self.double.handle_error = lambda *arguments: None  # a node that hangs up
        threading.Thread(target=self.double.serve_forever, daemon=True).start()
        self.addCleanup(self.double.server_close)
        self.addCleanup(self.double.shutdown)
        self.alder = Node(self, "alder")
        self.alder.run("ledger", "witness", "add", self.key.vkey,
                       f"http://127.0.0.1:{self.double.server_port}/forum")
        self.alder.serve()

    def text(self, body):
        head, text, _ = body.split("\n\n")
        return text + "\n"

    def cosign(self, body):
        return 200, {}, self.key.line(self.text(body), int(time.time())).encode()

    def tempers(self):
        """(answer, what becomes of it)"""
        other = treelog.Key("witness.forum.example", treelog.ED25519)
        yield lambda body: (404, {}, b"who?\n"), "does not watch"
        yield lambda body: (403, {}, b"no\n"), "does not accept"
        yield lambda body: (422, {}, b"\x1b[31mred\n"), "second copy of this node? (status 422)"
        yield lambda body: (422, {}, b"wrong\nproof\n"), "second copy of this node? (status 422: wrong)"
        yield lambda body: (409, {"Content-Type": "text/plain"}, b"5\n"), "another tree"
        yield lambda body: (400, {}, b""), "does not understand"
        yield lambda body: (500, {}, b"\xff\xfe"), "cannot answer (status 500"
        yield lambda body: (302, {"Location": "http://127.0.0.1:9/"}, b""), "redirected"
        yield lambda body: (200, {}, b""), "no good cosignature"
        yield lambda body: (200, {}, b"x" * 300000), "larger than"
        yield lambda body: (200, {}, other.line(self.text(body)).encode()), "no good cosignature"
        yield (lambda body: (200, {}, self.key.line(self.text(body) + "more\n").encode()),
               "no good cosignature")
        yield (lambda body: (409, {"Content-Type": "text/x.tlog.size"}, b"0\n"),
               "contradicts itself")
        yield (lambda body: (409, {"Content-Type": "text/x.tlog.size"}, b"1x\n"), "another tree")

    def test_tempers(self):
        name = self.key.name
        self.wait("cosigned", lambda: self.alder.witness(name)["size"] == 1)
        path, body = self.double.requests[0]
        self.assertEqual(path, "/forum/add-checkpoint")
        self.assertTrue(body.startswith("old 0\n\ncert.alder.example/ledger\n1\n"), body)
        self.assertIn(" witness.forum.example ", self.alder.checkpoint())
        for i, (answer, words) in enumerate(self.tempers()):
            with self.subTest(words):
                self.double.answer = answer
                # Asked again by a new server: one that was refused has more and more patience.
                self.alder.stop()
                self.alder.append(f"statement {i}")
                self.alder.serve()
                failure = self.wait(words, lambda: words in (
                    f := self.alder.witness(name).get("failure", "")) and f)
                self.assertNotIn("\x1b", failure)
                self.assertEqual(self.alder.size(), 2 + i)
        self.assertFalse(self.alder.run("ledger", "status", "--json").json()["held"])
        self.double.answer = self.cosign
        self.alder.stop()
        self.alder.serve()
        self.wait("cosigned", lambda: self.alder.witness(name)["size"] == self.alder.size())
        self.alder.run("status")

    def test_behind(self):
        """The witness tells from where the proof must lead, and the proof holds."""
        name = self.key.name
        self.wait("cosigned", lambda: self.alder.witness(name)["size"] == 1)
        seen = {}

        def behind(body):
            old = int(body.split("\n")[0].split(" ")[1])
            size = int(self.text(body).split("\n")[1])
            if old != 3 and size > 3:
                return 409, {"Content-Type": "text/x.tlog.size"}, b"3\n"
            seen[size] = body.split("\n\n")[0].split("\n")[1:]
            return self.cosign(body)

        self.double.answer = behind
        self.alder.stop()
        for i in range(10):
            self.alder.append(f"statement {i}")
        self.alder.serve()
        self.wait("cosigned", lambda: self.alder.witness(name)["size"] == 11)
        entries = [bytes.fromhex(line["entry"]) for line in self.alder.run(
            "ledger", "list", "--json", "--limit", "100").lines()][::-1]
        log = treelog.Log(entries)
        self.assertEqual(seen[11], [base64.b64encode(hash).decode()
                                    for hash in log.consistency(3, 11)])

    def test_ahead(self):
        """It has seen more than there is: nothing is signed any more."""
        self.double.answer = lambda body: (409, {"Content-Type": "text/x.tlog.size"}, b"1000\n")
        self.wait("held", lambda: self.alder.run("ledger", "status", "--json",
                                                 status=None).json()["held"])
        self.alder.run("ledger", "append", "never", status=2)
        self.wait("told", lambda: any("1000 entries" in line for line in self.alder.server.log))
        self.assertIn("1000 entries", self.alder.run("status", status=1).out)
        self.alder.stop()

    def test_busy(self):
        """429 is no failure; it says when to come again."""
        answers = [(429, {"Retry-After": "2"}, b"later\n")]
        times = []

        def busy(body):
            times.append(time.monotonic())
            return answers.pop() if answers else self.cosign(body)

        self.wait("cosigned", lambda: self.alder.witness(self.key.name)["size"] == 1)
        self.double.answer = busy
        self.alder.append("more")
        self.wait("cosigned", lambda: self.alder.witness(self.key.name)["size"] == 2)
        self.assertGreaterEqual(times[1] - times[0], 2)
        self.alder.run("status")

    def test_interval(self):
        """However fast the ledger grows, the witness is asked once in a while."""
        self.wait("cosigned", lambda: self.alder.witness(self.key.name)["size"] == 1)
        before, start = len(self.double.requests), time.monotonic()
        while time.monotonic() < start + 3:
            self.alder.append("again")
        asked = len(self.double.requests) - before
        self.assertGreaterEqual(asked, 1)
        self.assertLessEqual(asked, time.monotonic() - start + 1)


class StrangerTest(WitnessTestCase):
    """A log that is none of ours asks a node."""

    def test_log(self):
        birch = Node(self, "birch")
        server = birch.serve()
        log = treelog.Log(treelog.entries(300), "log.forum.example")
        birch.run("ledger", "witness", "watch", log.vkey)

        def ask(old, size, proof=None):
            proof = log.consistency(old, size) if proof is None else proof
            lines = "".join(base64.b64encode(hash).decode() + "\n" for hash in proof)
            return server.post(ADD, f"old {old}\n{lines}\n{log.checkpoint(size)}".encode(),
                               headers={"Content-Type": "text/plain"})

        old = 0
        for size in (1, 2, 3, 7, 8, 9, 255, 256, 257, 300):
            response = ask(old, size)
            self.assertEqual(response.status, 200, response.body)
            text = log.checkpoint(size).split("\n\n")[0] + "\n"
            self.assertTrue(treelog.cosigned(text, response.body.decode(), birch.key("cosign")))
            old = size
        response = ask(7, 300)
        self.assertEqual((response.status, response.body), (409, b"300\n"))
        self.assertEqual(response.headers["Content-Type"], "text/x.tlog.size")
        self.assertEqual(ask(300, 300).status, 200)
        self.assertEqual(ask(300, 7).status, 400)
        self.assertEqual(ask(300, 300, [bytes(32)]).status, 422)
        self.assertEqual(server.post(ADD, "", headers={}).status, 400)
        with contextlib.closing(server.connect()) as connection:
            connection.request("GET", ADD)
            self.assertEqual(connection.getresponse().status, 405)
        birch.stop()


if __name__ == "__main__":
    unittest.main()
