/** Help texts: what it does, examples first, then usage, commands and options. */
import type { Argument, Command, Help, HelpConfiguration, Option } from 'commander';
import { createStyle, wantsColor } from './terminal/style.ts';

/** A line to type and what it does. */
export type Example = readonly [line: string, what: string];

const given = new WeakMap<Command, readonly Example[]>();

/** Adds a command to `parent`: `spec` as commander reads it (`get <endpoint>`). */
export function define(parent: Command, spec: string, summary: string, examples: readonly Example[] = []): Command {
	const command = parent.command(spec).description(summary).helpCommand(false);
	given.set(command, examples);
	return command;
}

/** Examples of the program itself. */
export function setExamples(command: Command, examples: readonly Example[]): void {
	given.set(command, examples);
}

/** What help shows of a command first. */
export function examplesOf(command: Command): readonly Example[] {
	return given.get(command) ?? [];
}

/** Commander's help, in the order in which people read it. */
export function helpConfiguration(): HelpConfiguration {
	const style = createStyle(wantsColor(process.env, process.stdout.isTTY === true, process.argv.includes('--no-color') ? false : undefined));
	return {
		showGlobalOptions: true,
		sortSubcommands: false,
		styleTitle: (text) => style.bold(text.replace('Global Options:', 'Everywhere:')),
		styleSubcommandTerm: style.code,
		styleOptionTerm: style.code,
		styleArgumentTerm: style.code,
		optionDescription: describeValue,
		argumentDescription: describeValue,
		subcommandTerm: (command) => {
			const args = command.registeredArguments.map((arg) => (arg.required ? `<${arg.name()}${arg.variadic ? '…' : ''}>` : `[${arg.name()}${arg.variadic ? '…' : ''}]`));
			return [command.name(), ...args].join(' ');
		},
		formatHelp(command, helper) {
			return `${sections(command, helper, style)
				.map((lines) => lines.join('\n'))
				.join('\n\n')}\n`;
		},
	};
}

function sections(command: Command, helper: Help, style: ReturnType<typeof createStyle>): string[][] {
	const width = helper.helpWidth ?? 80;
	const termWidth = Math.min(34, helper.padWidth(command, helper));
	const item = (term: string, text: string): string => helper.formatItem(term, termWidth, text, helper);
	const out: string[][] = [];
	const description = helper.commandDescription(command);
	if (description !== '') out.push([helper.boxWrap(description, width)]);
	const examples = examplesOf(command);
	if (examples.length > 0) out.push([helper.styleTitle('Examples:'), ...exampleLines(examples, width, style)]);
	out.push([`${helper.styleTitle('Usage:')} ${helper.commandUsage(command).replace(/\|\S+/g, '')}`]);
	const args = helper.visibleArguments(command).map((arg) => item(helper.styleArgumentTerm(helper.argumentTerm(arg)), helper.argumentDescription(arg)));
	if (args.length > 0) out.push([helper.styleTitle('Arguments:'), ...args]);
	const groups = Map.groupBy(helper.visibleCommands(command), (sub) => sub.helpGroup() || 'Commands:');
	for (const [group, subs] of groups)
		out.push([helper.styleTitle(group), ...subs.map((sub) => item(helper.styleSubcommandTerm(helper.subcommandTerm(sub)), helper.subcommandDescription(sub)))]);
	const optionLine = (option: Option): string => item(helper.styleOptionTerm(helper.optionTerm(option)), helper.optionDescription(option));
	for (const [group, options] of Map.groupBy(helper.visibleOptions(command), (option) => option.helpGroupHeading ?? 'Options:'))
		out.push([helper.styleTitle(group), ...options.map(optionLine)]);
	const everywhere = helper.visibleGlobalOptions(command).filter(({ long }) => long !== '--version');
	if (everywhere.length > 0) out.push([helper.styleTitle('Global Options:'), ...everywhere.map(optionLine)]);
	return out;
}

/** What an option or argument is for, the words that it takes and the one that counts when it is left out. */
function describeValue({ description, argChoices, defaultValue }: Option | Argument): string {
	const choices = argChoices === undefined ? '' : `: ${new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(argChoices)}`;
	return `${description}${choices}${typeof defaultValue === 'string' ? ` (default: ${defaultValue})` : ''}`;
}

/** The explanations beside the lines where all of them fit, else each above its line. */
function exampleLines(examples: readonly Example[], width: number, style: ReturnType<typeof createStyle>): string[] {
	const beside = 4 + Math.max(...examples.map(([line]) => line.length));
	if (examples.every(([, what]) => beside + what.length <= width))
		return examples.map(([line, what]) => `  ${style.code(line)}${' '.repeat(beside - line.length - 2)}${style.dim(what)}`);
	return examples.flatMap(([line, what]) => [`  ${style.dim(`# ${what}`)}`, ...foldLine(line, width - 2).map((part) => `  ${style.code(part)}`)]);
}

/** A line to type that is too wide goes on in the next, at a flag, as a shell reads it. */
function foldLine(line: string, width: number): string[] {
	const at = line.lastIndexOf(' --', width - 2);
	return line.length <= width || at <= 0 ? [line] : [`${line.slice(0, at)} \\`, ...foldLine(`  ${line.slice(at + 1)}`, width)];
}
