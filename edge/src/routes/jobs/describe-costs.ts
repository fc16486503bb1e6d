/** What the routes of jobs' costs say of themselves. */
import { jobCost, jobCosts } from '@longshore/shared-schema/wire/job-costs';
import { describeInteger } from '../../gate/query.ts';
import type { Operation } from '../../openapi/operation.ts';
import { COSTS_LIMIT, COSTS_LIMIT_DEFAULT } from './costs.ts';

export const costsOperation: Operation = {
	id: 'listJobCosts',
	group: 'Costs',
	summary: 'What the newest jobs of an endpoint cost',
	text: 'As long as the jobs are kept. The costs of all jobs of a worker add up to what is billed for it, but for attempts that were lost.',
	key: 'read',
	limit: 'requests',
	query: [describeInteger(COSTS_LIMIT, COSTS_LIMIT_DEFAULT, 'How many at most.')],
	answers: { 200: { text: 'The costs, those of the newest job first.', schema: jobCosts } },
};

export const jobCostOperation: Operation = {
	id: 'getJobCost',
	group: 'Costs',
	summary: 'What a job cost',
	text: 'As long as the job is kept.',
	key: 'read',
	limit: 'status',
	answers: { 200: { text: 'Its part of its worker’s booked time.', schema: jobCost } },
};
