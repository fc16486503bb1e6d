/** Checks of the regions: heartbeats, brokers, clocks, hosts. */
import { listRegions, type RegionView } from '../api/regions.ts';
import type { Session } from '../session.ts';
import { formatMs } from '../terminal/duration.ts';
import { urlOf } from './edge-checks.ts';
import type { Finding } from './finding.ts';

/** Three heartbeats of the default interval. */
const LATE_HEARTBEAT_MS = 10_000;
/** `Date` headers have whole seconds. Signed requests between edge and region are refused beyond a minute. */
const CLOCK_WARN_MS = 5_000;
const CLOCK_FAIL_MS = 30_000;

export async function checkRegions(session: Session): Promise<Finding[]> {
	if (urlOf(session) === null || session.context.operatorToken === undefined) return [];
	let regions: RegionView[];
	try {
		regions = await listRegions(session);
	} catch {
		return []; // The operator's check has said why.
	}
	if (regions.length === 0)
		return [{ name: 'Regions', result: 'fail', text: 'none is registered: no job can run', fix: 'PUT /admin/regions/{id} with {"url":…,"publicKey":…} and the operator token' }];
	const findings: Finding[] = [];
	for (const region of regions) findings.push(heartbeatFinding(region), ...hostFindings(region), ...(await brokerFindings(region)));
	return findings;
}

function heartbeatFinding({ id, heartbeatAgeMs, hosts }: RegionView): Finding {
	const name = `Region ${id}`;
	const fix = `Look at its broker's log, and whether it reaches the edge; GET /readyz?verbose at the broker names the part.`;
	if (heartbeatAgeMs === null) return { name, result: 'fail', text: 'has not been heard since the edge started', fix };
	if (heartbeatAgeMs > LATE_HEARTBEAT_MS) return { name, result: 'fail', text: `last heartbeat ${formatMs(heartbeatAgeMs)} ago`, fix };
	const gpus = hosts.reduce((sum, host) => sum + host.gpus, 0);
	return { name, result: 'ok', text: `heartbeat ${formatMs(heartbeatAgeMs)} ago; ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}, ${gpus} GPUs` };
}

function hostFindings({ id, hosts }: RegionView): Finding[] {
	const draining = hosts.filter((host) => host.draining).map((host) => host.id);
	if (hosts.length === 0) return [{ name: `Region ${id}`, result: 'warn', text: 'no host has reported: its jobs wait', fix: 'Start the host agents, or look at their logs.' }];
	if (draining.length === 0) return [];
	return [{ name: `Region ${id}`, result: 'warn', text: `take no work: ${draining.join(', ')}`, fix: draining.map((host) => `longshore host undrain ${host}`).join('\n') }];
}

async function brokerFindings({ id, url }: RegionView): Promise<Finding[]> {
	const name = `Broker ${id}`;
	try {
		const beforeMs = Date.now();
		const response = await fetch(`${url}/readyz?verbose`, { signal: AbortSignal.timeout(5_000), redirect: 'manual' });
		const afterMs = Date.now();
		const { ok, checks } = (await response.json()) as { ok?: boolean; checks?: Record<string, boolean> };
		const bad = Object.entries(checks ?? {}).flatMap(([check, isGood]) => (isGood ? [] : [check]));
		const ready: Finding =
			ok === true
				? { name, result: 'ok', text: `ready (${Object.keys(checks ?? {}).join(', ')})` }
				: {
						name,
						result: 'fail',
						text: `not ready: ${bad.join(', ') || 'it does not say why'}`,
						fix: `Look at the broker's log${bad.includes('nats') ? ' and at its NATS server' : ''}.`,
					};
		return [ready, ...clockFindings(name, response.headers.get('date'), beforeMs, afterMs)];
	} catch {
		return [{ name, result: 'skip', text: `${url} cannot be reached from this machine (the edge may still reach it)` }];
	}
}

function clockFindings(name: string, date: string | null, beforeMs: number, afterMs: number): Finding[] {
	const theirs = Date.parse(date ?? '');
	if (Number.isNaN(theirs)) return [];
	const offMs = Math.abs(theirs + 500 - (beforeMs + afterMs) / 2);
	if (offMs < CLOCK_WARN_MS) return [];
	const text = `its clock is ${formatMs(offMs)} away from this machine's; edge and regions refuse each other's signatures beyond 60 s`;
	return [{ name, result: offMs >= CLOCK_FAIL_MS ? 'fail' : 'warn', text, fix: 'Set the clocks by NTP on both machines: timedatectl set-ntp true' }];
}
