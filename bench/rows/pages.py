"""Pages of the tutorial's story, compared with the same pages in Flask under gunicorn, and with a file by nginx."""

from bench.testbed import get
from bench.measure import rates
from bench.fixtures import FlaskPerson, page
from harness.visitor import Visitor


def comparisons(testbed):
    server, flask = testbed.server(), testbed.flask()
    there = FlaskPerson(flask)
    cookies = {"/": f"__Host-doubletour={Visitor(server).full().session}", "/setup-2fa": f"__Host-doubletour={Visitor(server).enrolling().session}",
               "/login": "__Host-doubletour-form=" + "a" * 24}
    sizes = {path: len(page(server, path, cookie)) for path, cookie in cookies.items()}
    ours = {path: testbed.rate(server.port, get(path, cookie=cookie)) for path, cookie in cookies.items()}

    def flasks(path, cookie=""):
        return testbed.rate(flask, get(path, cookie=cookie), connections=16)

    def files(path):
        return testbed.rate(testbed.nginx_file(sizes[path]), get(path, cookie=cookies[path]))

    yield rates("home page", "Flask", ours["/"], flasks("/", there.cookie), 20)
    yield rates("home page", "nginx, a file", ours["/"], files("/"), 1.0)
    yield rates("login page", "Flask", ours["/login"], flasks("/login"), 10)
    yield rates("login page", "nginx, a file", ours["/login"], files("/login"), 1.0)
    yield rates("page with QR code", "Flask", ours["/setup-2fa"], flasks("/setup-2fa", there.cookie), 100)
