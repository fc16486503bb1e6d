/** Which methods a path takes, read off the routes themselves. Pure. */

/** One route of a router: `:name` stands for a segment, `*` for any rest. */
export interface RoutePattern {
	readonly method: string;
	readonly path: string;
}

/** Methods of the routes that match `pathname`, each once, in their order; empty when there is no such path. A slash at the end makes no difference. */
export function allowedMethods(routes: readonly RoutePattern[], pathname: string): string[] {
	const segments = segmentsOf(pathname);
	return [...new Set(routes.filter(({ path }) => matches(segmentsOf(path), segments)).map(({ method }) => method))];
}

function segmentsOf(path: string): string[] {
	return path.replace(/\/$/, '').split('/');
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
	const hasRest = pattern.at(-1) === '*';
	if (hasRest ? segments.length < pattern.length : segments.length !== pattern.length) return false;
	return pattern.every((part, at) => part === '*' || (part.startsWith(':') ? segments[at] !== '' : part === segments[at]));
}
