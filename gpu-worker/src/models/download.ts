/** Starts the download of a model's files in a thread of its own and follows it. */
import { Worker } from 'node:worker_threads';
import type { ModelRef } from '@longshore/shared-schema/endpoint/model-ref';
import type { ModelFile } from '../core/model-listing.ts';
import { ModelError, SourceDownError } from './model-source.ts';

/** What the thread is started with. `token` is in memory only. */
export interface DownloadOrder {
	readonly address: string;
	readonly ref: ModelRef;
	readonly token: string | null;
	readonly commit: string;
	readonly files: readonly ModelFile[];
	/** Directory for the blobs. */
	readonly blobs: string;
	readonly retryMs: number;
}

/** What the thread says. `names`: of the blobs, in the order of the files. */
export type DownloadWord =
	| { readonly kind: 'arrived'; readonly bytes: number }
	| { readonly kind: 'done'; readonly names: readonly string[] }
	| { readonly kind: 'failed'; readonly text: string; readonly isFinal: boolean };

/** Names of the blobs. What has come stays when it is given up. Throws `ModelError` and `SourceDownError`. */
export function downloadFiles(order: DownloadOrder, arrived: (bytes: number) => void, signal: AbortSignal): Promise<readonly string[]> {
	return new Promise((resolve, reject) => {
		if (signal.aborted) return reject(new SourceDownError('it is not wanted any more'));
		const thread = new Worker(new URL('./download-thread.ts', import.meta.url), { workerData: order, stdout: false, stderr: false });
		const giveUp = (): void => {
			void thread.terminate();
			reject(new SourceDownError('it is not wanted any more'));
		};
		signal.addEventListener('abort', giveUp, { once: true });
		thread.on('message', (word: DownloadWord) => {
			if (word.kind === 'arrived') arrived(word.bytes);
			else if (word.kind === 'done') resolve(word.names);
			else {
				reject(word.isFinal ? new ModelError(word.text) : new SourceDownError(word.text));
				// Other files of it may still be on their way.
				void thread.terminate();
			}
		});
		thread.once('error', reject);
		thread.once('exit', () => {
			signal.removeEventListener('abort', giveUp);
			reject(new SourceDownError('the download ended without a word'));
		});
	});
}
