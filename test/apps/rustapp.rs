// SPDX-License-Identifier: GPL-2.0-or-later
// Rust: threads with channels, a mutex and a condition variable, sleeping timers, a large sorted table.
// zdtm-ignore: fd \d+: pos
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{mpsc, Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

extern "C" {
    fn signal(sig: i32, handler: usize) -> usize;
}

static OVER: AtomicU64 = AtomicU64::new(0);

extern "C" fn on_term(_: i32) {
    OVER.store(1, SeqCst);
}

fn is_over() -> bool {
    OVER.load(SeqCst) != 0
}

struct Shared {
    failures: Mutex<Vec<String>>,
    turns: AtomicU64,
    ticks: AtomicU64,
    baton: Mutex<u64>,
    passed: Condvar,
}

impl Shared {
    fn check(&self, ok: bool, text: String) {
        if !ok {
            self.failures.lock().unwrap().push(text);
        }
    }
}

fn relay(shared: Arc<Shared>, me: u64, count: u64) {
    // a baton goes round: each thread waits for its number
    let mut baton = shared.baton.lock().unwrap();
    while !is_over() {
        if *baton % count == me {
            *baton += 1;
            shared.turns.fetch_add(1, SeqCst);
            shared.passed.notify_all();
        }
        baton = shared.passed.wait_timeout(baton, Duration::from_millis(20)).unwrap().0;
    }
}

fn main() {
    let dir = std::env::var("ZDTM_DIR").unwrap();
    unsafe { signal(15, on_term as usize) };
    let shared = Arc::new(Shared {
        failures: Mutex::new(Vec::new()),
        turns: AtomicU64::new(0),
        ticks: AtomicU64::new(0),
        baton: Mutex::new(0),
        passed: Condvar::new(),
    });
    let table: BTreeMap<u64, String> = (0..100_000).map(|i| (i * 2654435761 % 1_000_003, format!("value {i}"))).collect();
    let mut threads = Vec::new();
    for me in 0..4 {
        let shared = shared.clone();
        threads.push(thread::spawn(move || relay(shared, me, 4)));
    }
    let (tx, rx) = mpsc::sync_channel::<u64>(8);
    threads.push(thread::spawn(move || {
        let mut n = 0;
        while !is_over() {
            tx.send(n).unwrap();
            n += 1;
            thread::sleep(Duration::from_millis(1));
        }
    }));
    let consumer = shared.clone();
    threads.push(thread::spawn(move || {
        for (expect, n) in rx.iter().enumerate() {
            consumer.check(n == expect as u64, format!("channel: {n}, should be {expect}"));
        }
    }));
    let clock = shared.clone();
    threads.push(thread::spawn(move || {
        while !is_over() {
            let start = Instant::now();
            thread::sleep(Duration::from_millis(3));
            clock.check(start.elapsed() >= Duration::from_millis(3), "a timer was early".into());
            clock.ticks.fetch_add(1, SeqCst);
        }
    }));
    while shared.turns.load(SeqCst) < 10 || shared.ticks.load(SeqCst) < 3 {
        thread::sleep(Duration::from_millis(1));
    }
    let before = (shared.turns.load(SeqCst), shared.ticks.load(SeqCst));
    fs::write(format!("{dir}/ready.{}", std::process::id()), "").unwrap();
    while !is_over() {
        thread::sleep(Duration::from_millis(2));
    }
    for t in threads {
        t.join().unwrap();
    }
    shared.check(shared.turns.load(SeqCst) > before.0, "the baton does not go round".into());
    shared.check(shared.ticks.load(SeqCst) > before.1, "no ticks".into());
    for (key, value) in &table {
        let i: u64 = value[6..].parse().unwrap();
        shared.check(*key == i * 2654435761 % 1_000_003, format!("table: {key} is {value}"));
    }
    let failures = shared.failures.lock().unwrap();
    let text = if failures.is_empty() {
        "PASS\n".to_string()
    } else {
        failures.iter().take(10).map(|f| format!("FAIL: {f}\n")).collect()
    };
    fs::write(format!("{dir}/verdict"), text).unwrap();
    std::process::exit(if failures.is_empty() { 0 } else { 1 });
}
