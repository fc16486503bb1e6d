/** `longshore cost <endpoint> --jobs` and `longshore cost <endpoint> <job>`: what single jobs cost, as long as they are kept. */
import type { JobCostRow } from '../api/billing.ts';
import { findEndpoint } from '../api/endpoints.ts';
import type { Session } from '../session.ts';
import { formatMs } from '../terminal/duration.ts';
import { moneyFormat } from '../terminal/money.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';

/** Flags of a bill: they say nothing about single jobs. */
const BILL_FLAGS = ['since', 'until', 'gpu', 'dataCenter'] as const;

/** Shows one job, or the newest ones when `job` is left out. */
export async function costOfJobs(session: Session, nameOrId: string | undefined, job: string | undefined, flags: object): Promise<void> {
	if (nameOrId === undefined) throw new UsageError('--jobs needs an endpoint', 'Name it: longshore cost <endpoint> --jobs');
	const given = BILL_FLAGS.find((flag) => flag in flags);
	if (given !== undefined) throw new UsageError(`--${given === 'dataCenter' ? 'data-center' : given} does not go with single jobs: they are kept for minutes only`, 'Leave it out');
	const { id } = await findEndpoint(session, nameOrId);
	const answer = await session.edge().call('GET', `/v2/${id}/costs${job === undefined ? '' : `/${encodeURIComponent(job)}`}`);
	const rows = (job === undefined ? answer['costs'] : [answer]) as JobCostRow[];
	session.show(answer, () => lines(session, rows));
	if (rows.length === 0) session.warn('no job is kept of this endpoint: they go with the retention of their results');
	else if (rows.some(({ amount }) => amount === null)) session.warn('of some workers nothing is booked yet: try again in a few seconds');
	else if (rows.some(({ final }) => !final)) session.warn('some workers go on: what they take to start and idle is spread over more jobs as they run');
}

function lines(session: Session, rows: readonly JobCostRow[]): string[] {
	if (rows.length === 0) return [];
	const { style, width } = session.terminal;
	const money = moneyFormat(rows.map(({ amount }) => amount ?? 0));
	const time = (title: string, of: (row: JobCostRow) => number, more: Partial<Column<JobCostRow>> = {}): Column<JobCostRow> => ({
		title,
		value: (row) => (of(row) === 0 ? '-' : formatMs(of(row))),
		align: 'right',
		...more,
	});
	return renderTable<JobCostRow>(
		[
			{ title: 'JOB', value: ({ id }) => id },
			{ title: 'STATUS', value: ({ status }) => status, drop: 1 },
			{ title: 'GPU TYPE', value: ({ gpuTypeId }) => gpuTypeId ?? '-', cut: true, drop: 3 },
			time('STARTING', ({ startingMs }) => startingMs, { drop: 2 }),
			time('RUNNING', ({ runningMs }) => runningMs),
			time('IDLE', ({ idleMs }) => idleMs, { drop: 2 }),
			{ title: 'COST', value: ({ amount }) => (amount === null ? '-' : money(amount)), align: 'right' },
		],
		rows,
		width,
		style,
	);
}
