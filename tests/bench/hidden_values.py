"""Values put back in hidden forms, and how many of them `curate verify --mapping` finds.

    python -m tests.bench.hidden_values

Writes each of seven values in each of 60 forms into a chat, searches for it, and prints the forms in which one is
not found. The values and the forms were written before `verify` read codes of characters.
"""

import base64
import codecs
import gzip
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from curate.verify.redaction import verify_redaction

VALUES = {
    "email": "imogen.achebe@posteo.de",
    "card": "4539 1488 0343 6467",
    "phone": "+49 160 5550123",
    "person": "Jürgen Oberländer",
    "api_key": "ghp_" + "bsEqXlvXg6ilUEUuCRBT3Ixmyl3U7j6pRCOf",
    "iban": "DE89370400440532013000",
    "street_address": "Ahornweg 17, 50667 Köln",
}


def chars(template: str, joint: str = "") -> Callable[[str], str]:
    """Each character by its code, in a template."""
    return lambda value: joint.join(template.format(ord(char)) for char in value)


def octets(template: str, joint: str = "") -> Callable[[str], str]:
    """Each byte by its value, in a template."""
    return lambda value: joint.join(template.format(byte) for byte in value.encode())


def inside(before: str, form: Callable[[str], str], behind: str) -> Callable[[str], str]:
    """A form within a text."""
    return lambda value: f"{before}{form(value)}{behind}"


def packed(encode: Callable[[bytes], bytes], encoding: str = "utf-8") -> Callable[[str], str]:
    """The bytes of a value, encoded."""
    return lambda value: encode(value.encode(encoding)).decode()


def rotated(value: str) -> str:
    """ROT47."""
    return "".join(chr(33 + (ord(char) + 14) % 94) if 33 <= ord(char) < 127 else char for char in value)


FORMS: dict[str, Callable[[str], str]] = {
    "chr() + chr()": chars("chr({})", " + "),
    "chr(0x..) + chr()": chars("chr({:#x})", "+"),
    "chr of a list": inside('"".join(chr(c) for c in [', chars("{}", ", "), "])"),
    "join of chr()": inside('"".join([', chars("chr({})", ", "), "])"),
    "bytes of a list": inside("bytes([", octets("{}", ", "), "]).decode()"),
    "bytearray of hexadecimal": inside("bytearray([", octets("{:#x}", ", "), "])"),
    "fromCharCode": inside("String.fromCharCode(", chars("{}", ","), ")"),
    "fromCharCode of hexadecimal": inside("String.fromCharCode(", chars("{:#x}", ", "), ")"),
    "fromCharCode for each": chars("String.fromCharCode({})", " + "),
    "CHR() || CHR()": chars("CHR({})", " || "),
    "CONCAT(CHAR())": inside("SELECT CONCAT(", chars("CHAR({})", ", "), ")"),
    "CHAR()+CHAR()": chars("CHAR({})", "+"),
    "Chr() & Chr()": chars("Chr({})", " & "),
    "ChrW$() & ChrW$()": chars("ChrW$({})", " & "),
    "chr().chr()": chars("chr({})", "."),
    "pack": inside('pack("U*", ', chars("{}", ", "), ")"),
    "[char]": chars("[char]{}", "+"),
    "[char] of hexadecimal": chars("[char]{:#04x}", "+"),
    "-join [char[]]": inside("-join [char[]](", chars("{}", ","), ")"),
    "array of C": inside("char s[] = {", octets("{}", ", "), ", 0};"),
    "array of signed bytes": lambda value: ", ".join(str(b - 256 if b > 127 else b) for b in value.encode()),
    "list of JSON": lambda value: json.dumps({"codes": [ord(char) for char in value]}),
    "list of JSON in lines": lambda value: json.dumps({"codes": [ord(char) for char in value]}, indent=1),
    "quoted codes": chars('"{}"', ", "),
    "codes with |": chars("{}", "|"),
    "codes with -": chars("{}", "-"),
    "codes with .": chars("{}", "."),
    "codes with +": chars("{}", " + "),
    "codes with /": chars("{}", "/"),
    "codes with zeros": chars("{:03}", " "),
    "codes without spaces": chars("{:03}"),
    "octal codes": octets("{:03o}", " "),
    "0o codes": octets("{:#o}", ", "),
    "binary codes": octets("{:08b}", " "),
    "U+": chars("U+{:04X}", " "),
    "escapes of Rust": chars("\\u{{{:x}}}"),
    "escapes of CSS": chars("\\{:x} "),
    "escapes of CSS with zeros": chars("\\{:06x}"),
    "entities of HTML": chars("&#{};"),
    "hexadecimal entities": chars("&#x{:x}"),
    "%u": chars("%u{:04x}"),
    "hexadecimal backwards": lambda value: value.encode().hex()[::-1],
    "Base64 backwards": lambda value: base64.b64encode(value.encode()).decode()[::-1],
    "Base64 of the value backwards": lambda value: base64.b64encode(value[::-1].encode()).decode(),
    "Base64 of UTF-16": packed(base64.b64encode, "utf-16-le"),
    "Base85": packed(base64.b85encode),
    "Ascii85": inside("<~", packed(base64.a85encode), "~>"),
    "hexadecimal": lambda value: value.encode().hex(),
    "hexadecimal of UTF-16": lambda value: value.encode("utf-16-le").hex(),
    "Base32": packed(base64.b32encode),
    "Base64 of gzip": packed(lambda data: base64.b64encode(gzip.compress(data, mtime=0))),
    "ROT13": lambda value: codecs.encode(value, "rot13"),
    "ROT47": rotated,
    "backwards": lambda value: value[::-1],
    "percent-encoded twice": octets("%25{:02X}"),
    "list of characters": lambda value: str(list(value)),
    "zero-width spaces": "\u200b".join,
    "full width": lambda value: "".join(chr(ord(c) + 0xFEE0) if 33 <= ord(c) < 127 else c for c in value),
    "UTF-7": packed(lambda data: data.decode().encode("utf-7")),
    "words backwards": lambda value: " ".join(word[::-1] for word in value.split()),
}


def written(path: Path, rows: Iterable[object]) -> Path:
    """A file of JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def run() -> None:
    """Print how many values are found, and which are not."""
    missed: dict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        original = written(folder / "original.jsonl", [{"messages": [{"role": "user", "content": "Hello"}]}])
        mapping = written(
            folder / "map.jsonl", [{"kind": k, "value": v, "replacement": "-"} for k, v in VALUES.items()]
        )
        for form, hide in FORMS.items():
            for kind, value in VALUES.items():
                row = {"messages": [{"role": "user", "content": f"Here: {hide(value)} ok?"}]}
                redacted = written(folder / "redacted.jsonl", [row])
                if not verify_redaction([redacted], [original], mapping).left:
                    missed[form].append(kind)
    count = len(FORMS) * len(VALUES)
    print(f"{count - sum(map(len, missed.values()))} of {count} values in {len(FORMS)} forms are found")
    for form, kinds in missed.items():
        print(f"{form}: not {', '.join(kinds)}")


if __name__ == "__main__":
    run()
