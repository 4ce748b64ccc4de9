"""A mail server that keeps what it is given, on a port of its own on loopback.

    sink = smtpsink.Sink(test)            # {"mail": {"server": sink.url}}
    sink.wait(2)                          # two mails: Mail(sender, recipient, data)
    sink.refuse["x@birch.example"] = "550 no such user"
"""

import collections
import email
import email.policy
import socketserver
import threading

import concert

Mail = collections.namedtuple("Mail", "sender recipient data")


def parsed(mail):
    """The mail as Python's own parser reads it."""
    return email.message_from_bytes(mail.data, policy=email.policy.default)


class Handler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        sink = self.server.sink
        sink.connections += 1
        self.say("220 sink.example")
        sender = recipient = None
        while True:
            line = self.rfile.readline(2000).decode(errors="replace").strip()
            word = line[:4].upper()
            if not line or word == "QUIT":
                self.say("221 bye")
                return
            if word == "EHLO":
                self.say("250-sink.example")
                self.say("250 8BITMIME")
            elif word == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
                self.say(sink.refuse_all or "250 ok")
            elif word == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
                self.say(sink.refuse.get(recipient, "250 ok"))
            elif word == "DATA":
                self.say("354 go on")
                data = self.read_data()
                if sink.vanish:  # takes it, and dies before it says so
                    sink.vanish = False
                    sink.mails.append(Mail(sender, recipient, data))
                    return
                sink.mails.append(Mail(sender, recipient, data))
                self.say("250 taken")
            elif word in ("RSET", "NOOP"):
                self.say("250 ok")
            else:
                self.say("502 no")

    def read_data(self):
        lines = []
        while True:
            line = self.rfile.readline()
            if line in (b".\r\n", b""):
                return b"".join(lines)
            assert line.endswith(b"\r\n") and len(line) <= 1000, line
            lines.append(line[1:] if line.startswith(b"..") else line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class Sink:
    def __init__(self, test):
        self.mails, self.refuse, self.refuse_all, self.vanish = [], {}, None, False
        self.connections = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.sink = self
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def wait(self, count):
        concert.until(lambda: len(self.mails) >= count,
                      lambda: f"{len(self.mails)} of {count} mails came")
        return self.mails[:count]
