"""A second judge of evidence bundles, written from docs/protocol.md alone: hashlib, RFC 8032 in plain
Python, nothing of Concert's. judge(path) lists what does not hold; an empty list: all does."""

import base64
import hashlib
import json

import treelog
from peernode import canonical

MAGIC = b"concert/evidence/v1\n"
ORDER = "HKEPCFZ"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts))


def frames(data):
    """(kind, start, end) of the body of each frame; ValueError where it cannot be read."""
    if not data.startswith(MAGIC):
        raise ValueError("it does not begin as a bundle")
    at, found = len(MAGIC), []
    while at < len(data):
        if at + 9 > len(data):
            raise ValueError("cut off")
        kind, length = chr(data[at]), int.from_bytes(data[at + 1:at + 9], "big")
        if kind not in ORDER or at + 9 + length > len(data):
            raise ValueError("a frame that cannot be")
        if found and (ORDER.index(kind) < ORDER.index(found[-1][0]) or kind == found[-1][0] in "HCZ"):
            raise ValueError("a frame in the wrong place")
        found.append((kind, at + 9, at + 9 + length))
        at += 9 + length
    if not found or found[0][0] != "H" or found[-1][0] != "Z":
        raise ValueError("no head, or no end")
    return found


def without(data, kind, number):
    """The bundle without the @number-th frame of a kind."""
    _, start, end = [frame for frame in frames(data) if frame[0] == kind][number]
    return data[:start - 9] + data[end:]


def signed_by(value, kind, vkey):
    """Whether signed JSON of a kind bears a good signature by an Ed25519 key."""
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key)
    text = f"concert/v1 {kind}\n{canonical(value['body'])}\n".encode()
    return value["concert"] == f"{kind}/v1" and any(signature_holds(line, name, key_id, key, text)
                                                    for line in value["signatures"])


def signature_holds(line, name, key_id, key, text):
    dash, signer, data = line.split(" ")
    data = base64.b64decode(data, validate=True)
    return (dash == "\u2014" and signer == name and data[:4].hex() == key_id and key[0] == treelog.ED25519
            and len(data) == 68 and treelog.verify(key[1:], text, data[4:]))


def root_of(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2."""
    first, last, node, path = index, size - 1, leaf, list(path)
    for step in path:
        if last == 0:
            raise ValueError("the path is too long")
        if first & 1 or first == last:
            node = treelog.node_hash(step, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = treelog.node_hash(node, step)
        first, last = first >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return node


class Judge:
    def __init__(self, data):
        self.data, self.problems = data, []
        self.cards, self.bodies, self.hashes, self.sealed = {}, [], [], {}
        self.dossier = self.maker = None

    def check(self, good, problem):
        if not good:
            self.problems.append(problem)

    def head(self, body, _):
        value = json.loads(body)
        self.dossier, self.maker = value["dossier"], value["origin"]

    def party(self, body, _):
        value = json.loads(body)
        card = value["card"]
        keys = card["body"]["keys"]
        self.check(signed_by(card, "card", keys["ledger"]), f"card of {card['body']['node']}: signature")
        self.check(value["changes"] or value["ledger"] == keys["ledger"], "card: another key")
        self.cards[card["body"]["origin"]] = [keys["ledger"], keys["message"], *value["earlier"]]

    def event(self, body, number):
        value = json.loads(body)
        keys = self.cards.get(value["body"]["author"], [])[1:]
        self.check(any(signed_by(value, "event", key) for key in keys), f"step {number + 1}: signature")
        self.check(value["body"]["dossier"] == self.dossier, f"step {number + 1}: of another dossier")
        self.bodies.append(bytes(body))
        if value["body"]["type"] == "sealed":
            for item in value["body"]["payload"].get("files", []) + value["body"]["payload"].get("items", []):
                self.sealed[item["sha256"]] = item["name"]
        wanted = value["body"]["payload"].get("verified")
        self.check(wanted is None or wanted == sorted(self.sealed), f"step {number + 1}: other hashes")

    def proof(self, body, number):
        value = json.loads(body)
        opening, proof = value["opening"], value["proof"]
        header = opening["header"]
        nonce = base64.b64decode(opening["nonce"])
        entry = b"\x01" + sha256(b"concert/v1", nonce, header.encode()).digest()
        shown = False
        for item, of in zip(opening["items"], json.loads(header)["items"]):
            if not item or "bytes" not in item:
                continue
            content = base64.b64decode(item["bytes"])
            digest = sha256(base64.b64decode(item["nonce"]), content)
            self.check(digest.hexdigest() == of["hash"], f"proof {number + 1}: item")
            shown = shown or content in self.bodies
        self.check(shown, f"proof {number + 1}: of no step")
        head, _, note = proof.partition("\n\n")
        lines = head.split("\n")
        index = int(next(line for line in lines if line.startswith("index ")).split()[1])
        path = [base64.b64decode(line) for line in lines[lines.index(f"index {index}") + 1:]]
        text, _, signatures = note.partition("\n\n")
        origin, size, root = text.split("\n")[:3]
        self.check(origin in self.cards, f"proof {number + 1}: ledger of nobody")
        key = self.cards.get(origin, [None])[0]
        self.check(json.loads(header)["origin"] == origin, f"proof {number + 1}: header of another ledger")
        if key:
            name, key_id, data = key.split("+", 2)
            self.check(any(signature_holds(line, name, key_id, base64.b64decode(data), (text + "\n").encode())
                           for line in signatures.splitlines() if line.startswith(f"\u2014 {name} ")),
                       f"proof {number + 1}: checkpoint")
        leaf = treelog.leaf_hash(entry)
        self.check(base64.b64encode(root_of(index, int(size), leaf, path)).decode() == root,
                   f"proof {number + 1}: place")

    def certificate(self, body, _):
        self.check(bytes(body).decode().startswith("CERTIFICATE OF EVIDENCE\n"), "certificate")

    def file(self, body, number):
        self.check(sha256(body[32:]).digest() == bytes(body[:32]), f"file {number + 1}: bytes")

    def end(self, body, _):
        value = json.loads(body)
        key = self.cards.get(self.maker, [None, None])[1]
        self.check(key and signed_by(value, "evidence-bundle", key), "end: signature")
        self.check(value["body"]["origin"] == self.maker and value["body"]["dossier"] == self.dossier, "end: of another")
        self.check(value["body"]["frames"] == self.hashes, "end: a frame was changed, taken out or put in")

    def judge(self):
        steps = {"H": self.head, "K": self.party, "E": self.event, "P": self.proof, "C": self.certificate,
                 "F": self.file, "Z": self.end}
        counts = {}
        try:
            for kind, start, end in frames(self.data):
                try:
                    steps[kind](self.data[start:end], counts.get(kind, 0))
                except (ValueError, KeyError, TypeError, IndexError, StopIteration, AttributeError) as fault:
                    self.problems.append(f"frame {kind}: {fault!r}")
                counts[kind] = counts.get(kind, 0) + 1
                self.hashes.append(sha256(self.data[start - 9:end]).hexdigest())
        except ValueError as fault:
            self.problems.append(str(fault))
        return self.problems


def judge(path):
    return Judge(memoryview(path.read_bytes()).tobytes()).judge()
