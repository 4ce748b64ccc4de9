"""Logs for tests, written by nothing of Concert's: tiles by hashlib, signatures by RFC 8032.

    log = treelog.Log([b"entry", ...])
    log.write(directory)                  # checkpoint and tile/..., as c2sp.org/tlog-tiles says
    log.vkey                              # who trusts it, trusts this

Ed25519 is the plain arithmetic of the RFC: slow, and not for secrets.
"""

import base64
import functools
import hashlib

# --- Ed25519 (RFC 8032 section 5.1) -------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def _recover_x(y):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


_x = _recover_x(BASE_Y)
BASE = (_x, BASE_Y, 1, _x * BASE_Y % P)


def _add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


# BASE, doubled again and again.
_powers = [BASE]
while len(_powers) < 256:
    _powers.append(_add(_powers[-1], _powers[-1]))


def _multiply(scalar, point):
    result = (0, 1, 1, 0)
    if point is BASE:
        for power in _powers:
            if scalar & 1:
                result = _add(result, power)
            scalar >>= 1
        return result
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


@functools.cache
def public_key(seed):
    return _compress(_multiply(_expand(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = _expand(seed)
    public = public_key(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % Q
    point = _compress(_multiply(r, BASE))
    h = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % Q
    return point + ((r + h * scalar) % Q).to_bytes(32, "little")


def verify(public, message, signature):
    y = int.from_bytes(public, "little")
    x = _recover_x(y & (1 << 255) - 1)
    if x & 1 != y >> 255:
        x = P - x
    y &= (1 << 255) - 1
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    point = _add(_multiply(int.from_bytes(signature[32:], "little"), BASE),
                 _multiply(Q - h, (x, y, 1, x * y % P)))
    return _compress(point) == signature[:32]


# --- Notes --------------------------------------------------------------------------------------

ED25519, COSIGNATURE = 1, 4


class Key:
    """A key of signed notes; the seed is made of its name."""

    def __init__(self, name, algorithm=ED25519):
        self.name, self.algorithm = name, algorithm
        self.seed = hashlib.sha256(f"seed of {name} {algorithm}".encode()).digest()
        self.bytes = bytes([algorithm]) + public_key(self.seed)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.bytes).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(self.bytes).decode()}"

    def line(self, text, time=1700000000):
        """The line that signs a note's text."""
        signature = b""
        if self.algorithm == COSIGNATURE:
            signature = time.to_bytes(8, "big")
            text = f"cosignature/v1\ntime {time}\n{text}"
        signature += sign(self.seed, text.encode())
        return f"\u2014 {self.name} {base64.b64encode(self.id + signature).decode()}\n"


def cosigned(text, line, vkey):
    """Whether @line is a cosignature of the checkpoint @text by @vkey."""
    name, id, key = vkey.split("+", 2)
    dash, signer, data = line.removesuffix("\n").split(" ")
    data, key = base64.b64decode(data), base64.b64decode(key)
    time = int.from_bytes(data[4:12], "big")
    return (dash == "\u2014" and signer == name and data[:4].hex() == id
            and key[0] == COSIGNATURE
            and verify(key[1:], f"cosignature/v1\ntime {time}\n{text}".encode(), data[12:]))


# --- Trees --------------------------------------------------------------------------------------

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def tile_path(kind, index, width):
    path = f"{index % 1000:03}"
    while index := index // 1000:
        path = f"x{index % 1000:03}/{path}"
    return f"tile/{kind}/{path}" + (f".p/{width}" if width < 256 else "")


class Log:
    def __init__(self, entries, origin="cert.alder.example/ledger", cosigners=()):
        self.entries, self.origin, self.size = entries, origin, len(entries)
        self.key = Key(origin)
        self.vkey = self.key.vkey
        self.cosigners = [Key(name, COSIGNATURE) for name in cosigners]
        self.levels = [[leaf_hash(entry) for entry in entries]]  # complete nodes
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([node_hash(below[i], below[i + 1])
                                for i in range(0, len(below) - 1, 2)])

    def _peaks(self, start, end):
        """The complete nodes (level, index) that make up [start, end), left to right."""
        while start < end:
            level = (start & -start).bit_length() - 1 if start else 64
            while start + (1 << level) > end:
                level -= 1
            yield level, start >> level
            start += 1 << level

    def root(self, start=0, end=None):
        """The hash over the leaves [start, end), where start is that of a subtree."""
        peaks = [self.levels[level][i]
                 for level, i in self._peaks(start, self.size if end is None else end)]
        if not peaks:
            return hashlib.sha256(b"").digest()
        result = peaks.pop()
        while peaks:
            result = node_hash(peaks.pop(), result)
        return result

    def proof(self, index):
        """RFC 6962 section 2.1.1."""
        start, end, path = 0, self.size, []
        while end - start > 1:
            half = 1 << (end - start - 1).bit_length() - 1
            if index < start + half:
                path.insert(0, self.root(start + half, end))
                end = start + half
            else:
                path.insert(0, self.root(start, start + half))
                start += half
        return path

    def consistency(self, old, new):
        """RFC 6962 section 2.1.2."""
        start, end, whole, path = 0, new, True, []
        if not 0 < old < new:
            return path
        while old != end:
            half = 1 << (end - start - 1).bit_length() - 1
            if old <= start + half:
                path.insert(0, self.root(start + half, end))
                end = start + half
            else:
                path.insert(0, self.root(start, start + half))
                start, whole = start + half, False
        return path if whole else [self.root(start, end)] + path

    def checkpoint(self, size=None):
        size = self.size if size is None else size
        root = base64.b64encode(self.root(0, size)).decode()
        text = f"{self.origin}\n{size}\n{root}\n"
        return text + "\n" + "".join(key.line(text) for key in [self.key, *self.cosigners])

    def tlog_proof(self, index):
        path = "".join(base64.b64encode(hash).decode() + "\n" for hash in self.proof(index))
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{self.checkpoint()}"

    def policy(self, threshold="all"):
        lines = [f"log {self.vkey}"]
        lines += [f"witness w{i} {key.vkey}" for i, key in enumerate(self.cosigners)]
        names = " ".join(f"w{i}" for i in range(len(self.cosigners)))
        lines += [f"group g {threshold} {names}", "quorum g"] if names else ["quorum none"]
        return "\n".join(lines) + "\n"

    def files(self):
        """(path, bytes) of all that the log serves."""
        yield "checkpoint", self.checkpoint().encode()
        for index in range(0, self.size, 256):
            entries = self.entries[index:index + 256]
            yield (tile_path("entries", index // 256, len(entries)),
                   b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries))
        for level in range(0, len(self.levels), 8):
            for index in range(0, len(self.levels[level]), 256):
                hashes = self.levels[level][index:index + 256]
                yield tile_path(level // 8, index // 256, len(hashes)), b"".join(hashes)

    def write(self, directory):
        for path, data in self.files():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
        return directory


def entries(count):
    """Entries as Concert's are: a version byte and 32 bytes that tell nothing."""
    return [b"\1" + hashlib.sha256(b"entry %d" % i).digest() for i in range(count)]
