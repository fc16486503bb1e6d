/** What an agent keeps of its cached models beside their files: when each was used, what its revisions stand for, and who may read it. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import * as z from 'zod';

/** Tokens remembered for one model; the oldest go first. */
const READERS_MAX = 50;

const modelNote = z.object({
	/** Revision → when it was last asked what it stands for. */
	askedAtMs: z.record(z.string(), z.number()).default({}),
	/** Commit → when it was last used. */
	usedAtMs: z.record(z.string(), z.number()).default({}),
	/** Anybody may read it: it was given out without a token. */
	isOpen: z.boolean().default(false),
	/** Proofs of the tokens that opened it. */
	readers: z.array(z.object({ salt: z.string(), proof: z.string().regex(/^[0-9a-f]{64}$/) })).default([]),
});
export type ModelNote = z.infer<typeof modelNote>;

export interface ModelNotes {
	of(folder: string): ModelNote;
	/** The source said what the revision stands for. */
	asked(folder: string, revision: string, atMs: number): void;
	used(folder: string, commit: string, atMs: number): void;
	forget(folder: string): void;
	/** Whether the holder of `token` (null: anybody) has shown before that it may read the model. */
	isReader(folder: string, token: string | null): Promise<boolean>;
	addReader(folder: string, token: string | null): Promise<void>;
}

/** Opens the notes in `file`; what cannot be read counts as not noted, so everybody proves themselves anew. */
export function openModelNotes(file: string): ModelNotes {
	const notes = new Map<string, ModelNote>(Object.entries(read(file)));
	const write = (): void => {
		writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(notes)), { mode: 0o600 });
		renameSync(`${file}.new`, file);
	};
	const of = (folder: string): ModelNote => notes.get(folder) ?? modelNote.parse({});
	const change = (folder: string, alter: (note: ModelNote) => void): void => {
		const note = of(folder);
		alter(note);
		notes.set(folder, note);
		write();
	};
	const isReader = async (folder: string, token: string | null): Promise<boolean> => {
		const { isOpen, readers } = of(folder);
		if (isOpen || token === null) return isOpen;
		for (const { salt, proof } of readers) if (timingSafeEqual(Buffer.from(proof, 'hex'), Buffer.from(await proofOf(token, salt), 'hex'))) return true;
		return false;
	};
	return {
		of,
		asked: (folder, revision, atMs) =>
			change(folder, (note) => {
				note.askedAtMs[revision] = atMs;
			}),
		used: (folder, commit, atMs) =>
			change(folder, (note) => {
				note.usedAtMs[commit] = atMs;
			}),
		forget(folder) {
			if (notes.delete(folder)) write();
		},
		isReader,
		async addReader(folder, token) {
			if (await isReader(folder, token)) return;
			const salt = randomBytes(16).toString('hex');
			const proof = token === null ? '' : await proofOf(token, salt);
			change(folder, (note) => {
				if (token === null) note.isOpen = true;
				else note.readers = [...note.readers, { salt, proof }].slice(-READERS_MAX);
			});
		},
	};
}

function read(file: string): Record<string, ModelNote> {
	if (!existsSync(file)) return {};
	try {
		return z.record(z.string(), modelNote).parse(JSON.parse(readFileSync(file, 'utf8')));
	} catch {
		return {};
	}
}

async function proofOf(token: string, salt: string): Promise<string> {
	const derive = promisify<string, string, number, Buffer>(scrypt);
	return (await derive(token, salt, 32)).toString('hex');
}
