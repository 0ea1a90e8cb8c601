// SPDX-License-Identifier: GPL-2.0-or-later
// Node.js: intervals, chained timeouts, promises, immediate callbacks, file writes and a worker thread, all going on.
// zdtm-ignore: fd \d+: pos
// zdtm-ignore: maps
// zdtm-ignore: fd \d+: details
'use strict';
const fs = require('fs');
const path = require('path');
const { Worker, isMainThread, parentPort } = require('worker_threads');

function square() {
	parentPort.on('message', (n) => parentPort.postMessage([n, n * n]));
}

async function main() {
	const dir = process.env.ZDTM_DIR;
	const failures = [];
	const check = (ok, text) => ok || failures.push(text);
	const counts = { interval: 0, timeout: 0, promise: 0, worker: 0, written: 0 };
	const table = new Map([...Array(20000).keys()].map((i) => [`key${i}`, i * 7]));
	let over = false;
	process.on('SIGTERM', () => { over = true; });

	const interval = setInterval(() => counts.interval++, 3);
	const chain = () => { counts.timeout++; if (!over) setTimeout(chain, 2); };
	chain();
	const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
	(async () => {
		while (!over) {
			const start = process.hrtime.bigint();
			await sleep(4);
			check(process.hrtime.bigint() - start >= 2900000n, 'a timer was early');
			counts.promise++;
		}
	})();
	const worker = new Worker(__filename);
	worker.on('message', ([n, sq]) => {
		check(n === counts.worker && sq === n * n, `worker: ${n} ${sq}, should be ${counts.worker}`);
		counts.worker++;
		setTimeout(() => worker.postMessage(counts.worker), 2);
	});
	worker.postMessage(0);
	const file = await fs.promises.open(path.join(dir, 'lines'), 'w+');
	while (Math.min(counts.interval, counts.timeout, counts.promise, counts.worker) < 3)
		await sleep(5);
	const before = { ...counts };
	fs.writeFileSync(path.join(dir, `ready.${process.pid}`), '');
	while (!over) {
		await file.write(`${counts.written}\n`);
		counts.written++;
		await sleep(3);
	}
	const marks = { ...counts };
	await sleep(100);
	clearInterval(interval);
	for (const key of ['interval', 'worker'])
		check(counts[key] > marks[key] && counts[key] > before[key], `${key} does not go on: ${counts[key]}`);
	check(counts.timeout > before.timeout && counts.promise > before.promise, 'timeouts did not go on');
	for (const [key, value] of table)
		check(key === `key${value / 7}`, `${key} is ${value}`);
	const lines = fs.readFileSync(path.join(dir, 'lines'), 'ascii').trim().split('\n');
	check(lines.length === counts.written && lines.every((line, i) => Number(line) === i), 'the file has gaps');
	await worker.terminate();
	fs.appendFileSync(path.join(dir, 'verdict'),
		failures.length ? failures.slice(0, 10).map((f) => `FAIL: ${f}\n`).join('') : 'PASS\n');
	process.exit(failures.length ? 1 : 0);
}

if (isMainThread)
	main();
else
	square();
