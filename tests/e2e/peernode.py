"""Nodes that meet each other: real ones, served over TLS on loopback, and made-up ones that only
write cards and steps, honest or not."""

import base64
import datetime
import hashlib
import http.server
import json
import os
import random
import signal
import socket
import ssl
import threading

import concert
import treelog

# With CONCERT_WEATHER=SEED nodes are killed amid every test and start again some commands later.
WEATHER = os.environ.get("CONCERT_WEATHER", "")
PROCEDURES = ("attachment", "case", "claim", "consultation", "evidence", "group", "request",
              "resolution")


class Node:
    """A real node with a port of its own; served when the test says so."""

    def __init__(self, test, name, settings=None, reachable=True):
        self.test, self.short, self.server = test, name, None
        self.served = self.down = False  # by the test; killed by the weather
        test.__dict__.setdefault("fleet", []).append(self)
        self.name = f"cert.{name}.example"
        self.origin = f"{self.name}/ledger"
        self.path = test.directory / name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        concert.run("init", "--node", self.path, "--name", self.name, "--organisation",
                    f"{name.title()} CERT", "--listen", f"127.0.0.1:{self.port}")
        concert.configure(self.path, {"server": {"tls": "on"}, "fetch": {"allow_private": "yes"}})
        if reachable:
            concert.configure(self.path, {"card": {"url": self.url}})
        concert.configure(self.path, settings or {})

    def run(self, *arguments, **keywords):
        if WEATHER and arguments[0] in PROCEDURES:
            self.weather()
        return concert.run("--node", self.path, *arguments, **keywords)

    def weather(self):
        """Kills a served node of the test, and starts one again that was killed before: what it
        missed meanwhile it has to catch up with. This node itself is there again at once."""
        nodes = [node for node in self.test.__dict__.setdefault("fleet", []) if node.served]
        if not self.test.__dict__.get("peered"):
            self.test.peered = all(node.is_peered() for node in nodes)
            return
        dice = self.test.__dict__.setdefault("dice", random.Random(f"{WEATHER} {self.test.id()}"))
        victim = dice.choice(nodes) if nodes and dice.random() < 0.3 else None
        for node in nodes:
            if node.down and (node is self or dice.random() < 0.6):
                node.down = False
                node.serve()
        if victim and victim.server and not victim.down:
            victim.server.stop(signal.SIGKILL)
            victim.down = victim is not self
            if victim is self:
                self.serve()

    def is_peered(self):
        peers = concert.run("--node", self.path, "peer", "list", "--json", status=None).lines()
        return all(peer["state"] not in ("invited", "asked") for peer in peers)

    def serve(self):
        self.server, self.served = concert.Server(self.path), True
        self.test.addCleanup(self.server.stop)
        return self

    def stop(self):
        if self.down:
            self.down = self.served = False
            return
        self.served = False
        self.test.assertEqual(self.server.stop(), 0, self.server.log)
        self.server = None

    def peer(self, other):
        """What this node knows of the other; None: nothing."""
        for line in self.run("peer", "list", "--json", status=None).lines():
            if line["peer"] == other.name:
                return line
        return None

    def state(self, other):
        peer = self.peer(other)
        return peer and peer["state"]

    def wait_state(self, other, state):
        concert.until(lambda: self.state(other) == state,
                      lambda: f"{other.name} is {self.state(other)} at {self.name}")

    def wait_shown(self, good, *command):
        """What `concert COMMAND --json` shows, as soon as it is something and @good() of it is true."""
        result = None

        def shown():
            nonlocal result
            result = self.run(*command, "--json", status=None)
            return result.out and good(result.json())

        concert.until(shown, lambda: f"{self.name}: {result.out}{result.err}")
        return result.json()

    def entries(self, kind):
        return [line for line in self.run("ledger", "list", "--json").lines()
                if line["header"]["kind"] == kind]


def canonical(value):
    """RFC 8785, of values without numbers that are no integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def signed_json(kind, body, *keys):
    text = f"concert/v1 {kind}\n{canonical(body)}\n"
    return {"body": body, "concert": f"{kind}/v1",
            "signatures": [key.line(text).removesuffix("\n") for key in keys]}


def now(seconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class FalsePeer:
    """Answers at a node's address, with its TLS key, whatever the test says: answers[path] is a status,
    a media type and a body, or a function of the request's body that returns them."""

    def __init__(self, test, node, answers=None):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                answer = outer.answers.get(self.path, (503, "text/plain", b""))
                status, kind, body = answer(asked) if callable(answer) else answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.answers = dict(answers or {})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(node.path / "tls/cert.pem", node.path / "tls/key.pem")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", node.port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)


class Stranger:
    """A node that is nobody's: its keys, card and steps. @salt makes other keys of one name; many
    names with one salt have the same keys, which are made once."""

    def __init__(self, name, salt=""):
        self.name, self.origin = name, f"{name}/ledger"
        self.keys = {}
        for role, suffix, algorithm in (("ledger", "/ledger", treelog.ED25519),
                                        ("cosign", "/witness", treelog.COSIGNATURE),
                                        ("recovery", "/recovery", treelog.ED25519),
                                        ("message", "/message", treelog.ED25519)):
            self.keys[role] = self.key(name + suffix, algorithm, salt)

    @staticmethod
    def key(name, algorithm, salt):
        if not salt:
            return treelog.Key(name, algorithm)
        key = treelog.Key.__new__(treelog.Key)
        key.name, key.algorithm = name, algorithm
        key.seed = hashlib.sha256(f"{salt} {name.rpartition('/')[2]}".encode()).digest()
        key.bytes = bytes([algorithm]) + treelog.public_key(key.seed)
        key.id = hashlib.sha256(name.encode() + b"\n" + key.bytes).digest()[:4]
        key.vkey = f"{name}+{key.id.hex()}+{base64.b64encode(key.bytes).decode()}"
        return key

    def card(self, number=1, **members):
        keys = {role: key.vkey for role, key in self.keys.items()}
        keys["parcel"] = base64.b64encode(bytes(range(32))).decode()
        body = {"node": self.name, "origin": self.origin, "number": number, "time": now(),
                "keys": keys, "endpoints": [], "tls": [], **members}
        return signed_json("card", body, self.keys["ledger"])

    def step(self, step, to, card=None, signer=None, **members):
        body = {"step": step, "from": self.origin, "to": to, "time": now(),
                "card": card or self.card(), **members}
        return signed_json("peering", body, signer or self.keys["message"])
