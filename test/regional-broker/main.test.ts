import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { REGION_PATHS } from '../../shared-schema/src/wire/region.ts';
import { type EdgeStandIn, startEdgeStandIn } from '../support/edge-stand-in.ts';
import { send, signRequest } from '../support/sign-request.ts';
import { brokerEnvironment, dispatchOf, grantOf } from '../support/start-broker.ts';
import { startNats, type TestNats } from '../support/start-nats.ts';
import { until } from '../support/wait.ts';

const MAIN = resolve(import.meta.dirname, '../../regional-broker/src/main.ts');
let edge: EdgeStandIn;
let nats: TestNats;
beforeAll(async () => {
	[edge, nats] = await Promise.all([startEdgeStandIn(), startNats()]);
	edge.grants = (heartbeat) => ({ endpoints: heartbeat.endpoints['ep1'] === undefined ? [grantOf('ep1')] : [], removed: [] });
});
afterAll(() => Promise.all([edge.close(), nats.stop()]));

interface Run {
	readonly child: ChildProcess;
	readonly lines: { readonly level: string; readonly msg: string; readonly url?: string; readonly error?: string }[];
	readonly exit: Promise<number | null>;
}

function run(environment: Record<string, string>): Run {
	const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
	const lines: Run['lines'] = [];
	if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
	const exit = new Promise<number | null>((done) => child.once('exit', done));
	onTestFinished(() => void child.kill('SIGKILL'));
	return { child, lines, exit };
}
const urlOf = async (broker: Run): Promise<string> => (await until(() => broker.lines.find(({ msg }) => msg === 'ready'), { what: 'the ready line' })).url ?? '';
const readyz = async (url: string): Promise<{ status: number; checks: Record<string, boolean> }> => {
	const response = await fetch(`${url}/readyz?verbose`);
	return { status: response.status, checks: ((await response.json()) as { checks: Record<string, boolean> }).checks };
};
const dispatch = (url: string, id: string) =>
	send(url, signRequest(REGION_PATHS.dispatch, Buffer.from(dispatchOf('ep1', [id]).body).toString(), { signer: 'edge', key: edge.edgeKey }));

it('says in one line what is wrong with its settings, without their values', async () => {
	const { LONGSHORE_REGION_PRIVATE_KEY: key, ...environment } = brokerEnvironment(nats.url, edge);
	const broker = run({ ...environment, LONGSHORE_REGION_PRIVATE_KEI: key ?? '' });
	expect(await broker.exit).toBe(1);
	expect(broker.lines).toMatchObject([
		{ level: 'error', msg: 'cannot start', error: 'LONGSHORE_REGION_PRIVATE_KEI is not a setting of this process (did you mean LONGSHORE_REGION_PRIVATE_KEY?)' },
	]);
	expect(JSON.stringify(broker.lines)).not.toContain(key);
});

it('refuses timers by which a host could be given up while it still runs jobs', async () => {
	const broker = run(brokerEnvironment(nats.url, edge, { LONGSHORE_HOST_LEASE_MS: '1000' }));
	expect(await broker.exit).toBe(1);
	expect(broker.lines[0]?.error).toContain('LONGSHORE_HOST_LEASE_MS (1000) must exceed');
});

it('serves without NATS, says so, refuses to be believed, and takes jobs once NATS is there', async () => {
	const late = await startNats();
	await late.kill();
	const broker = run(brokerEnvironment(late.url, edge));
	const url = await urlOf(broker);
	expect((await fetch(`${url}/livez`)).status).toBe(200);
	expect(await readyz(url)).toMatchObject({ status: 503, checks: { nats: false, streams: false } });
	const response = await dispatch(url, 'early');
	expect(response.status).toBe(503);
	await late.restart();
	await until(async () => (await readyz(url)).status === 200, { what: 'the broker is ready' });
	expect((await dispatch(url, 'early')).status).toBe(202);

	await late.kill();
	await until(async () => (await readyz(url)).status === 503, { what: 'not ready' });
	expect((await dispatch(url, 'between')).status).toBe(503);
	await late.restart({ wipe: true });
	await until(async () => (await readyz(url)).status === 200, { what: 'ready again' });
	expect((await dispatch(url, 'between')).status).toBe(202);
	expect(broker.child.exitCode).toBeNull();
	await late.stop();
});

it('reads secrets from files and prints none of them', async () => {
	const home = await mkdtemp(join(tmpdir(), 'longshore-broker-'));
	onTestFinished(() => rm(home, { recursive: true, force: true }));
	const { LONGSHORE_OPERATOR_TOKEN: token = '', ...environment } = brokerEnvironment(nats.url, edge);
	await writeFile(join(home, 'token'), `${token}\n`);
	const broker = run({ ...environment, LONGSHORE_OPERATOR_TOKEN_FILE: join(home, 'token') });
	const url = await urlOf(broker);
	expect((await fetch(`${url}/operator/v1/hosts`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
	expect(JSON.stringify(broker.lines)).not.toContain(token);
});

it('drains on SIGTERM: readiness first, then exit code 0', async () => {
	const broker = run(brokerEnvironment(nats.url, edge));
	const url = await urlOf(broker);
	await until(async () => (await readyz(url)).status === 200, { what: 'the broker is ready' });
	broker.child.kill('SIGTERM');
	const drained = await until(
		async () => {
			const seen = await readyz(url);
			return seen.status === 503 ? seen : undefined;
		},
		{ what: 'readiness ends while it still answers', everyMs: 5 },
	);
	expect(drained.checks).toMatchObject({ serving: false, nats: true });
	expect(await broker.exit).toBe(0);
});
