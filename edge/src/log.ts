/** The edge's log: one JSON object a line, the same fields as in the Node processes, never a payload, key or token. */

/** Logs something worth knowing. */
export function logInfo(msg: string, fields: Record<string, string | number | boolean> = {}): void {
	console.log(JSON.stringify({ level: 'info', time: Date.now(), msg, ...fields }));
}

/** Logs a fault of ours with its error text; the stack stays out of every answer. */
export function logError(msg: string, error: unknown, fields: Record<string, string | number | boolean> = {}): void {
	const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	console.error(JSON.stringify({ level: 'error', time: Date.now(), msg, error: text, ...fields }));
}
