"""The pages and the settings file of tools/print_manual.py, and the completions of tools/print_completions.py."""
import functools
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import termios
import time

import help_texts
import print_manual
import pytest

MANUAL = pathlib.Path(os.environ['MANUAL'])
PROGRAM = os.environ['PROGRAM']


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f'{program} is not installed')


@functools.cache
def plain(page):
    """The page as a reader sees it in a terminal, in one line."""
    return ' '.join(re.sub('.\x08', '', run('mandoc', '-Tascii', '-O', 'width=900', MANUAL / page).stdout).split())


def helps():
    """Each command with a page, and its help texts with those of its subcommands."""
    return [(name, [text for _, text in help_texts.helps(PROGRAM, name)])
            for name in help_texts.commands(PROGRAM) if name not in print_manual.WITHOUT_PAGE]


# --- pages ------------------------------------------------------------------------------------------------------------


@needs('mandoc')
def test_mandoc_accepts_the_printed_pages():
    done = run('mandoc', '-Tlint', '-W', 'warning', *sorted(MANUAL.glob('doubletour*.[15]')))
    assert done.returncode == 0, done.stdout + done.stderr


@needs('mandoc')
def test_pages_have_every_sentence_of_the_help():
    for name, texts in helps():
        page = plain(f'doubletour-{name}.1')
        for kind, content in (block for text in texts for block in help_texts.blocks(text)):
            for part in {'text': lambda: [content], 'table': lambda: [line for _, line in content]}.get(kind, lambda: [])():
                assert ' '.join(part.replace('`', '').split()) in page, (name, part)


@needs('mandoc')
def test_pages_name_every_option():
    for name, texts in helps():
        page = plain(f'doubletour-{name}.1')
        assert [option for text in texts for option, *_ in help_texts.options(text) if f'--{option}' not in page] == [], name


def test_pages_explain_each_command_once():
    for name, _ in helps():
        words = [words for words, _ in help_texts.helps(PROGRAM, name)]
        assert len(words) == len(set(words)), words


@needs('mandoc')
def test_main_page_lists_every_command_and_exit_status():
    page = plain('doubletour.1')
    for name, line in help_texts.commands(PROGRAM).items():
        assert f'{name} {line}' in page, name
    assert '78 Invalid configuration.' in page


@needs('mandoc')
def test_settings_page_explains_every_setting():
    page = plain('doubletour.env.5')
    settings = re.findall(r'^#([A-Z_]+)=', help_texts.output(PROGRAM, 'config', 'example'), re.M)
    assert len(settings) > 20
    assert [name for name in settings if f' {name} ' not in page] == []


# --- settings ---------------------------------------------------------------------------------------------------------


def test_package_sets_profile_folder_and_upgrade_only():
    lines = (MANUAL / 'doubletour.env').read_text().splitlines()
    assert [line for line in lines if line and not line.startswith('#')] == ['APP_SETTINGS=production', 'DATA_DIR=/var/lib/doubletour', 'DATABASE_UPGRADE=auto']


def test_package_has_every_other_setting_as_a_comment():
    example = help_texts.output(PROGRAM, 'config', 'example')
    shipped = (MANUAL / 'doubletour.env').read_text()
    assert re.findall(r'^#?([A-Z_]+)=', shipped, re.M) == re.findall(r'^#([A-Z_]+)=', example, re.M)


def test_program_accepts_the_settings_of_the_package(tmp_path):
    settings = tmp_path / 'doubletour.env'
    settings.write_text((MANUAL / 'doubletour.env').read_text())
    settings.chmod(0o640)
    done = run(PROGRAM, '--settings', settings, 'config', 'check', env={})
    assert (done.returncode, done.stderr) == (0, '')


# --- completions ------------------------------------------------------------------------------------------------------

TYPED = [  # typed words, words that are offered, a word that is not
    (['us'], ['user'], 'run'),
    ([''], ['run', 'user', 'help', '--settings'], 'web'),
    (['user', ''], ['add', 'reset-2fa', '--json'], 'run'),
    (['user', 'add', '--'], ['--display-name', '--email', '--help'], '--inactive'),
    (['--settings', '/etc/x', 'db', 'up'], ['upgrade'], 'user'),
    (['proxy-config', ''], ['nginx', 'envoy'], 'APP=UPSTREAM'),
    (['import', ''], ['flask', 'htpasswd', 'authelia'], 'user'),
    (['config', ''], ['check', 'show', 'manual'], 'config'),
    (['gate', 'check', '--user', ''], [], 'check'),
    (['client', ''], ['add', 'check', 'presets', '--json'], 'grafana'),
    (['client', 'add', ''], ['grafana', 'nextcloud', 'generic'], 'set'),
    (['client', 'presets', 'open'], ['openwebui'], 'grafana'),
    (['client', 'add', '--'], ['--redirect', '--id-token-alg'], '--now'),
]
BASH = 'source "$1"; shift; COMP_WORDS=(doubletour "$@"); COMP_CWORD=$#; _doubletour; printf "%s\\n" "${COMPREPLY[@]}"'


@pytest.mark.parametrize('words,offered,other', TYPED)
def test_bash_completes(words, offered, other):
    done = run('bash', '-c', BASH, 'bash', MANUAL / 'doubletour', *words)
    found = done.stdout.split()
    assert (done.stderr, set(offered) - set(found), other in found) == ('', set(), False), found


def test_bash_offers_every_option():
    for name in help_texts.commands(PROGRAM):
        for words, text in help_texts.helps(PROGRAM, name):
            found = run('bash', '-c', BASH, 'bash', MANUAL / 'doubletour', *words, '--').stdout.split()
            assert [option for option, *_ in help_texts.options(text) if f'--{option}' not in found] == [], words


@needs('zsh')
def test_zsh_accepts_the_completions():
    done = run('zsh', '-n', MANUAL / '_doubletour')
    assert (done.returncode, done.stderr) == (0, '')


class Zsh:
    """An interactive zsh with the completions, in a terminal that is large enough for each list."""

    PROMPT = 'ASK> '

    def __init__(self, home):
        self.main, side = pty.openpty()
        termios.tcsetwinsize(self.main, (500, 400))
        self.process = subprocess.Popen(['zsh', '-f', '-i'], stdin=side, stdout=side, stderr=side, start_new_session=True,
                                        env={'HOME': home, 'PATH': os.environ['PATH'], 'TERM': 'dumb'})
        os.close(side)
        # split in two, so that the echo of this line is not taken for the prompt
        self.send(f'PROMPT="{self.PROMPT[0]}""{self.PROMPT[1:]}"; fpath=({MANUAL} $fpath); autoload -Uz compinit && compinit -u -D\n', self.PROMPT)

    def send(self, text, *wanted):
        """Send the text, and wait until the shell has written everything that is wanted."""
        os.write(self.main, text.encode())
        seen, deadline = b'', time.monotonic() + 30
        while missing := [word for word in wanted if word.encode() not in seen]:
            assert select.select([self.main], [], [], max(0, deadline - time.monotonic()))[0], (missing, seen)
            seen += os.read(self.main, 65536)

    def lists(self, words, wanted):
        """Wait until the shell has listed the wanted words after Tab.  It lists nothing while more input is waiting."""
        self.send(f"doubletour {' '.join(words)}\t", *wanted)
        self.send("\x15print -r DO''NE\n", 'DONE')

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.main)


@needs('zsh')
def test_zsh_lists_the_completions(tmp_path):
    zsh = Zsh(str(tmp_path))
    try:
        for words, offered, _ in TYPED:
            several = [word for word in offered if word.startswith('-') == words[-1].startswith('-')]
            if len(several) > 1:  # a single word is inserted, not listed
                zsh.lists(words, several)
    finally:
        zsh.end()


@needs('fish')
@pytest.mark.parametrize('words,offered,other', TYPED[:1] + TYPED[2:4] + TYPED[5:8] + TYPED[9:])
def test_fish_completes(words, offered, other, tmp_path):
    done = run('fish', '--no-config', '-c', f'source {MANUAL / "doubletour.fish"}; complete -C "doubletour {" ".join(words)}"',
               env={'HOME': str(tmp_path), 'PATH': os.environ['PATH']})
    found = [line.split('\t')[0] for line in done.stdout.splitlines()]
    offered = [word for word in offered if word.startswith('-') == words[-1].startswith('-')]
    assert (set(offered) - set(found), other in found) == (set(), False), (found, done.stderr)
