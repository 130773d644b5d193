"""The options of a command that are keys of the configuration, as typer reads them (see `curate.core.verb_options`)."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_args, get_origin

import typer

from curate.cli.options import codes, named_numbers
from curate.core.errors import UsageError
from curate.core.verb_options import VerbOption, given_of, in_place_of, options_of

Parameter = inspect.Parameter


def takes_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Replace the dataclass parameters of a command by their fields, and its parameter `given` by the configuration
    options of the command.
    """
    signature = inspect.signature(function)
    declared: list[Parameter] = []
    for parameter in signature.parameters.values():
        declared += (
            map(_field_parameter, fields(parameter.annotation)) if _is_dataclass_parameter(parameter) else [parameter]
        )
    takes_keys = any(parameter.name == "given" for parameter in declared)
    command_options = options_of(function.__name__) if takes_keys else ()

    @wraps(function)
    def command(**values: Any) -> Any:
        if takes_keys:
            option_values = {option.key: _value(option, values.pop(option.key, None)) for option in command_options}
            values["given"] = given_of(function.__name__, option_values)
        for name, parameter in signature.parameters.items():
            if _is_dataclass_parameter(parameter):
                field_values = {field.name: values.pop(field.name) for field in fields(parameter.annotation)}
                values[name] = parameter.annotation(**field_values)
        return function(**values)

    parameters = in_place_of("given", map(_option_parameter, command_options), declared)
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command


def _is_dataclass_parameter(parameter: Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _field_parameter(field: "Field[Any]") -> Parameter:
    default = Parameter.empty if field.default is MISSING else field.default
    return Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=field.type)


def _option_parameter(option: VerbOption) -> Parameter:
    """An option of the configuration as a keyword parameter that typer reads."""
    names = [name for name in (option.flag, option.declared.alias) if name]
    info = typer.Option(*names, help=help_of(option), metavar=option.declared.metavar)
    kind = type_on_command_line(option) | None
    return Parameter(option.key, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[kind, info])


def help_of(option: VerbOption) -> str:
    """The help of an option, with its default."""
    default = option.default_text
    return f"{option.declared.help}  [default: {default}]" if default else option.declared.help


def type_on_command_line(option: VerbOption) -> Any:
    """The type that typer reads for an option: several numbers are one text with commas, named numbers a repeatable
    text.
    """
    if option.numbers:
        return str
    return list[str] if get_origin(option.type) else option.type


def _value(option: VerbOption, value: Any) -> Any:
    """A value of the command line, converted to the type of the configuration; None if it is not given. Raises
    `UsageError`.
    """
    if value is None:
        return None
    if option.numbers:
        return _numbers(option, value)
    if get_origin(option.type) is Mapping:
        return named_numbers(option.flag, value, option.declared.example)
    if option.declared.separated:
        return codes(value)
    return not value if option.default is True else value


def _numbers(option: VerbOption, text: str) -> Sequence[float]:
    """The numbers of an option, from a text with commas. Raises `UsageError` unless there are as many as the option
    takes.
    """
    [kind] = get_args(option.type)
    try:
        numbers = [kind(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != option.numbers:
        raise UsageError(
            f"{option.flag} {text!r}: not {option.numbers} numbers", f"write them like {option.declared.metavar}"
        )
    return numbers
