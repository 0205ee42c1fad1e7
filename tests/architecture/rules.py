"""The rules themselves: each takes a module and gives the places that break it."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.architecture.source import Function, Module

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 300
COLUMNS_MAX = 100
DEPTH_MAX = 5
PARAMETERS_MAX = 6

SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s")
SPEAKS_TO_THE_WORLD = re.compile(
    "connect|create_pool|open|open_pool|load|run|Popen|check_output|urlopen|getaddrinfo|socket|"
    r"(read|write)_(text|bytes)|mkdir|getenv|now|today|time|\w*Settings"
)
PURE_LIBRARY = re.compile(
    "__future__|abc|base64|binascii|bisect|collections|copy|dataclasses|datetime|decimal|email|"
    "enum|fractions|functools|hashlib|hmac|heapq|html|ipaddress|itertools|json|math|operator|"
    "pydantic|re|"
    "string|textwrap|types|typing|unicodedata|zoneinfo"
)
ASKS_THE_CLOCK = frozenset({"now", "utcnow", "today", "fromtimestamp"})
BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.Match,
)


class Finding(NamedTuple):
    """``place`` is ``path`` or ``path::function``, as exceptions name it."""

    place: str
    detail: str


Rule = Callable[[Module], Iterator[Finding]]


def long_functions(module: Module) -> Iterator[Finding]:
    for name, function in module.functions():
        if (size := lines_of(function)) > FUNCTION_LINES_MAX:
            yield Finding(f"{module.path}::{name}", f"{size} lines")


def lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def long_files(module: Module) -> Iterator[Finding]:
    if (size := module.text.count("\n")) > FILE_LINES_MAX:
        yield Finding(module.path, f"{size} lines")


def wide_lines(module: Module) -> Iterator[Finding]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if len(line) > COLUMNS_MAX:
            yield Finding(module.path, f"line {number} has {len(line)} columns")


def deep_functions(module: Module) -> Iterator[Finding]:
    for name, function in module.functions():
        if (depth := _depth(function.body)) > DEPTH_MAX:
            yield Finding(f"{module.path}::{name}", f"{depth} blocks deep")


def _depth(body: list[ast.stmt]) -> int:
    return max((_depth_of(one) for one in body), default=0)


def _depth_of(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0
    if isinstance(statement, ast.If):
        # An elif stands beside its if, not inside it.
        chained = len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If)
        beside = _depth(statement.orelse) if chained else 1 + _depth(statement.orelse)
        return max(1 + _depth(statement.body), beside if statement.orelse else 0)
    inner = [part.body for part in ast.iter_child_nodes(statement) if isinstance(part, _PARTS)] + [
        getattr(statement, name, []) for name in ("body", "orelse", "finalbody")
    ]
    return 1 + max((_depth(one) for one in inner), default=0)


_PARTS = (ast.ExceptHandler, ast.match_case)


def many_parameters(module: Module) -> Iterator[Finding]:
    for name, function in module.functions():
        named = function.args
        names = [one.arg for one in (*named.posonlyargs, *named.args, *named.kwonlyargs)]
        count = len([one for one in names if one not in ("self", "cls")])
        count += (named.vararg is not None) + (named.kwarg is not None)
        if count > PARAMETERS_MAX:
            yield Finding(f"{module.path}::{name}", f"{count} parameters")


def no_opening_line(module: Module) -> Iterator[Finding]:
    first = (ast.get_docstring(module.tree) or "").split("\n")[0]
    if not first:
        yield Finding(module.path, "has no docstring")
    elif not first.endswith((".", "?", ";", ":")) and "->" not in first:
        yield Finding(module.path, "its first line is no whole sentence")


def prints(module: Module) -> Iterator[Finding]:
    for name, function in module.functions():
        if any(_called(one) == "print" for one in _own_nodes(function)):
            yield Finding(f"{module.path}::{name}", "prints")
    if any(_called(one) == "print" for one in _on_import(module.tree)):
        yield Finding(module.path, "prints on import")


def sleeps(module: Module) -> Iterator[Finding]:
    for name, function in module.functions():
        for node in _own_nodes(function):
            if _called(node) == "sleep" and not _is_zero(node):
                yield Finding(f"{module.path}::{name}", "sleeps")


def _is_zero(call: ast.AST) -> bool:
    """``sleep(0)`` lets others run; it waits for nothing."""
    assert isinstance(call, ast.Call)
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def sql_strings(module: Module) -> Iterator[Finding]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield Finding(module.path, f"line {node.lineno}: {node.value.split()[0]} …")


def acts_on_import(module: Module) -> Iterator[Finding]:
    for node in _on_import(module.tree):
        called = _called(node)
        if SPEAKS_TO_THE_WORLD.fullmatch(called):
            assert isinstance(node, ast.Call)
            yield Finding(module.path, f"line {node.lineno} calls {called}")


def impure(module: Module) -> Iterator[Finding]:
    """Imports, clocks and coroutines that a rule of the business may not have."""
    service = module.path.split("/")[1]
    for node in ast.walk(module.tree):
        for imported in _imported(node):
            if not _is_pure(imported, service):
                yield Finding(module.path, f"imports {imported}")
        if isinstance(node, (ast.AsyncFunctionDef, ast.Await)):
            yield Finding(module.path, f"line {node.lineno} is asynchronous")
        called = _called(node)
        if called in ASKS_THE_CLOCK or called == "open":
            yield Finding(module.path, f"calls {called}")


def _is_pure(imported: str, service: str) -> bool:
    own = re.compile(
        rf"{service}\.(\w+\.)?domain\.|shared\.(contracts|errors|observability\.spans)\."
    )
    library = PURE_LIBRARY.fullmatch(imported.split(".")[0])
    return library is not None or own.match(f"{imported}.") is not None


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        # ``from shared import contracts`` names a module by its alias.
        return [f"{base}.{a.name}" for a in node.names] if "." not in base else [base]
    return []


def vague_handlers(module: Module) -> Iterator[Finding]:
    """``Cause -> effect | effect``, where the cause is an event's class name."""
    public = [one for one in module.functions() if "." not in one[0] and one[0][0] != "_"]
    handlers = [one for one in public if isinstance(one[1], ast.AsyncFunctionDef)]
    if len(handlers) != 1:
        yield Finding(module.path, f"{len(handlers)} handlers, not one")
    for name, function in handlers:
        first = (ast.get_docstring(function) or "").split("\n")[0]
        if not re.match(r"[A-Z]\w*( \| ([A-Z]\w*|…))* -> \S", first):
            yield Finding(f"{module.path}::{name}", f"{first!r} is no 'Cause -> effect'")
        if name != module.name.removesuffix(".py"):
            yield Finding(f"{module.path}::{name}", "is not named as its file")


def table_is_not_first(module: Module) -> Iterator[Finding]:
    """After docstring and imports comes HANDLERS."""
    body = module.tree.body
    rest = [one for one in body if not isinstance(one, (ast.Import, ast.ImportFrom, ast.Expr))]
    first = rest[0] if rest else None
    target: ast.expr | None = None
    if isinstance(first, ast.AnnAssign):
        target = first.target
    elif isinstance(first, ast.Assign):
        target = first.targets[0]
    if not (isinstance(target, ast.Name) and target.id == "HANDLERS"):
        yield Finding(module.path, "does not open with HANDLERS")


def _called(node: ast.AST) -> str:
    """The last part of the name that is called; empty when nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """What the function itself does, without the functions inside it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            todo.extend(ast.iter_child_nodes(node))


def _on_import(tree: ast.Module) -> Iterator[ast.AST]:
    """What runs when the module is imported: not bodies of functions, nor of a script's end."""
    todo: list[ast.AST] = [one for one in tree.body if not _is_script(one)]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            todo.extend((*node.decorator_list, *node.args.defaults))
            todo.extend(one for one in node.args.kw_defaults if one is not None)
        elif isinstance(node, ast.Lambda):
            todo.extend(node.args.defaults)
        else:
            todo.extend(ast.iter_child_nodes(node))


def _is_script(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)
