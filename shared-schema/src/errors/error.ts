/** The one error class whose message may reach a caller. Anything else becomes `internal` with a fixed text. */
import type { GoneCause } from '../wire/runpod-answers.ts';
import { ERROR_KINDS, type ErrorCode, type ErrorKind } from './codes.ts';

/** A refusal with a code of the closed set; the message names the field, the bound and the fix. */
export class LongshoreError extends Error {
	readonly code: ErrorCode;
	/** Seconds for `Retry-After`, where trying again helps. */
	readonly retryAfterS: number | undefined;
	/** Each thing that is wrong, `field: what, bound, fix`, where there is more to say than one sentence. */
	readonly problems: readonly string[];
	/** Why what was asked for is gone. */
	readonly gone: GoneCause | undefined;

	constructor(code: ErrorCode, message: string, retryAfterS?: number, problems: readonly string[] = [message], gone?: GoneCause) {
		super(message);
		this.name = 'LongshoreError';
		this.code = code;
		this.retryAfterS = retryAfterS;
		this.problems = problems;
		this.gone = gone;
	}

	/** A refusal of a request in which these things are wrong. */
	static unprocessable(problems: readonly string[]): LongshoreError {
		return new LongshoreError('unprocessable', problems.join('; '), undefined, problems);
	}

	/** A refusal to show a job that was and is not any more. */
	static gone(message: string, cause: GoneCause): LongshoreError {
		return new LongshoreError('expired_job', message, undefined, [message], cause);
	}

	get kind(): ErrorKind {
		return ERROR_KINDS[this.code];
	}
}
