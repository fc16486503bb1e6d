/** A child's log on disk, bounded: when the file is full it becomes `<name>.1.log` and a new one begins. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const LOG_FILE_BYTES_MAX = 8 * 1024 * 1024;

export interface LogFile {
	write(chunk: Uint8Array | string): void;
	close(): void;
}

/**
 * Opens `path` for appending. Writes are synchronous: children say little, and what they said last must be there when all else fails.
 * A write that fails (a full disk) loses its lines, and the first one is reported: whoever logs must go on.
 */
export function openLogFile(path: string, onLost: (problem: string) => void): LogFile {
	let descriptor = openSync(path, 'a', 0o600);
	let bytes = fstatSync(descriptor).size;
	let hasLost = false;
	return {
		write(chunk) {
			try {
				if (bytes >= LOG_FILE_BYTES_MAX) {
					closeSync(descriptor);
					renameSync(path, path.replace(/\.log$/, '.1.log'));
					descriptor = openSync(path, 'a', 0o600);
					bytes = 0;
				}
				bytes += typeof chunk === 'string' ? writeSync(descriptor, chunk) : writeSync(descriptor, chunk);
			} catch (error) {
				if (!hasLost) onLost(`${path} loses lines: ${(error as Error).message}`);
				hasLost = true;
			}
		},
		close: () => closeSync(descriptor),
	};
}
