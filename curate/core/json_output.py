"""The types of the JSON output, from which its schemas are made."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import CoreSchema, core_schema

from curate.core.example import Place
from curate.core.masking import masked
from curate.core.text import storable


class Output:
    """The base of dataclasses that are printed as JSON as they are. Fields may be added, but not changed."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
    )


@dataclass(frozen=True, slots=True)
class Note(Output):
    """A line, or a part of one, that was not converted."""

    file: str
    line: int
    why: str

    @classmethod
    def of(cls, place: Place, why: str) -> "Note":
        """The note about a place."""
        return cls(place.file, place.line, why)


class OutputModel(BaseModel):
    """The base of output models that take their values from the attributes of a result, by name or by path."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


Model = TypeVar("Model", bound=OutputModel)


def at(*path: str) -> Any:
    """The default of a field whose value is at a path of attributes of the result: `at("split", "seed")` is
    `result.split.seed`.
    """
    return Field(validation_alias=AliasPath(*path))


def _masked_text(text: str) -> str:
    return storable(masked(text))


PlaceText = Annotated[str, BeforeValidator(str)]
"""FILE:LINE of a place."""
ClearText = Annotated[str, BeforeValidator(_masked_text), PlainSerializer(_masked_text, return_type=str)]
"""A text of the data without secrets; half of a surrogate pair, which a model does not accept, is escaped."""
Value = TypeVar("Value")


class _AnyType:
    """A type that pydantic does not validate."""

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        return core_schema.any_schema()


NotPrinted = Annotated[Value, _AnyType(), Field(exclude=True)]
"""A part of a result that is excluded from its JSON."""
Rounded = Annotated[float, PlainSerializer(lambda value: round(value, 6), return_type=float)]
"""A number; printed with six digits."""


def output_of(kind: type[Model], result: object, **overrides: Any) -> Model:
    """A result as an output model; `overrides`: values that the result lacks or has in another form."""
    values = {name: getattr(result, name) for name in kind.model_fields if name not in overrides}
    return kind.model_validate(values | overrides)


def output_values(
    kind: type[OutputModel], result: object, *, exclude_none: bool = False, **overrides: Any
) -> dict[str, Any]:
    """A result as plain values of an output model."""
    return output_of(kind, result, **overrides).model_dump(mode="json", exclude_none=exclude_none)
