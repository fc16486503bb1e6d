/** `longshore endpoint workers|releases|rollback`: what runs of an endpoint, which release, and the way back to an earlier one. */
import type { Command } from 'commander';
import { type EndpointView, findEndpoint } from '../api/endpoints.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatAge, formatMs, parseDurationMs } from '../terminal/duration.ts';
import { paintState } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';
import { integer } from './endpoint-spec.ts';

export function addEndpointFleet(endpoint: Command): void {
	define(endpoint, 'workers <endpoint>', 'Its workers: where, on what, of which release').action(withSession(workers));
	define(endpoint, 'releases <endpoint>', 'Its releases: what changed, how far the newest is').action(withSession(releases));
	define(endpoint, 'rollback <endpoint>', 'Bring an earlier release back, as a new one', [
		['longshore endpoint rollback embed', 'to the release before'],
		['longshore endpoint rollback embed --to 3', 'to release 3'],
	])
		.option('--to <version>', 'which release; see: longshore endpoint releases')
		.option('--no-wait', 'do not wait until all workers have changed over')
		.option('--timeout <duration>', 'wait at most this long for that', '10m')
		.action(withSession(rollback));
}

interface WorkerRow {
	readonly id: string;
	readonly status: string;
	readonly isStale: boolean;
	readonly version: number;
	readonly gpuCount: number;
	readonly uptimeSeconds: number | null;
	readonly gpuTypeId: string | null;
	readonly dataCenterId: string | null;
	readonly hostId?: string | null;
	readonly isDraining?: boolean;
	readonly jobsInHand?: number;
	readonly preparing?: string | null;
	readonly ports?: readonly { readonly port: number; readonly publicIp: string; readonly publicPort: number }[];
}

async function workers(session: Session, nameOrId: string): Promise<void> {
	const { id, name } = await findEndpoint(session, nameOrId);
	const answer = await session.edge().call('GET', `/v2/serverless/${id}/workers`);
	const rows = answer['workers'] as WorkerRow[];
	const { style, width } = session.terminal;
	session.show(answer, () =>
		renderTable(
			[
				{ title: 'WORKER', value: (row) => row.id },
				{
					title: 'STATUS',
					value: ({ status, isDraining, preparing }) => `${status}${isDraining === true ? ', draining' : (preparing ?? null) === null ? '' : `: ${preparing}`}`,
					paint: (text, { status }) => text.replace(status, paintState(style, status)),
				},
				{ title: 'RELEASE', value: ({ version, isStale }) => `${version}${isStale ? ' (old)' : ''}` },
				{ title: 'JOBS', value: ({ jobsInHand }) => String(jobsInHand ?? ''), align: 'right' },
				{ title: 'HOST', value: ({ hostId }) => hostId ?? '', drop: 2 },
				{ title: 'DATA CENTRE', value: ({ dataCenterId }) => dataCenterId ?? '' },
				{ title: 'GPU', value: ({ gpuTypeId, gpuCount }) => (gpuTypeId === null ? '' : `${gpuCount > 1 ? `${gpuCount} × ` : ''}${gpuTypeId}`), cut: true, drop: 1 },
				{ title: 'PORTS', value: ({ ports = [] }) => ports.map(({ port, publicIp, publicPort }) => `${port} at ${publicIp}:${publicPort}`).join(', '), drop: 3 },
				{ title: 'UP', value: ({ uptimeSeconds }) => (uptimeSeconds === null ? '' : formatMs(uptimeSeconds * 1_000)), align: 'right' },
			],
			rows,
			width,
			style,
		),
	);
	const missing = (answer['unreachableRegions'] ?? []) as string[];
	if (missing.length > 0) session.warn(`${missing.join(', ')} did not answer: workers there are not shown`);
	if (rows.length === 0) session.warn(`no workers now. A job starts one; for one that is always there: longshore endpoint update ${name} --min 1`);
}

interface Release {
	readonly version: number;
	readonly workerCount: number;
	readonly createdAt: string;
	readonly diff: readonly { readonly field: string }[];
}

async function releases(session: Session, nameOrId: string): Promise<void> {
	const { id } = await findEndpoint(session, nameOrId);
	const answer = await session.edge().call('GET', `/v2/serverless/${id}/releases`);
	const rows = answer['releases'] as Release[];
	const { style, width } = session.terminal;
	session.show(answer, () =>
		renderTable(
			[
				{ title: 'RELEASE', value: ({ version }) => String(version), paint: (text, { version }) => (version === answer['endpointVersion'] ? style.bold(text) : text) },
				{ title: 'MADE', value: ({ createdAt }) => formatAge(createdAt, Date.now()) },
				{ title: 'WORKERS', value: ({ workerCount }) => String(workerCount), align: 'right' },
				{ title: 'CHANGED', value: ({ diff, version }) => (version === 1 ? 'first release' : diff.map(({ field }) => field).join(', ')), cut: true },
			],
			rows,
			width,
			style,
		),
	);
	const rollout = answer['rollout'] as { inProgress: boolean; workersOnLatest: number; workersTotal: number };
	if (rollout.inProgress) session.warn(`the newest release rolls out: ${rollout.workersOnLatest} of ${rollout.workersTotal} workers run it`);
}

async function rollback(session: Session, nameOrId: string, flags: { readonly to?: string; readonly wait: boolean; readonly timeout: string }): Promise<void> {
	const deadlineMs = performance.now() + parseDurationMs(flags.timeout, '--timeout');
	const { id, name, version: current } = await findEndpoint(session, nameOrId);
	const version = integer(flags.to, '--to') ?? (await before(session, id, current ?? 1));
	if (version === null) throw new UsageError(`endpoint ${name} has no release before ${current}`, `See them: longshore endpoint releases ${name}`);
	const after = (await session.edge().call('POST', `/v2/serverless/${id}/rollback`, { body: { version } })) as EndpointView;
	session.show(after, () => []);
	session.done(`endpoint ${name} runs what release ${version} ran, as release ${after.version}; scaling and timeouts stay as they are`, [`longshore endpoint releases ${name}`]);
	if (!flags.wait) return;
	const { followRollout } = await import('../deploy/rollout.ts');
	await followRollout(session, id, name, deadlineMs);
}

/** The release before the current one, as far as it is kept. */
async function before(session: Session, id: string, current: number): Promise<number | null> {
	const { releases: kept } = await session.edge().call('GET', `/v2/serverless/${id}/releases`);
	return (kept as Release[]).map(({ version }) => version).find((version) => version < current) ?? null;
}
