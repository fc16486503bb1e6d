/** One line of JSON per event on stdout. */

export type LogFields = Readonly<Record<string, unknown>>;

/** What the agent's parts log to. */
export interface Log {
	info(msg: string, fields?: LogFields): void;
	warn(msg: string, fields?: LogFields): void;
	error(msg: string, fields?: LogFields): void;
}

/** A log whose every line carries `base`. */
export function createLog(write: (line: string) => void, base: LogFields): Log {
	const line = (level: string) => (msg: string, fields?: LogFields) => write(`${JSON.stringify({ level, msg, time: new Date().toISOString(), ...base, ...fields })}\n`);
	return { info: line('info'), warn: line('warn'), error: line('error') };
}
