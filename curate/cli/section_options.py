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
    """Give a command the fields of its parameter that is a dataclass as its parameters, and the options of its name in
    place of the one that is called `given`, which gets their values.
    """
    signature = inspect.signature(function)
    declared: list[Parameter] = []
    for parameter in signature.parameters.values():
        declared += map(_parameter_of, fields(parameter.annotation)) if _is_group(parameter) else [parameter]
    takes_keys = any(parameter.name == "given" for parameter in declared)
    command_options = options_of(function.__name__) if takes_keys else ()

    @wraps(function)
    def command(**values: Any) -> Any:
        if takes_keys:
            option_values = {option.key: _value(option, values.pop(option.key, None)) for option in command_options}
            values["given"] = given_of(function.__name__, option_values)
        for name, parameter in signature.parameters.items():
            if _is_group(parameter):
                field_values = {field.name: values.pop(field.name) for field in fields(parameter.annotation)}
                values[name] = parameter.annotation(**field_values)
        return function(**values)

    parameters = in_place_of("given", map(_parameter, command_options), declared)
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command


def _is_group(parameter: Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _parameter_of(field: "Field[Any]") -> Parameter:
    default = Parameter.empty if field.default is MISSING else field.default
    return Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=field.type)


def _parameter(option: VerbOption) -> Parameter:
    names = [name for name in (option.flag, option.declared.alias) if name]
    info = typer.Option(*names, help=help_of(option), metavar=option.declared.metavar)
    kind = type_on_command_line(option) | None
    return Parameter(option.key, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[kind, info])


def help_of(option: VerbOption) -> str:
    """What an option does, and its default."""
    default = option.default_text
    return f"{option.declared.help}  [default: {default}]" if default else option.declared.help


def type_on_command_line(option: VerbOption) -> Any:
    """The type of what typer reads: numbers are one text with commas, names with numbers a repeatable one."""
    if option.numbers:
        return str
    return list[str] if get_origin(option.type) else option.type


def _value(option: VerbOption, value: Any) -> Any:
    """A value of the command line as the configuration takes it. Raises `UsageError`."""
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
