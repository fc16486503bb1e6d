/** The thread of one model's download: network, disk and checksums stay out of the way of the agent's jobs. Speaks `DownloadOrder` and `DownloadWord`. */
import { parentPort, workerData } from 'node:worker_threads';
import { keyOfRef } from '@longshore/shared-schema/endpoint/model-ref';
import type { ModelFile } from '../core/model-listing.ts';
import type { DownloadOrder, DownloadWord } from './download.ts';
import { fetchFile } from './fetch-file.ts';
import { ModelError } from './model-source.ts';
import { openSource } from './open-source.ts';

/** Files that are fetched at one time. */
const FILES_AT_ONCE = 4;
/** How often what came is told. */
const TELL_MS = 200;

async function download({ address, ref, token, commit, files, blobs, retryMs }: DownloadOrder, say: (word: DownloadWord) => void): Promise<readonly string[]> {
	const source = openSource(address);
	const wish = { ref, token, signal: new AbortController().signal };
	let arrived = 0;
	const count = (bytes: number): void => {
		arrived += bytes;
	};
	const tell = (): void => {
		if (arrived !== 0) say({ kind: 'arrived', bytes: arrived });
		arrived = 0;
	};
	const timer = setInterval(tell, TELL_MS);
	const names: string[] = [];
	/** Files with the same content are one blob. */
	const blobOf = new Map<string, Promise<string>>();
	const fetchOnce = (file: ModelFile): Promise<string> => {
		const key = file.checksum?.hex ?? `/${file.path}`;
		const open = (fromByte: number) => source.open(wish, commit, file, fromByte);
		const blob = blobOf.get(key) ?? fetchFile({ blobs, file, retryMs, open, arrived: count });
		blobOf.set(key, blob);
		return blob;
	};
	const waiting = files.map((file, index) => ({ file, index }));
	const lane = async (): Promise<void> => {
		for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
			names[next.index] = await fetchOnce(next.file);
		}
	};
	try {
		await Promise.all(Array.from({ length: FILES_AT_ONCE }, lane));
		return names;
	} finally {
		clearInterval(timer);
		tell();
	}
}

const port = parentPort;
if (port === null) throw new Error('this is the thread of a download: it is started by download.ts');
const order = workerData as DownloadOrder;
const say = (word: DownloadWord): void => port.postMessage(word);
download(order, say).then(
	(names) => say({ kind: 'done', names }),
	(error: Error) => {
		const model = `model ${keyOfRef(order.ref)}`;
		const text = error.message.startsWith(model) ? error.message : `${model}: ${error.message}`;
		say({ kind: 'failed', text, isFinal: error instanceof ModelError });
	},
);
