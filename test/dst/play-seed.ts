/** `node play-seed.ts <seed> <hours> [faults] [jobs]`: plays one history in a process of its own and writes its result as one line of JSON. */
import { play } from './play.ts';

const [seed = '1', hours = '1', faults = 'all', jobs = 'all'] = process.argv.slice(2);
const numbers = (text: string): number[] | null => (text === 'all' ? null : text === 'none' ? [] : text.split(',').map(Number));
const write = process.stdout.write.bind(process.stdout);
const result = await play({ seed: Number(seed), hours: Number(hours), faults: numbers(faults), jobs: numbers(jobs) });
write(`${JSON.stringify(result)}\n`, () => process.exit(0));
