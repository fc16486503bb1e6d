/** Names of container images: which are references to a registry's image, and what they are in full. */

const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(`^(?:(${HOST})/)?(${PART}(?:/${PART})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`);
const DEFAULT_REGISTRY = 'docker.io';

export interface ImageRef {
	/** `docker.io`, `ghcr.io`, `registry.example:5000`. */
	readonly registry: string;
	/** The whole reference with registry and tag or digest, as engines take it without guessing. */
	readonly name: string;
	/** It names exactly one content. */
	readonly pinned: boolean;
}

/** The image that `text` names, or null when it is no reference: a path, an archive, another transport, or misspelt. */
export function parseImageRef(text: string): ImageRef | null {
	const match = REFERENCE.exec(text);
	if (match === null) return null;
	const [, host, path = '', tag, digest] = match;
	// As every engine reads it: a first word without dot or port is part of the path, but for localhost.
	const isHost = host !== undefined && (/[.:]/.test(host) || host === 'localhost');
	const words = isHost || host === undefined ? path : `${host}/${path}`;
	if (!isHost && words !== words.toLowerCase()) return null;
	const registry = isHost ? host : DEFAULT_REGISTRY;
	const repository = registry === DEFAULT_REGISTRY && !words.includes('/') ? `library/${words}` : words;
	const version = digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`;
	return { registry, name: `${registry}/${repository}${version}`, pinned: digest !== undefined };
}
