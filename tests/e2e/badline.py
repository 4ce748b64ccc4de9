"""A bad line: a proxy for TCP between two nodes that delays, throttles, cuts and falls silent."""

import random
import socket
import threading
import time


class BadLine:
    """Listens on a port of its own and hands on to another. What it does to connections may be
    changed while they run:

        delay     seconds each way
        rate      bytes a second each way; None: as many as come
        cut       a connection ends after about so many bytes; None: never
        up        False: nobody answers, and what was there is gone
        silent    True: connections are accepted, and nothing comes ever
    """

    def __init__(self, test, port=None, seed=1):
        self.port = port
        self.delay, self.rate, self.cut, self.up, self.silent = 0.0, None, None, True, False
        self.dice = random.Random(seed)
        self.bytes = self.connections = 0
        self.sockets, self.lock = set(), threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        test.addCleanup(self.close)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.own_port}"

    def down(self):
        self.up = False
        self.drop()

    def drop(self):
        with self.lock:
            sockets, self.sockets = self.sockets, set()
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def close(self):
        self.listener.close()
        self.drop()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            if not self.up:
                client.close()
                continue
            with self.lock:
                self.sockets.add(client)
            threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client):
        if self.silent:
            return  # it is kept in self.sockets
        try:
            server = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        except OSError:
            client.close()
            return
        with self.lock:
            self.sockets.add(server)
        left = [self.dice.randrange(1, 2 * self.cut)] if self.cut else None
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self.carry, args=(one, other, left), daemon=True).start()

    def carry(self, one, other, left):
        try:
            while data := one.recv(4096 if self.rate else 65536):
                if self.delay:
                    time.sleep(self.delay)
                if self.rate:
                    time.sleep(len(data) / self.rate)
                if left is not None:
                    left[0] -= len(data)
                    if left[0] <= 0:
                        other.sendall(data[:max(1, len(data) // 2)])
                        break
                self.bytes += len(data)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
            with self.lock:
                self.sockets.discard(end)
