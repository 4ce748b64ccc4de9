"""The own host and another behind a line, as two network namespaces, for what filters packets."""

import os
import shutil
import subprocess

import concert
from shieldnode import PORT, ShieldTestCase


def absent_nft():
    """Why nft cannot be a judge here; None: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nft"):
        if not shutil.which(program):
            return f"no {program}"
    name = f"concert-nft-{os.getpid()}"
    run = lambda *command: subprocess.run(command, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, text=True)
    made = run("ip", "netns", "add", name)
    if made.returncode != 0:
        return f"no network namespaces: {made.stdout.strip()}"
    try:
        listed = run("ip", "netns", "exec", name, "nft", "list", "ruleset")
        return f"no nftables in this kernel: {listed.stdout.strip()}" if listed.returncode else None
    finally:
        run("ip", "netns", "del", name)


ABSENT_NFT = absent_nft()

# Sends back what is sent to any of its addresses.
ECHO = f"""
import select, socket, socketserver, threading

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(64))

waiting = []
for port in (7, {PORT}):
    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        each = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            each.setsockopt(socket.IPPROTO_IP, 8, 1)
        else:
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind((everywhere, port))
        waiting.append(each)
    server = socketserver.ThreadingTCPServer(("0.0.0.0", port), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
while True:
    for each in select.select(waiting, [], [])[0]:
        data, sender = each.recvfrom(64)
        each.sendto(data, sender)
"""

# Sends a datagram to each address, to port 7 or the one behind a "#"; prints those that said no, and
# those from which came what was sent there. With "/tcp" it asks for a connection.
TALK = """
import select, socket, sys
for whom in sys.argv[1:]:
    where, _, tcp = whom.partition("/")
    address, _, port = where.partition("#")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as asking:
        try:
            if tcp:
                asking.settimeout(2)
                asking.connect((address, int(port or 7)))
                asking.send(b"hello")
            else: # the answer may come from another address
                asking.sendto(b"hello", (address, int(port or 7)))
            print(whom, "passed" if select.select([asking], [], [], 2)[0] else "lost")
        except PermissionError:
            print(whom, "refused")
        except TimeoutError:
            print(whom, "lost")
"""


class NamespaceTestCase(ShieldTestCase):
    """The own host (192.0.2.1), and another with addresses that are blocked and not."""

    def space(self, name, *command):
        return self.judge("ip", "netns", "exec", name, *command)

    def setUp(self):
        super().setUp()
        self.own, self.far = (f"concert-{name}-{os.getpid()}" for name in ("own", "far"))
        for name in (self.own, self.far):
            self.judge("ip", "netns", "add", name)
            self.addCleanup(subprocess.run, ["ip", "netns", "del", name])
        self.lay_line()
        addresses = {self.own: ["192.0.2.1/24", "2001:db8:1::1/64"],
                     self.far: ["203.0.113.7/32", "198.51.100.7/32", "192.0.2.2/24",
                                "2001:db8:5::7/128", "2001:db8:6::7/128", "2001:db8:1::2/64"]}
        for name, each in addresses.items():
            for address in each:
                self.judge("ip", "-n", name, "addr", "add", address, "dev", "line",
                           *(["nodad"] if ":" in address else []))
            self.judge("ip", "-n", name, "link", "set", "line", "up")
        self.judge("ip", "-n", self.own, "route", "add", "default", "via", "192.0.2.2")
        self.judge("ip", "-n", self.own, "-6", "route", "add", "default", "via", "2001:db8:1::2")

    def lay_line(self):
        self.judge("ip", "link", "add", "line", "netns", self.own, "type", "veth", "peer", "name",
                   "line", "netns", self.far)

    def talk(self, *addresses):
        return dict(line.split() for line in
                    self.space(self.own, "python3", "-c", TALK, *addresses).splitlines())

    def start_echo(self):
        echo = self.spawn("ip", "netns", "exec", self.far, "python3", "-c", ECHO,
                          stdout=subprocess.PIPE)
        echo.stdout.readline()

    def wait_for_line(self, everybody):
        concert.until(lambda: set(self.talk(*everybody).values()) == {"passed"},
                      "the line does not carry anything")
