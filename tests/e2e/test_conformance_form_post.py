"""The plan "Form Post OP" of the OpenID Foundation's conformance suite: the modules of "Basic OP" with form_post.

harness/conformance.py checks that each response is a form that is sent with POST, and not a redirect.
tests/browser/test_clients_in_a_browser.py shows the same in Chromium, with scripts and without.
"""

import pytest
from test_conformance_basic import *  # noqa: F403

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # repeats test_conformance_basic.py


@pytest.fixture(scope="module")
def response_mode():
    return "form_post"
