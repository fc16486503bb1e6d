/** Candidates for the word under the cursor, from the commands as they are: the shells' scripts only ask. */
import type { Command, Option } from 'commander';

/** A word that may stand there and what it means. */
export interface Candidate {
	readonly word: string;
	readonly about: string;
}

/** What is asked for beyond the commands themselves: names that only the installation knows. */
export type NameSource = (argumentName: string) => Promise<readonly Candidate[]>;

/** `words`: all words behind the program's name, the last one unfinished and maybe empty. */
export async function complete(program: Command, words: readonly string[], names: NameSource): Promise<Candidate[]> {
	const typed = words.at(-1) ?? '';
	const place = walk(program, words.slice(0, -1));
	if (place.value !== undefined) return startingWith(await valuesOf(place.value, names), typed);
	if (typed.startsWith('-')) return startingWith(optionsOf(place.command), typed);
	const subs = visibleSubcommands(place.command).map((sub) => ({ word: sub.name(), about: sub.description() }));
	if (subs.length > 0) return startingWith(subs, typed);
	const args = place.command.registeredArguments;
	const argument = args[Math.min(place.given, args.length - 1)];
	if (argument === undefined || (place.given >= args.length && !argument.variadic)) return [];
	if (argument.argChoices !== undefined)
		return startingWith(
			argument.argChoices.map((word) => ({ word, about: '' })),
			typed,
		);
	return startingWith(await names(argument.name()), typed);
}

interface Place {
	readonly command: Command;
	/** Arguments of `command` that are there already. */
	readonly given: number;
	/** The option whose value comes next. */
	readonly value: Option | undefined;
}

/** Which command the finished words lead to. */
function walk(program: Command, words: readonly string[]): Place {
	let command = program;
	let given = 0;
	let value: Option | undefined;
	for (const word of words) {
		if (value !== undefined) {
			value = undefined;
			continue;
		}
		if (word.startsWith('-')) {
			const option = allOptions(command).find(({ long, short }) => word === long || word === short);
			if (option?.required === true) value = option;
			continue;
		}
		const next = command.commands.find((sub) => sub.name() === word || sub.aliases().includes(word));
		if (next !== undefined && given === 0) command = next;
		else given++;
	}
	return { command, given, value };
}

function allOptions(command: Command): readonly Option[] {
	return command.parent === null ? command.options : [...command.options, ...allOptions(command.parent)];
}

function optionsOf(command: Command): Candidate[] {
	const own = allOptions(command).filter((option) => !option.hidden);
	return [...own.map((option) => ({ word: option.long ?? option.short ?? '', about: option.description })), { word: '--help', about: 'help on this command' }];
}

async function valuesOf(option: Option, names: NameSource): Promise<readonly Candidate[]> {
	if (option.argChoices !== undefined) return option.argChoices.map((word) => ({ word, about: '' }));
	return names(`--${option.name()}`);
}

function visibleSubcommands(command: Command): Command[] {
	return command.createHelp().visibleCommands(command);
}

function startingWith(candidates: readonly Candidate[], typed: string): Candidate[] {
	return candidates.filter(({ word }) => word.startsWith(typed));
}
