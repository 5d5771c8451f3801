#!/usr/bin/python3
"""Print the completions of the command line for bash, zsh and fish from the help texts of the program.

    tools/print_completions.py PROGRAM FOLDER

Writes into FOLDER: doubletour (bash), _doubletour (zsh) and doubletour.fish.
"""
import pathlib
import sys

import help_texts

FILES = {'FILE', 'F', 'PATH'}  # values that are names of files
SETTINGS = ('settings', 'FILE', 'read the settings from FILE')
HELP = ('help', '', 'show the help')
PRESET_FOLLOWS = (('client', 'add'), ('client', 'presets'))  # the next word is the name of a preset
HEAD = '# Printed by tools/print_completions.py from the help of doubletour.\n'


class Command:
    """A command or a subcommand: its words, its line, its options, and the words that may follow."""

    def __init__(self, words, line, text):
        self.words, self.line = words, line
        named = help_texts.options(text)
        self.options = [*named, *(option for option in (HELP, SETTINGS) if option[0] not in [name for name, *_ in named] and
                                  (option is HELP or words[0] != 'otp'))]
        self.names = help_texts.subcommands(text) if len(words) == 1 else {}
        self.presets = {}


def read(program):
    """Return the Command of each command, and of each subcommand with its own help."""
    found = []
    for name, line in help_texts.commands(program).items():
        found += [Command(words, line, text) for words, text in help_texts.helps(program, name)]
    for command in found:
        if command.words in PRESET_FOLLOWS:
            command.presets = help_texts.presets(program)
    return found


def top(commands):
    return [command for command in commands if len(command.words) == 1]


def subs(commands, name):
    return [command for command in commands if len(command.words) == 2 and command.words[0] == name]


def option_words(command):
    return [f'--{name}' for name, _, _ in command.options]


# --- bash -------------------------------------------------------------------------------------------------------------

BASH = """\
_doubletour()
{{
	local word=${{COMP_WORDS[COMP_CWORD]}} command='' sub='' offered='' i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${{COMP_WORDS[i]}} in
		{with_value}) ((i++)) ;;
		-*) ;;
		*)
			if [ -z "$command" ]; then
				command=${{COMP_WORDS[i]}}
			elif [ -z "$sub" ]; then
				sub=${{COMP_WORDS[i]}}
			fi ;;
		esac
	done
	case ${{COMP_WORDS[COMP_CWORD-1]}} in
	{with_file}) return ;;
	{with_value}) compopt +o default 2>/dev/null; return ;;
	esac
	case "$command $sub" in
	' ') offered='{commands}' ;;
{cases}	esac
	mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$word")
}}
complete -o default -F _doubletour doubletour
"""


def bash(commands):
    values = {f'--{name}': value for command in commands for name, value, _ in command.options if value}
    cases = ''.join(f"\t'{command.words[0]} {command.words[1]}') offered='{' '.join([*command.presets, *option_words(command)])}' ;;\n"
                    for command in commands if len(command.words) == 2)
    cases += ''.join(f"\t'{c.words[0]} ') offered='{' '.join([*c.names, *option_words(c)])}' ;;\n"
                     f"\t'{c.words[0]} '*) offered='{' '.join(option_words(c))}' ;;\n" for c in top(commands))
    return HEAD + BASH.format(
        commands=' '.join([*(command.words[0] for command in top(commands)), 'help', '--settings', '--help']), cases=cases,
        with_value='|'.join(sorted(values)), with_file='|'.join(sorted(name for name, value in values.items() if value in FILES)))


# --- zsh --------------------------------------------------------------------------------------------------------------

ZSH = """\
#compdef doubletour
{head}_doubletour()
{{
	local curcontext=$curcontext state line
	local -a names
	_arguments -C '--settings[read the settings from FILE]:FILE:_files' '--help[show the commands]' '1:command:->command' '*::argument:->argument'
	case $state in
	command)
		names=({commands})
		_describe command names ;;
	argument)
		case $words[1] in
{cases}		esac ;;
	esac
}}
_doubletour "$@"
"""


def zsh_quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_names(names):
    return ' '.join(zsh_quoted(f'{name}:{line}' if line else name) for name, line in names.items())


def zsh_option(name, value, line):
    line = line.replace('\\', '\\\\').replace('[', '\\[').replace(']', '\\]').replace(':', '\\:')
    action = f':{value.replace(":", " ")}:{"_files" if value in FILES else " "}' if value else ''
    return zsh_quoted(f'--{name}[{line}]{action}')


def zsh_options(command):
    # Word 1 is the subcommand.
    presets = [zsh_quoted(f'2:preset:({" ".join(command.presets)})')] if command.presets else []
    return '_arguments ' + ' '.join([*(zsh_option(*option) for option in command.options), *presets, "'*:argument:_files'"])


def zsh_case(command, below):
    if not command.names:
        return f'\t\t{command.words[0]}) {zsh_options(command)} ;;\n'
    inner = ''.join(f'\t\t\t{sub.words[1]}) {zsh_options(sub)} ;;\n' for sub in below)
    return (f'\t\t{command.words[0]})\n\t\t\tif ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n'
            f'\t\t\t\tnames=({zsh_names(command.names)})\n\t\t\t\t_describe {zsh_quoted("command of " + command.words[0])} names\n\t\t\t\treturn\n\t\t\tfi\n'
            f'\t\t\tcase $words[2] in\n{inner}\t\t\t*) {zsh_options(command)} ;;\n\t\t\tesac ;;\n')


def zsh(commands):
    lines = {command.words[0]: command.line for command in top(commands)} | {'help': 'show the help of a command'}
    return ZSH.format(head=HEAD, commands=zsh_names(lines), cases=''.join(zsh_case(c, subs(commands, c.words[0])) for c in top(commands)))


# --- fish -------------------------------------------------------------------------------------------------------------


def fish_quoted(text):
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


def fish_line(condition, *words, line=''):
    return ' '.join(['complete -c doubletour -n', fish_quoted(condition), *words, *(['-d', fish_quoted(line)] if line else [])]) + '\n'


def fish_options(condition, command):
    return ''.join(fish_line(condition, '-l', name, *(['-r' if value in FILES else '-x'] if value else []), line=line)
                   for name, value, line in command.options)


def fish_below(seen, sub):
    """The options of a subcommand, and the presets if one may follow."""
    condition = f'{seen}; and __fish_seen_subcommand_from {sub.words[1]}'
    return ''.join(fish_line(condition, '-f', '-a', word, line=line) for word, line in sub.presets.items()) + fish_options(condition, sub)


def fish_command(command, below):
    name = command.words[0]
    names = ' '.join(command.names)
    seen = f'__fish_seen_subcommand_from {name}'
    first = f'{seen}; and not __fish_seen_subcommand_from {names}' if names else seen
    text = ''.join(fish_line(first, '-f', '-a', word, line=line) for word, line in command.names.items())
    text += fish_options(first if below else seen, command)
    return text + ''.join(fish_below(seen, sub) for sub in below)


def fish(commands):
    lines = {command.words[0]: command.line for command in top(commands)} | {'help': 'show the help of a command'}
    text = ''.join(fish_line('__fish_use_subcommand', '-f', '-a', name, line=line) for name, line in lines.items())
    text += fish_line('__fish_use_subcommand', '-l', 'settings', '-r', line=SETTINGS[2])
    return HEAD + text + ''.join(fish_command(command, subs(commands, command.words[0])) for command in top(commands))


def main(program, folder):
    commands = read(str(pathlib.Path(program).resolve()))
    for name, text in (('doubletour', bash(commands)), ('_doubletour', zsh(commands)), ('doubletour.fish', fish(commands))):
        (pathlib.Path(folder) / name).write_text(text)


if __name__ == '__main__':
    main(*sys.argv[1:])
