"""The shape of endpoints.json and its renewal in one step."""

from pathlib import Path

from local_runtime.endpoints import Addresses, Process, document, read_json, write_json

_ADDRESSES = Addresses(
    kafka="127.0.0.1:9092",
    provider="http://127.0.0.1:8500",
    smtp="127.0.0.1:8525",
    mail="http://127.0.0.1:8526",
    databases={"orders": "postgresql://orders@127.0.0.1:5432/orders"},
    services={"orders": "http://127.0.0.1:8100"},
)


def test_holds_what_outside_readers_rely_on() -> None:
    processes = [
        Process("orders-0", "orders", 11, "http://127.0.0.1:8100"),
        Process("orders-1", "orders", 12, "http://127.0.0.1:8101"),
        Process("mail", "mail", 13, "http://127.0.0.1:8526"),
        Process("kafka", "kafka", 14),
    ]

    assert document(_ADDRESSES, processes) == {
        "orders": "http://127.0.0.1:8100",
        "console": None,
        "provider": "http://127.0.0.1:8500",
        "kafka": "127.0.0.1:9092",
        "mail": {"smtp": "127.0.0.1:8525", "messages": "http://127.0.0.1:8526/messages"},
        "databases": {"orders": "postgresql://orders@127.0.0.1:5432/orders"},
        "pids": {"orders": [11, 12], "mail": [13], "kafka": [14]},
        "instances": {
            "orders-0": {"pid": 11, "http": "http://127.0.0.1:8100"},
            "orders-1": {"pid": 12, "http": "http://127.0.0.1:8101"},
        },
    }


def test_a_reader_keeps_the_old_content_while_the_new_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.json"
    write_json(file, {"pid": 1})

    with file.open() as opened_before:
        write_json(file, {"pid": 2})

        assert '"pid": 1' in opened_before.read()
    assert read_json(file) == {"pid": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["endpoints.json"]


def test_no_file_is_no_content(tmp_path: Path) -> None:
    assert read_json(tmp_path / "endpoints.json") is None
