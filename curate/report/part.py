"""The base of the JSON output models: values come from the attributes of a result, by name or by path."""

from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from curate.core.masking import masked
from curate.core.text import storable


class Part(BaseModel):
    """A part of the output. Keys may be added, but not changed."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


def at(*path: str) -> Any:
    """The path of attribute names to a value in the result."""
    return Field(validation_alias=AliasPath(*path))


PlaceText = Annotated[str, BeforeValidator(str)]
"""FILE:LINE of a place."""
ClearText = Annotated[str, BeforeValidator(lambda text: storable(masked(text)))]
"""A text of the data without secrets."""
Similarity = Annotated[float, AfterValidator(lambda value: round(value, 6))]
"""A number rounded to six digits."""


def plain(kind: type[Part], result: object, *, exclude_none: bool = False, **others: Any) -> dict[str, Any]:
    """A result as plain values of an output model; `others`: values that the result lacks or has in another form."""
    values = {name: getattr(result, name) for name in kind.model_fields if name not in others}
    return kind.model_validate(values | others).model_dump(mode="json", exclude_none=exclude_none)
