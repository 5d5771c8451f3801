"""Every module of four plans of the OpenID Foundation's conformance suite has a test of ours with its name.

https://gitlab.com/openid/conformance-suite, as of August 2026.
"""

import importlib
import inspect

import pytest

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # tests the tests' own lists

BASIC = """
    oidcc-server
    oidcc-response-type-missing
    oidcc-idtoken-signature
    oidcc-idtoken-unsigned
    oidcc-userinfo-get
    oidcc-userinfo-post-header
    oidcc-userinfo-post-body
    oidcc-ensure-request-without-nonce-succeeds-for-code-flow
    oidcc-scope-profile
    oidcc-scope-email
    oidcc-scope-address
    oidcc-scope-phone
    oidcc-scope-all
    oidcc-alternate-happy-flow
    oidcc-display-page
    oidcc-display-popup
    oidcc-prompt-login
    oidcc-prompt-none-not-logged-in
    oidcc-prompt-none-logged-in
    oidcc-max-age-1
    oidcc-max-age-10000
    oidcc-ensure-request-with-unknown-parameter-succeeds
    oidcc-id-token-hint
    oidcc-login-hint
    oidcc-ui-locales
    oidcc-claims-locales
    oidcc-ensure-request-with-acr-values-succeeds
    oidcc-codereuse
    oidcc-codereuse-30seconds
    oidcc-ensure-registered-redirect-uri
    oidcc-ensure-post-request-succeeds
    oidcc-server-client-secret-post
    oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported
    oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported
    oidcc-claims-essential
    oidcc-ensure-request-object-with-redirect-uri
    oidcc-refresh-token
    oidcc-ensure-request-with-valid-pkce-succeeds
"""
LOGOUT = """
    oidcc-rp-initiated-logout-discovery-endpoint-verification
    oidcc-rp-initiated-logout
    oidcc-rp-initiated-logout-bad-post-logout-redirect-uri
    oidcc-rp-initiated-logout-modified-id-token-hint
    oidcc-rp-initiated-logout-no-id-token-hint
    oidcc-rp-initiated-logout-no-params
    oidcc-rp-initiated-logout-no-post-logout-redirect-uri
    oidcc-rp-initiated-logout-no-state
    oidcc-rp-initiated-logout-only-state
    oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri
    oidcc-rp-initiated-logout-bad-id-token-hint
"""
CONFIG = "oidcc-discovery-endpoint-verification"
FILES = {  # file: its plan, modules
    "test_conformance_basic": ("oidcc-basic-certification-test-plan", BASIC),
    "test_conformance_config": ("oidcc-config-certification-test-plan", CONFIG),
    "test_conformance_form_post": ("oidcc-formpost-basic-certification-test-plan", BASIC),
    "test_conformance_logout": ("oidcc-rp-initiated-logout-certification-test-plan", LOGOUT),
}


@pytest.mark.parametrize("file", FILES)
def test_each_module_of_a_plan_has_a_test(file):
    plan, modules = FILES[file]
    tests = {name: test for name, test in vars(importlib.import_module(file)).items() if name.startswith("test_")}
    assert set(tests) == {"test_" + module.replace("-", "_") for module in modules.split()}, plan
    assert all(inspect.getdoc(test) for test in tests.values()), "each docstring says what its module checks"
