/** How a host comes by its credential, towards a broker's door on a real socket. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hostCredential } from '../../../gpu-worker/src/enrolment/credential.ts';
import { createLog } from '../../../gpu-worker/src/log.ts';

let stateDir: string;
let server: Server;
let asked: { token: string; publicKey: string }[];
let answers: { status: number; body: object }[];

beforeEach(async () => {
	stateDir = mkdtempSync(join(tmpdir(), 'credential-'));
	[asked, answers] = [[], []];
	server = createServer((request, response) => {
		let body = '';
		request.on('data', (part: Buffer) => {
			body += part.toString();
		});
		request.on('end', () => {
			asked.push(JSON.parse(body) as { token: string; publicKey: string });
			const answer = request.url === '/host/v1/enrol' ? answers.shift() : undefined;
			response.writeHead(answer?.status ?? 404).end(JSON.stringify(answer?.body ?? {}));
		});
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(() => {
	server.close();
	server.closeAllConnections();
	rmSync(stateDir, { recursive: true, force: true });
});

const get = (enrolToken: string | null, hostId = 'host-a') =>
	hostCredential({ hostId, stateDir, brokerUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, enrolToken, log: createLog(() => undefined, {}) });
const good = (hostId = 'host-a'): { status: number; body: object } => ({ status: 200, body: { hostId, natsToken: 'nats-token', hostToken: 'host-token' } });

it('shows its token and the public half of a key of its own, and keeps what it gets, readable by nobody else', async () => {
	answers = [good()];
	const credential = await get('token-1');
	expect(asked).toEqual([{ token: 'token-1', publicKey: expect.stringMatching(/^U[A-Z2-7]{55}$/) }]);
	expect(credential).toMatchObject({ hostId: 'host-a', natsToken: 'nats-token', hostToken: 'host-token', natsSeed: expect.stringMatching(/^SU/) });
	const file = join(stateDir, 'credential.json');
	expect(statSync(file).mode & 0o777).toBe(0o600);
	expect(readFileSync(file, 'utf8')).not.toContain('token-1');
	expect(JSON.stringify(asked)).not.toContain(credential.natsSeed);
});

it('asks nobody the next time, with or without the same token', async () => {
	answers = [good()];
	const first = await get('token-1');
	expect(await get('token-1')).toEqual(first);
	expect(await get(null)).toEqual(first);
	expect(asked).toHaveLength(1);
});

it('tries on while no broker can answer, with the same key', async () => {
	answers = [{ status: 503, body: { error: 'not yet' } }, { status: 500, body: {} }, good()];
	await get('token-1');
	expect(asked).toHaveLength(3);
	expect(new Set(asked.map(({ publicKey }) => publicKey)).size).toBe(1);
});

it('shows the same key again when the agent died before it had the answer', async () => {
	answers = [{ status: 400, body: {} }, good()];
	await expect(get('token-1')).rejects.toThrow('status 400');
	await get('token-1');
	expect(asked[1]).toEqual(asked[0]);
});

it('takes another key with another token', async () => {
	answers = [good(), good()];
	const first = await get('token-1');
	const second = await get('token-2');
	expect(second.natsSeed).not.toBe(first.natsSeed);
	expect(await get(null)).toEqual(second);
});

it('says what to do when it is not let in, has no token, got another host’s, or its file is damaged', async () => {
	await expect(get(null)).rejects.toThrow('longshore host enrol host-a');
	answers = [{ status: 403, body: { error: 'this enrolment token has expired' } }, good('host-b')];
	await expect(get('token-1')).rejects.toThrow('this enrolment token has expired');
	await expect(get('token-2')).rejects.toThrow('is for host host-b, this is host-a');
	writeFileSync(join(stateDir, 'credential.json'), '{');
	await expect(get('token-3')).rejects.toThrow('is damaged');
});
