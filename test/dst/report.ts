/** What a run of the simulation prints. */
import { FAULTS } from './faults.ts';
import { INVARIANTS, type Invariant } from './ledger.ts';
import type { PlayResult } from './play.ts';

/** Lines of a broken history that are shown: its end says what broke, its beginning what led there. */
const LINES_MAX = 160;

/** A broken history as a table of times and events. */
export function formatHistory(result: PlayResult): string {
	const broken = result.violations.map(
		({ invariant, text, atMs }) => `${(atMs / 1_000).toFixed(3).padStart(10)}  BROKEN ${invariant} (${INVARIANTS[invariant as Invariant]}): ${text}`,
	);
	const lines = result.log.length > LINES_MAX ? [`${' '.repeat(12)}… ${result.log.length - LINES_MAX} lines before`, ...result.log.slice(-LINES_MAX)] : result.log;
	return [`seed ${result.seed}, ${result.faultNumbers.length} faults, ${result.jobNumbers.length} jobs`, '   seconds  what happened', ...lines, ...broken].join('\n');
}

/** How a history is played again. */
export function replayCommand({ seed, hours, faultNumbers, jobNumbers }: PlayResult, isWhole: boolean): string {
	const only = isWhole ? '' : ` --faults ${faultNumbers.join(',') || 'none'} --jobs ${jobNumbers.join(',') || 'none'}`;
	return `npm run dst -- --seed ${seed} --hours ${hours}${only}`;
}

/** The sums of a run. */
export function formatCounts(counts: Readonly<Record<string, number>>): string {
	const row = (name: string, text: string): string => `  ${String(counts[name] ?? 0).padStart(9)}  ${text}`;
	const invariants = Object.entries(INVARIANTS).map(([id, text]) => row(id, `${id.padEnd(4)} ${text}`));
	const faults = Object.keys(FAULTS).map((kind) => row(`fault: ${kind}`, kind));
	const rest = Object.keys(counts)
		.filter((name) => !(name in INVARIANTS) && !name.startsWith('fault: '))
		.sort()
		.map((name) => row(name, name));
	return ['checks of each invariant', ...invariants, 'faults of each kind', ...faults, 'and', ...rest].join('\n');
}
