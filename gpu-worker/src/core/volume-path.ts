/** Where a network volume lies on a host, by the operator's template. Volumes' and data centres' ids have neither dots nor slashes, so nothing leads out of it. */
import { ID_PATTERN } from '@longshore/shared-schema/limits';

const PLACEHOLDERS = /\{([^{}]*)\}/g;
/** What may stand in a template; `dataCenter` and `dataCenterId` are the same. */
const KNOWN = ['volumeId', 'dataCenterId', 'dataCenter'];

export interface VolumePath {
	/** The volume's own directory. */
	readonly path: string;
	/** The one that holds all volumes: it is there before any of them. */
	readonly holder: string;
}

/** What is wrong with a template, with the fix; null: nothing. */
export function problemOfTemplate(template: string): string | null {
	const example = 'for example /mnt/volumes/{dataCenter}/{volumeId}';
	if (!template.startsWith('/') || !template.includes('{volumeId}')) return `must be an absolute path with {volumeId} in it, ${example}`;
	if (template.split('/').includes('..')) return 'must not have .. in it';
	const unknown = [...template.matchAll(PLACEHOLDERS)].find(([, name = '']) => !KNOWN.includes(name));
	return unknown === undefined ? null : `${unknown[0]} is not known: {volumeId} and {dataCenter} are, ${example}`;
}

/** Fills the template in. Throws for an id of another shape, which no schema lets through. */
export function volumePath(template: string, volumeId: string, dataCenterId: string): VolumePath {
	if (!ID_PATTERN.test(volumeId) || !ID_PATTERN.test(dataCenterId)) throw new Error('an id of a volume or data centre has a shape that none has');
	const fill = (text: string): string => text.replaceAll(PLACEHOLDERS, (_, name: string) => (name === 'volumeId' ? volumeId : dataCenterId));
	const above = template.slice(0, template.lastIndexOf('/', template.indexOf('{volumeId}')));
	return { path: fill(template).replace(/\/+$/, ''), holder: fill(above) || '/' };
}
