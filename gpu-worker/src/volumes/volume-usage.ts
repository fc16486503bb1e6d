/** Knows about how much lies on the network volumes that this host's workers use: measures now and then, one at a time, and never for more than a small part of the time. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { HOST_VOLUMES_MAX } from '@longshore/shared-schema/limits';
import type { VolumeUse } from '@longshore/shared-schema/wire/region';
import * as z from 'zod';
import type { Log } from '../log.ts';
import type { HostVolume } from '../runtime/runtime.ts';
import { measureDirectory } from './measure-directory.ts';

/** A walk over a large share takes minutes: after one that took `t`, the next comes this many `t` later at the earliest. */
const PAUSE_FACTOR = 20;

const measured = z.record(z.string(), z.object({ usedBytes: z.number(), atMs: z.number() }));

export interface VolumeUsage {
	/** A worker uses the volume from now on: it is measured now, now and then, and when the last worker has left. */
	hold(volume: HostVolume): () => void;
	/** What was measured, the newest first. */
	figures(): VolumeUse[];
	/** Resolves when nothing is being measured any more. */
	close(): Promise<void>;
}

export interface VolumeUsageOptions {
	/** Remembers what was measured. */
	readonly file: string;
	readonly everyMs: number;
	readonly log: Log;
	/** Wall clock. */
	now(): number;
}

/** Nothing is measured before the first volume is held. */
export function createVolumeUsage({ file, everyMs, log, now }: VolumeUsageOptions): VolumeUsage {
	const known = new Map(Object.entries(read(file)));
	const held = new Map<string, { readonly volume: HostVolume; users: number }>();
	const due = new Map<string, { readonly volume: HostVolume; atMs: number }>();
	let timer: NodeJS.Timeout | null = null;
	let walk: Promise<void> | null = null;
	let closed = false;

	const measure = async ({ id, path }: HostVolume): Promise<void> => {
		const startedAtMs = now();
		try {
			known.set(id, { usedBytes: await measureDirectory(path), atMs: now() });
			writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(known)), { mode: 0o600 });
			renameSync(`${file}.new`, file);
		} catch (error) {
			log.warn('a network volume could not be measured', { volumeId: id, error: (error as Error).message });
		}
		if (held.has(id)) due.set(id, { volume: { id, path }, atMs: now() + Math.max(everyMs, (now() - startedAtMs) * PAUSE_FACTOR) });
	};
	const arm = (): void => {
		if (timer !== null) clearTimeout(timer);
		timer = null;
		const next = [...due.values()].sort((a, b) => a.atMs - b.atMs)[0];
		if (next === undefined || walk !== null || closed) return;
		timer = setTimeout(
			() => {
				due.delete(next.volume.id);
				walk = measure(next.volume).then(() => {
					walk = null;
					arm();
				});
			},
			Math.max(0, next.atMs - now()),
		);
		timer.unref();
	};
	const soon = (volume: HostVolume): void => {
		const fresh = known.get(volume.id);
		// Workers that come and go in quick turns must not make it walk all the time.
		const atMs = fresh === undefined ? now() : Math.max(now(), fresh.atMs + everyMs / 10);
		const planned = due.get(volume.id)?.atMs ?? Number.POSITIVE_INFINITY;
		due.set(volume.id, { volume, atMs: Math.min(planned, atMs) });
		arm();
	};
	return {
		hold(volume) {
			const use = held.get(volume.id) ?? { volume, users: 0 };
			use.users++;
			held.set(volume.id, use);
			soon(volume);
			let isHeld = true;
			return () => {
				if (!isHeld) return;
				isHeld = false;
				if (--use.users === 0) held.delete(volume.id);
				soon(volume);
			};
		},
		figures: () =>
			[...known]
				.sort(([, a], [, b]) => b.atMs - a.atMs)
				.slice(0, HOST_VOLUMES_MAX)
				.map(([id, { usedBytes, atMs }]) => ({ id, usedBytes, measuredAgoMs: Math.max(0, now() - atMs) })),
		async close() {
			closed = true;
			if (timer !== null) clearTimeout(timer);
			await walk;
		},
	};
}

/** What cannot be read was not measured. */
function read(file: string): z.infer<typeof measured> {
	if (!existsSync(file)) return {};
	try {
		return measured.parse(JSON.parse(readFileSync(file, 'utf8')));
	} catch {
		return {};
	}
}
