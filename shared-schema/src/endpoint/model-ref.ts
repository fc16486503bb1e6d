/** The Hugging Face model that an endpoint names: a repository at a revision, and what both are called where models are kept. */

export interface ModelRef {
	/** `organization/name`; models from before there were organizations have a name only. */
	readonly repo: string;
	/** Branch, tag or commit. */
	readonly revision: string;
}

const REVISION_DEFAULT = 'main';
const HUB_ADDRESS = /^https?:\/\/(?:huggingface\.co|hf\.co)\/(.*?)\/?$/;
/** The hub's own rule: letters, digits, `_`, `-` and `.`, neither of the last two at an end or twice in a row. */
const NAME = /^\w(?:[\w.-]{0,94}\w)?$/;
const REVISION = /^\w[\w.-]*(?:\/\w[\w.-]*)*$/;
const REVISION_CHARS_MAX = 100;
/** A commit of the hub's git repositories: it never changes what it stands for. */
const COMMIT = /^[0-9a-f]{40}$/;

/** Reads `org/name`, `org/name@revision`, `org/name:revision` and the hub's addresses of them; null for anything else. */
export function parseModelRef(text: string): ModelRef | null {
	const [, repo = '', mark, rest = ''] = /^([^@:]*?)(?:(@|:|\/tree\/)(.*))?$/.exec(text.trim().replace(HUB_ADDRESS, '$1')) ?? [];
	const revision = mark === undefined ? REVISION_DEFAULT : rest;
	const names = repo.split('/');
	if (names.length > 2 || !names.every(isName) || repo.endsWith('.git')) return null;
	if (revision.length > REVISION_CHARS_MAX || !REVISION.test(revision) || revision.includes('..')) return null;
	return { repo, revision };
}

function isName(name: string): boolean {
	return NAME.test(name) && !name.includes('--') && !name.includes('..');
}

/** One name for every spelling: `org/name`, and `org/name@revision` where that is not `main`. What cannot be read stays as it is. */
export function modelKey(text: string): string {
	const ref = parseModelRef(text);
	return ref === null ? text : keyOfRef(ref);
}

/** The same of what was read already. */
export function keyOfRef({ repo, revision }: ModelRef): string {
	return revision === REVISION_DEFAULT ? repo : `${repo}@${revision}`;
}

/** Folder of a model in the hub's cache layout. */
export function modelFolder(repo: string): string {
	return `models--${repo.replaceAll('/', '--')}`;
}

/** Whether a revision stands for the same files for ever. */
export function isCommit(revision: string): boolean {
	return COMMIT.test(revision);
}
