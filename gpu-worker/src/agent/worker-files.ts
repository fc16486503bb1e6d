/** Gets what a worker is to find on its host besides its image: the endpoint's model and the network volume of its data centre. */

import { HOST_MODELS_MAX } from '@longshore/shared-schema/limits';
import type { HostFigure } from '@longshore/shared-schema/wire/region';
import { isDeclared, type ModelCache, type ModelLease } from '../models/model-cache.ts';
import type { HostModel, HostVolume } from '../runtime/runtime.ts';
import type { VolumeStore } from '../volumes/volume-store.ts';
import type { VolumeUsage } from '../volumes/volume-usage.ts';
import type { StartOrder } from './fleet.ts';
import type { Host } from './host.ts';

/** Where the endpoint says its token for the hub, usually by a reference to a secret. Names of the hub's client. */
const TOKEN_NAMES = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'];

export interface FileSources {
	/** Null: models are not kept here; workers get their own. */
	readonly models: ModelCache | null;
	readonly volumes: VolumeStore;
	readonly usage: VolumeUsage;
}

export interface WorkerFiles {
	readonly model?: HostModel;
	readonly volume?: HostVolume;
	/** The worker is gone. */
	release(): void;
}

/** `note` takes lines for the worker's log. Throws `WorkerStartError`. */
export async function gatherFiles(host: Host, sources: FileSources, order: StartOrder, note: (text: string) => void, signal: AbortSignal): Promise<WorkerFiles> {
	const volumeId = order.volumes?.find(({ dataCenterId }) => dataCenterId === host.dataCenterId)?.id;
	const volume = volumeId === undefined ? null : sources.volumes.open(volumeId);
	const lease = await borrowModel(host, sources.models, order, note, signal);
	const letGo = volume === null ? () => {} : sources.usage.hold(volume);
	return {
		...(volume === null ? {} : { volume }),
		...(lease === null ? {} : { model: lease }),
		release() {
			lease?.release();
			letGo();
		},
	};
}

async function borrowModel(host: Host, models: ModelCache | null, { spec }: StartOrder, note: (text: string) => void, signal: AbortSignal): Promise<ModelLease | null> {
	if (spec.model === null || models === null || isDeclared(host.inventory.models, spec.model)) return null;
	const token = TOKEN_NAMES.map((name) => spec.env[name]).find((value) => value !== undefined && value !== '') ?? null;
	return models.ensure({ model: spec.model, token, note, signal });
}

/** What of the host's files its region hears. */
export function stockOf(host: Host, { models, usage }: FileSources): Pick<HostFigure, 'models' | 'modelCache' | 'volumes'> {
	const volumes = usage.figures();
	const held = [...new Set([...host.inventory.models, ...(models?.keys() ?? [])])].slice(0, HOST_MODELS_MAX);
	return { models: held, ...(models === null ? {} : { modelCache: models.figure() }), ...(volumes.length === 0 ? {} : { volumes }) };
}
