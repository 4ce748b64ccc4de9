"""Runs commands in processes forked from one that has loaded the program already (forker.c): loading
is most of what a short command costs. `make test-long` does without."""

import atexit
import os
import selectors
import socket
import subprocess
import threading
import time

_lock = threading.Lock()
_socket = None


class Finished:
    """What became of a command."""

    def __init__(self, status):
        self.returncode = os.waitstatus_to_exitcode(status)


def _start(program):
    """Starts the one that has loaded the program; it ends when this process does."""
    global _socket
    ours, own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own:
        process = subprocess.Popen([program], stdin=subprocess.DEVNULL, pass_fds=[own.fileno()],
                                   env={**os.environ, "CONCERT_FORKER": str(own.fileno())})
    _socket = ours

    def end():
        ours.close()
        process.wait()
    atexit.register(end)


def _order(program, arguments, environment, cwd, descriptors):
    """Has a command started; returns the socket that tells of it."""
    texts = [os.fsencode(cwd or os.getcwd()), *map(os.fsencode, arguments), b"",
             *(os.fsencode(f"{name}={value}") for name, value in environment.items())]
    answer, far = socket.socketpair()
    with far, open(os.memfd_create("order"), "wb", buffering=0) as order:
        order.write(b"".join(text + b"\0" for text in texts))
        with _lock:
            if not _socket:
                _start(program)
            socket.send_fds(_socket, [b"x"], [order.fileno(), *descriptors, far.fileno()])
    return answer


def _number(answer):
    data = answer.recv(4, socket.MSG_WAITALL)
    if len(data) < 4:
        raise RuntimeError("the process that starts commands has ended")
    return int.from_bytes(data, "little")


def _talk(told, heard, input, end):
    """Writes @input to one descriptor and adds what comes from others until all are closed; False when
    that takes too long."""
    left = memoryview(input)
    with selectors.DefaultSelector() as selector:
        os.set_blocking(told, False)
        selector.register(told, selectors.EVENT_WRITE)
        for each in heard:
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                return False
            for key, _ in ready:
                if key.fd == told:
                    try:
                        left = left[os.write(told, left[:65536]):] if left else left
                    except BrokenPipeError:
                        left = left[:0]
                    done = not left
                else:
                    data = os.read(key.fd, 65536)
                    heard[key.fd] += data
                    done = not data
                if done:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return True


def run(program, arguments, environment, cwd, input, timeout):
    """Runs a command; returns how it finished, and what it printed to standard output and error."""
    (their_in, told), (out, their_out), (err, their_err) = os.pipe(), os.pipe(), os.pipe()
    theirs = (their_in, their_out, their_err)
    with _order(program, arguments, environment, cwd, theirs) as answer:
        for each in theirs:
            os.close(each)
        pid = _number(answer)
        heard = {out: bytearray(), err: bytearray()}
        if not _talk(told, heard, input, time.monotonic() + timeout):
            os.kill(pid, 9)
            raise subprocess.TimeoutExpired(arguments, timeout)
        return Finished(_number(answer)), bytes(heard[out]), bytes(heard[err])
