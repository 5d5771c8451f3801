#!/usr/bin/python3
"""Make C, and words for the fuzzer, from the definition of the questions.  src/ipc/questions.def explains its format.

    compile_questions.py ipc DEFINITION OUT.h OUT.c     shared by web and keeper: numbers, structs, the codec's tables
    compile_questions.py keeper DEFINITION OUT.h OUT.c  for the keeper alone: handlers, and the rules of its dispatcher
    compile_questions.py words DEFINITION               the names, for the fuzzer's dictionary
"""
import collections
import pathlib
import re
import sys

STATES = ('none', 'enrolling', 'pending', 'full')
FLAGS = ('FRESH', 'MAY_RAISE', 'HASHES', 'WRITES', 'SELF_AUTHORIZED')
TYPES = {'uint32_t': 'uint32_t', 'int64_t': 'int64_t', 'str': 'str', 'token': 'struct token'}
LIMITED = ('uint32_t', 'str')
IDENTIFIER = re.compile(r'[a-z][a-z0-9_]*$')

Question = collections.namedtuple('Question', 'name asks answers states flags does above')
Member = collections.namedtuple('Member', 'type name limit comment above')
Struct = collections.namedtuple('Struct', 'name members above')


def fail(where, message):
    sys.exit(f'{where}: {message}')


# --- reading ----------------------------------------------------------------------------------------------------------


def columns(text):
    return re.split(r'\s{2,}|\t', text.strip())


def read_question(where, text, above):
    cells = columns(text)
    if len(cells) != 6:
        fail(where, f'a question has 6 columns separated by two spaces; this one has {len(cells)}')
    name, asks, answers, states, flags, does = cells
    states = STATES if states == 'any' else tuple(states.split())
    flags = () if flags == '-' else tuple(flags.split())
    if not re.match(r'[a-z]+(-[a-z]+)*$', name):
        fail(where, f'{name} is not a valid name of a question: lower-case words joined by hyphens')
    for kind, given, known in (('state', states, STATES), ('flag', flags, FLAGS)):
        if [x for x in known if x in given] != list(given):
            fail(where, f'{" ".join(given)}: write each {kind} once, in this order: {" ".join(known)}')
    return Question(name, asks, answers, states, flags, does, above)


def read_member(where, text, above):
    declaration, _, comment = text.partition('#')
    cells = columns(declaration)
    if len(cells) not in (2, 3) or cells[0] not in TYPES or not IDENTIFIER.match(cells[1]):
        fail(where, f'a member is a type ({", ".join(TYPES)}), a name and a limit: {declaration.strip()}')
    if (cells[0] in LIMITED) != (len(cells) == 3):
        fail(where, f'{cells[1]}: {" and ".join(LIMITED)} need a limit; other types have no limit')
    return Member(cells[0], cells[1], cells[2] if len(cells) == 3 else '0', comment.strip(), above)


def check_question(where, question, names):
    """Refuse contradictions between a question's states, flags and messages at build time."""
    for message in (question.asks, question.answers):
        if message + '_body' not in names:
            fail(where, f'{question.name} needs struct {message}_body')
    if 'FRESH' in question.flags and question.states != ('full',):
        fail(where, f'{question.name} is FRESH, which needs a proof: only a full session has one')
    if 'SELF_AUTHORIZED' in question.flags and 'WRITES' not in question.flags:
        fail(where, f'{question.name} is SELF_AUTHORIZED, which is only for questions that write')
    if 'none' in question.states and {'WRITES', 'SELF_AUTHORIZED'} & set(question.flags) == {'WRITES'}:
        fail(where, f'{question.name} writes and is asked without a session: nothing authorizes it')


def check(path, questions, structs):
    names = [struct.name for struct in structs]
    for kind, found in (('struct', names), ('question', [q.name for q in questions])):
        for name in found:
            if found.count(name) > 1:
                fail(path, f'{kind} {name} is defined twice')
    if len(questions) > 63:
        fail(path, 'a set of questions has 64 bits, one of them for QUESTION_NONE: 63 questions at most')
    for question in questions:
        check_question(path, question, names)
    for struct in structs:
        if not struct.members:
            fail(path, f'struct {struct.name} has no member')


def read(path):
    questions, structs, above, section = [], [], [], None
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        where, text = f'{path}:{number}', line.strip()
        if text.startswith('#'):
            above.append(text[1:].strip())
            continue
        if not text:
            above = []
        elif line[0] not in ' \t':
            kind, _, name = text.partition(' ')
            section = questions if kind == 'questions' else structs
            if kind == 'struct' and IDENTIFIER.match(name):
                structs.append(Struct(name, [], above))
            elif kind != 'questions':
                fail(where, f'expected "questions" or "struct NAME": {text}')
        elif section is questions:
            questions.append(read_question(where, text, above))
        elif section is structs:
            structs[-1].members.append(read_member(where, text, above))
        else:
            fail(where, f'this line is before the first section: {text}')
        above = []
    check(path, questions, structs)
    return questions, structs


# --- C ----------------------------------------------------------------------------------------------------------------

MADE = '/* Made by tools/compile_questions.py from ipc/questions.def. */\n'


def identifier(question):
    return 'QUESTION_' + question.name.upper().replace('-', '_')


def handler(question):
    return question.name.replace('-', '_') + '_answer'


def comment_above(lines, indent):
    if len(lines) < 2:
        return ''.join(f'{indent}/* {line} */\n' for line in lines)
    return f'{indent}/*\n' + ''.join(f'{indent} * {line}\n' for line in lines) + f'{indent} */\n'


def c_struct(struct):
    members = ''.join(comment_above(m.above, '\t') + f'\t{TYPES[m.type]} {m.name};'
                      + (f' /* {m.comment} */' if m.comment else '') + '\n' for m in struct.members)
    return comment_above(struct.above, '') + f'struct {struct.name} {{\n{members}}};\n\n'


def c_fields(struct):
    rows = ''.join(f'\tWIRE_FIELD(struct {struct.name}, {m.name}, {m.limit}),\n' for m in struct.members)
    return (f'static const struct wire_field {struct.name}_fields[] = {{\n{rows}}};\n'
            f'const struct wire_def wire_{struct.name} = WIRE_DEF(struct {struct.name}, {struct.name}_fields);\n\n')


def make_wire(questions, structs):
    ids = ''.join(comment_above(q.above, '\t') + f'\t{identifier(q)}, /* {q.does}: {q.asks} → {q.answers} */\n' for q in questions)
    slow = ' | '.join(f'UINT64_C(1) << {identifier(q)}' for q in questions if 'HASHES' in q.flags) or '0'
    header = (MADE + '#ifndef IPC_MESSAGES_H\n#define IPC_MESSAGES_H\n\n#include "ipc/wire.h"\n\n'
              + f'enum question_id {{\n\tQUESTION_NONE = 0,\n{ids}\tQUESTION_COUNT\n}};\n\n'
              + f'/* As bits, 1 << id: those that may hash a password. */\n#define QUESTIONS_SLOW ({slow})\n\n'
              + ''.join(c_struct(s) for s in structs)
              + ''.join(f'extern const struct wire_def wire_{s.name};\n' for s in structs) + '\n#endif\n')
    rows = ''.join(f'\t[{identifier(q)}] = {{ "{q.name}", &wire_{q.asks}_body, &wire_{q.answers}_body, '
                   f'{"POOL_SLOW" if "HASHES" in q.flags else "POOL_QUICK"} }},\n' for q in questions)
    source = (MADE + '#include "ipc/questions.h"\n\n' + ''.join(c_fields(s) for s in structs)
              + f'const struct wire_question wire_questions[QUESTION_COUNT] = {{\n{rows}}};\n')
    return header, source


def c_states(question):
    if question.states == STATES:
        return 'ROW_IN_ANY'
    return ' | '.join(f'ROW_IN(STATE_{state.upper()})' for state in question.states)


def c_flags(question):
    return ' | '.join('ROW_' + flag for flag in question.flags) or '0'


def make_keeper(questions, structs):
    declared = ''.join(f'MUST_USE err {handler(q)}(struct call *call, enum verdict *ret_verdict);\n' for q in questions)
    header = (MADE + '#ifndef KEEPER_HANDLERS_H\n#define KEEPER_HANDLERS_H\n\n#include "keeper/core/call.h"\n\n'
              + declared + '\n#endif\n')
    rows = ''.join(f'\t[{identifier(q)}] = {{ {c_states(q)}, {c_flags(q)}, {handler(q)} }},\n' for q in questions)
    source = (MADE + '#include "keeper/handlers.h"\n#include "keeper/core/dispatch.h"\n\n'
              + f'const struct question_row question_rows[QUESTION_COUNT] = {{\n{rows}}};\n')
    return header, source


def write(outputs, texts):
    for path, text in zip(outputs, texts):
        pathlib.Path(path).write_text(text)


# --- the documentation and the fuzzer ---------------------------------------------------------------------------------


def words(questions):
    return ''.join(f'"{q.name}\\x09"\n' for q in questions)


def docs_table(questions):
    rows = ''.join(
        f'| `{q.name}` | {"any" if q.states == STATES else ", ".join(q.states)} '
        f'| {", ".join(f"`{flag}`" for flag in q.flags)} | {q.does} |\n' for q in questions)
    return f'| question | asked by | flags | does |\n|---|---|---|---|\n{rows}'


def main(kind='', definition=None, *outputs):
    needed = {'ipc': 2, 'keeper': 2, 'words': 0}
    if needed.get(kind) != len(outputs):
        sys.exit(__doc__)
    questions, structs = read(definition)
    if kind == 'words':
        sys.stdout.write(words(questions))
    else:
        write(outputs, {'ipc': make_wire, 'keeper': make_keeper}[kind](questions, structs))


if __name__ == '__main__':
    main(*sys.argv[1:])
