"""How slow whoever may write a line of a log can make the one who looks through it.

Texts that are made of nothing but what is hard: escapes, separators, values that are nearly in the
set, runs of what may begin something, records. A million indicators, one thread.
"""

import gzip
import json
import random
import resource
import subprocess

MEGABYTES = 8
# What is different from one repetition to the next, so that nothing helps to remember it.
BLOCK = 2_000_000

HEX = "0123456789abcdef"


class Values:
    """What the set has, by kind, of which texts are made."""

    def __init__(self, path, chosen):
        self.by_kind = {}
        self.chosen = chosen
        with open(path, encoding="ascii") as lines:
            for number, line in enumerate(lines):
                if number == 300_000:
                    break
                kind, _, value = line.rstrip("\n").partition("\t")
                self.by_kind.setdefault(kind, []).append(value)
        self.tops = sorted({name.rpartition(".")[2] for name in self.by_kind["domain"]})
        # Hosts of three labels and more: what has another name before their last three is none.
        self.deep = [name for name in self.by_kind["domain"] if name.count(".") >= 3]
        known = set(self.by_kind["domain"])
        self.two = [two for name in self.by_kind["domain"]
                    for two in [".".join(name.split(".")[-2:])] if two not in known]

    def one(self, kind):
        return self.chosen.choice(self.by_kind[kind])

    def near_deep(self):
        """A name with the last three labels of one of the set, and not under it."""
        labels = self.chosen.choice(self.deep).split(".")
        return ".".join([self.word(4)] + labels[-3:])

    def near_two(self):
        return self.word(6) + "." + self.chosen.choice(self.two)

    def url_host(self):
        return self.one("url").split("/")[2]

    def word(self, length, letters="abcdefghijklmnopqrstuvwxyz"):
        return "".join(self.chosen.choices(letters, k=length))

    def near_v4(self):
        """An address beside one of the set's networks."""
        net = self.one("cidr").partition("/")[0].split(".")
        return ".".join(net[:2] + [str(self.chosen.randrange(256)) for _ in range(2)])

    def near_hash(self):
        """A hash that begins as one of the set does."""
        return self.one("sha256")[:16] + self.word(48, HEX)


def fill(piece, between="", line=0):
    """Bytes of what @piece makes, again and again; a line ends after so many pieces, 0: never."""
    out, size, count = [], 0, 0
    while size < BLOCK:
        made = piece()
        count += 1
        made = (made if isinstance(made, bytes) else made.encode()) + between.encode()
        if line and count % line == 0:
            made += b"\n"
        out.append(made)
        size += len(made)
    return b"".join(out)


def percent(data):
    return "".join(f"%{byte:02X}" for byte in data)


def escape_json(text):
    return "".join(f"\\u{ord(c):04x}" for c in text)


def script_word(values, first, last, length):
    return "".join(chr(values.chosen.randint(first, last)) for _ in range(length))


def escapes(v):
    r = v.chosen
    yield "[.] and nothing else", fill(lambda: "[.]" * 1000)
    yield "[.], 66 a line", fill(lambda: "[.]", "", 66)
    yield "[dot] between letters", fill(lambda: v.word(2) + "[dot]")
    yield "[.] in near names", fill(lambda: v.near_deep().replace(".", "[.]"), ",", 8)
    yield "[://], [:], [@], (at), {.}", fill(lambda: r.choice(
        ["[://]", "[:]", "[@]", "(at)", "{.}", "<dot>", "hxxp"]))
    yield "hxxp://near name/", fill(lambda: f"hxxp://{v.near_deep()}/", ",", 8)
    yield "percent, random bytes", fill(lambda: percent(r.randbytes(1000)))
    yield "percent, random bytes, 100 a line", fill(lambda: percent(r.randbytes(100)), "", 1)
    yield "percent, random ASCII", fill(
        lambda: percent(v.word(100, "abcdefghij.:/@0123456789-").encode()), "", 1)
    yield "percent, letters", fill(lambda: percent(v.word(100).encode()), "", 1)
    yield "percent, dots: %2e", fill(lambda: v.word(2) + "%2e")
    yield "percent twice: %252e", fill(lambda: v.word(2) + "%252e")
    yield "percent thrice: %25252e", fill(lambda: v.word(2) + "%25252e")
    yield "%25 and nothing else", fill(lambda: "%25" * 1000)
    yield "percent, blanks and near names", fill(lambda: v.near_deep(), "%20", 8)
    yield "\\u of random ASCII", fill(
        lambda: escape_json(v.word(40, "abcdefghij.:/@0123456789-")), "", 1)
    yield "\\u of random characters", fill(
        lambda: escape_json(script_word(v, 0x80, 0xd7ff, 40)), "", 1)
    yield "\\u of \\u: \\u005cu005c", fill(lambda: escape_json(escape_json(v.word(2))), "", 8)
    yield "\\x of random bytes", fill(
        lambda: "".join(f"\\x{b:02x}" for b in r.randbytes(50)), "", 1)
    yield "#012 and near names", fill(lambda: "#012" + v.near_deep(), "", 8)
    yield "backslashes", fill(lambda: "\\" * 1000)
    yield "backslash and dot: \\.", fill(lambda: v.word(2) + "\\.")
    yield "backslash and slash: \\/", fill(lambda: v.word(2) + "\\/")
    yield "backslash and n", fill(lambda: "\\n" + v.word(3))
    yield "\\n and near names", fill(lambda: "\\n" + v.near_deep(), "", 8)
    yield "\\\\n and words with dots", fill(lambda: "\\\\n" + v.word(3) + "." + v.word(2))
    yield "every kind of escape", fill(lambda: r.choice(
        ["%2e", "[.]", "\\u002e", "\\x2e", "\\/", "\\n", "%25", "(dot)", "\\\\", v.word(2)]))


def names(v):
    r = v.chosen
    yield "near names, last label", fill(lambda: v.word(8) + "." + r.choice(v.tops), " ", 8)
    yield "near names, last two labels", fill(v.near_two, " ", 8)
    yield "near names, last three labels", fill(v.near_deep, " ", 8)
    yield "near names, last three, one field", fill(v.near_deep, ",")
    yield "near names between marks", fill(lambda: "_-" + v.near_deep() + "-_", " ", 8)
    yield "near names of 60 labels", fill(lambda: "a." * 60 + v.near_deep(), " ", 8)
    yield "near names behind ..", fill(lambda: v.near_deep() + "..", "", 8)
    yield "dots", fill(lambda: "." * 1000)
    yield "dashes", fill(lambda: "-" * 1000)
    yield "underscores", fill(lambda: "_" * 1000)
    yield "a.a.a.", fill(lambda: v.word(1) + ".")
    yield "a..a..", fill(lambda: v.word(1) + "..")
    yield "top..top..", fill(lambda: v.word(1) + "." + r.choice(v.tops) + "..")
    yield "a.-a.-", fill(lambda: v.word(1) + ".-")
    yield "letters, one word", fill(lambda: v.word(1000))
    yield "A-labels", fill(lambda: f"xn--{v.word(6)}-{v.word(3)}.{r.choice(v.two)}", " ", 8)
    yield "Cyrillic under last two labels", fill(
        lambda: script_word(v, 0x430, 0x44f, 6) + "." + r.choice(v.two), " ", 8)
    yield "Cyrillic under last labels", fill(
        lambda: script_word(v, 0x430, 0x44f, 6) + "." + r.choice(v.tops), " ", 8)
    yield "letters and marks apart, under last labels", fill(
        lambda: v.word(3) + "e\u0301" + v.word(2) + "." + r.choice(v.tops), " ", 8)
    yield "wide letters under last labels", fill(
        lambda: v.word(3) + "\uff41" + v.word(2) + "." + r.choice(v.tops), " ", 8)
    yield "URLs of hosts in Cyrillic", fill(
        lambda: f"a://{script_word(v, 0x430, 0x44f, 4)}.{r.choice(v.tops)}/", " ", 8)
    yield "Han before names", fill(
        lambda: script_word(v, 0x4e00, 0x5600, 3) + v.word(3) + "." + r.choice(v.tops), "", 8)
    yield "Han and full stops", fill(lambda: script_word(v, 0x4e00, 0x5600, 3) + "\u3002")
    yield "all of Unicode, and dots", fill(lambda: r.choice(
        [chr(r.randrange(0xa0, 0xd7ff)), "."]))
    yield "marks of Unicode, and dots", fill(lambda: script_word(v, 0x300, 0x36f, 2) + "a.")
    yield "Thai and dots", fill(lambda: script_word(v, 0xe01, 0xe39, 5) + ".", "", 20)
    yield "high bytes, and dots", fill(lambda: bytes(r.choices([*range(0x80, 0x100), 0x2e], k=50)))
    yield "high bytes and dots, a line of 50", fill(
        lambda: bytes(r.choices([*range(0x80, 0x100), 0x2e, 0x2e], k=50)), "", 1)
    yield "GBK", fill(lambda: (script_word(v, 0x4e00, 0x5600, 5) + r.choice([".", " ", ""])).encode(
        "gbk", "ignore"), "", 40)
    yield "KOI8", fill(lambda: (script_word(v, 0x430, 0x44f, 5) + r.choice([". ", " ", "."])).encode(
        "koi8_r"), "", 20)


def numbers(v):
    r = v.chosen
    yield "addresses beside networks", fill(v.near_v4, " ", 8)
    yield "ranges of addresses", fill(lambda: v.near_v4() + "-" + v.near_v4(), " ", 8)
    yield "addresses with dashes", fill(lambda: v.near_v4() + "-" * 20, " ", 8)
    yield "versions of addresses of the set", fill(lambda: "Chrome/" + v.one("ipv4"), " ", 8)
    yield "addresses of the set before more", fill(lambda: v.one("ipv4") + ".1", " ", 8)
    yield "1.1.1.", fill(lambda: str(r.randrange(256)) + ".")
    yield "a:b:c", fill(lambda: v.word(1, HEX) + ":")
    yield "a:b:c:d:e:f:a:b", fill(lambda: ":".join(v.word(8, HEX)), " ", 8)
    yield "::", fill(lambda: ":" * 1000)
    yield "1::2 3::4", fill(lambda: v.word(4, HEX) + "::" + v.word(4, HEX), " ", 8)
    yield "1::2::3::4", fill(lambda: v.word(1, HEX) + "::")
    yield "IPv6 beside the set's", fill(
        lambda: v.one("ipv6").rpartition(":")[0] + ":" + v.word(4, HEX), " ", 8)
    yield "IPv6 with quads", fill(lambda: "x::" + v.near_v4(), " ", 8)
    yield "IPv6 with zones", fill(lambda: f"fe80::{v.word(4, HEX)}%eth0.1", " ", 8)
    yield "pairs of a hash, nearly", fill(lambda: ":".join(
        h[i:i + 2] for h in [v.near_hash()] for i in range(0, 64, 2)), " ", 2)
    yield "words and ::", fill(lambda: v.word(3) + "::" + v.word(3), " ", 8)
    yield "hashes, nearly", fill(v.near_hash, " ", 2)
    yield "hashes, half of one", fill(lambda: v.one("sha256")[:32], " ", 2)
    yield "hexadecimal digits", fill(lambda: v.word(1000, HEX))
    yield "JA4, nearly", fill(lambda: f"{v.one('ja4')[:23]}_{v.word(12, HEX)}", " ", 2)
    yield "underscores 13 apart", fill(lambda: v.word(12, HEX) + "_")


def urls(v):
    r = v.chosen

    def commas(length):
        return "".join(r.choices(["a,", "b'", "c)", "d;", "e(", "f]"], k=length))

    yield "://", fill(lambda: "://" * 300)
    yield "a://a://", fill(lambda: v.word(1) + "://")
    yield "a://1.1.1.1", fill(lambda: f"a://{r.randrange(256)}.1.1.1", ",", 8)
    yield "a://0x1f1f1f1f", fill(lambda: "a://0x" + v.word(8, HEX), ",", 8)
    yield "URLs of hosts of the set", fill(
        lambda: f"http://{v.url_host()}/{v.word(9)}", " ", 4)
    yield "URLs of hosts of the set, one field", fill(lambda: f"http://{v.url_host()}/{v.word(9)}", ",")
    yield "URLs of hosts of the set, commas and quotes", fill(
        lambda: f"http://{v.url_host()}/{commas(40)}", " ", 4)
    yield "URLs of hosts of the set, dots and commas", fill(lambda: f"http://{v.url_host()}/{'.,' * 20}", " ", 4)
    yield "defanged URLs of hosts of the set", fill(
        lambda: f"hxxp://{v.url_host()}/{commas(40)}", " ", 4)
    yield "URLs of hosts of the set in URLs of them", fill(
        lambda: f"http://{v.url_host()}/?u=http%3A%2F%2F{v.url_host()}%2F", "&")
    yield "hosts of URLs of the set, dots in escapes", fill(
        lambda: v.url_host() + "/" + "%2e," * 40, " ", 2)
    yield "hosts of URLs of the set and a slash", fill(lambda: v.url_host() + "/", ",")
    yield "hosts of URLs of the set, commas and quotes", fill(
        lambda: f"{v.url_host()}/{commas(40)}", " ", 4)
    yield "hosts of URLs of the set, long ports", fill(lambda: f"{v.url_host()}:{'1' * 200}/a", " ", 2)
    yield "paths of /../", fill(lambda: f"http://{v.url_host()}/" + "a/../" * 40, " ", 2)
    yield "long queries", fill(lambda: f"http://{v.url_host()}/?" + v.word(400), " ", 2)
    yield "queries of escapes", fill(
        lambda: f"http://{v.url_host()}/?" + percent(r.randbytes(100)), " ", 2)
    yield "users of URLs", fill(lambda: f"a://{v.near_deep()}:a=", "", 4)
    yield "users of URLs, long", fill(lambda: f"a://{v.near_deep()}" + ":a=" * 300, " ", 1)
    yield "users, escaped", fill(lambda: f"a%3a%2f%2f{v.near_deep()}%3a", "", 4)
    yield "@", fill(lambda: "@" * 1000)
    yield "a@a@a@", fill(lambda: v.word(1) + "@")
    yield "beginnings of a mailbox", fill(lambda: "a=" * 32 + "@" + v.near_deep(), " ", 1)
    yield "beginnings of a mailbox of a domain of the set", fill(
        lambda: "a=" * 32 + "@" + v.one("email").partition("@")[2], " ", 1)
    yield "mailboxes, nearly", fill(
        lambda: v.word(5) + "@" + v.one("email").partition("@")[2], " ", 4)


def lines(v):
    def near(): return v.near_deep()

    yield "hits: addresses", fill(lambda: v.one("ipv4"), " ", 8)
    yield "hits: names", fill(lambda: v.one("domain"), " ", 8)
    yield "hits: names under names", fill(lambda: "a." * 20 + v.one("domain"), " ", 8)
    yield "hits: URLs", fill(lambda: v.one("url"), " ", 2)
    yield "hits: hashes", fill(lambda: v.one("sha256"), " ", 2)
    yield "a line of megabytes, a near name in 2000 bytes", fill(
        lambda: v.word(2000) + "," + near() + ",")
    yield "a line of megabytes, an escape in 2000 bytes", fill(lambda: v.word(2000) + "[.]" + v.word(2))
    yield "a line of megabytes, an escape and a near name in 500", fill(
        lambda: v.word(500) + "[.]" + near() + ",")
    yield "NUL bytes", bytes(BLOCK)
    yield "random bytes", v.chosen.randbytes(BLOCK)
    yield "empty lines", b"\n" * BLOCK
    yield "UTF-16, near names", "\ufeff".encode("utf-16-le") + fill(near, " ", 8).decode().encode(
        "utf-16-le")
    yield "gzip, near names", gzip.compress(fill(near, " ", 8) * (MEGABYTES * 1_000_000 // BLOCK))


def records(v):
    near = v.near_deep

    def eve():
        return json.dumps({"timestamp": "2030-02-01T10:20:30.123456+0000", "event_type": "dns",
                           "src_ip": "10.1.2.3", "dest_ip": "10.1.2.4", "dns": {
                               "type": "query", "rrname": near(), "rrtype": "A"}},
                          separators=(",", ":"))

    def small(host):
        return '{"timestamp":"2030-02-01T10:20:30.123456+0000","event_type":"dns","h":"%s"}' % host

    yield "EVE, a near name in each", fill(eve, "", 1)
    yield "EVE, small, a near name in each", fill(lambda: small(near()), "", 1)
    yield "EVE, deep, a near name in each", fill(
        lambda: small(near())[:-1] + ',"a":' + "[" * 500 + "]" * 500 + "}", "", 1)
    yield "EVE, too deep, a near name in each", fill(
        lambda: small(near())[:-1] + ',"a":' + "[" * 5000 + "]" * 5000 + "}", "", 1)
    yield "EVE, 5,000 numbers, a near name in each", fill(
        lambda: small(near())[:-1] + ',"a":[' + "1," * 5000 + "1]}", "", 1)
    yield "EVE, 2,000 keys, a near name in each", fill(
        lambda: small(near())[:-1] + "".join(f',"k{i}":"a"' for i in range(2000)) + "}", "", 1)
    yield "EVE, 1,000 near names in each", fill(
        lambda: small(near())[:-1] + "".join(f',"k{i}":"{near()}"' for i in range(1000)) + "}",
        "", 1)
    yield "EVE, no JSON, near names", small("a").encode() + b"\n" + fill(
        lambda: '{"a":' * 20 + near(), "", 1)
    yield "JSON lines, a near name in each", fill(lambda: json.dumps(
        {"time": "2030-02-01T10:20:30Z", "message": near()}), "", 1)
    yield "JSON lines, escapes in strings", fill(lambda: json.dumps(
        {"time": "2030-02-01T10:20:30Z", "message": near() + "\u0430\n" * 40}), "", 1)
    yield "one JSON array of megabytes", b"[" + fill(lambda: json.dumps(
        {"time": "2030-02-01T10:20:30Z", "message": near()}), ",") + b"{}]"
    yield "CSV, a near name in each", b"time,src_ip,host,a,b\n" + fill(
        lambda: f"2030-02-01T10:20:30Z,10.1.2.3,{near()},1,2", "", 1)
    yield "CSV, 100,000 columns", (",".join(["host"] + [f"c{i}" for i in range(99_999)]) + "\n"
                                   ).encode() + fill(lambda: near() + "," * 99_999, "", 1)
    yield "CSV, quotes", b"time,src_ip,host,a,b\n" + fill(
        lambda: f'2030-02-01T10:20:30Z,10.1.2.3,"{near()}",""""""""""""""""', "", 1)
    yield "CEF, a near name in each", fill(
        lambda: f"CEF:0|a|b|1|100|c|5|dhost={near()} src=10.1.2.3 msg=a", "", 1)
    yield "CEF, 500 fields in each", fill(
        lambda: f"CEF:0|a|b|1|100|c|5|dhost={near()} " + "a=b " * 500, "", 1)
    yield "LEEF, a near name in each", fill(
        lambda: f"LEEF:1.0|a|b|1|100|dstHost={near()}\tsrc=10.1.2.3", "", 1)
    yield "XML, a near name in each", fill(
        lambda: "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<TimeCreated SystemTime='2030-02-01T10:20:30.1Z'/></System><EventData>"
        f"<Data Name='QueryName'>{near()}</Data></EventData></Event>", "", 1)
    yield "XML, deep, a near name in each", fill(
        lambda: "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<TimeCreated SystemTime='2030-02-01T10:20:30.1Z'/></System><EventData>"
        + "<a>" * 200 + f"<Data Name='QueryName'>{near()}</Data>" + "</a>" * 200
        + "</EventData></Event>", "", 1)
    yield "access log, a near name in each", fill(
        lambda: f'10.1.2.3 - - [01/Feb/2030:10:20:30 +0000] "GET / HTTP/1.1" 200 5 '
        f'"http://{near()}/" "a"', "", 1)
    yield "access log, a near name as user agent", fill(
        lambda: f'10.1.2.3 - - [01/Feb/2030:10:20:30 +0000] "GET / HTTP/1.1" 200 5 "-" "{near()}"',
        "", 1)
    yield "syslog, a near name in each", fill(
        lambda: f"<34>1 2030-02-01T10:20:30Z host app 1 - - {near()}", "", 1)
    yield "DNS queries, a near name in each", fill(
        lambda: f"01-Feb-2030 10:20:30.123 client @0x7f 10.1.2.3#5353 ({near()}): query: {near()} "
        "IN A + (10.1.2.4)", "", 1)


PARTS = (escapes, names, numbers, urls, lines, records)


def texts(indicators):
    """Names and bytes; the same ones of the same indicators."""
    for part in PARTS:
        values = Values(indicators, random.Random(7))
        for name, block in part(values):
            yield name, block


def write(path, name, block):
    """How many bytes of text it is."""
    size = MEGABYTES * 1_000_000
    with open(path, "wb") as file:
        if name.startswith("gzip"):
            file.write(block)
            return size
        for _ in range(max(1, size // len(block))):
            file.write(block)
    return path.stat().st_size


def processor(command):
    """Seconds of processor, the system's part included; finer than os.times() tells."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def rank(match, indicators, work, repeats):
    """Rows of MB/s and a name, the slowest first. @match makes a command of a file."""
    log, empty = work / "slow", work / "empty"
    empty.touch()
    start = min(processor(match(empty)) for _ in range(5))
    rows = []
    for name, block in texts(indicators):
        size = write(log, name, block)
        seconds = min(processor(match(log)) for _ in range(repeats))
        rows.append((size / max(seconds - start, 1e-4) / 1e6, name))
    return sorted(rows)


def run(bench):
    work = bench.work / "shield-slow"
    work.mkdir()
    indicators, made = work / "values", work / "set"
    with open(indicators, "wb") as file:
        subprocess.run([bench.build / "bench/bench-shield", "indicators", "1000000"], stdout=file,
                       check=True)
    subprocess.run([bench.build / "bench/bench-shield", "compile", indicators, made], check=True,
                   stdout=subprocess.DEVNULL)
    for rate, name in rank(lambda log: [bench.concert_bin, "match", "-c", "-j", "1", "--set", made,
                                        log], indicators, work, bench.repeats):
        bench.row(f"match: {name}", f"{rate:.0f} MB/s", "", "", "")
