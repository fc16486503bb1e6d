/** JSON values as YAML, block style: enough for `-o yaml`, quoted wherever a plain word could mean something else. */

/** The YAML text of a JSON value, with a newline at its end. */
export function toYaml(value: unknown): string {
	return `${render(value, '').replace(/^\n/, '')}\n`;
}

/** A value behind `key:` or `-`: scalars in place, collections from the next line on. */
function render(value: unknown, indent: string): string {
	if (Array.isArray(value)) {
		if (value.length === 0) return '[]';
		return value.map((item) => `\n${indent}- ${render(item, `${indent}  `).replace(/^\n\s*/, '')}`).join('');
	}
	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value).filter(([, member]) => member !== undefined);
		if (entries.length === 0) return '{}';
		return entries
			.map(([key, member]) => {
				const text = render(member, `${indent}  `);
				return `\n${indent}${scalar(key)}:${text.startsWith('\n') ? '' : ' '}${text}`;
			})
			.join('');
	}
	return scalar(value);
}

/** Strings that YAML 1.1 or 1.2 would read as something else are quoted as JSON, which YAML reads too. */
function scalar(value: unknown): string {
	if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
	const isPlain = /^[A-Za-z_./][A-Za-z0-9_ ./@+-]*$/.test(value) && !value.endsWith(' ') && !/^(?:true|false|yes|no|on|off|null|y|n|\.nan|\.inf|~)$/i.test(value);
	return isPlain ? value : JSON.stringify(value);
}
