#!/usr/bin/python3
"""Checks that files under src/ include only lower layers.  Prints TAP; docs/develop/architecture.md has the picture."""

import pathlib
import re
import sys

# The layers that each layer may include besides itself.
BELOW = {
    "base": set(),
    "otp": {"base"},
    "qr": {"base"},
    "image": {"base"},
    "config": {"base"},
    "access": {"base", "config", "image"},
    "store": {"base"},
    "http": {"base"},
    "webauthn": {"base"},
    "ipc": {"base"},
    "oidc": {"base", "ipc"},
    "keeper": {"base", "otp", "qr", "image", "config", "access", "store", "webauthn", "ipc", "oidc"},
    "web": {"base", "qr", "image", "config", "access", "http", "webauthn", "ipc", "oidc"},
    "server": {"base", "image", "config", "http", "keeper", "web"},
    "cli": {"base", "otp", "qr", "image", "config", "access", "store", "http", "ipc", "oidc", "keeper", "web", "server"},
}
# The rooms of a layer, the lowest first: a file includes headers of its room and of lower rooms.  A file in the
# layer's folder itself, outside all rooms, may include every room; no room may include it.
ROOMS = {
    "keeper": ("core", "keys", "password", "session", "factor", "account", "apps", "oidc", "ops"),
    "web": ("core", "pages", "apps", "oidc"),
}
PUBLIC = {"doubletour/otp.h": "otp"}  # installed headers, by the layer they belong to
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def layer_of(header):
    """The layer of a header; None for system headers and headers of the same folder."""
    if header in PUBLIC:
        return PUBLIC[header]
    first = header.split("/")[0]
    return first if "/" in header and first in BELOW else None


def breaches(layer, text):
    """The included headers that a file of this layer must not include."""
    allowed = BELOW[layer] | {layer}
    return [h for h in INCLUDE.findall(text) if (layer_of(h) or layer) not in allowed]


# layer, text, headers that must be found, why
EXAMPLES = [
    ("web", '#include "keeper/core/keeper.h"\n', ["keeper/core/keeper.h"], "web asks through the channel"),
    ("web", '#include "store/db.h"\n', ["store/db.h"], "web has no database"),
    ("keeper", '#  include "http/server.h"\n', ["http/server.h"], "white space after # is allowed"),
    ("base", '#include "config/config.h"\n', ["config/config.h"], "base includes no other layer"),
    ("store", "#include <config/config.h>\n", ["config/config.h"], "angle brackets are read too"),
    ("web", '#include "ipc/questions.h"\n#include <sys/types.h>\n', [], "downward, and a system header"),
    ("web", '/* see keeper/core/keeper.h */\n', [], "a comment is not an include"),
    ("ipc", '#include "doubletour/otp.h"\n', ["doubletour/otp.h"], "an installed header belongs to its layer"),
]


def room_breaches(layer, room, text):
    """The included headers of higher rooms; room "" is the layer's folder itself."""
    rooms = ROOMS[layer]
    allowed = rooms if not room else rooms[:rooms.index(room) + 1]
    return [h for h in INCLUDE.findall(text) if (parts := h.split("/"))[0] == layer and len(parts) == 3 and parts[1] in rooms and parts[1] not in allowed]


# layer, room, text, headers that must be found, why
ROOM_EXAMPLES = [
    ("keeper", "core", '#include "keeper/session/session.h"\n', ["keeper/session/session.h"], "a room includes no higher room"),
    ("keeper", "ops", '#include "keeper/core/keeper.h"\n', [], "a lower room"),
    ("keeper", "core", '#include "keeper/handlers.h"\n', [], "a generated header is in no room"),
    ("web", "", '#include "web/pages/handlers.h"\n', [], "the folder itself is above its rooms"),
]


def check_rooms(root, layer):
    found = []
    for path in sorted((root / "src" / layer).rglob("*.[ch]")):
        parts = path.relative_to(root / "src" / layer).parts
        if len(parts) > 1 and parts[0] not in ROOMS[layer]:
            found.append(f"{path.relative_to(root)}: {parts[0]} is not a room of {layer}")
            continue
        room = parts[0] if len(parts) > 1 else ""
        found += [f"{path.relative_to(root)}: includes {h}" for h in room_breaches(layer, room, path.read_text())]
    return found


def check_layer(root, layer):
    found = []
    for path in sorted((root / "src" / layer).rglob("*.[ch]")):
        found += [f"{path.relative_to(root)}: includes {h}" for h in breaches(layer, path.read_text())]
    return found


def modules(root, layer):
    """{module: modules of the same layer that its .c or .h includes}; a module is a .c file and its header."""
    graph = {}
    for path in sorted((root / "src" / layer).rglob("*.[ch]")):
        own = [h for h in INCLUDE.findall(path.read_text()) if h.startswith(layer + "/")]
        graph.setdefault(path.stem, set()).update({pathlib.PurePath(h).stem for h in own} - {path.stem})
    return graph


def cycle(graph):
    """Modules that include each other in a cycle; empty without a cycle."""
    left = dict(graph)
    while True:
        free = [m for m, needs in left.items() if not needs & left.keys()]
        if not free:
            return sorted(left)
        left = {m: needs for m, needs in left.items() if m not in free}


CIRCLES = {
    "a": ({"a": {"b"}, "b": {"c"}, "c": set()}, False),
    "b": ({"a": {"b"}, "b": {"a"}}, True),
    "c": ({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}, True),
}


def check_folders(root):
    """Each folder of src must be listed in BELOW."""
    known = set(BELOW)
    return [f"src/{p.name} is not a layer" for p in (root / "src").iterdir() if p.is_dir() and p.name not in known]


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    results = [(f"finds: {why}", [] if breaches(layer, text) == must else [f"found {breaches(layer, text)}"])
               for layer, text, must, why in EXAMPLES]
    results += [(f"{layer} includes nothing above it", check_layer(root, layer)) for layer in BELOW]
    results += [(f"finds cycle {name}", [] if bool(cycle(graph)) == must else ["found a different result"]) for name, (graph, must) in CIRCLES.items()]
    circle = cycle(modules(root, "web"))
    results.append(("no modules of web include each other in a cycle", [f"in or above a cycle: {', '.join(circle)}"] if circle else []))
    results += [(f"finds: {why}", [] if room_breaches(layer, room, text) == must else ["found a different result"])
                for layer, room, text, must, why in ROOM_EXAMPLES]
    results += [(f"the rooms of {layer} include downward only", check_rooms(root, layer)) for layer in ROOMS]
    results.append(("every folder of src is a layer", check_folders(root)))
    print(f"1..{len(results)}")
    for number, (name, problems) in enumerate(results, 1):
        print(f"{'not ' if problems else ''}ok {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if any(problems for _, problems in results) else 0


if __name__ == "__main__":
    sys.exit(main())
