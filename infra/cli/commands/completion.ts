/** `longshore completion bash|zsh|fish`, and the hidden `__complete` that the scripts ask. */
import { Argument, type Command } from 'commander';
import { complete } from '../completion/complete.ts';
import { namesFor } from '../completion/names.ts';
import { COMPLETION_SCRIPTS } from '../completion/scripts.ts';
import { define } from '../help.ts';

export function addCompletion(program: Command): void {
	define(program, 'completion', 'Completion for bash, zsh or fish', [
		['eval "$(longshore completion bash)"', 'in ~/.bashrc'],
		['eval "$(longshore completion zsh)"', 'in ~/.zshrc'],
		['longshore completion fish | source', 'in ~/.config/fish/config.fish'],
	])
		.helpGroup('Set-up:')
		.addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(COMPLETION_SCRIPTS)))
		.action((shell: keyof typeof COMPLETION_SCRIPTS) => void process.stdout.write(COMPLETION_SCRIPTS[shell]));
	program
		.command('__complete', { hidden: true })
		.argument('[words...]')
		.allowUnknownOption()
		.action(async (words: string[]) => {
			for (const { word, about } of await complete(program, words, namesFor)) process.stdout.write(`${word}\t${about}\n`);
		});
}
