import { expect, test } from 'vitest';
import { RunQuestions } from '../../../edge/src/stores/run-questions.ts';

const job = { id: 'j', epoch: 1 };

test('an attempt is lost by the second denial, with nothing to the contrary between', () => {
	const runs = new RunQuestions();
	runs.ask(job, 1_000);
	expect([runs.askedAt(job), runs.forgotten(job)]).toEqual([1_000, false]);
	runs.ask(job, 2_000);
	runs.held(job);
	expect(runs.forgotten(job)).toBe(false);
	expect(runs.forgotten({ ...job, epoch: 2 })).toBe(false);
	expect(runs.forgotten(job)).toBe(true);
	expect(runs.forgotten(job)).toBe(false);
});

test('a doubted attempt is asked about again, however old it is', () => {
	const runs = new RunQuestions();
	runs.ask(job, 1_000);
	runs.forgotten(job);
	expect(runs.askedAt(job)).toBeNull();
	runs.ask(job, 2_000);
	expect(runs.askedAt(job)).toBeNull();
	runs.held(job);
	expect(runs.askedAt(job)).toBe(2_000);
});

test('old questions do not pile up', () => {
	const runs = new RunQuestions();
	for (let n = 0; n < 1_000; n++) runs.ask({ id: `old-${n}`, epoch: 1 }, 0);
	runs.ask(job, 2 * 86_400_000);
	expect(runs.askedAt({ id: 'old-1', epoch: 1 })).toBeNull();
	expect(runs.askedAt(job)).toBe(2 * 86_400_000);
});
