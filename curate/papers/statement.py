"""A statement of what was proved about a split, in the form of in-toto, and its signature with a key of SSH.

The form is that of the attestation framework (https://github.com/in-toto/attestation, Statement v1); signatures are
those of `ssh-keygen -Y sign`.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key

from curate.core.errors import InputError, UsageError
from curate.core.limits import open_regular
from curate.core.text import excerpt, visible
from curate.project.manifest import Manifest, named_files
from curate.storage.files import MANIFEST, display_name
from curate.verify.proof import VerifyResult

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PROOF: Final = "urn:curate:split-proof:1"
NAMESPACE: Final = "curate"
"""What a signature is for; one for another purpose does not hold."""


class _Subject(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    digest: dict[str, str]


class _Statement(BaseModel):
    """The parts of a statement that are compared."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    type: str = Key(alias="_type")
    subject: list[_Subject]
    predicate_type: str = Key(alias="predicateType")
    predicate: dict[str, Any]


def statement(manifest: Manifest, digest: str, proof: VerifyResult) -> dict[str, Any]:
    """The statement about a folder with this manifest, whose SHA-256 is `digest`. It has no time: equal data and
    settings give an equal statement.
    """
    files = {MANIFEST: digest, **named_files(manifest)}
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(files.items())],
        "predicateType": PROOF,
        "predicate": {
            "curate": manifest.curate,
            "inputs": [{"name": file.path, "digest": {"sha256": file.sha256}} for file in manifest.inputs],
            "decisions": len(manifest.decisions),
            "read": manifest.read,
            "kept": manifest.kept,
            "removed": manifest.removed.lines,
            "holds": proof.holds,
            "complete": proof.complete,
            "points": [{"name": point.name, "verdict": point.verdict.value} for point in proof.points],
            "not_checked": [check.name for check in proof.not_checked],
        },
    }


def differences(path: Path, expected: dict[str, Any]) -> list[str]:
    """The differences between the statement in a file and `expected`, that of the folder, a sentence each; empty if
    they are equal. Raises `InputError`.
    """
    try:
        with open_regular(path) as file:
            stated = _Statement.model_validate_json(file.read())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file", "name a statement that `curate papers` wrote") from None
    except OSError as error:
        raise InputError.of(path, error) from error
    except ValidationError:
        raise InputError(f"{path}: is no statement", "name a statement that `curate papers` wrote") from None
    own = _Statement.model_validate(expected)
    if (stated.type, stated.predicate_type) != (own.type, own.predicate_type):
        return [f"it is a statement of another kind: {visible(stated.predicate_type)}"]
    hashes, stated_hashes = ({item.name: item.digest for item in side.subject} for side in (own, stated))
    names = sorted(hashes.keys() | stated_hashes.keys())
    changed = [f"{visible(name)} is another file" for name in names if hashes.get(name) != stated_hashes.get(name)]
    if len(stated_hashes) < len(stated.subject):
        changed.append("it names a file twice")
    for key in sorted(own.predicate.keys() | stated.predicate.keys()):
        own_value, stated_value = own.predicate.get(key), stated.predicate.get(key)
        if own_value != stated_value:
            changed += _changed(key, own_value, stated_value)
    return changed


def _changed(key: str, own_value: Any, stated_value: Any) -> list[str]:
    """What differs in a value of two statements, a sentence each: the items of a list by their names, or the value."""
    own, stated = _by_name(own_value), _by_name(stated_value)
    if not own and not stated:
        return [f"'{visible(key)}' is {_shown(own_value)}, not {_shown(stated_value)}"]
    if own == stated:
        return [f"'{visible(key)}' has the same in another order, or twice"]
    return [
        f"'{visible(name)}' in '{visible(key)}' is {own.get(name, 'absent')}, not {stated.get(name, 'absent')}"
        for name in sorted(own.keys() | stated.keys())
        if own.get(name) != stated.get(name)
    ]


def _by_name(items: Any) -> dict[str, str]:
    """Each item of a list by its name, as it is printed; empty if an item has no name."""
    listed = items if isinstance(items, list) else []
    named = [{"name": item, "is": "present"} if isinstance(item, str) else item for item in listed]
    if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in named):
        return {}
    return {item["name"]: ", ".join(_shown(value) for name, value in item.items() if name != "name") for item in named}


def _shown(value: Any) -> str:
    """A value of a statement, safe to print, cut after 200 characters with a mark."""
    if isinstance(value, dict) and list(value) == ["sha256"]:
        return _shown(value["sha256"])
    return excerpt(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 200)


def signature_of(data: bytes, key: Path) -> bytes:
    """The signature of `data`; `key`: a private key of SSH, or a public key whose private key is in an SSH agent.
    Raises `UsageError` if the key cannot be used.
    """
    sign = ["-Y", "sign", "-f", str(key), "-n", NAMESPACE]
    return f"{_ssh_keygen(sign, f'{display_name(key)}: cannot sign', data)}\n".encode()


def signer_of(path: Path, signers: Path | None) -> str:
    """Who signed a file: the fingerprint of the key, with `signers` the name there of somebody whose key it is.

    `signers` is a file of allowed signers (ssh-keygen(1)). Empty if the file has no signature. Raises `UsageError` for
    a signature that does not hold, or of somebody else.
    """
    signature = path.with_name(f"{path.name}.sig")
    if not signature.is_file():
        return ""
    problem = f"{display_name(signature)}: the signature does not hold"
    name = ["-n", NAMESPACE, "-s", str(signature)]
    if signers is None:
        return _ssh_keygen(["-Y", "check-novalidate", *name], problem, path.read_bytes()).rpartition(" ")[2]
    said = _ssh_keygen(["-Y", "find-principals", "-f", str(signers), "-s", str(signature)], problem)
    signer = said.splitlines()[0]
    _ssh_keygen(["-Y", "verify", "-f", str(signers), "-I", signer, *name], problem, path.read_bytes())
    return signer


def _ssh_keygen(arguments: list[str], problem: str, data: bytes | None = None) -> str:
    """The output of ssh-keygen, which reads `data`. Raises `UsageError`."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise UsageError("signatures require ssh-keygen", "install OpenSSH")
    done = subprocess.run([program, *arguments], input=data, capture_output=True, check=False)
    if done.returncode:
        reason = visible(
            done.stderr.decode("utf-8", "replace").strip() or done.stdout.decode("utf-8", "replace").strip()
        )
        raise UsageError(f"{problem}: {reason}", "check the key and the file of signers")
    return done.stdout.decode("utf-8", "replace").strip()
