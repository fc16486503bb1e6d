/** What the routes of costs say of themselves. */
import * as z from 'zod';
import type { Operation, Parameter } from '../../openapi/operation.ts';
import { adviceQuery } from './advice-query.ts';
import { BUCKET_SIZES, billTime, GROUPINGS } from './query.ts';

const ms = z.int().min(0);
const billRow = z.object({
	amount: z.number().describe('US dollars, at the price of the time when it was booked.'),
	diskSpaceBilledGb: z.number().describe('Disks are not metered: 0.'),
	endpointId: z.string().optional(),
	gpuTypeId: z.string().optional(),
	podId: z.string().optional().describe('The worker.'),
	time: z.string().describe('Start of the bucket, UTC.'),
	timeBilledMs: ms.describe('Time of workers: the sum of the three below.'),
	startingMs: ms,
	runningMs: ms,
	idleMs: ms,
});

const query: readonly Parameter[] = [
	{ name: 'bucketSize', text: 'Default day. Weeks begin on Monday.', schema: z.enum(BUCKET_SIZES) },
	{ name: 'grouping', text: 'One row a bucket and endpoint (default), worker or GPU type.', schema: z.enum(GROUPINGS) },
	{ name: 'startTime', text: 'Hours that begin from then on. Default: 30 days before the end.', schema: billTime, example: '2026-11-01T00:00:00Z' },
	{ name: 'endTime', text: 'Hours that begin before then. Default: now. At most 366 days after the start.', schema: billTime, example: '2026-12-01T00:00:00Z' },
	{ name: 'endpointId', text: 'Only these endpoints, with commas.', schema: z.string() },
	{ name: 'dataCenterId', text: 'Only these data centres, with commas.', schema: z.string() },
	{ name: 'gpuTypeId', text: 'Only these GPU types, with commas.', schema: z.string() },
];
const text = 'Time of workers by their hosts’ monotonic clocks: starting, running and idle, at the flex price, or at the active price within the minimum of workers.';

export const readBillV2Operation: Operation = {
	id: 'getServerlessBilling',
	group: 'Costs',
	summary: 'What the account’s endpoints took and cost',
	text,
	key: 'read',
	query,
	answers: { 200: { text: 'The rows, oldest first.', schema: z.object({ billing: z.array(billRow) }) } },
	errors: ['invalid_request'],
};

export const readBillV1Operation: Operation = {
	...readBillV2Operation,
	id: 'getEndpointBillingV1',
	summary: 'The same by RunPod’s REST v1',
	answers: { 200: { text: 'The rows, oldest first.', schema: z.array(billRow) } },
};

const money = z.number().min(0);
const ADVICE_TEXTS: Readonly<Record<keyof typeof adviceQuery.shape, string>> = {
	endpointId: 'The load that was measured of this endpoint in the last 30 days.',
	utilisation: 'Or: busy share of one GPU, above 1 for several.',
	busyHoursPerMonth: 'Or: GPU-hours of running jobs a month.',
	gpuPool: 'The tier whose prices count; default: where the endpoint ran most.',
	memoryGb: 'Least memory of the tiers that are compared; default: that of the tier.',
	flexPerSecond: 'Instead of the catalogue’s price, US dollars a second.',
	activePerSecond: 'Instead of the catalogue’s price, US dollars a second.',
	dedicatedPerHour: 'Price of a dedicated GPU to compare with, US dollars an hour.',
};

export const readAdviceOperation: Operation = {
	id: 'getCostAdvice',
	group: 'Costs',
	summary: 'Flex, active or dedicated, and how many',
	text: 'A month is 720 hours. Every tier is taken to be as fast as the one that was measured.',
	key: 'read',
	query: Object.entries(adviceQuery.shape).map(([name, schema]) => ({ name, text: ADVICE_TEXTS[name as keyof typeof ADVICE_TEXTS], schema })),
	answers: {
		200: {
			text: 'Costs a month, break-even shares and a recommendation.',
			schema: z.object({
				load: z.object({ hours: z.int(), overheadPerBusySecond: z.number().describe('Starting and idle time of flex workers by second of running.'), measured: z.boolean() }),
				prices: z.object({ flexPerSecond: money, activePerSecond: money.nullable(), dedicatedPerHour: money.nullable(), gpuPool: z.string().nullable(), source: z.string() }),
				utilisation: z.number(),
				busyHoursPerMonth: z.number(),
				perMonth: z.object({ flex: money, active: money.nullable(), dedicated: money.nullable(), dedicatedGpus: z.int() }),
				breakEven: z.object({ active: z.number().nullable(), dedicated: z.number().nullable() }).describe('Busy share above which the other is cheaper than flex.'),
				recommended: z.enum(['flex', 'active', 'dedicated']),
				workersMin: z.int(),
				workersMax: z.int(),
				reason: z.string(),
				recommendedTier: z.string().nullable().describe('The cheapest with the memory.'),
				tiers: z.array(z.object({ gpuPool: z.string(), memoryGb: z.number(), flexPerMonth: money })),
			}),
		},
	},
	errors: ['invalid_request', 'unknown_endpoint'],
};
