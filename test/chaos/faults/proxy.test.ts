import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type LinkProxy, openProxy } from './proxy.ts';

let echo: Server;
let proxy: LinkProxy;
const clients: Socket[] = [];
/** What the far side got, whether it could answer or not. */
let arrived = '';

beforeEach(async () => {
	arrived = '';
	echo = createServer((socket) => {
		socket.on('error', () => undefined);
		socket.on('data', (chunk: Buffer) => {
			arrived += chunk.toString();
			socket.write(chunk);
		});
	});
	echo.listen(0, '127.0.0.1');
	await once(echo, 'listening');
	proxy = await openProxy((echo.address() as { port: number }).port);
});
afterEach(() => {
	for (const client of clients.splice(0)) client.destroy();
	proxy.close();
	echo.close();
});

interface Client {
	send(text: string): void;
	got(): string;
	isClosed(): boolean;
}

function open(): Client {
	const socket = connect({ port: proxy.port, host: '127.0.0.1' });
	clients.push(socket);
	let text = '';
	let closed = false;
	socket.on('error', () => undefined);
	socket.on('close', () => {
		closed = true;
	});
	socket.on('data', (chunk: Buffer) => {
		text += chunk.toString();
	});
	return { send: (bytes) => void socket.write(bytes), got: () => text, isClosed: () => closed };
}

async function opened(): Promise<Client> {
	const client = open();
	client.send('hello ');
	await until(() => client.got() === 'hello ', { what: 'an echo' });
	return client;
}

test('a hung link keeps its connections and what was sent meanwhile comes when it is healed, in order', async () => {
	const client = await opened();
	proxy.set('hang');
	client.send('one ');
	const late = open();
	late.send('late');
	await new Promise((resolve) => setTimeout(resolve, 100));
	expect([arrived, client.got()]).toEqual(['hello ', 'hello ']);
	client.send('two');
	proxy.set('pass');
	await until(() => client.got() === 'hello one two' && late.got() === 'late', { what: 'everything that was held back' });
	expect([client.isClosed(), late.isClosed()]).toEqual([false, false]);
});

test('a cut link closes what is connected and lets nothing connect until it is healed', async () => {
	const client = await opened();
	proxy.set('cut');
	await until(() => client.isClosed(), { what: 'the end of the connection' });
	const refused = open();
	await until(() => refused.isClosed(), { what: 'the end of a new one' });
	proxy.set('pass');
	await opened();
});

test('without answers everything arrives, nothing comes back, and such a connection ends with the fault', async () => {
	const client = await opened();
	proxy.set('no-answers');
	client.send('one');
	await until(() => arrived === 'hello one', { what: 'what was sent' });
	await new Promise((resolve) => setTimeout(resolve, 50));
	expect(client.got()).toBe('hello ');
	proxy.set('pass');
	await until(() => client.isClosed(), { what: 'the end of a connection that was robbed' });
});

test('a slow or delayed link loses nothing, and a reset ends its connections', async () => {
	const client = await opened();
	proxy.set('slow');
	const text = 'x'.repeat(9_000);
	client.send(text);
	await until(() => client.got() === `hello ${text}`, { what: 'all of it' });
	proxy.set('pass');
	proxy.delay(20);
	client.send('!');
	await until(() => client.got().endsWith('!'), { what: 'what was delayed' });
	proxy.reset();
	await until(() => client.isClosed(), { what: 'the end of the connection' });
});
