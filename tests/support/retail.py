"""Small retail files, and what the rules make of them."""

from io import BytesIO

from local_runtime.retail.invoices import survey
from local_runtime.retail.orders import SaleOrder
from local_runtime.retail.plan import Planned, plan
from local_runtime.retail.returns import Return
from local_runtime.retail.rows import BadRow, Entry, Row, read_rows

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def a_row(
    invoice: str = "536365",
    sku: str = "85123A",
    quantity: str = "6",
    price: str = "2.55",
    customer: str = "17850",
    country: str = "United Kingdom",
) -> str:
    return f"{invoice},{sku},WHITE HEART,{quantity},12/1/10 8:26,{price},{customer},{country}"


def a_file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def read(content: bytes) -> list[Entry]:
    return list(read_rows(BytesIO(content)))


def the_row(content: bytes) -> Row:
    """The only row of a file, which can be read."""
    (entry,) = read(content)
    assert isinstance(entry, Row)
    return entry


def bad_rows(content: bytes) -> list[tuple[int, str, str]]:
    found = [entry for entry in read(content) if isinstance(entry, BadRow)]
    return [(one.line, one.invoice, one.reason) for one in found]


def planned(*rows: str, limit: int | None = None, token: str = "tok_ok") -> list[Planned]:
    content = a_file(*rows)
    found = survey(read_rows(BytesIO(content)))
    return list(plan(read_rows(BytesIO(content)), found.last_lines, token, limit))


def orders(*rows: str) -> list[SaleOrder]:
    return [one for one in planned(*rows) if isinstance(one, SaleOrder)]


def returns(*rows: str) -> list[Return]:
    return [one for one in planned(*rows) if isinstance(one, Return)]
