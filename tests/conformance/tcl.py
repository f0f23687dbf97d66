"""What the suite's test clients send: packets of Tcl lists.

A packet is the length of its text in decimal, a line end, and the text: a Tcl list of status, data and elapsed
milliseconds (test_helper.tcl, `send_data_packet`). The channel writes CRLF for LF and counts characters before that; it
is binary otherwise, one byte per character.
"""

SPACE = " \t\n\r\v\f"
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", "a": "\a", "b": "\b"}


def _braced(text, start):
    """The word in braces whose opening brace is at `start`, and where the text goes on. Nothing in it is replaced."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : at], at + 1
        at += 1
    return text[start + 1 :], len(text)


def _plain(text, start):
    """The quoted or bare word at `start`, its escapes replaced, and where the text goes on."""
    quoted = text[start] == '"'
    at, word = start + quoted, []
    while at < len(text):
        char = text[at]
        if char == '"' if quoted else char in SPACE:
            break
        if char == "\\" and at + 1 < len(text):
            at += 1
            char = ESCAPES.get(text[at], text[at])
        word.append(char)
        at += 1
    return "".join(word), at + quoted


def split_list(text):
    """The elements of a Tcl list."""
    words, at = [], 0
    while True:
        while at < len(text) and text[at] in SPACE:
            at += 1
        if at >= len(text):
            return words
        word, at = _braced(text, at) if text[at] == "{" else _plain(text, at)
        words.append(word)


class Packets:
    """Packets out of a byte stream that arrives in pieces."""

    def __init__(self):
        self._bytes = bytearray()
        self._after_cr = False

    def feed(self, data):
        """Takes the next piece; yields (status, text, milliseconds) of every packet that is complete."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        if data:
            self._after_cr = data.endswith(b"\r")
        self._bytes += data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        while True:
            head, line_end, _ = self._bytes.partition(b"\n")
            if not line_end:
                return
            end = len(head) + 1 + int(head or 0)
            if len(self._bytes) < end:
                return
            text = bytes(self._bytes[len(head) + 1 : end])
            del self._bytes[:end]
            if not text:
                continue
            try:
                words = split_list(text.decode("utf-8"))
            except UnicodeDecodeError:
                words = split_list(text.decode("latin-1"))
            status, data_text, elapsed = (words + ["", "", ""])[:3]
            yield status, data_text, int(elapsed) if elapsed.isdigit() else 0
