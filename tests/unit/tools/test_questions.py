"""The definition of the questions: definitions that its compiler refuses, and the files made from it."""

import os
import pathlib
import subprocess

import pytest

import compile_questions

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
DEFINITION = ROOT / "src/ipc/questions.def"

STRUCTS = """
struct nothing_body
	uint32_t  zero  0
"""
QUESTION = "questions  asks  answers  asked by  flags  does\n"
GOOD = QUESTION + "\tping  nothing  nothing  full  WRITES  answers\n" + STRUCTS


def read(tmp_path, text):
    path = tmp_path / "some.def"
    path.write_text(text)
    return compile_questions.read(path)


def refusal(tmp_path, text):
    with pytest.raises(SystemExit) as refused:
        read(tmp_path, text)
    return str(refused.value)


def test_a_good_definition_is_read(tmp_path):
    questions, structs = read(tmp_path, GOOD)
    assert [(q.name, q.states, q.flags, q.does) for q in questions] == [("ping", ("full",), ("WRITES",), "answers")]
    assert [(s.name, [m.name for m in s.members]) for s in structs] == [("nothing_body", ["zero"])]


@pytest.mark.parametrize("row, said", [
    ("\tping  nothing  nothing  full  WRITES\n", "6 columns"),
    ("\tPing  nothing  nothing  full  -  answers\n", "is not a valid name"),
    ("\tping  pong  nothing  full  -  answers\n", "struct pong_body"),
    ("\tping  nothing  pong  full  -  answers\n", "struct pong_body"),
    ("\tping  nothing  nothing  fool  -  answers\n", "each state once"),
    ("\tping  nothing  nothing  full pending  -  answers\n", "in this order"),
    ("\tping  nothing  nothing  full  WRITES HASHES  answers\n", "in this order"),
    ("\tping  nothing  nothing  full  WRITES WRITES  answers\n", "each flag once"),
    ("\tping  nothing  nothing  full  SHINES  answers\n", "each flag once"),
    ("\tping  nothing  nothing  full  SELF_AUTHORIZED  answers\n", "only for questions that write"),
    ("\tping  nothing  nothing  any  WRITES  answers\n", "nothing authorizes it"),
    ("\tping  nothing  nothing  full  -  answers\n" * 2, "defined twice"),
])
def test_a_wrong_question_is_refused(tmp_path, row, said):
    assert said in refusal(tmp_path, QUESTION + row + STRUCTS)


@pytest.mark.parametrize("text, said", [
    ("struct a_body\n\tchar  x  1\n", "a member is"),
    ("struct a_body\n\tstr  x\n", "need a limit"),
    ("struct a_body\n\tint64_t  x  7\n", "need a limit"),
    ("struct a_body\n\tstr  X  7\n", "a member is"),
    ("struct a_body\n\n", "no member"),
    ("struct nothing_body\n\tint64_t  x\n", "defined twice"),
    ("structure\n", "expected"),
])
def test_a_wrong_struct_is_refused(tmp_path, text, said):
    assert said in refusal(tmp_path, GOOD + text)


def test_a_refusal_names_file_and_line(tmp_path):
    assert refusal(tmp_path, "# first\n\tstr  x  1\n").startswith(f"{tmp_path}/some.def:2: ")


def test_the_fuzzer_knows_every_question():
    questions, _ = compile_questions.read(DEFINITION)
    assert compile_questions.words(questions).splitlines() == [f'"{q.name}\\x09"' for q in questions]


def test_flags_of_the_keeper_are_not_in_the_code_of_web():
    questions, structs = compile_questions.read(DEFINITION)
    shared = "".join(compile_questions.make_wire(questions, structs))
    assert not [flag for flag in compile_questions.FLAGS if flag in shared]


# --- adding a question, as CONTRIBUTING.md says -----------------------------------------------------------------------

TOY_ROW = "\ttoy  nothing  toy  full  FRESH  answers with a number\n"
TOY_STRUCT = "\nstruct toy_body\n\tuint32_t  number  7  # always 7\n"
TOY_HANDLER = """#include "keeper/handlers.h"

err
toy_answer(struct call *call, enum verdict *ret_verdict)
{
	((struct toy_body *)call->answer)->number = 7;
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
"""


def with_toy():
    """The definition with one more question after all others."""
    rows, mark, structs = DEFINITION.read_text().partition("\n# --- heads")
    return rows + TOY_ROW + mark + structs + TOY_STRUCT


def compiled(scratch, source):
    """The object of a source file, compiled as in a release; it finds headers first in the scratch folder."""
    target = scratch / (source.stem + ".o")
    folders = [scratch, ROOT / "src", ROOT / "include", pathlib.Path(os.environ["BUILD_ROOT"]) / "src/store"]
    subprocess.run([*os.environ["TEST_CC"].split(), "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Werror", "-Wmissing-prototypes", "-c",
                    *[f"-I{folder}" for folder in folders], "-o", target, source], check=True)
    return target


def symbols(path):
    lines = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[-1]: line.split()[-2] for line in lines}


def test_a_row_a_struct_and_a_handler_are_a_question(tmp_path):
    for folder in ("ipc", "keeper"):
        (tmp_path / folder).mkdir()
    (tmp_path / "questions.def").write_text(with_toy())
    (tmp_path / "toy.c").write_text(TOY_HANDLER)
    compile_questions.main("ipc", tmp_path / "questions.def", tmp_path / "ipc/messages.h", tmp_path / "ipc/messages.c")
    compile_questions.main("keeper", tmp_path / "questions.def", tmp_path / "keeper/handlers.h", tmp_path / "keeper/rows.c")
    assert symbols(compiled(tmp_path, tmp_path / "toy.c"))["toy_answer"] == "T"
    assert symbols(compiled(tmp_path, tmp_path / "keeper/rows.c"))["toy_answer"] == "U"
    assert symbols(compiled(tmp_path, tmp_path / "ipc/messages.c"))["wire_toy_body"] in "DR"
    for dispatcher in ("src/keeper/core/dispatch.c", "src/ipc/terms.c"):
        compiled(tmp_path, ROOT / dispatcher)
