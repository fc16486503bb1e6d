/** The stack that a chaos run disturbs: two regions, one with three NATS servers and two brokers, proxies on every link, clocks that can be shifted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LocalJson } from '../../../infra/local/local-json.ts';
import type { RegionNetwork } from '../../../infra/local/network.ts';
import type { PlannedChild } from '../../../infra/local/processes.ts';
import { readStackSettings } from '../../../infra/local/settings.ts';
import { Stack } from '../../../infra/local/stack.ts';
import { freePort } from '../../support/start-stack.ts';
import { createLinks, type Links } from './links.ts';
import { type LinkProxy, openProxy } from './proxy.ts';

export const REGIONS: readonly string[] = ['a', 'b'];
/** Retentions of the run. Milliseconds. */
export const RETENTION_ASYNC_MS = 20_000;
export const RETENTION_SYNC_MS = 15_000;

const host = { gpuType: 'NVIDIA GeForce RTX 4090', count: 6 };
const TOPOLOGY = {
	regions: {
		a: { brokers: 2, natsNodes: 3, dataCenters: { 'A-1': { hosts: { 'a-host-1': host, 'a-host-2': host } } } },
		b: { dataCenters: { 'B-1': { hosts: { 'b-host-1': host, 'b-host-2': host } } } },
	},
};

/** About a tenth of the production defaults, in the same relations. */
const SETTINGS: Readonly<Record<string, string>> = {
	LONGSHORE_HOST_REPORT_MS: '500',
	LONGSHORE_AGENT_LEASE_MS: '5000',
	LONGSHORE_HOST_LEASE_MS: '7000',
	LONGSHORE_REGION_HEARTBEAT_MS: '400',
	LONGSHORE_REGION_FENCE_MS: '9000',
	LONGSHORE_KILL_GRACE_MS: '500',
	LONGSHORE_STOP_GRACE_MS: '1000',
	LONGSHORE_EVENT_RETRY_MS: '2000',
	LONGSHORE_START_WITHIN_MS: '6000',
	LONGSHORE_DISPATCH_CONFIRM_MS: '3000',
	LONGSHORE_SWEEP_MS: '3000',
	LONGSHORE_REGION_LEASE_MS: '12000',
	LONGSHORE_WATCHDOG_GRACE_MS: '3000',
	LONGSHORE_WEBHOOK_RETRY_MS: '2500',
	LONGSHORE_WEBHOOK_TIMEOUT_MS: '8000',
	LONGSHORE_WEBHOOK_ALLOW_PRIVATE: '1',
	LONGSHORE_RATE_LIMITS: 'off',
	LONGSHORE_RETENTION_ASYNC_MS: String(RETENTION_ASYNC_MS),
	LONGSHORE_RETENTION_SYNC_MS: String(RETENTION_SYNC_MS),
};

export interface StackUnderTest {
	/** The edge as clients reach it: through a proxy. */
	readonly url: string;
	/** The same without one: for whoever sets the run up. */
	readonly directUrl: string;
	readonly home: string;
	readonly links: Links;
	readonly clients: LinkProxy;
	/** As the servers listen. */
	readonly network: readonly RegionNetwork[];
	local(): LocalJson;
	/** Shifts the clock of a process by its name, `broker a-1` or `host a-host-1`. */
	shiftClock(name: string, ms: number): void;
	stop(): Promise<void>;
	kill(): void;
}

/** Starts it; resolves when it is ready. `say` hears what the supervisor says. */
export async function startStackUnderTest(say: (line: string) => void): Promise<StackUnderTest> {
	const home = mkdtempSync(join(tmpdir(), 'longshore-chaos-'));
	const port = await freePort();
	const topologyFile = join(home, 'topology.json');
	writeFileSync(topologyFile, JSON.stringify(TOPOLOGY));
	const settings = readStackSettings([], { PORT: String(port), LONGSHORE_HOME: home, LONGSHORE_TOPOLOGY: topologyFile, LONGSHORE_EXAMPLE: 'none', ...SETTINGS });
	const links = createLinks();
	let network: readonly RegionNetwork[] = [];
	const clockFile = (name: string): string => join(home, `clock-${name.replace(' ', '-')}`);
	const stack = new Stack(settings, say, {
		network: (planned) => {
			network = planned;
			return links.rewire(planned);
		},
		child: (planned) => withClock(planned, clockFile(planned.spec.name)),
	});
	const clients = await openProxy(port);
	const close = (): void => {
		links.close();
		clients.close();
	};
	try {
		await stack.start();
	} catch (error) {
		stack.kill();
		close();
		throw error;
	}
	return {
		url: `http://127.0.0.1:${clients.port}`,
		directUrl: `http://127.0.0.1:${port}`,
		home,
		links,
		clients,
		network,
		local: () => JSON.parse(readFileSync(join(home, 'local.json'), 'utf8')) as LocalJson,
		shiftClock: (name, ms) => writeFileSync(clockFile(name), String(ms)),
		stop: async () => {
			const left = await stack.stop();
			close();
			if (left.length > 0) throw new Error(`not stopped, killed: ${left.join(', ')}`);
			rmSync(home, { recursive: true, force: true });
		},
		kill: () => stack.kill(),
	};
}

/** Brokers and hosts run on a clock that can be shifted. */
function withClock(planned: PlannedChild, file: string): PlannedChild {
	if (planned.kind !== 'broker' && planned.kind !== 'host') return planned;
	const env = { ...planned.spec.env, NODE_OPTIONS: `--import=${pathToFileURL(resolve(import.meta.dirname, 'clock-shift.ts')).href}`, CHAOS_CLOCK_FILE: file };
	return { ...planned, spec: { ...planned.spec, env } };
}
