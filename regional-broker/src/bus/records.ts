/** The brokers' own bucket on JetStream: leadership and the hosts that were here, kept beyond any broker's life. */
import { type JetStreamClient, type KV, NatsError, StorageType } from 'nats';
import type { BusRecords } from './bus.ts';

const BUCKET = 'fleet';
/** Where NATS keeps the values of a bucket. */
const SUBJECTS = `$KV.${BUCKET}.`;
const WRONG_LAST_SEQUENCE = 10_071;

/** Opens the bucket anew whenever `client` says that there is a new connection. */
export class Records implements BusRecords {
	readonly #client: () => JetStreamClient;
	readonly #replicas: number;
	#bucket: Promise<KV> | null = null;

	constructor(client: () => JetStreamClient, replicas: number) {
		this.#client = client;
		this.#replicas = replicas;
	}

	/** Makes the bucket when it is absent, also after the server lost it. */
	async ensure(): Promise<void> {
		this.#bucket = null;
		await this.#open();
	}

	async get(key: string): Promise<{ value: string; revision: number } | null> {
		const entry = await (await this.#open()).get(key);
		return entry === null || entry.operation !== 'PUT' ? null : { value: entry.string(), revision: entry.revision };
	}

	async swap(key: string, value: string, revision: number): Promise<number | null> {
		const bucket = await this.#open();
		try {
			return revision === 0 ? await bucket.create(key, value) : await bucket.update(key, value, revision);
		} catch (error) {
			if (error instanceof NatsError && error.api_error?.err_code === WRONG_LAST_SEQUENCE) return null;
			throw error;
		}
	}

	async put(key: string, value: string): Promise<void> {
		await (await this.#open()).put(key, value);
	}

	async delete(key: string): Promise<void> {
		await (await this.#open()).delete(key);
	}

	/** The subjects that the stream holds are all keys there are: the client's own list ends early when its reader pauses. */
	async list(prefix: string): Promise<Map<string, string>> {
		await this.#open();
		const manager = await this.#client().jetstreamManager(false);
		const { state } = await manager.streams.info(`KV_${BUCKET}`, { subjects_filter: `${SUBJECTS}${prefix}>` });
		const found = new Map<string, string>();
		for (const subject of Object.keys(state.subjects ?? {})) {
			const key = subject.slice(SUBJECTS.length);
			const entry = await this.get(key);
			if (entry !== null) found.set(key, entry.value);
		}
		return found;
	}

	#open(): Promise<KV> {
		if (this.#bucket === null) {
			const opening = this.#client().views.kv(BUCKET, { history: 1, replicas: this.#replicas, storage: StorageType.File });
			opening.catch(() => {
				if (this.#bucket === opening) this.#bucket = null;
			});
			this.#bucket = opening;
		}
		return this.#bucket;
	}
}
