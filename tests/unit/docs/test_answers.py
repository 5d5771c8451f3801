"""Common questions are answered within two links of README.md and of docs/README.md."""

import pytest

import claims
import sources

HOPS_MAX = 2
STARTS = ["README.md", "docs/README.md"]
ANSWERS = {  # question: page and heading
    "start it in a container": "docs/start/quick-start.md#in-a-container",
    "protect a wiki behind Caddy": "docs/guides/proxies.md#caddy",
    "restore a backup": "docs/guides/backups.md#restore",
    "reset a lost phone": "docs/guides/accounts.md#for-the-administrator",
    "what happens when the database is down": "docs/explain/two-processes.md#when-something-fails",
    "which data is encrypted": "docs/explain/threat-model.md#encrypted-and-hashed-data",
    "how to report a vulnerability": "SECURITY.md#report-a-vulnerability",
    "what a rule with max_age does": "docs/reference/access-rules.md#keys",
    "add a setting": "CONTRIBUTING.md#how-to-add",
    "why two processes": "docs/explain/two-processes.md#two-processes",
    "the page of an end user who lost the phone": "docs/guides/lost-phone.md#you-have-a-recovery-code",
    "the same in French": "docs/fr/telephone-perdu.md#vous-avez-un-code-de-secours",
}


def hops(start):
    """Each page that links reach, with the number of links to it."""
    found, new = {start: 0}, [start]
    while new:
        page = new.pop(0)
        for target in {claims.target(link) for link in claims.links(page)} - found.keys():
            if target in sources.pages():
                found[target] = found[page] + 1
                new.append(target)
    return found


@pytest.mark.parametrize("start", STARTS)
def test_every_question_is_answered_within_two_links(start):
    far = hops(start)
    assert [question for question, answer in ANSWERS.items() if far.get(answer.partition("#")[0], HOPS_MAX + 1) > HOPS_MAX] == []


@pytest.mark.parametrize("question", ANSWERS)
def test_every_answer_has_its_heading(question):
    page, _, heading = ANSWERS[question].partition("#")
    assert heading in claims.anchors(page)
