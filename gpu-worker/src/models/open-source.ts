/** The source that a mirror's address stands for. */
import { fileURLToPath } from 'node:url';
import { createDirectorySource } from './directory-source.ts';
import { createHubSource } from './hub-source.ts';
import type { ModelSource } from './model-source.ts';

/** `https://…` or `http://…` of a hub or mirror, or `file:///directory`. */
export function openSource(address: string): ModelSource {
	return address.startsWith('file://') ? createDirectorySource(fileURLToPath(address)) : createHubSource(address);
}
