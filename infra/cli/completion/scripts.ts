/** What the shells load: each asks the command itself, so that the scripts never go out of date. */

/** Scripts by shell; `longshore __complete <words…>` prints a candidate a line, a tab, and what it means. */
export const COMPLETION_SCRIPTS: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
	bash: `# longshore completion for bash: eval "$(longshore completion bash)"
_longshore() {
	local line
	COMPREPLY=()
	while IFS=$'\\t' read -r line _; do
		COMPREPLY+=("$line")
	done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	if [ "\${#COMPREPLY[@]}" -eq 0 ]; then
		compopt -o default 2>/dev/null
	fi
}
complete -F _longshore longshore
`,
	zsh: `#compdef longshore
# longshore completion for zsh: eval "$(longshore completion zsh)"
_longshore() {
	local -a candidates
	local word about
	while IFS=$'\\t' read -r word about; do
		candidates+=("\${word//:/\\\\:}\${about:+:\${about}}")
	done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
	if (( \${#candidates} )); then
		_describe 'longshore' candidates
	else
		_files
	fi
}
if (( \${+functions[compdef]} )); then
	compdef _longshore longshore
else
	autoload -Uz compinit && compinit && compdef _longshore longshore
fi
`,
	fish: `# longshore completion for fish: longshore completion fish | source
function __longshore_complete
	set -l words (commandline -opc) (commandline -ct)
	$words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c longshore -f -a '(__longshore_complete)'
`,
};
