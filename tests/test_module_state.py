"""No module keeps state: what is bound in modules are constants, and caches of functions."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("curate", "train", "tui")
CONTAINERS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MAKERS = {
    *("dict", "list", "set", "bytearray", "Counter", "deque", "defaultdict", "OrderedDict", "ChainMap", "array"),
    *("WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "local", "ContextVar", "Queue", "SimpleQueue"),
}
LEAVES = (ast.expr_context, ast.Constant)
"""Nodes that say nothing here: every second one."""
NEVER_CONSTANT = {"local", "ContextVar", "Queue", "SimpleQueue"}
MUTATORS = {
    *("append", "extend", "insert", "add", "update", "setdefault", "clear", "pop", "popitem", "popleft", "remove"),
    *("discard", "appendleft", "extendleft", "sort", "reverse", "subtract", "difference_update", "put"),
    *("intersection_update", "symmetric_difference_update", "set"),
}
EXCEPTIONS = {
    "curate.parallel.kernels._mode": "how loops run, which are called from everywhere; each thread has its own "
    "value of a context variable",
    "curate.models.model_batches._pools": "the pools of `models_on`, used 14 functions further down; each thread has "
    "its own value of a context variable",
}
"""Variables that are left, and why."""
Found = list[str]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def bindings(tree: ast.Module) -> Iterator[tuple[str, ast.expr, bool]]:
    """What a module binds: name, value, and whether it says that the name is a constant."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value, target.id.lstrip("_").isupper()
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            name = node.target.id
            yield name, node.value, "Final" in ast.unparse(node.annotation) or name.lstrip("_").isupper()


def maker(value: ast.expr) -> str:
    """The name of the class or function that a value is a call of."""
    called = value.func if isinstance(value, ast.Call) else None
    while isinstance(called, ast.Subscript):
        called = called.value
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def local_classes(tree: ast.Module) -> set[str]:
    """Classes whose objects hold other values in each thread."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {one.name for one in classes if {"local", "threading.local"} & set(map(ast.unparse, one.bases))}


def nodes_of(tree: ast.Module) -> tuple[list[ast.AST], list[ast.AST]]:
    """All nodes of a module, and those of its functions."""
    every: list[ast.AST] = []
    inside: list[ast.AST] = []
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, within = pending.pop()
        within = within or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        every.append(node)
        if within:
            inside.append(node)
        pending += [(child, within) for child in ast.iter_child_nodes(node) if not isinstance(child, LEAVES)]
    return every, inside


def imported(nodes: list[ast.AST]) -> dict[str, str]:
    """What names mean that a module, or a function of it, imports: the dotted name, by the name that is used."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Import):
            found |= {one.asname or one.name.partition(".")[0]: one.name for one in node.names}
    return found


def changes(inside: list[ast.AST]) -> Iterator[tuple[int, ast.expr, bool]]:
    """What functions change: line, the changed expression, and whether an attribute of it is assigned."""
    for node in inside:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            yield node.lineno, node.func.value, False
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else []
        targets = [*targets, node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Subscript):
                yield target.lineno, target.value, False
            elif isinstance(target, ast.Attribute):
                yield target.lineno, target.value, True


def shadowed(every: list[ast.AST], inside: list[ast.AST]) -> set[str]:
    """Names that a function of a module binds, as parameters or otherwise, which are not those of the module there."""
    names = {node.arg for node in every if isinstance(node, ast.arg)}
    return names | {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def first_name(changed: ast.expr) -> str:
    """The name that a dotted name begins with; empty for any other expression."""
    while isinstance(changed, ast.Attribute):
        changed = changed.value
    return changed.id if isinstance(changed, ast.Name) else ""


def state_in(sources: Mapping[str, str]) -> Found:
    """What is no constant in modules, by their names."""
    trees = {name: ast.parse(text) for name, text in sources.items()}
    nodes = {name: nodes_of(tree) for name, tree in trees.items()}
    found: Found = []
    constants: set[str] = set()
    for module, tree in trees.items():
        own = local_classes(tree)
        for name, value, constant in bindings(tree):
            made = maker(value)
            if name.startswith("__") or not (isinstance(value, CONTAINERS) or made in MAKERS | own):
                continue
            if f"{module}.{name}" in EXCEPTIONS:
                continue
            if not constant or made in NEVER_CONSTANT | own:
                found.append(f"{module}.{name}: a variable of a module")
            constants.add(f"{module}.{name}")
        found += [
            f"{module}:{node.lineno}: global {', '.join(node.names)}"
            for node in nodes[module][0]
            if isinstance(node, ast.Global)
        ]
    for module, (every, inside) in nodes.items():
        meanings = {name.rpartition(".")[2]: name for name in constants if name.rpartition(".")[0] == module}
        meanings |= imported(every)
        bound = shadowed(every, inside)
        for line, changed, attribute in changes(inside):
            first = first_name(changed)
            if first not in meanings or first in bound:
                continue
            rest = ast.unparse(changed).partition(".")[2]
            meaning = ".".join(filter(None, (meanings[first], rest)))
            if meaning in constants or (attribute and meaning in trees):
                found.append(f"{module}:{line}: changes {meaning}")
    return found


@pytest.mark.slow
def test_no_module_of_the_program_keeps_state() -> None:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert len(paths) > 400
    assert state_in({module_name(path): path.read_text() for path in paths}) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SIZES: Final = {'a': 1}\ndef size(name):\n    return SIZES[name]", ""),
        ("def total(SIZES):\n    SIZES.clear()", ""),
        ("@cache\ndef square(n):\n    return n * n", ""),
        ("names: list[str] = []", "a.names: a variable of a module"),
        ("names = deque()", "a.names: a variable of a module"),
        ("names = dict[str, int]()", "a.names: a variable of a module"),
        ("NAMES: Final = []\ndef keep(name):\n    NAMES.append(name)", "a:3: changes a.NAMES"),
        ("NAMES: Final = {}\ndef keep(name):\n    NAMES[name] = 1", "a:3: changes a.NAMES"),
        ("NAMES: Final = {}\ndef drop(name):\n    del NAMES[name]", "a:3: changes a.NAMES"),
        ("COUNT = 0\ndef count():\n    global COUNT\n    COUNT += 1", "a:3: global COUNT"),
        ("from b import OTHERS\ndef keep(name):\n    OTHERS.add(name)", "a:3: changes b.OTHERS"),
        ("import b\ndef keep(name):\n    b.OTHERS.add(name)", "a:3: changes b.OTHERS"),
        ("import b\ndef keep(name):\n    b.limit = 3", "a:3: changes b"),
        ("_KEPT: Final = ContextVar('kept')", "a._KEPT: a variable of a module"),
        ("class Kept(local):\n    pass\nKEPT: Final = Kept()", "a.KEPT: a variable of a module"),
    ],
)
def test_state_is_found(text: str, told: str) -> None:
    assert state_in({"a": text, "b": "OTHERS: Final = {1}"}) == ([told] if told else [])
