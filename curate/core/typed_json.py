"""Dataclasses, named tuples and collections as values of JSON, and back by their declared types.

Text with lone surrogates is kept. Decoded values have exactly the declared types, so that a file can be read without
trusting it, unlike one of pickle.
"""

from array import array
from base64 import b64encode
from binascii import a2b_base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

NOT_STORED: Final = {"stored": False}
"""Metadata of a dataclass field that is left out; it has its default value when decoded."""
SCALARS: Final = frozenset({str, int, bool, float})
INTEGER_TYPES: Final = "BIQ"
"""The type codes of arrays that are decoded."""


def to_json(value: Any) -> Any:
    """A value as JSON: mappings as lists of pairs, bytes and arrays as text."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, array):
        return [value.typecode, b64encode(value.tobytes()).decode()]
    if isinstance(value, Mapping):
        return [[to_json(key), to_json(item)] for key, item in value.items()]
    if is_dataclass(value):
        kind: Any = type(value)
        return [to_json(getattr(value, name)) for name in _stored(kind)]
    return list(map(to_json, value))


@cache
def decoder(kind: Any) -> Callable[[Any], Any]:
    """A function that makes a value of the type `kind` from what `to_json` returned. It raises `ValueError`,
    `TypeError` or `LookupError` for anything else.
    """
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        (present,) = (decoder(argument) for argument in arguments if argument is not NoneType)
        return lambda value: None if value is None else present(value)
    if origin in SCALARS:
        return lambda value: _of_type(value, origin)
    if origin is bytes:
        return lambda value: a2b_base64(value, strict_mode=True)
    if origin is array:
        return _array
    if is_dataclass(origin):
        return _dataclass_decoder(origin)
    return _collection_decoder(origin, arguments)


def _array(value: Any) -> "array[int]":
    """An array of integers from its type code and base64 text. Raises `ValueError` for another type."""
    type_code, data = value
    if type_code not in INTEGER_TYPES:
        raise ValueError(f"an array of type {type_code}")
    return array(type_code, a2b_base64(data, strict_mode=True))


def _collection_decoder(origin: Any, arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    """As `decoder`, for an enumeration, mapping, tuple, list or set `origin` with elements of the types `arguments`."""
    if issubclass(origin, Enum):
        member: Callable[[Any], Any] = origin
        return member
    if issubclass(origin, Mapping):
        kinds = arguments[0], int if origin is Counter else arguments[1]
        if set(kinds) <= SCALARS:
            return lambda pairs: origin(_mapping(pairs, *kinds))
        key, item = map(decoder, kinds)
        return lambda pairs: origin({key(name): item(value) for name, value in pairs})
    if issubclass(origin, tuple) and arguments[1:] != (...,):
        hints = get_type_hints(origin).values() if hasattr(origin, "_fields") else arguments
        parts = list(map(decoder, hints))
        make = getattr(origin, "_make", tuple)
        return lambda values: make([part(value) for part, value in zip(parts, values, strict=True)])
    element = decoder(arguments[0])
    return lambda values: origin(map(element, values))


def _mapping(pairs: Any, key: type, item: type) -> dict[Any, Any]:
    """The mapping of pairs of a key and an item of these types. Raises `TypeError` for others."""
    mapping = dict(pairs)
    if not {*map(type, mapping)} <= {key} or not {*map(type, mapping.values())} <= {item}:
        raise TypeError(f"keys or items of other types than {key.__name__} and {item.__name__}")
    return mapping


def _dataclass_decoder(kind: Any) -> Callable[[Any], Any]:
    """As `decoder`, for a dataclass, whose JSON is the list of its values."""
    parts = [(name, decoder(hint)) for name, hint in _stored(kind).items()]
    return lambda values: kind(**{name: part(value) for (name, part), value in zip(parts, values, strict=True)})


class _ArrayType:
    """Stands for `array` in annotations: `array[int]` cannot be evaluated before Python 3.12."""

    def __class_getitem__(cls, _: object) -> type:
        return array


@cache
def _stored(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass that are stored, with their types."""
    hints = get_type_hints(kind, localns={"array": _ArrayType})
    return {field.name: hints[field.name] for field in fields(kind) if field.metadata.get("stored", True)}


def _of_type(value: Any, kind: type) -> Any:
    """The value itself. Raises `TypeError` if it is of another type."""
    if type(value) is not kind:
        raise TypeError(f"a value of type {type(value).__name__} instead of {kind.__name__}")
    return value
