"""Each rule is shown what it must find and what it must let pass."""

import pytest

from tests.architecture import rules
from tests.architecture.source import Module

DOMAIN = "services/orders/src/orders/domain/one.py"
HANDLER = "services/orders/src/orders/handlers/confirm.py"


def nested(depth: int) -> str:
    blocks = "".join("    " * (n + 1) + f"if {n}:\n" for n in range(depth))
    return f"def f():\n{blocks}{'    ' * (depth + 1)}pass\n"


def chained(branches: int) -> str:
    rest = "".join(f"    elif {n}:\n        pass\n" for n in range(branches))
    return f"def f():\n    if x:\n        pass\n{rest}"


CASES: list[tuple[rules.Rule, str, str, str]] = [
    (rules.long_functions, "a.py", "def f():\n" + "    x\n" * 60, "def f():\n" + "    x\n" * 59),
    (rules.long_files, "a.py", "x\n" * 301, "x\n" * 300),
    (rules.wide_lines, "a.py", "#" * 101, "#" * 100),
    (rules.deep_functions, "a.py", nested(6), nested(5)),
    (rules.deep_functions, "a.py", nested(6), chained(9)),
    (rules.many_parameters, "a.py", "def f(a,b,c,d,e,f,g): ...", "def f(self,b,c,d,e,f,g): ..."),
    (rules.many_parameters, "a.py", "def f(a,b,c,d,e,*f,g): ...", "def f(a,b,c,d,*e,f): ..."),
    (rules.no_opening_line, "a.py", "x = 1", '"""Ones."""\nx = 1'),
    (rules.prints, "a.py", "def f():\n    print(1)", "def f():\n    log.info(1)"),
    (rules.prints, "a.py", "print(1)", "log(1)"),
    (rules.sleeps, "a.py", "def f():\n    time.sleep(1)", "def f():\n    asyncio.sleep(0)"),
    (rules.sql_strings, "a.py", 'q = "\\nSELECT 1"', 'q = "Select one of these."'),
    (rules.sql_strings, "a.py", 'q = f"DELETE FROM {t}"', 'q = "DELETEd"'),
    (rules.acts_on_import, "a.py", "settings = OrdersSettings()", "def f():\n    S.Settings()"),
    (rules.acts_on_import, "a.py", "class A:\n    x = open('f')", "x = field(lambda: open('f'))"),
    (rules.acts_on_import, "a.py", "def f(x=connect()): ...", "def f(x=1):\n    connect()"),
    (rules.impure, DOMAIN, "import asyncpg", "from datetime import UTC"),
    (rules.impure, DOMAIN, "from shared import clock", "from shared import contracts"),
    (rules.impure, DOMAIN, "from payments.domain.a import b", "from orders.domain.a import b"),
    (rules.impure, DOMAIN, "x = datetime.now()", "x = now + delay"),
    (rules.impure, DOMAIN, "async def f(): ...", "def f(): ..."),
    (rules.table_is_not_first, "app.py", "import a\nX = 1\nHANDLERS = {}", "HANDLERS = {}\nX = 1"),
    (
        rules.vague_handlers,
        HANDLER,
        'async def confirm():\n    """Confirms."""',
        'async def confirm():\n    """StockReserved -> OrderConfirmed: when paid for."""',
    ),
    (
        rules.vague_handlers,
        HANDLER,
        'async def other():\n    """StockReserved -> OrderConfirmed."""',
        'async def confirm():\n    """A | B -> OrderConfirmed | nothing."""',
    ),
]


@pytest.mark.parametrize(("rule", "path", "bad", "good"), CASES)
def test_a_rule_finds_what_breaks_it_and_nothing_else(
    rule: rules.Rule, path: str, bad: str, good: str
) -> None:
    assert list(rule(Module(path, bad)))
    assert not list(rule(Module(path, good)))
