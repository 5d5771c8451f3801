import pytest
from browser import Browser, start


@pytest.fixture(scope="session")
def drivers():
    """One Chromium with scripts and one without, shared by all tests."""
    running = {}

    def get(javascript):
        if javascript not in running:
            running[javascript] = start(javascript)
        return running[javascript]

    yield get
    for driver in running.values():
        driver.quit()


@pytest.fixture
def browse(drivers, server):
    def browse(javascript=True, server=server, **how):
        return Browser(drivers(javascript), server, javascript=javascript, **how)

    return browse
