/** Fetches the kernel's log, where the system lets the agent read it. */
import { execFile } from 'node:child_process';

const TIMEOUT_MS = 3_000;
const BYTES_MAX = 16 * 2 ** 20;

/** The log's text; null when it may not be read or there is no such program. */
export function readKernelLog(): Promise<string | null> {
	return new Promise((resolve) => {
		execFile('dmesg', [], { timeout: TIMEOUT_MS, maxBuffer: BYTES_MAX }, (error, stdout) => resolve(error === null ? stdout : null));
	});
}
