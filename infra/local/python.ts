/** Finds a Python on this machine. */
import { runCommand } from './run-command.ts';

/** A Python that runs. */
export interface Python {
	readonly command: string;
	/** Major and minor, as `3.11`. */
	readonly version: string;
	readonly hasPip: boolean;
}

const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'] as const;
/** `runpod` and the model's reader ask for it. */
const MINOR_MIN = 10;
const PROBE = 'import sys, importlib.util as u; print(f"{sys.version_info[0]} {sys.version_info[1]} {int(u.find_spec(\'pip\') is not None)}")';

/** Every Python >= 3.10 under its usual names, those with pip first; empty when there is none. */
export async function findPythons(): Promise<Python[]> {
	const found = await Promise.all(NAMES.map(probe));
	const usable = found.filter((python) => python !== undefined);
	return [...usable.filter((python) => python.hasPip), ...usable.filter((python) => !python.hasPip)];
}

async function probe(command: string): Promise<Python | undefined> {
	const result = await runCommand(command, ['-c', PROBE], { timeoutMs: 20_000 });
	if (!result.ok) return undefined;
	const [major, minor, pip] = result.output.trim().split(' ').map(Number);
	if (major !== 3 || minor === undefined || minor < MINOR_MIN) return undefined;
	return { command, version: `3.${minor}`, hasPip: pip === 1 };
}
