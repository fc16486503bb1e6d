/** The one error class whose message may reach a caller. Anything else becomes `internal` with a fixed text. */
import { ERROR_KINDS, type ErrorCode, type ErrorKind } from './codes.ts';

/** A refusal with a code of the closed set; the message names the field, the bound and the fix. */
export class LongshoreError extends Error {
	readonly code: ErrorCode;
	/** Seconds for `Retry-After`, where trying again helps. */
	readonly retryAfterS: number | undefined;
	/** Each thing that is wrong, `field: what, bound, fix`, where there is more to say than one sentence. */
	readonly problems: readonly string[];

	constructor(code: ErrorCode, message: string, retryAfterS?: number, problems: readonly string[] = [message]) {
		super(message);
		this.name = 'LongshoreError';
		this.code = code;
		this.retryAfterS = retryAfterS;
		this.problems = problems;
	}

	/** A refusal of a request in which these things are wrong. */
	static unprocessable(problems: readonly string[]): LongshoreError {
		return new LongshoreError('unprocessable', problems.join('; '), undefined, problems);
	}

	get kind(): ErrorKind {
		return ERROR_KINDS[this.code];
	}
}
