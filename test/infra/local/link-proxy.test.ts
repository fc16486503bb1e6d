/** The relay as a real process between real sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../support/start-stack.ts';

const PROGRAM = resolve(import.meta.dirname, '../../../infra/local/link-proxy.ts');
const children: ChildProcess[] = [];
const servers: Server[] = [];

afterEach(() => {
	for (const child of children.splice(0)) child.kill('SIGKILL');
	for (const server of servers.splice(0)) server.close();
});

async function relay(targets: readonly number[], delayMs: number): Promise<number> {
	const port = await freePort();
	const child = spawn(process.execPath, [PROGRAM, JSON.stringify([{ port, targets, delayMs }])], { stdio: ['ignore', 'pipe', 'inherit'] });
	children.push(child);
	await new Promise<void>((resolveReady, reject) => {
		child.stdout?.once('data', () => resolveReady());
		child.once('exit', (code) => reject(new Error(`link-proxy ended with ${code}`)));
	});
	return port;
}

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
	const server = createServer({ allowHalfOpen: true }, onConnection);
	servers.push(server);
	const port = await freePort();
	await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
	return port;
}

/** Sends all of `text`, ends its half, and returns all that came back. */
function exchange(port: number, text: string): Promise<string> {
	return new Promise((done, reject) => {
		let answer = '';
		const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text));
		socket.setEncoding('utf8').on('data', (chunk: string) => {
			answer += chunk;
		});
		socket.on('error', reject);
		socket.on('end', () => done(answer));
	});
}

/** Answers when the other half has ended, so that an answer proves that the end was passed on. */
const upperCase = (socket: Socket): void => {
	let text = '';
	socket.setEncoding('utf8').on('data', (chunk: string) => {
		text += chunk;
	});
	socket.on('end', () => socket.end(text.toUpperCase()));
};

describe('a relayed connection', () => {
	test.each([0, 20])('brings every byte and both ends across with %i ms of delay', async (delayMs) => {
		const port = await relay([await serve(upperCase)], delayMs);
		const text = 'abcdefghij'.repeat(200_000);
		expect(await exchange(port, text)).toBe(text.toUpperCase());
	});

	test('goes to the targets in turn', async () => {
		const one = await serve((socket) => socket.end('one'));
		const two = await serve((socket) => socket.end('two'));
		const port = await relay([one, two], 0);
		const answers = [await exchange(port, ''), await exchange(port, ''), await exchange(port, '')];
		expect(answers).toEqual(['one', 'two', 'one']);
	});

	test('passes over a target that is down', async () => {
		const port = await relay([await freePort(), await serve((socket) => socket.end('alive'))], 0);
		expect([await exchange(port, ''), await exchange(port, '')]).toEqual(['alive', 'alive']);
	});

	test('is closed when no target is up', async () => {
		const port = await relay([await freePort()], 0);
		await expect(
			exchange(port, 'x').then(
				(answer) => `answer ${answer}`,
				() => 'closed',
			),
		).resolves.toMatch(/^(?:closed|answer )$/);
	});

	test('ends when its target is killed', async () => {
		const accepted: Socket[] = [];
		const port = await relay([await serve((socket) => accepted.push(socket))], 0);
		const ended = exchange(port, 'x').catch(() => '');
		while (accepted.length === 0) await new Promise((tick) => setImmediate(tick));
		accepted[0]?.resetAndDestroy();
		expect(await ended).toBe('');
	});
});
