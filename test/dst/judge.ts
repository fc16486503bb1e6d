/** The judgement over a whole history, after everything was healed and had time to end. */
import type { FaultKind } from './faults.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
/** A live worker's time is told this often; what a machine had not told when it died is not billed. */
const BILL_SLACK_MS = 1_500;

/** What may keep a webhook from its receiver. */
const HINDER_WEBHOOKS: readonly FaultKind[] = [
	'edge killed',
	'edge frozen',
	'object evicted',
	'alarm lost',
	'requests lost',
	'answers lost',
	'network slow',
	'receivers broken',
	'receivers hang',
];

interface Bill {
	readonly worker: string;
	readonly starting: number;
	readonly running: number;
	readonly idle: number;
}

/** Every job has its end, every receiver its call, every worker its bill. */
export async function judge(world: World, planned: number): Promise<void> {
	const { ledger, receivers, machines } = world;
	let open = 0;
	for (const job of ledger.jobs.values()) {
		if (job.state === 'refused' || job.state === 'absent') continue;
		const ended = job.closed || job.ends.has(job.generation) || job.ends.size > 0;
		ledger.check(
			'I1',
			ended && job.state === 'acked',
			() => `job ${job.id} (${job.plan.n}, ${job.state}) has not ended ${Math.round((world.kernel.now - job.submittedAt) / 1_000)} s after its submit`,
		);
		if (job.plan.keyed && job.state === 'acked') {
			const sameKey = [...ledger.jobs.values()].filter((other) => other.plan.n === job.plan.n && other.executions.length > 0);
			ledger.check('I9', sameKey.length <= 1, () => `key-${job.plan.n} made ${sameKey.length} jobs run`);
		}
		for (const [generation, taken] of job.taken) ledger.check('I2', taken <= 1, () => `${taken} results of job ${job.id} were taken in start ${generation}`);
		open++;
	}
	ledger.count('jobs judged', open);
	ledger.count('jobs planned', planned);
	receivers.judge(ledger.jobs.values(), (from, to) => world.wasCalm(from, to, HINDER_WEBHOOKS));
	const bills = await readBills(world);
	for (const { worker, endedAt, heardAt, wasCut } of machines.lives) {
		const lived = (endedAt ?? world.kernel.now) - worker.startedAt;
		const billed = bills.get(worker.id) ?? 0;
		// Of a worker that ends while its agent stands still nobody knows when that was: it is billed until the agent goes on.
		const most = Math.min(heardAt, world.kernel.now) - worker.startedAt + BILL_SLACK_MS;
		ledger.check('I8', billed <= most, () => `worker ${worker.id} lived ${Math.round(lived)} ms and is billed ${Math.round(billed)}`);
		if (endedAt === null || wasCut || worker.machine.pausedUntil > worker.startedAt) continue;
		const agentLived = world.wasCalm(worker.startedAt, endedAt + 120_000);
		if (agentLived) ledger.check('I8', billed >= lived - BILL_SLACK_MS, () => `worker ${worker.id} lived ${Math.round(lived)} ms and is billed only ${Math.round(billed)}`);
	}
}

/** What there may still be when every retention is over: nothing. */
export function judgeRest(world: World): void {
	const { ledger, edge } = world;
	for (const [id, cell] of edge.objects.cells) {
		if (!id.startsWith('JOB_STORE')) continue;
		const rows = (cell.sql.exec('SELECT id, phase, expires_at FROM jobs LIMIT 1')?.toArray() ?? []) as { id: string; phase: string }[];
		ledger.check('I13', rows.length === 0, () => `${id} still has job ${rows[0]?.id} (${rows[0]?.phase})`);
	}
	for (const { id, nats } of world.regions) {
		ledger.check('I13', nats.jobs.stream.messages.size === 0, () => `${nats.jobs.stream.messages.size} messages are left in the job stream of ${id}`);
		ledger.check('I13', nats.events.stream.messages.size === 0, () => `${nats.events.stream.messages.size} messages are left in the event stream of ${id}`);
	}
	for (const host of world.hosts) {
		ledger.check('I13', host.spooled.size === 0, () => `${host.id} still has ${host.spooled.size} results in its spool`);
		ledger.check(
			'I13',
			(host.host?.attempts.size ?? 0) === 0,
			() => `${host.id} still holds ${[...(host.host?.attempts.values() ?? [])].map(({ key, state }) => `${key} ${state}`).join(', ')}`,
		);
		const busy = [...host.workers.values()].filter(({ isRunning }) => isRunning);
		ledger.check('I13', busy.length === 0, () => `${busy.length} workers on ${host.id} still run something`);
	}
}

async function readBills(world: World): Promise<Map<string, number>> {
	const { edge, kernel } = world;
	const bills = new Map<string, number>();
	for (const endpoint of world.endpoints) {
		const cell = edge.cell('ENDPOINT_STORE', endpoint);
		const rows = (cell.sql.exec('SELECT worker, starting, running, idle FROM usage WHERE hour >= ?', kernel.now - 100_000 * HOUR_MS)?.toArray() ?? []) as unknown as Bill[];
		for (const { worker, starting, running, idle } of rows) bills.set(worker, (bills.get(worker) ?? 0) + starting + running + idle);
	}
	return bills;
}
