/** A worker that says what it finds on its host besides its image: its model's files, and those of its network volume, which it also writes. */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

interface Input {
	readonly write?: { readonly name: string; readonly bytes: number };
	readonly read?: string;
	readonly sleepMs?: number;
}

const where = (name: string): string => process.env[name] ?? '';

startWorker<Input>({
	async handler({ input }) {
		const volume = where('RUNPOD_VOLUME_PATH');
		if (input.write !== undefined) writeFileSync(join(volume, input.write.name), Buffer.alloc(input.write.bytes, input.write.name));
		await sleep(input.sleepMs ?? 0);
		return {
			worker: where('RUNPOD_POD_ID'),
			dataCenter: where('RUNPOD_DC_ID'),
			volume: { id: where('RUNPOD_VOLUME_ID'), path: volume },
			...(input.read === undefined ? {} : { read: readFileSync(join(volume, input.read)).length }),
			...(where('RUNPOD_MODEL_PATH') === '' ? {} : { model: await modelHere() }),
		};
	},
});

async function modelHere(): Promise<object> {
	const path = where('RUNPOD_MODEL_PATH');
	const hub = where('HF_HUB_CACHE');
	const [folder = ''] = readdirSync(hub);
	const revision = readFileSync(join(hub, folder, 'refs/main'), 'utf8');
	const files: Record<string, string> = {};
	for (const name of readdirSync(path)) files[name] = await sha256Of(join(path, name));
	return { folder, isSnapshotOfMain: realpathSync(join(hub, folder, 'snapshots', revision)) === realpathSync(path), files };
}

async function sha256Of(path: string): Promise<string> {
	const hash = createHash('sha256');
	for await (const part of createReadStream(path)) hash.update(part as Uint8Array);
	return hash.digest('hex');
}
