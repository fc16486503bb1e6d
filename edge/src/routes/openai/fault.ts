/** An OpenAI error as an HTTP answer. */
import type { OpenAiFault } from '../../core/openai-error.ts';
import { JOB_ID_HEADER } from '../jobs/answer.ts';

/** Headers of every answer about a job; OpenAI's clients show `x-request-id` to their users. */
export function headersOf(jobId: string, contentType: string): Record<string, string> {
	return { 'content-type': contentType, [JOB_ID_HEADER]: jobId, 'x-request-id': jobId };
}

/** The answer of a call whose job ended with a fault. */
export function faultAnswer(jobId: string, fault: OpenAiFault): Response {
	const headers = headersOf(jobId, 'application/json');
	return new Response(faultText(fault), { status: fault.status, headers: fault.mayRetry ? headers : { ...headers, 'x-should-retry': 'false' } });
}

/** `{"error": {…}}` */
export function faultText({ error }: OpenAiFault): string {
	return JSON.stringify({ error });
}
