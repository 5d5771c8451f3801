"""Paths that one program reads as an endpoint of Doubletour and another one differently (src/base/uri_path.h)."""

ENTER = "/.doubletour/enter"
ENDPOINTS = ("/api/verify", "/api/authz/auth-request", "/api/authz/forward-auth", "/api/authz/ext-authz")
UP = ("../", "..%2f", "..%2F", "%2e%2e/", "%2E%2E%2f", ".%2e/", "%2e./", "..%5c", "..%5C..%2f../", "..;/", "..;x=1/", "..%3b/", "..//", "..%252f", "%252e%252e/",
      "%252e%252e%252f", "%25252e%25252e/", "..%00/", "%c0%ae%c0%ae/", "..%c0%af", "%e0%80%ae%e0%80%ae%e0%80%af", "..%20/", "..%09/", "..%23/", ".././", "./../", "..\\")


def climbs():
    """Yield paths whose raw form begins with one endpoint and whose normalised form is another one."""
    for endpoint in ENDPOINTS:
        for up in UP:
            depth = endpoint.count("/")
            yield endpoint + "/" + up * depth + ENTER[1:]
    for up in UP[:8]:
        yield ENTER + "/" + up * 2 + "api/verify"
        yield "/login/" + up + "api/verify"
        yield "/x/" + up + ENTER[1:]
        yield "/.well-known/" + up + ENTER[1:]


def misspellings(path):
    """Yield other spellings of the path: other letters, or additions before and after it."""
    first, last = path[1:].split("/", 1)
    yield from ("/" + path, "/." + path, "/%2e" + path, "/x/.." + path, "/%2f" + path[1:], "/;x" + path, "/%00" + path, "/%5c" + path[1:])
    yield from (path + end for end in ("//", "/.", "/..%2f" + last, ";", ";x=1", "%3bx", "%00", "%00.css", "%20", "%2f", "%2fx", "%5c", "%3f", "%23", "%0a", "/%2e", "\\", "%25"))
    yield from (f"/{first}//{last}", f"/{first}/./{last}", f"/{first}%2f{last}", f"/{first}%5c{last}", f"/{first};x/{last}", f"/{first}%252f{last}", f"/{first}\\{last}")
    yield f"/%{ord(path[1]):02x}{path[2:]}"
    yield f"{path[:-1]}%{ord(path[-1]):02x}"
    yield f"/%25{ord(path[1]):02x}{path[2:]}"


def ambiguous():
    """Return all these paths without duplicates."""
    found = dict.fromkeys(climbs())
    for path in (ENTER, "/.well-known/jwks.json", *ENDPOINTS):
        found.update(dict.fromkeys(misspellings(path)))
    return list(found)


# unambiguous, but no path may follow these endpoints
BEHIND = [f"{endpoint}{more}" for endpoint in ENDPOINTS[:3] for more in ("/", "/x", "/.doubletour/enter", "/public/x")]
