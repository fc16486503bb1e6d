/** The platform as a worker sees it: take, done, stream, ping and stop of the RunPod worker protocol, over kept-alive connections. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface TakenJob {
	readonly id: string;
	readonly input: unknown;
}

export interface Platform {
	/** Up to `room` jobs; waits for one. Empty when there was none, the platform did not answer, or `signal` aborted. */
	take(room: number, busy: boolean, signal: AbortSignal): Promise<TakenJob[]>;
	done(jobId: string, result: { readonly body: unknown }, isStream: boolean): Promise<void>;
	progress(jobId: string, output: unknown): Promise<void>;
	chunk(jobId: string, output: unknown): Promise<void>;
	/** Sends signs of life until `signal` aborts. */
	ping(jobIds: () => readonly string[], signal: AbortSignal): void;
	/** Listens for jobs to stop until `signal` aborts. */
	watchStops(stop: (jobId: string) => void, signal: AbortSignal): Promise<void>;
}

interface Answer {
	readonly status: number;
	readonly text: string;
}

class NoAnswerError extends Error {
	override readonly name: string = 'NoAnswerError';
}

/** The platform holds a take for less than this. */
const POLL_TIMEOUT_MS = 90_000;
const POST_TIMEOUT_MS = 60_000;
const POST_TRIES = 5;
const PAUSE_MS = 1_000;
const PAUSE_BUSY_MS = 5_000;

/** Reads the injected variables. Throws when there are none: the program was not started by a platform. */
export function createPlatform(env: Readonly<Record<string, string | undefined>>): Platform {
	const workerId = need(env, 'RUNPOD_POD_ID');
	const takeUrl = need(env, 'RUNPOD_WEBHOOK_GET_JOB').replaceAll('$ID', workerId);
	const doneUrl = need(env, 'RUNPOD_WEBHOOK_POST_OUTPUT').replaceAll('$RUNPOD_POD_ID', workerId);
	const streamUrl = need(env, 'RUNPOD_WEBHOOK_POST_STREAM').replaceAll('$RUNPOD_POD_ID', workerId);
	const pingUrl = env['RUNPOD_WEBHOOK_PING']?.replaceAll('$RUNPOD_POD_ID', workerId);
	const key = need(env, 'RUNPOD_AI_API_KEY');
	const secure = takeUrl.startsWith('https:');
	const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
	const openRequest = secure ? httpsRequest : httpRequest;

	const send = (method: string, url: string, timeoutMs: number, body: string | null, signal?: AbortSignal): Promise<Answer> =>
		new Promise((resolve, reject) => {
			const headers: Record<string, string | number> = { authorization: key };
			if (body !== null) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
			const request = openRequest(url, { method, agent, headers, timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) }, (response) => {
				let text = '';
				response.setEncoding('utf8');
				response.on('data', (part: string) => {
					text += part;
				});
				response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
				response.on('error', reject);
			});
			request.on('timeout', () => request.destroy(new NoAnswerError(`no answer within ${timeoutMs} ms`)));
			request.on('error', reject);
			request.end(body ?? undefined);
		});
	/** A long poll: pauses by itself where the platform refuses or is away. */
	const poll = async (url: string, signal: AbortSignal): Promise<string | null> => {
		try {
			const answer = await send('GET', url, POLL_TIMEOUT_MS, null, signal);
			if (answer.status === 200) return answer.text;
			if (answer.status !== 204) await pause(answer.status === 429 ? PAUSE_BUSY_MS : PAUSE_MS, signal);
		} catch (error) {
			// It has waited long enough already: so does a worker that was frozen in the middle of its poll and has just gone on.
			if (error instanceof NoAnswerError) return null;
			if (!signal.aborted) {
				complain(`poll failed: ${(error as Error).message}`);
				await pause(PAUSE_MS, signal);
			}
		}
		return null;
	};
	const post = async (url: string, body: string): Promise<void> => {
		for (let tries = 1; ; tries++) {
			try {
				const answer = await send('POST', url, POST_TIMEOUT_MS, body);
				if (answer.status < 300) return;
				if (answer.status < 500 || tries === POST_TRIES) {
					complain(`${url.split('?')[0]}: status ${answer.status} ${answer.text.slice(0, 300)}`);
					return;
				}
			} catch (error) {
				if (tries === POST_TRIES) {
					complain(`${url.split('?')[0]}: ${(error as Error).message}`);
					return;
				}
			}
			await pause(100 * 2 ** tries);
		}
	};
	const toJob = (jobId: string, url: string, isStream: boolean): string => `${url.replaceAll('$ID', jobId)}&isStream=${isStream}`;
	return {
		async take(room, busy, signal) {
			const base = room > 1 ? `${takeUrl.replace('/job-take/', '/job-take-batch/')}&batch_size=${room}` : takeUrl;
			const text = await poll(`${base}&job_in_progress=${busy ? 1 : 0}`, signal);
			if (text === null || text === '') return [];
			const jobs = JSON.parse(text) as TakenJob | TakenJob[];
			return Array.isArray(jobs) ? jobs : [jobs];
		},
		done: (jobId, result, isStream) => post(toJob(jobId, doneUrl, isStream), encode(result.body)),
		progress: (jobId, output) => post(toJob(jobId, doneUrl, false), encode({ status: 'IN_PROGRESS', output })),
		chunk: (jobId, output) => post(toJob(jobId, streamUrl, false), encode({ output })),
		ping(jobIds, signal) {
			if (pingUrl === undefined) return;
			const beat = (): void => {
				const ids = jobIds();
				const url = ids.length === 0 ? pingUrl : `${pingUrl}&job_id=${ids.join(',')}`;
				send('GET', url, PAUSE_BUSY_MS, null).catch((error: Error) => complain(`ping failed: ${error.message}`));
			};
			const timer = setInterval(beat, Number(env['RUNPOD_PING_INTERVAL'] ?? '10000'));
			signal.addEventListener('abort', () => clearInterval(timer));
		},
		async watchStops(stop, signal) {
			const stopUrl = takeUrl.replace('/job-take/', '/job-stop/');
			while (!signal.aborted) {
				const text = await poll(stopUrl, signal);
				if (text === null || text === '') continue;
				for (const jobId of (JSON.parse(text) as { jobsToStop?: string[] }).jobsToStop ?? []) stop(jobId);
			}
		},
	};
}

/** What cannot be written as JSON fails the job, with the reason. */
function encode(body: unknown): string {
	try {
		return JSON.stringify(body);
	} catch (error) {
		return JSON.stringify({ error: `the output cannot be written as JSON: ${(error as Error).message}` });
	}
}

function need(env: Readonly<Record<string, string | undefined>>, name: string): string {
	const value = env[name];
	if (value === undefined || value === '') throw new Error(`${name} is not set: a worker must be started by the platform, which injects it`);
	return value;
}

function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal?.aborted === true) return resolve();
		const end = (): void => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, durationMs);
		signal?.addEventListener('abort', end);
	});
}

/** A worker's stderr is its log. */
function complain(text: string): void {
	process.stderr.write(`${text}\n`);
}
