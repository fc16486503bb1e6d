/** `npm run mutants`: plants each of the twelve in turn and says who caught it; fails unless all are caught. `npm run mutants -- 3 7` plants those. */
import { inLanes } from '../lanes.ts';
import { hunt } from './hunt.ts';
import { MUTANTS } from './mutants.ts';

const only = process.argv.slice(2).map(Number);
const chosen = MUTANTS.map((mutant, i) => ({ mutant, n: i + 1 })).filter(({ n }) => only.length === 0 || only.includes(n));
const rows = await inLanes(chosen, async ({ mutant, n }) => {
	const caught = await hunt(mutant);
	const row = `| ${n} | ${caught.mutant} | ${caught.layer} | ${caught.by ?? 'NOT CAUGHT'} | ${caught.seconds.toFixed(0)} s |`;
	process.stdout.write(`${row}\n`);
	return { row, isCaught: caught.by !== null };
});
const caught = rows.filter(({ isCaught }) => isCaught).length;
process.stdout.write(`\n| # | mutant | layer | caught by | time |\n|---|---|---|---|---|\n${rows.map(({ row }) => row).join('\n')}\n\n${caught} of ${rows.length} caught\n`);
process.exitCode = caught === rows.length ? 0 : 1;
