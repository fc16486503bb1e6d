/** Writes one JSON object a line to stdout: level, message, fields. Fields never hold keys, tokens or payloads. */

export type LogFields = Readonly<Record<string, unknown>>;
export interface Log {
	info(msg: string, fields?: LogFields): void;
	warn(msg: string, fields?: LogFields): void;
	error(msg: string, fields?: LogFields): void;
}

/** A log whose lines all carry `base`. */
export function createLog(base: LogFields, write: (line: string) => void): Log {
	const at =
		(level: string) =>
		(msg: string, fields?: LogFields): void =>
			write(`${JSON.stringify({ level, msg, at: new Date().toISOString(), ...base, ...fields })}\n`);
	return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** The text of anything thrown, with its cause. */
export function errorText(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
	return `${error.message || error.name}${cause}`;
}
