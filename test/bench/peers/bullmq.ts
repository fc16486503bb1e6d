/** BullMQ on Redis with `appendfsync always` behind a bare HTTP door: the queue that one would build on a single machine, loaded with the same calls. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createTarget, type Subject, type Target, WORKERS } from '../subject.ts';
import { loadBullMq } from './bullmq-api.ts';
import { endProcess, startRedis } from './redis.ts';

type Child = ChildProcessByStdio<null, Readable, null>;

/** Starts Redis, the door and the workers on demand, hands them to `work`, and ends them all. */
export async function withBullMq<T>(work: (subject: Subject) => Promise<T>): Promise<T> {
	loadBullMq(); // Fails here, with the fix, rather than in a child.
	const redis = await startRedis();
	const children = new Map<Child, string>();
	const start = async (kind: string, file: string, ...args: string[]): Promise<string> => {
		const child = spawn(process.execPath, [resolve(import.meta.dirname, file), String(redis.port), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
		children.set(child, kind);
		const [line] = (await once(child.stdout, 'data')) as [Buffer];
		return line.toString('utf8').trim();
	};
	try {
		const port = await start('door', 'bullmq-door.ts', 'echo-16', 'echo-64', 'unserved');
		const target = (name: string, slots: number): Target => createTarget(`http://127.0.0.1:${port}`, name, 'none', slots);
		return await work({
			deploy: async (slots) => {
				await Promise.all(Array.from({ length: WORKERS }, () => start('worker', 'bullmq-worker.ts', `echo-${slots}`, String(slots / WORKERS))));
				return target(`echo-${slots}`, slots);
			},
			deployUnserved: () => Promise.resolve(target('unserved', 0)),
			processes: () => new Map([[redis.pid, 'redis'], [process.pid, 'generator'], ...[...children].map(([child, kind]): [number, string] => [child.pid ?? 0, kind])]),
		});
	} finally {
		await Promise.all([...children.keys()].map(endProcess));
		await redis.stop();
	}
}
