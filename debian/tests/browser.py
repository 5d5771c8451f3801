"""A browser and an authenticator, with Python's own library and oathtool.  Every host name resolves to this machine."""
import http.cookiejar
import html.parser
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve('127.0.0.1', *rest, **more)


class Fields(html.parser.HTMLParser):
    """The inputs of a page by id, the hidden inputs of each form by its action, and the address of its refresh."""

    def __init__(self, page):
        super().__init__()
        self.by_id, self.forms, self.refresh = {}, [], None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == 'form':
            self.forms.append((found.get('action'), {}))
        elif tag == 'meta' and found.get('http-equiv') == 'refresh':
            self.refresh = found['content'].partition('url=')[2]
        elif tag == 'input':
            self.by_id[found.get('id')] = found.get('value')
            if found.get('type') == 'hidden' and self.forms:
                self.forms[-1][1][found['name']] = found.get('value') or ''


class Browser:
    def __init__(self, certificate=None):
        context = ssl.create_default_context(cafile=certificate)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.step = 0

    def open(self, url, fields=None):
        """Open a URL, or send a form; follow redirects, also those of a page (meta refresh)."""
        site = '{0.scheme}://{0.netloc}'.format(urllib.parse.urlsplit(url))
        headers = {'Accept': 'text/html', 'Accept-Language': 'en', 'Sec-Fetch-Mode': 'navigate'}
        if fields is not None:
            headers |= {'Origin': site, 'Sec-Fetch-Site': 'same-origin'}
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        with self.opener.open(urllib.request.Request(url, data, headers), timeout=30) as answer:
            self.url, self.text = answer.url, answer.read().decode()
        refresh = Fields(self.text).refresh
        return self.open(refresh) if refresh else self.text

    def send(self, path, **fields):
        """Send the form of this page that goes to `path`."""
        action, hidden = next((action, hidden) for action, hidden in Fields(self.text).forms if action.split('?')[0] == path)
        return self.open(urllib.parse.urljoin(self.url, action), hidden | fields)

    def code(self, secret):
        """Return a code that the server has not accepted yet."""
        while int(time.time()) // 30 <= self.step:
            time.sleep(0.5)
        self.step = int(time.time()) // 30
        return subprocess.run(['oathtool', '--totp', '--base32', '-'], input=secret, capture_output=True, text=True, check=True).stdout.strip()

    def enrol(self, link, password):
        """Open a link of `doubletour user add`, choose a password and enrol the authenticator; return its secret."""
        self.open(link)
        self.send('/set-password', password=password, confirm=password)
        base = urllib.parse.urljoin(self.url, '/')
        if urllib.parse.urlsplit(self.url).path == '/login':
            raise SystemExit(f'the link did not sign in: {self.url}')
        self.open(base + 'setup-2fa')
        secret = Fields(self.text).by_id['secret']
        self.open(base + 'verify-2fa')
        self.send('/verify-2fa', otp=self.code(secret))
        return secret

    def sign_in(self, name, password, secret):
        """Fill in the open sign-in page, then the page for the code."""
        self.send('/login', username=name, password=password)
        self.send('/verify-2fa', otp=self.code(secret))
