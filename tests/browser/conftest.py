import pytest
from behind_nginx import HOSTS, Front, behind_nginx
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


RULES = """\
rules:
  - domain: wiki.example.org
    path: ['/archive/**']
    groups: [archivists]
  - domain: wiki.example.org
    path: ['/archive/**']
    policy: deny
  - domain: admin.example.org
    max_age: 5m
  - domain: ['*.example.org', '*.example.net']
applications:
  - {name: Wiki, address: 'https://wiki.example.org:PORT/', description: Handbook and notes}
  - {name: Shop, address: 'https://shop.example.net:PORT/', icon: shop.svg}
"""
# With nine applications or more, home has a search field.
MORE = "".join(f"  - {{name: {name}, address: 'https://{name.lower()}.example.org:PORT/'}}\n"
               for name in ("Admin", "Calendar", "Files", "Graphs", "Mail", "Photos", "Tasks"))
ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="13" fill="#26547c"/><path d="M14 17h20l-3 15H17z" fill="#fff"/></svg>'


@pytest.fixture(params=[True, pytest.param(False, marks=pytest.mark.whole)], ids=["javascript", "plain"])
def scene(request, tmp_path):
    """nginx in front of the server and of the application, and a browser with or without scripts."""
    driver = start(request.param, HOSTS)
    try:
        with behind_nginx(tmp_path / "server", RULES + MORE, {"shop.svg": ICON}) as proxy:
            yield proxy, Browser(driver, Front(proxy), javascript=request.param)
    finally:
        driver.quit()
