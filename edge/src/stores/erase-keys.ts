/** Destroys the keys of texts whose time is over; what still lives under one moves to a newer key first. */
import { logError } from '../log.ts';
import { isSyncKey, type TextKeys } from './text-keys.ts';

/** The number of no key: texts from before there were keys. */
const UNSEALED = 0;

/** Texts that are sealed with a store's keys. */
export interface SealedTexts {
	/** How many owners of texts have theirs under a key. */
	underKey(gen: number): number;
	/** Seals some texts under `gen` with the newest key, whole owners in one transaction; where to go on, null at the end. `after` is 0 at first. */
	moveSome(gen: number, after: number): number | null;
}

/** Never rejects: what could not be done is due again. Other calls may come between two turns. */
export async function eraseKeys(keys: TextKeys, texts: SealedTexts, now: number): Promise<void> {
	if (!keys.begin(now)) return;
	try {
		await erase(keys, texts, now);
	} catch (error) {
		logError('keys not destroyed', error);
	} finally {
		keys.finish();
	}
}

async function erase(keys: TextKeys, texts: SealedTexts, now: number): Promise<void> {
	const over = keys.over(now);
	for (const gen of [UNSEALED, ...over]) await moveAll(keys, texts, gen);
	await keys.destroy(over.filter((gen) => texts.underKey(gen) === 0));
}

async function moveAll(keys: TextKeys, texts: SealedTexts, gen: number): Promise<void> {
	for (let after: number | null = 0; after !== null && texts.underKey(gen) > 0; await scheduler.wait(0)) {
		for (const sync of gen === UNSEALED ? [false, true] : [isSyncKey(gen)]) await keys.ready(sync, Date.now());
		after = texts.moveSome(gen, after);
	}
}
