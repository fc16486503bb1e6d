/** What a chaos run saw, one event a line of its history: all that the checker knows. Times are epoch milliseconds of the one machine on which everything runs. */

/** A call of a client: when it was sent, and when its answer was there or given up. */
interface Call {
	readonly at: number;
	readonly doneAt: number;
}

interface Change extends Call {
	readonly id: string;
	readonly outcome: Outcome;
	/** What the answer said of the job. */
	readonly state: string | null;
}

/** What a job was made to do. The checker knows by it how the job may end. */
export type Recipe = 'quick' | 'slow' | 'stream' | 'fail' | 'crash' | 'hang' | 'large' | 'cancel' | 'ttl' | 'purged';

/** `ok`: answered with 200. `refused`: answered otherwise. `unknown`: no answer, it may have been done or not. */
export type Outcome = 'ok' | 'refused' | 'unknown';

export type HistoryEvent =
	| { readonly is: 'begin'; readonly at: number; readonly seed: number; readonly commit: string; readonly retentionAsyncMs: number; readonly retentionSyncMs: number }
	/** `load`: jobs come. `faults`: things go wrong. `healed`: nothing is broken any more, jobs still come. `drain`: no new jobs. `end`. */
	| { readonly is: 'phase'; readonly at: number; readonly phase: 'load' | 'faults' | 'healed' | 'drain' | 'end' }
	/** `key`: of an idempotent submit. `id` also where the answer broke off behind its head. */
	| (Call & {
			readonly is: 'submit';
			readonly n: number;
			readonly endpoint: string;
			readonly recipe: Recipe;
			readonly verb: 'run' | 'runsync';
			readonly key: string | null;
			readonly webhook: boolean;
			readonly outcome: Outcome;
			readonly status: number | null;
			/** Why there was no answer. */
			readonly problem: string | null;
			readonly id: string | null;
	  })
	/** A look at a job. `by`: the attempt whose output it shows; `n`: the submit that the output answers. */
	| (Call & {
			readonly is: 'read';
			readonly id: string;
			readonly outcome: 'seen' | 'gone' | 'unknown';
			readonly state: string | null;
			readonly retries: number;
			readonly by: string | null;
			readonly n: number | null;
			readonly error: string | null;
	  })
	/** All chunks that one reader of a job's stream got. `whole`: it heard the end. */
	| { readonly is: 'stream'; readonly at: number; readonly id: string; readonly chunks: readonly number[]; readonly whole: boolean }
	| (Change & { readonly is: 'cancel' })
	| (Change & { readonly is: 'retry' })
	| (Call & { readonly is: 'purge'; readonly endpoint: string; readonly outcome: Outcome })
	/** A webhook's call as its receiver took it. */
	| {
			readonly is: 'hook';
			readonly at: number;
			readonly id: string;
			readonly delivery: string;
			readonly signed: boolean;
			readonly state: string | null;
			readonly by: string | null;
			readonly status: number;
	  }
	/** What a worker says of itself. `attempt` is made up by the worker for each run. */
	| { readonly is: 'work'; readonly at: number; readonly what: string; readonly job: string; readonly attempt: string | null; readonly worker: string; readonly pid: number }
	/** A result offered that must not count: by a host whose attempt is over or superseded, or with a made-up token. */
	| { readonly is: 'offer'; readonly at: number; readonly id: string; readonly why: 'late' | 'superseded' | 'forged'; readonly verdict: string }
	/** Worker processes of an endpoint that lived at this moment, by the kernel's word. */
	| { readonly is: 'census'; readonly at: number; readonly endpoint: string; readonly alive: number; readonly max: number }
	/** `region`: which region is out of order meanwhile, if any; `edge`: the edge itself is. */
	| {
			readonly is: 'fault';
			readonly at: number;
			readonly healedAt: number;
			readonly kind: string;
			readonly target: string;
			readonly region: string | null;
			readonly edge: boolean;
			readonly done: boolean;
	  }
	/** An answer to one tenant that held another one's text. */
	| { readonly is: 'foreign'; readonly at: number; readonly path: string }
	/** What the stack holds: summed over its processes. */
	| {
			readonly is: 'footprint';
			readonly at: number;
			readonly when: 'start' | 'end';
			readonly residentBytes: number;
			readonly descriptors: number;
			readonly messages: number;
			readonly files: number;
	  };

export type EventOf<K extends HistoryEvent['is']> = Extract<HistoryEvent, { readonly is: K }>;

export const TERMINAL: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'];
