/** I6: whoever asked for a webhook gets it, signed, under one delivery number. Pure. */
import { isEnd, type JobHistory } from './jobs.ts';
import type { Findings, Violation } from './violation.ts';

export function checkHooks(jobs: ReadonlyMap<string, JobHistory>): Findings {
	const violations: Violation[] = [];
	let delivered = 0;
	let repeated = 0;
	for (const job of jobs.values()) {
		const end = job.reads.find(isEnd);
		if (!job.submit.webhook || end === undefined || end.state === 'CANCELLED') continue;
		if (job.hooks.length === 0) violations.push({ invariant: 'I6', what: `${job.id}: its webhook never came` });
		else if (job.hooks.every(({ status }) => status !== 200))
			violations.push({ invariant: 'I6', what: `${job.id}: its webhook was refused ${job.hooks.length} times and given up` });
		if (job.hooks.some(({ signed }) => !signed)) violations.push({ invariant: 'I6', what: `${job.id}: a webhook with a wrong signature` });
		if (new Set(job.hooks.map(({ delivery }) => delivery)).size > 1 && job.retries.length === 0)
			violations.push({ invariant: 'I6', what: `${job.id}: one end under several delivery numbers` });
		if (job.hooks.some(({ status }) => status === 200)) delivered++;
		if (job.hooks.length > 1) repeated++;
	}
	return { violations, counts: { webhooks: delivered, 'webhooks tried again': repeated } };
}
