/** Text statistics as a worker on our own SDK: counts, readability and the words that matter. Needs nothing but Node. */
import { startWorker } from '@longshore/gpu-worker/sdk';
import { analyseText } from './analyse-text.ts';

const CHARACTERS_MAX = 200_000;

await startWorker({ handler: (job) => analyseText(readText(job.input)) });

/** The text of an input, or an error that names the field and its bound; it becomes the job's error. */
function readText(input: unknown): string {
	const text = typeof input === 'object' && input !== null && 'text' in input ? input.text : undefined;
	if (typeof text !== 'string' || text.trim() === '') throw new Error('input.text must be a text that is not blank: {"input":{"text":"…"}}');
	if (text.length > CHARACTERS_MAX) throw new Error(`input.text has ${text.length} characters, at most ${CHARACTERS_MAX} are read: send it in parts`);
	return text;
}
