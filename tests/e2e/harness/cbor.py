"""CBOR (RFC 8949) for the tests: a canonical encoder, and functions for encodings that a verifier must refuse."""

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, OTHER = range(8)
BREAK = b"\xff"


class Raw(bytes):
    """Bytes that cbor() copies as they are."""


def head(kind, number, size=None):
    """Return the head of an item.  size: bytes of the argument (0, 1, 2, 4, 8); None: the fewest."""
    if size is None:
        size = 0 if number < 24 else next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    low = number if size == 0 else {1: 24, 2: 25, 4: 26, 8: 27}[size]
    return bytes([kind << 5 | low]) + (number.to_bytes(size, "big") if size else b"")


def indefinite(kind, *parts):
    """Return a string, an array or a map without a stated length."""
    return Raw(bytes([kind << 5 | 31]) + b"".join(map(cbor, parts)) + BREAK)


def cbor_map(pairs):
    """Encode a map from pairs.  Their order stays, and a key may occur twice."""
    return Raw(head(MAP, len(pairs)) + b"".join(cbor(key) + cbor(value) for key, value in pairs))


def cbor(value):
    """Encode an integer, bytes, text, a bool, None, a list, or a dict in its own order."""
    if isinstance(value, Raw):
        return value
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return head(BYTES, len(value)) + value
    if isinstance(value, str):
        return head(TEXT, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(ARRAY, len(value)) + b"".join(map(cbor, value))
    return cbor_map(list(value.items()))
