"""Notices in bulk: findings of many networks, a contact for each, drafted, approved, and taken by a
mail server on loopback. Nothing is asserted: most of it waits for the disk."""

import random
import re
import resource
import sys
import time

FINDINGS, CONTACTS = 100000, 5000
LANGUAGES = ("en", "fr", "es", "ar", "ru", "zh", "vi")


class Cleanups:
    """What smtpsink.Sink takes for a test."""

    def addCleanup(self, *_):
        pass


def network(i):
    return f"10.{i // 256}.{i % 256}"


def write_lists(directory):
    generator = random.Random(1)
    with open(directory / "contacts.csv", "w", encoding="utf-8") as contacts:
        contacts.write("email,name,language,ip,as\n")
        for i in range(CONTACTS):
            contacts.write(f"abuse@isp{i}.birch.example,ISP {i},{LANGUAGES[i % 7]},{network(i)}.0/24,"
                           f"{64512 + i}\n")
    with open(directory / "report.csv", "w", encoding="utf-8") as report:
        report.write("timestamp,ip,protocol,port,asn,tag\n")
        for i in range(FINDINGS):
            k = generator.randrange(CONTACTS)
            report.write(f"2026-03-01 10:00:{i % 60:02},{network(k)}.{generator.randrange(256)},tcp,"
                         f"{generator.choice((23, 445, 3389))},{64512 + k},telnet\n")
    return directory / "contacts.csv", directory / "report.csv"


def run(bench, root):
    sys.path.insert(0, str(root / "tests/e2e"))
    import smtpsink
    sink = smtpsink.Sink(Cleanups())
    node = bench.make_node("notices")
    conf = node / "concert.conf"
    conf.write_text(re.sub(r"(?m)^\[mail\]\n", f"[mail]\nserver = {sink.url}\nper_hour = 1000000\n"
                           "from = notices@cert.alder.example\n",
                           re.sub(r"(?m)^\[node\]\n", "[node]\norganisation = Alder CERT\n",
                                  conf.read_text())))
    contacts, report = write_lists(bench.work)

    def time_of(what, *arguments):
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        bench.concert(node, *arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        bench.row(f"notices: {what}", f"{time.monotonic() - start:.1f} s",
                  f"{worked:.1f} s of it the processor", "", "")

    time_of(f"{CONTACTS} contacts imported", "contact", "import", contacts)
    time_of(f"{FINDINGS} findings read, routed, written as {CONTACTS} notices, nothing kept", "notify",
            report, "--dry-run")
    time_of("the same, drafts kept", "notify", report, "--batch", "bench")
    time_of("all of them approved", "notify", "approve", "--batch", "bench")
    time_of("all of them sent and taken by a mail server", "notify", "send", "--all")
    assert len(sink.mails) == CONTACTS, len(sink.mails)
