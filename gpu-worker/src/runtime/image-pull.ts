/**
 * Brings images onto the host. An image that was pulled with a credential is used without asking its registry again only by who has
 * that credential: what one tenant may read is not for the next one on this host.
 */
import { randomBytes, scrypt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import type { ImageRef } from '../core/image-ref.ts';
import { describePullFailure } from '../core/pull-failure.ts';
import { advanceProgress, type PullEvent, startProgress } from '../core/pull-progress.ts';
import { messageOf, statusOf } from './container-engine.ts';
import { WorkerStartError } from './runtime.ts';

/** An engine that says nothing for so long has lost the registry. */
const SILENCE_MS_MAX = 20 * 60_000;

interface Credential {
	readonly username: string;
	readonly password: string;
}

/** Of an image that was pulled with a credential: the image's content, and proof of the credential. */
interface Owned {
	readonly imageId: string;
	readonly salt: string;
	readonly proof: string;
}

/** Hears of a pull: lines for the log, and how far it is. */
export interface PullListener {
	note(text: string): void;
	preparing(text: string): void;
}

/** A pull that is under way, and everybody who waits for it. */
interface Pull {
	readonly done: Promise<void>;
	readonly listeners: Set<PullListener>;
}

export interface ImageStore {
	/** Makes sure that the image is there. Returns its own environment. Throws `WorkerStartError`. */
	ensure(ref: ImageRef, credential: Credential | undefined, listener: PullListener, signal: AbortSignal): Promise<readonly string[]>;
}

/** `file` remembers whose images are whose across restarts of the agent. */
export function createImageStore(engine: Docker, file: string): ImageStore {
	const owned = new Map<string, Owned>(existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Owned>) : []);
	const pulls = new Map<string, Pull>();

	const find = async (name: string) => {
		try {
			return await engine.getImage(name).inspect();
		} catch (error) {
			if (statusOf(error) === 404) return null;
			throw new WorkerStartError(`the container engine cannot look for image ${name}: ${messageOf(error)}`);
		}
	};
	const mayUse = async (name: string, imageId: string, credential: Credential | undefined): Promise<boolean> => {
		const owner = owned.get(name);
		if (owner === undefined || owner.imageId !== imageId) return true;
		return credential !== undefined && (await proofOf(credential, owner.salt)) === owner.proof;
	};
	const remember = async (name: string, imageId: string, credential: Credential): Promise<void> => {
		const salt = randomBytes(16).toString('hex');
		owned.set(name, { imageId, salt, proof: await proofOf(credential, salt) });
		writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(owned)), { mode: 0o600 });
		renameSync(`${file}.new`, file);
	};
	/** Starts that want the same image at once share one pull, if they come with the same credential. */
	const pullOnce = (ref: ImageRef, credential: Credential | undefined, listener: PullListener): Promise<void> => {
		const key = JSON.stringify([ref.name, credential]);
		const running = pulls.get(key);
		if (running !== undefined) {
			listener.note(`waiting for image ${ref.name}, which is being pulled already`);
			running.listeners.add(listener);
			return running.done;
		}
		const listeners = new Set([listener]);
		const toAll: PullListener = {
			note(text) {
				for (const one of listeners) one.note(text);
			},
			preparing(text) {
				for (const one of listeners) one.preparing(text);
			},
		};
		const done = pullImage(engine, ref, credential, toAll).finally(() => pulls.delete(key));
		pulls.set(key, { done, listeners });
		return done;
	};
	return {
		async ensure(ref, credential, listener, signal) {
			const present = await find(ref.name);
			if (present !== null && (await mayUse(ref.name, present.Id, credential))) return present.Config?.Env ?? [];
			await unlessAborted(pullOnce(ref, credential, listener), signal);
			const pulled = await find(ref.name);
			if (pulled === null) throw new WorkerStartError(`image ${ref.name} is not on this host although its pull ended well`);
			if (credential !== undefined && present?.Id !== pulled.Id) await remember(ref.name, pulled.Id, credential);
			return pulled.Config?.Env ?? [];
		},
	};
}

async function pullImage(engine: Docker, ref: ImageRef, credential: Credential | undefined, { note, preparing }: PullListener): Promise<void> {
	const startedAtMs = performance.now();
	let progress = startProgress(startedAtMs);
	preparing('pulling image');
	note(`pulling image ${ref.name}${credential === undefined ? '' : ' with the credential of the endpoint'}`);
	try {
		const options = credential === undefined ? {} : { authconfig: { ...credential, serveraddress: ref.registry } };
		const stream = (await engine.pull(ref.name, options)) as NodeJS.ReadableStream & { destroy(error?: Error): void };
		await new Promise<void>((resolve, reject) => {
			const silence = setTimeout(() => stream.destroy(new Error(`no word for ${SILENCE_MS_MAX / 60_000} minutes`)), SILENCE_MS_MAX);
			stream.once('error', reject);
			engine.modem.followProgress(
				stream,
				(error) => {
					clearTimeout(silence);
					if (error === null) resolve();
					else reject(error);
				},
				(event: PullEvent & { readonly error?: string }) => {
					silence.refresh();
					// What goes wrong after the first line comes as a line, too.
					if (event.error !== undefined) reject(new Error(event.error));
					const next = advanceProgress(progress, event, performance.now());
					progress = next.progress;
					if (next.note !== null) note(next.note);
					if (next.stage !== null) preparing(next.stage);
				},
			);
		});
	} catch (error) {
		throw new WorkerStartError(describePullFailure(ref.name, credential !== undefined, statusOf(error), withoutSecret(messageOf(error), credential)));
	}
	note(`pulled image ${ref.name} in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
}

/** An engine should not, but may, repeat what it was given. */
function withoutSecret(text: string, credential: Credential | undefined): string {
	return credential === undefined || credential.password === '' ? text : text.replaceAll(credential.password, '…');
}

async function proofOf({ username, password }: Credential, salt: string): Promise<string> {
	const derive = promisify<string, string, number, Buffer>(scrypt);
	return (await derive(JSON.stringify([username, password]), salt, 32)).toString('hex');
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	if (signal.aborted) throw new WorkerStartError('it is not wanted any more');
	let leave: (() => void) | undefined;
	const aborted = new Promise<never>((_, reject) => {
		leave = () => reject(new WorkerStartError('it is not wanted any more'));
		signal.addEventListener('abort', leave, { once: true });
	});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		if (leave !== undefined) signal.removeEventListener('abort', leave);
	}
}
