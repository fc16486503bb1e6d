/** Small JSON files in the stack's home: read leniently about absence, written in one rename and readable by their owner only. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The file's content, or undefined when there is no such file. Throws on a file that is not JSON: silently starting afresh would lose keys. */
export function readState<T>(file: string): T | undefined {
	let text: string;
	try {
		text = readFileSync(file, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw error;
	}
	try {
		return JSON.parse(text) as T;
	} catch (error) {
		throw new Error(`${file} is damaged (${(error as Error).message}); restore it, or remove the whole home to start afresh`);
	}
}

/** Replaces the file atomically, mode 0600. */
export function writeState(file: string, value: unknown): void {
	const scratch = `${file}.${process.pid}.tmp`;
	writeFileSync(scratch, `${JSON.stringify(value, null, '\t')}\n`, { mode: 0o600 });
	renameSync(scratch, file);
}
