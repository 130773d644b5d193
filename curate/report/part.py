"""What the JSON of all verbs is made of. A part takes its values from the attributes of the result that it is made of,
by their names or by a path.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from curate.core.masking import masked
from curate.core.text import storable


class Part(BaseModel):
    """A part of the output; keys may be added, never change."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


def at(*path: str) -> Any:
    """Where a value stands in the result: the names of the attributes on the way."""
    return Field(validation_alias=AliasPath(*path))


PlaceText = Annotated[str, BeforeValidator(str)]
"""FILE:LINE of a place."""
ClearText = Annotated[str, BeforeValidator(lambda text: storable(masked(text)))]
"""A text of the data without its secrets."""
Similarity = Annotated[float, AfterValidator(lambda value: round(value, 6))]
"""A number of which six digits count."""


def plain(kind: type[Part], result: object, *, exclude_none: bool = False, **others: Any) -> dict[str, Any]:
    """A result as plain values of a kind of output; `others` are values that it has not, or has in another form."""
    values = {name: getattr(result, name) for name in kind.model_fields if name not in others}
    return kind.model_validate(values | others).model_dump(mode="json", exclude_none=exclude_none)
