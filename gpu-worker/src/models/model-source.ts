/** Where models come from: the hub, a mirror of it over HTTP, or a directory of this host, behind one port. */
import type { ModelRef } from '@longshore/shared-schema/endpoint/model-ref';
import type { Checksum, ModelFile, ModelListing } from '../core/model-listing.ts';

/** Thrown where trying again changes nothing; the message goes to the operator and to whoever runs the endpoint. */
export class ModelError extends Error {
	override readonly name: string = 'ModelError';
}

/** Thrown where the source could not be asked or broke off: what is there already may do, or another try. */
export class SourceDownError extends Error {
	override readonly name: string = 'SourceDownError';
}

/** A file that is being read. */
export interface OpenFile {
	/** Where it really begins: a source that cannot begin in the middle begins at 0. */
	readonly fromByte: number;
	/** Of the whole file; null: not said. */
	readonly sizeBytes: number | null;
	/** As the source says at this moment; null: it says none. */
	readonly checksum: Checksum | null;
	readonly body: AsyncIterable<Uint8Array>;
}

/** What may be read with whose rights. `token`: of the endpoint, null without one. */
export interface ModelWish {
	readonly ref: ModelRef;
	readonly token: string | null;
	readonly signal: AbortSignal;
}

/** All of it throws `ModelError` and `SourceDownError`. */
export interface ModelSource {
	list(wish: ModelWish): Promise<ModelListing>;
	open(wish: ModelWish, commit: string, file: ModelFile, fromByte: number): Promise<OpenFile>;
	/** Whether the wish's token opens the model's files, which the hub judges file by file. */
	mayRead(wish: ModelWish, listing: ModelListing): Promise<boolean>;
}
