"""The containers of `make bench`. What it prints is read by ticks.ts; all times are microseconds since the epoch.

    workload.py PROCESSES MEMORY_MIB FILES_MIB SMALL_FILES PORT

It counts every 5 ms: alone, or PROCESSES processes in a ring of pipes, all of which must have had their turn for the
count to rise. It holds that much memory beyond the interpreter's own, random and so not to be compressed, and changes a
page of it at every count. It writes that many MiB of files, 10 MiB each, and that many files of 1 KiB. With a PORT other
than 0 it sends back whatever comes there by TCP and UDP.

    ready BORN         it has written its files and filled its memory
    at TIME COUNT      every twentieth count
    gap FROM TO COUNT  no count between these two moments, which are more than 20 ms apart
    end TIME COUNT     it was told to end; the last count was at that time
"""
import os, select, signal, socket, sys, time

INTERVAL = 5_000
NOTABLE = 20_000
CHUNK = 1 << 20
processes, memory_mib, files_mib, small_files, port = map(int, sys.argv[1:6])


def now():
    return time.time_ns() // 1000


def say(*words):
    print(*words, flush=True)


def ring(size):
    """Starts the other processes; returns what gives each of them its turn."""
    pipes = [os.pipe() for _ in range(size)]
    for index in range(1, size):
        if os.fork() == 0:
            while os.read(pipes[index - 1][0], 1):
                os.write(pipes[index][1], b"x")
            os._exit(0)

    def turn():
        os.write(pipes[0][1], b"x")
        os.read(pipes[size - 1][0], 1)

    return turn


def write_files():
    os.makedirs("/data/small", exist_ok=True)
    for index in range(files_mib // 10):
        with open(f"/data/large-{index}", "wb") as file:
            for _ in range(10):
                file.write(os.urandom(CHUNK))
    for index in range(small_files):
        with open(f"/data/small/{index}", "wb") as file:
            file.write(os.urandom(1024))


def fill_memory():
    held = bytearray(memory_mib * CHUNK)
    for at in range(0, len(held), CHUNK):
        held[at : at + CHUNK] = os.urandom(CHUNK)
    return held


class Server:
    """Sends every message back."""

    def __init__(self):
        self.poll, self.connections = select.poll(), {}
        self.listener = socket.create_server(("", port), backlog=256)
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("", port))
        for one in (self.listener, self.datagrams):
            one.setblocking(False)
            self.poll.register(one, select.POLLIN)

    def serve(self, wait_ms):
        for number, _ in self.poll.poll(wait_ms):
            if number == self.listener.fileno():
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections[connection.fileno()] = connection
                self.poll.register(connection, select.POLLIN)
            elif number == self.datagrams.fileno():
                message, sender = self.datagrams.recvfrom(2048)
                try:
                    self.datagrams.sendto(message, sender)
                except OSError:
                    pass  # the network is on its way
            else:
                self.answer(number)

    def answer(self, number):
        connection = self.connections[number]
        try:
            message = connection.recv(2048)
            if message:
                connection.sendall(message)
                return
        except OSError:
            pass
        self.poll.unregister(connection)
        del self.connections[number]
        connection.close()


count, last, born = 0, now(), now()


def end(*_):
    say("end", last, count)
    # It is the first process of its container: the others end with it.
    os._exit(0)


turn = ring(processes) if processes > 1 else lambda: None
# After the fork: the others have the same handler else.
signal.signal(signal.SIGTERM, end)
write_files()
held = fill_memory()
server = Server() if port else None
last = now()
say("ready", born)
while True:
    wait_ms = max(0, last + INTERVAL - now()) / 1000
    if server:
        due = now() + wait_ms * 1000
        while True:
            server.serve(max(0, due - now()) / 1000)
            if now() >= due:
                break
    else:
        time.sleep(wait_ms / 1000)
    turn()
    moment = now()
    count += 1
    if held:
        held[count * 4096 % len(held)] = count & 255
    if moment - last > NOTABLE:
        say("gap", last, moment, count)
    last = moment
    if count % 20 == 1:
        say("at", moment, count)
