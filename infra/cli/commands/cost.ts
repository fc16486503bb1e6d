/** `longshore cost`: what the account's endpoints took and cost, by time and by endpoint, worker or GPU type. */
import type { Command } from 'commander';
import { type BillRow, billTimeOf, GROUPS } from '../api/billing.ts';
import { findEndpoint, listEndpoints } from '../api/endpoints.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { bar } from '../terminal/chart.ts';
import { choiceOption } from '../terminal/choice.ts';
import { formatMs } from '../terminal/duration.ts';
import { moneyFormat } from '../terminal/money.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { costOfJobs } from './cost-jobs.ts';

const BUCKETS = ['hour', 'day', 'week', 'month', 'year'];
const BAR_WIDTH = 16;
/** How a bucket's beginning is written, and the title above. */
const TIME_TITLES: Readonly<Record<string, readonly [title: string, chars: number]>> = {
	hour: ['HOUR (UTC)', 16],
	day: ['DAY', 10],
	week: ['WEEK FROM', 10],
	month: ['MONTH', 7],
	year: ['YEAR', 4],
};

interface CostFlags {
	readonly by: string;
	readonly group: string;
	readonly jobs?: boolean;
	readonly since?: string;
	readonly until?: string;
	readonly gpu?: string;
	readonly dataCenter?: string;
}

/** Booked time of one line: a row of the bill, or the sum of several. */
interface Line {
	readonly time: string;
	readonly what: string;
	readonly gpuType: string;
	readonly row: Pick<BillRow, 'amount' | 'startingMs' | 'runningMs' | 'idleMs'>;
	readonly isSum: boolean;
}

export function addCost(program: Command): void {
	define(program, 'cost [endpoint] [job]', 'What endpoints and their jobs took and cost', [
		['longshore cost', 'the last 30 days, by day and endpoint'],
		['longshore cost embed --by hour --since 24h', 'one endpoint, today'],
		['longshore cost --by month --group gpu --since 2026-01-01', 'which GPU types the money went to'],
		['longshore cost embed --jobs', 'the newest jobs, a line each'],
	])
		.addOption(choiceOption('--by <size>', 'size of the steps', BUCKETS).default('day'))
		.addOption(choiceOption('--group <what>', 'a line for each of these', Object.keys(GROUPS)).default('endpoint'))
		.option('--jobs', 'a line for each of the newest jobs')
		.option('--since <when>', 'from then on: 7d, 2026-11-01, a time (default: 30d)')
		.option('--until <when>', 'up to then (default: now)')
		.option('--gpu <types>', 'only these GPU types, with commas')
		.option('--data-center <ids>', 'only these data centres, with commas')
		.helpGroup('Costs:')
		.action(withSession(cost));
}

async function cost(session: Session, nameOrId: string | undefined, job: string | undefined, flags: CostFlags): Promise<void> {
	if (job !== undefined || flags.jobs === true) return costOfJobs(session, nameOrId, job, flags);
	const now = Date.now();
	const query = new URLSearchParams({ bucketSize: flags.by, grouping: GROUPS[flags.group] ?? flags.group });
	if (flags.since !== undefined) query.set('startTime', billTimeOf(flags.since, '--since', now));
	if (flags.until !== undefined) query.set('endTime', billTimeOf(flags.until, '--until', now));
	if (flags.gpu !== undefined) query.set('gpuTypeId', flags.gpu);
	if (flags.dataCenter !== undefined) query.set('dataCenterId', flags.dataCenter);
	const endpoints = nameOrId === undefined ? await listEndpoints(session) : [await findEndpoint(session, nameOrId)];
	if (nameOrId !== undefined) query.set('endpointId', endpoints[0]?.id ?? '');
	const answer = await session.edge().call('GET', `/v2/billing/serverless?${query}`);
	const rows = answer['billing'] as BillRow[];
	const names = new Map(endpoints.map(({ id, name }) => [id, name]));
	session.show(answer, () => costLines(session, rows, names, flags));
	if (rows.length === 0) session.warn(`no worker time is booked ${flags.since === undefined ? 'in the last 30 days' : 'since then'}`);
}

function costLines(session: Session, rows: readonly BillRow[], names: ReadonlyMap<string, string>, { by, group }: CostFlags): string[] {
	if (rows.length === 0) return [];
	const nameOf = ({ endpointId, gpuTypeId, podId }: BillRow): string =>
		group === 'gpu' ? (gpuTypeId ?? '') : group === 'worker' ? (podId ?? '') : (names.get(endpointId ?? '') ?? endpointId ?? '');
	const lines = rows.map((row): Line => ({ time: row.time, what: nameOf(row), gpuType: group === 'worker' ? (row.gpuTypeId ?? '') : '', row, isSum: false }));
	const total = sumOf(rows, 'all', '');
	const money = moneyFormat([total.row.amount]);
	const byGroup = [...Map.groupBy(rows, nameOf)].map(([what, own]) => sumOf(own, what, '')).sort((a, b) => b.row.amount - a.row.amount);
	const buckets = new Set(rows.map(({ time }) => time)).size;
	// Sums by group say something of their own only where there are several of both.
	const sums =
		buckets > 1 && byGroup.length > 1
			? [
					'',
					...table(
						session,
						group,
						by,
						money,
						byGroup.map((line) => ({ ...line, isSum: false })),
					),
				]
			: [];
	return [...table(session, group, by, money, lines.length > 1 ? [...lines, total] : lines), ...sums];
}

function table(session: Session, group: string, by: string, money: (amount: number) => string, lines: readonly Line[]): string[] {
	const { style, width } = session.terminal;
	const [title, chars] = TIME_TITLES[by] ?? ['TIME', 24];
	const largest = Math.max(...lines.filter(({ isSum }) => !isSum).map(({ row }) => row.amount));
	const paint = (text: string, { isSum }: Line): string => (isSum ? style.bold(text) : text);
	const time = (name: string, of: (row: Line['row']) => number, more: Partial<Column<Line>> = {}): Column<Line> => ({
		title: name,
		value: ({ row }) => (of(row) === 0 ? '-' : formatMs(of(row))),
		align: 'right',
		paint,
		...more,
	});
	return renderTable<Line>(
		[
			{ title, value: (line) => line.time.slice(0, chars).replace('T', ' '), paint },
			{ title: group === 'gpu' ? 'GPU TYPE' : group.toUpperCase(), value: ({ what }) => what, paint, cut: group === 'gpu', cutWidthMin: 12 },
			{ title: 'GPU TYPE', value: ({ gpuType }) => gpuType, cut: true, drop: 3 },
			time('STARTING', ({ startingMs }) => startingMs, { drop: 2 }),
			time('RUNNING', ({ runningMs }) => runningMs),
			time('IDLE', ({ idleMs }) => idleMs),
			{ title: 'COST', value: ({ row }) => money(row.amount), align: 'right', paint },
			{ title: 'SHARE', value: ({ row, isSum }) => (isSum || largest === 0 ? '' : bar(row.amount / largest, BAR_WIDTH)), paint: (text) => style.code(text), drop: 1 },
		],
		lines,
		width,
		style,
	);
}

function sumOf(rows: readonly BillRow[], what: string, time: string): Line {
	const sum = (of: (row: BillRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
	const row = {
		amount: sum(({ amount }) => amount),
		startingMs: sum(({ startingMs }) => startingMs),
		runningMs: sum(({ runningMs }) => runningMs),
		idleMs: sum(({ idleMs }) => idleMs),
	};
	return { time, what, gpuType: '', row, isSum: true };
}
