/** What a JobStore asked regions about running attempts, and what they said. In memory only: what is lost is asked again. */
import type { Job } from '@longshore/shared-schema/job/job';

/** An attempt that has not been asked about for this long has ended, as far as this memory goes. */
const KEEP_MS = 86_400_000;
/** Questions in memory above which old ones are looked for. */
const CROWD = 1_000;

interface Question {
	at: number;
	/** The host did not have it. */
	forgotten: boolean;
}

type AttemptName = Pick<Job, 'id' | 'epoch'>;

/** The questions of one store, by attempt. */
export class RunQuestions {
	readonly #asked = new Map<string, Question>();

	/** When an attempt was last asked about; null: never, or the answer is in doubt and the next question due. */
	askedAt(job: AttemptName): number | null {
		const question = this.#asked.get(keyOf(job));
		return question === undefined || question.forgotten ? null : question.at;
	}

	/** A region is about to be asked. */
	ask(job: AttemptName, now: number): void {
		if (this.#asked.size >= CROWD) for (const [key, { at }] of this.#asked) if (now - at > KEEP_MS) this.#asked.delete(key);
		this.#asked.set(keyOf(job), { at: now, forgotten: this.#asked.get(keyOf(job))?.forgotten ?? false });
	}

	/** The host has the attempt. */
	held(job: AttemptName): void {
		const question = this.#asked.get(keyOf(job));
		if (question !== undefined) question.forgotten = false;
	}

	/** The host does not have the attempt. True when it said so the last time too, with nothing to the contrary between. */
	forgotten(job: AttemptName): boolean {
		const question = this.#asked.get(keyOf(job));
		if (question?.forgotten === true) return this.#asked.delete(keyOf(job));
		if (question !== undefined) question.forgotten = true;
		return false;
	}
}

function keyOf({ id, epoch }: AttemptName): string {
	return `${id}.${epoch}`;
}
