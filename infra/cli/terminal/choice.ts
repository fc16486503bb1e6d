/** Options whose value is one of a few words: checked before anything is sent, the nearest one named. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import { Option } from 'commander';
import { UsageError } from '../usage-error.ts';

/** An option that takes one of `words`; help and completion show them. */
export function choiceOption(flags: string, about: string, words: readonly string[]): Option {
	const option = new Option(flags, about).choices(words);
	return option.argParser((text) => {
		if (words.includes(text)) return text;
		throw new UsageError(`${option.long ?? flags} must be one of ${words.join(', ')}, not "${text}"${suggestion(text, words)}`);
	});
}
