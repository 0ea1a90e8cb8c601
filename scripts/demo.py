#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program of the demo: threads, workers behind pipes, open files, and data whose checksum it knows.

Everything counts on; on SIGTERM each part is asked whether it lost anything, and the answer goes to DIR/verdict.
"""
import hashlib
import multiprocessing.connection
import os
import random
import signal
import sys
import threading
import time

DATA_MIB, N_THREADS, N_WORKERS = 300, 4, 3


def worker(pipe):
    """Adds up what it is sent; the sum is state that only this process has."""
    total = 0
    while True:
        number = pipe.recv()
        if number is None:
            return
        total += number
        pipe.send(total)


class Counter(threading.Thread):
    """A thread that counts, ten a second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.value = 0

    def run(self):
        while True:
            self.value += 1
            time.sleep(0.1)


class Program:
    def __init__(self, where):
        self.where = where
        self.progress = open(os.path.join(where, "progress"), "w", buffering=1)
        self.scratch = open(os.path.join(where, "scratch"), "w+")
        self.data = random.Random(5).randbytes(1 << 20) * DATA_MIB
        self.digest = hashlib.sha256(self.data).hexdigest()
        self.workers = []
        for _ in range(N_WORKERS):
            ours, theirs = os.pipe(), os.pipe()
            reader = multiprocessing.connection.Connection(theirs[0], writable=False)
            writer = multiprocessing.connection.Connection(ours[1], readable=False)
            pid = os.fork()
            if not pid:
                os.close(ours[1])
                os.close(theirs[0])
                worker(Both(multiprocessing.connection.Connection(ours[0], writable=False),
                            multiprocessing.connection.Connection(theirs[1], readable=False)))
                os._exit(0)
            os.close(ours[0])
            os.close(theirs[1])
            self.workers.append(Both(reader, writer))
        self.threads = [Counter() for _ in range(N_THREADS)]
        self.rounds, self.sent = 0, 0
        self.over = False
        signal.signal(signal.SIGTERM, self.stop)
        for thread in self.threads:
            thread.start()

    def stop(self, _signo, _frame):
        self.over = True

    def round(self):
        self.rounds += 1
        self.sent += self.rounds
        sums = []
        for w in self.workers:
            w.send(self.rounds)
            sums.append(w.recv())
        self.scratch.write(f"{self.rounds}\n")
        self.scratch.flush()
        counts = " ".join(str(t.value) for t in self.threads)
        print(f"round {self.rounds:3}: workers' sums {sums}, threads' counters {counts}", file=self.progress)
        return all(s == self.sent for s in sums)

    def verdict(self, sums_right):
        before = [t.value for t in self.threads]
        time.sleep(0.5)
        self.scratch.seek(0)
        lines = [int(line) for line in self.scratch]
        checks = (
            (f"{DATA_MIB} MiB of data: the checksum is the one from the start",
             hashlib.sha256(self.data).hexdigest() == self.digest),
            (f"{N_WORKERS} workers: every sum is right", sums_right),
            (f"{N_THREADS} threads: all count on", all(t.value > b for t, b in zip(self.threads, before))),
            (f"the open file: {self.rounds} lines, none lost", lines == list(range(1, self.rounds + 1))),
        )
        with open(os.path.join(self.where, "verdict.new"), "w") as out:
            for text, good in checks:
                print(("yes  " if good else "NO   ") + text, file=out)
            print("all is well" if all(good for _, good in checks) else "something was lost", file=out)
        os.rename(os.path.join(self.where, "verdict.new"), os.path.join(self.where, "verdict"))


class Both:
    """The two ends of one conversation."""

    def __init__(self, reader, writer):
        self.recv, self.send = reader.recv, writer.send


def main():
    os.closerange(3, 4096)      # whatever the shell of this demo was started with is not part of the program
    program = Program(sys.argv[1])
    right = True
    with open(os.path.join(sys.argv[1], "ready"), "w"):
        pass
    while not program.over:
        right = program.round() and right
        time.sleep(0.1)
    program.verdict(right)
    for w in program.workers:
        w.send(None)
    for _ in program.workers:
        os.wait()


main()
