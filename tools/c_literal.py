"""Writes text and bytes as C source, for the compilers in this folder."""

_NAMED = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x09: "\\t", 0x0D: "\\r"}


def string(text):
    """Return a C string literal.  Other bytes than printable ASCII have three octal digits, so no digit joins them."""
    out = []
    for byte in text.encode("utf-8"):
        if byte in _NAMED:
            out.append(_NAMED[byte])
        elif byte == 0x3F:
            out.append("\\?")  # prevents trigraphs
        elif 0x20 <= byte < 0x7F:
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def array(name, data):
    """Return the definition of a constant array of bytes."""
    rows = (",".join(map(str, data[i:i + 32])) for i in range(0, len(data), 32))
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(rows) + "\n};\n"
