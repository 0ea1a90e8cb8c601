# SPDX-License-Identifier: GPL-2.0-or-later
"""SQLite with a write-ahead log: two processes write and read one database; locks and mapped pages keep them apart.

zdtm-dump: --file-locks
zdtm-ignore: .
"""
import os
import signal
import sqlite3
import time

DIR = os.environ["ZDTM_DIR"]
over = []


def connect():
    c = sqlite3.connect("accounts.db", timeout=20, isolation_level=None)
    c.execute("pragma journal_mode=wal")
    return c


def turn(c, pause):
    """One transfer: what is in all accounts together stays the same, and no turn of the other one is overwritten."""
    c.execute("begin immediate")
    n = count(c)
    c.execute("update account set money = money - 1 where id = 1")
    c.execute("update account set money = money + 1 where id = 2")
    time.sleep(pause)
    c.execute("update turns set n = ?", (n + 1,))
    c.execute("commit")


def write_on():
    """The other process; its exit says whether it could, the file how many turns it made."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    c = connect()
    made = 0
    while not os.path.exists("stop"):
        turn(c, 0)
        made += 1
        time.sleep(0.002)
    with open("made", "w", encoding="ascii") as f:
        f.write(str(made))


def count(c):
    return c.execute("select n from turns").fetchone()[0]


def main():
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    c = connect()
    c.execute("create table account(id integer primary key, money integer)")
    c.execute("create table turns(n integer)")
    c.execute("insert into account values (1, 1000000), (2, 0)")
    c.execute("insert into turns values (0)")
    pid = os.fork()
    if not pid:
        write_on()
        os._exit(0)
    while count(c) < 3:
        time.sleep(0.01)
    open(f"ready.{os.getpid()}", "w").close()
    bad = []
    made = 0
    # A transaction is open most of the time: its lock is held over the checkpoint.
    while not over:
        turn(c, 0.02)
        made += 1
        time.sleep(0.003)
    before = count(c)
    for _ in range(200):
        if count(c) > before + 3:
            break
        time.sleep(0.02)
    else:
        bad.append("the other process does not write any more")
    open("stop", "w").close()
    if os.waitpid(pid, 0)[1]:
        bad.append("the other process failed")
    with open("made", encoding="ascii") as f:
        made += int(f.read())
    if count(c) != made:
        bad.append(f"{made} turns were made, {count(c)} are in the database")
    if c.execute("select sum(money) from account").fetchone()[0] != 1000000:
        bad.append("money is lost")
    if c.execute("pragma integrity_check").fetchone()[0] != "ok":
        bad.append("the database is damaged")
    with open(os.path.join(DIR, "verdict"), "a", encoding="ascii") as f:
        f.writelines(f"FAIL: {line}\n" for line in bad[:5])
        if not bad:
            f.write("PASS\n")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
