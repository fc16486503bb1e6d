/** References to an account's secrets in environment values: `{{ secret.NAME }}`, and RunPod's `{{ RUNPOD_SECRET_NAME }}`. A value may hold several, between other text. */

const REFERENCE = /\{\{\s*(?:secret\.|RUNPOD_SECRET_)([A-Za-z_][A-Za-z0-9_.\-/]{0,190})\s*\}\}/g;

/** Names that the values refer to, each once, in order of first use. */
export function secretNames(env: Readonly<Record<string, string>>): string[] {
	const names = new Set<string>();
	for (const value of Object.values(env)) for (const match of value.matchAll(REFERENCE)) names.add(match[1] ?? '');
	return [...names];
}

/** The environment with its references filled in. Throws for a secret that is not there: half an environment is worse than none. */
export function fillSecrets(env: Readonly<Record<string, string>>, secrets: ReadonlyMap<string, string>): Record<string, string> {
	const fill = (_whole: string, name: string): string => {
		const value = secrets.get(name);
		if (value === undefined) throw new Error(`no secret ${name}`);
		return value;
	};
	return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace(REFERENCE, fill)]));
}
