/** Parameters and headers that several operations share. */
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import * as z from 'zod';
import { JOB_ID_HEADER } from '../routes/jobs/answer.ts';
import type { Parameter } from './operation.ts';

const id = z.string().regex(ID_PATTERN);
const EXAMPLE_ENDPOINT = 'ep3kx09q2m5b1c';
const EXAMPLE_JOB = '5f0e0b9e-1d2c-4b3a-8f4e-0123456789ab-e0';

/** Ids in paths, by their name. Anything that is no id of this gateway is answered as unknown. */
export const PATH_PARAMETERS: Readonly<Record<string, Parameter>> = {
	endpoint: { name: 'endpoint', text: 'Id of the endpoint.', schema: id, example: EXAMPLE_ENDPOINT },
	job: { name: 'job', text: 'Id of the job.', schema: id, example: EXAMPLE_JOB },
	batch: { name: 'batch', text: 'Id of the batch.', schema: id, example: 'b1m7q0c3v8x2ka' },
	id: { name: 'id', text: 'Id of the resource.', schema: id, example: EXAMPLE_ENDPOINT },
};

/** Of every operation on one job. */
export const GONE_PARAMETER: Parameter = {
	name: 'Longshore-Gone',
	text: '`410`: a job that was and is gone is answered with 410 and the cause instead of 404.',
	schema: z.literal('410'),
};

/** Headers of answers, by their name. */
export const ANSWER_HEADERS: Readonly<Record<string, string>> = {
	[JOB_ID_HEADER]: 'The job’s id. A held call sends it before its body.',
	'retry-after': 'Seconds after which trying again makes sense.',
	'x-runpod-worker-id': 'The worker that answered; sent with the next request it is a wish for the same one.',
	'x-request-id': 'The job’s id, where OpenAI’s clients look for it.',
	'x-should-retry': '`false` where the same call would run as long again.',
};
