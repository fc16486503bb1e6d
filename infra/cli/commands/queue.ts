/** `longshore stream|purge|health|requests`: a job's chunks, and an endpoint's queue as a whole. */
import type { Command } from 'commander';
import { endpointIdOf, findEndpoint } from '../api/endpoints.ts';
import { isEnded } from '../api/jobs.ts';
import { confirmByName } from '../ask/confirm.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatAge, formatMs } from '../terminal/duration.ts';
import { paintState } from '../terminal/style.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { integer } from './endpoint-spec.ts';

const GROUP = 'Jobs:';
/** One held call for chunks. */
const STREAM_WAIT_MS = 10_000;

export function addQueue(program: Command): void {
	define(program, 'stream <endpoint> <job>', 'Print what a job yields, as it comes', [
		['longshore stream chat 1f0c…-e01', 'texts as they are'],
		['longshore stream chat 1f0c…-e01 -o json', 'one JSON chunk a line'],
	])
		.helpGroup(GROUP)
		.action(withSession(stream));
	define(program, 'purge <endpoint>', 'Cancel every job that waits; running ones go on').option('-y, --yes', 'do not ask').helpGroup(GROUP).action(withSession(purge));
	define(program, 'health <endpoint>', 'Counts of jobs and workers').helpGroup(GROUP).action(withSession(health));
	define(program, 'requests <endpoint>', 'The newest jobs').option('--limit <n>', 'how many', '20').helpGroup(GROUP).action(withSession(requests));
}

async function stream(session: Session, endpoint: string, jobId: string): Promise<void> {
	const id = await endpointIdOf(session, endpoint);
	let endsWithNewline = true;
	for (;;) {
		const part = await session.edge().call('GET', `/v2/${id}/stream/${encodeURIComponent(jobId)}?wait=${STREAM_WAIT_MS}`, { timeoutMs: STREAM_WAIT_MS + 20_000 });
		for (const { output } of (part['stream'] ?? []) as { output: unknown }[]) {
			if (session.format !== 'table' || typeof output !== 'string') session.terminal.data(JSON.stringify(output));
			else {
				session.terminal.raw(output);
				endsWithNewline = output.endsWith('\n');
			}
		}
		const status = String(part['status']);
		if (!isEnded({ status })) continue;
		if (!endsWithNewline) session.terminal.raw('\n');
		if (status === 'COMPLETED') return session.done('COMPLETED');
		throw new Failure(`job ${jobId} ${status}${part['error'] === undefined ? '' : `: ${String(part['error'])}`}`);
	}
}

async function purge(session: Session, endpoint: string, { yes }: { readonly yes?: boolean }): Promise<void> {
	const { id, name } = await findEndpoint(session, endpoint);
	await confirmByName(session, { what: `every waiting job of endpoint ${name} (${id})`, name, yes });
	const answer = await session.edge().call('POST', `/v2/${id}/purge-queue`);
	session.show(answer, () => []);
	session.done(`${String(answer['removed'])} waiting jobs of ${name} are cancelled`, [`longshore health ${name}`]);
}

async function health(session: Session, endpoint: string): Promise<void> {
	const counts = (await session.edge().call('GET', `/v2/${await endpointIdOf(session, endpoint)}/health`)) as Record<'jobs' | 'workers', Record<string, number>>;
	const { style, width } = session.terminal;
	const line = (group: Record<string, number>, names: readonly (readonly [string, string])[]): string => names.map(([member, word]) => `${group[member] ?? 0} ${word}`).join(', ');
	session.show(counts, () =>
		renderFacts(
			[
				[
					'Jobs',
					line(counts.jobs, [
						['inQueue', 'in line'],
						['inProgress', 'running'],
						['completed', 'completed'],
						['failed', 'failed'],
						['retried', 'retried'],
					]),
				],
				[
					'Workers',
					line(counts.workers, [
						['running', 'running'],
						['idle', 'idle'],
						['initializing', 'starting'],
						['throttled', 'throttled'],
						['unhealthy', 'unhealthy'],
					]),
				],
			],
			width,
			style,
		),
	);
}

interface RequestRow {
	readonly id: string;
	readonly status: string;
	readonly createdAt: string;
	readonly delayTime: number | null;
	readonly executionTime: number | null;
	readonly workerId: string | null;
	readonly error: unknown;
}

async function requests(session: Session, endpoint: string, flags: { readonly limit: string }): Promise<void> {
	const limit = integer(flags.limit, '--limit') ?? 20;
	const answer = await session.edge().call('GET', `/v2/${await endpointIdOf(session, endpoint)}/requests?limit=${limit}`);
	const rows = answer['requests'] as RequestRow[];
	const { style, width } = session.terminal;
	session.show(answer, () =>
		renderTable(
			[
				{ title: 'JOB', value: ({ id }) => id },
				{ title: 'STATUS', value: ({ status }) => status, paint: (text) => text.replace(/\S+/, (word) => paintState(style, word)) },
				{ title: 'MADE', value: ({ createdAt }) => formatAge(createdAt, Date.now()) },
				{ title: 'IN LINE', value: ({ delayTime }) => (delayTime === null ? '' : formatMs(delayTime)), align: 'right', drop: 1 },
				{ title: 'RAN', value: ({ executionTime }) => (executionTime === null ? '' : formatMs(executionTime)), align: 'right' },
				{ title: 'WORKER', value: ({ workerId }) => workerId ?? '', drop: 2 },
				{ title: 'ERROR', value: ({ error }) => (typeof error === 'string' ? error : ''), cut: true, drop: 3 },
			],
			rows,
			width,
			style,
		),
	);
	if (rows.length === 0) session.warn(`no jobs are kept now. Submit one: longshore run ${endpoint} '{"text":"hello"}'`);
}
