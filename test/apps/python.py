# SPDX-License-Identifier: GPL-2.0-or-later
"""Python: threads with a queue, multiprocessing workers behind socket pairs and a lock, asyncio timers; none loses a step.

zdtm-ignore: fd \d+: pos
zdtm-ignore: fds$
"""
import asyncio
import hashlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time

DIR = os.environ["ZDTM_DIR"]
over = threading.Event()
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)


def digest(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def worker(lock, pipe):
    """Answers each number with its digest; the lock is one that all workers share."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        number = pipe.recv()
        if number is None:
            break
        with lock:
            pipe.send((number, digest(number)))


class Workers:
    def __init__(self, count):
        context = multiprocessing.get_context("fork")
        self.lock = context.Lock()
        self.all = []
        for _ in range(count):
            ours, theirs = context.Pipe()  # a pair of unix sockets
            process = context.Process(target=worker, args=(self.lock, theirs))
            process.start()
            self.all.append((process, ours))
        self.answered = 0

    def turn(self):
        for _, pipe in self.all:
            pipe.send(self.answered)
        for process, pipe in self.all:
            got = pipe.recv()
            check(got == (self.answered, digest(self.answered)), f"worker {process.pid}: {got}")
        self.answered += 1

    def end(self):
        for process, pipe in self.all:
            pipe.send(None)
            process.join(10)
            check(process.exitcode == 0, f"worker {process.pid}: exit code {process.exitcode}")


def produce(items, counter):
    while not over.is_set():
        items.put(counter[0])
        counter[0] += 1
        time.sleep(0.001)
    items.put(None)


def consume(items, counter):
    expected = 0
    while (item := items.get()) is not None:
        check(item == expected, f"queue: {item}, should be {expected}")
        expected += 1
    counter[0] = expected


async def tick(period, counter):
    loop = asyncio.get_running_loop()
    while not over.is_set():
        before = loop.time()
        await asyncio.sleep(period)
        check(loop.time() >= before + period - 0.001, "a timer was early")
        counter[0] += 1


async def timers(counters):
    await asyncio.gather(*(tick(0.002 * (i + 1), counter) for i, counter in enumerate(counters)))


def run_timers(counters):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(timers(counters))


def main():
    data = os.urandom(1 << 20) * 32
    before = hashlib.sha256(data).digest()
    lines = open(os.path.join(DIR, "lines"), "w+", encoding="ascii")
    workers = Workers(3)
    items, produced, consumed, ticks = queue.Queue(), [0], [0], [[0] for _ in range(4)]
    threads = [threading.Thread(target=target, args=args) for target, args in
               ((produce, (items, produced)), (consume, (items, consumed)), (run_timers, (ticks,)))]
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    for thread in threads:
        thread.start()
    while min(produced[0], ticks[3][0], workers.answered) < 3:
        workers.turn()
        time.sleep(0.001)
    marks = (produced[0], ticks[0][0], workers.answered)
    open(os.path.join(DIR, f"ready.{os.getpid()}"), "w", encoding="ascii").close()
    while not over.is_set():
        workers.turn()
        lines.write(f"line {workers.answered}\n")
        time.sleep(0.001)
    # a while after the restore
    for _ in range(50):
        workers.turn()
    for thread in threads:
        thread.join(10)
        check(not thread.is_alive(), "a thread does not end")
    workers.end()
    check(produced[0] == consumed[0] > marks[0], f"queue: {produced[0]} in, {consumed[0]} out, {marks[0]} before")
    check(ticks[0][0] > marks[1] and workers.answered > marks[2], "timers or workers did not go on")
    check(hashlib.sha256(data).digest() == before, "the data has changed")
    lines.seek(0)
    numbers = [int(line.split()[1]) for line in lines]
    check(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the file has gaps")
    with open(os.path.join(DIR, "verdict"), "a", encoding="utf-8") as f:
        f.write("".join(f"FAIL: {text}\n" for text in failures[:20]) or "PASS\n")
    sys.exit(1 if failures else 0)


main()
