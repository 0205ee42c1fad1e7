"""A start that would lose messages or stand open is refused: exit 78, and the setting named."""

import pytest
from pydantic_settings import SettingsConfigDict
from shared.settings import EX_CONFIG, ServiceSettings, load

LOCAL = {
    "ORDERPROOF_ENVIRONMENT": "local",
    "SHOP_DATABASE_URL": "postgresql://shop@127.0.0.1/shop",
    "SHOP_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "SHOP_INSTANCE_NAME": "shop-0",
}
PRODUCTION = {
    **LOCAL,
    "ORDERPROOF_ENVIRONMENT": "production",
    "SHOP_DATABASE_URL": "postgresql://shop:secret@db/shop",
    "SHOP_KAFKA_USERNAME": "shop",
    "SHOP_KAFKA_PASSWORD": "secret",
}
SINGLE_NODE = {
    **LOCAL,
    "ORDERPROOF_ENVIRONMENT": "single-node",
    "SHOP_DATABASE_URL": "postgresql://shop:secret@db/shop",
}


class ShopSettings(ServiceSettings):
    """A service like any other."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PRODUCTION, "SHOP_HTTP_HOST", "SHOP_KAFKA_ACKS"):
        monkeypatch.delenv(name, raising=False)


def start(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> ShopSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load(ShopSettings)


@pytest.mark.parametrize(
    ("base", "change", "named"),
    [
        (LOCAL, {"SHOP_KAFKA_ACKS": "1"}, "SHOP_KAFKA_ACKS"),
        (LOCAL, {"SHOP_KAFKA_ACKS": "0"}, "SHOP_KAFKA_ACKS"),
        (LOCAL, {"SHOP_KAFKA_ENABLE_AUTO_COMMIT": "true"}, "SHOP_KAFKA_ENABLE_AUTO_COMMIT"),
        (LOCAL, {"SHOP_KAFKA_AUTO_OFFSET_RESET": "latest"}, "SHOP_KAFKA_AUTO_OFFSET_RESET"),
        (LOCAL, {"SHOP_HTTP_HOST": "0.0.0.0"}, "SHOP_HTTP_HOST"),
        (LOCAL, {"SHOP_HTTP_HOST": "::"}, "SHOP_HTTP_HOST"),
        (LOCAL, {"SHOP_IDEMPOTENCY_RETENTION_H": "23"}, "SHOP_IDEMPOTENCY_RETENTION_H"),
        (LOCAL, {"SHOP_INBOX_RETENTION_DAYS": "0"}, "SHOP_INBOX_RETENTION_DAYS"),
        (LOCAL, {"SHOP_HTTP_HOST": "10.0.0.1"}, "SHOP_HTTP_HOST"),
        (LOCAL, {"SHOP_HTTP_HOST": "shop.example.com"}, "SHOP_HTTP_HOST"),
        (
            LOCAL,
            {"SHOP_HTTP_HOST": "0.0.0.0", "SHOP_ALLOW_UNAUTHENTICATED_BIND": "true"},
            "SHOP_HTTP_HOST",
        ),
        (PRODUCTION, {"SHOP_HTTP_HOST": "0.0.0.0"}, "SHOP_HTTP_HOST"),
        (PRODUCTION, {"SHOP_KAFKA_USERNAME": ""}, "SHOP_KAFKA_"),
        (PRODUCTION, {"SHOP_KAFKA_PASSWORD": ""}, "SHOP_KAFKA_"),
        (PRODUCTION, {"SHOP_DATABASE_URL": "postgresql://shop@db/shop"}, "SHOP_DATABASE_URL"),
        (PRODUCTION, {"SHOP_CLOCK_OFFSET_S": "1"}, "SHOP_CLOCK_OFFSET_S"),
        (PRODUCTION, {"SHOP_CRASH_DIR": "crash"}, "SHOP_CRASH_DIR"),
        (SINGLE_NODE, {"SHOP_HTTP_HOST": "0.0.0.0"}, "SHOP_HTTP_HOST"),
        (SINGLE_NODE, {"SHOP_DATABASE_URL": "postgresql://shop@db/shop"}, "SHOP_DATABASE_URL"),
        (SINGLE_NODE, {"SHOP_CLOCK_OFFSET_S": "1"}, "SHOP_CLOCK_OFFSET_S"),
        (SINGLE_NODE, {"SHOP_CRASH_DIR": "crash"}, "SHOP_CRASH_DIR"),
        (SINGLE_NODE, {"SHOP_KAFKA_ACKS": "1"}, "SHOP_KAFKA_ACKS"),
        (LOCAL, {"SHOP_DATABASE_URL": "mysql://x"}, "SHOP_DATABASE_URL"),
        (LOCAL, {"SHOP_HTTP_PORT": "65536"}, "SHOP_HTTP_PORT"),
        (LOCAL, {"SHOP_HTTP_PORT": "web"}, "SHOP_HTTP_PORT"),
        (LOCAL, {"SHOP_INSTANCE_NAME": ""}, "SHOP_INSTANCE_NAME"),
        (LOCAL, {"SHOP_DRAIN_TIMEOUT_S": "0"}, "SHOP_DRAIN_TIMEOUT_S"),
        (LOCAL, {"ORDERPROOF_ENVIRONMENT": "staging"}, "ORDERPROOF_ENVIRONMENT"),
    ],
)
def test_an_unsafe_or_wrong_setting_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    base: dict[str, str],
    change: dict[str, str],
    named: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, {**base, **change})

    assert ended.value.code == EX_CONFIG == 78
    told = capsys.readouterr().err
    assert told.startswith(named)
    assert "secret" not in told


@pytest.mark.parametrize("name", [one for one in LOCAL if one != "ORDERPROOF_ENVIRONMENT"])
def test_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, {key: value for key, value in LOCAL.items() if key != name})

    assert ended.value.code == EX_CONFIG
    assert f"{name}: Field required" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (LOCAL, {}),
        (LOCAL, {"SHOP_HTTP_HOST": "localhost"}),
        (LOCAL, {"SHOP_HTTP_HOST": "::1"}),
        (LOCAL, {"SHOP_HTTP_HOST": "127.8.9.1"}),
        (LOCAL, {"SHOP_CLOCK_OFFSET_S": "3600", "SHOP_CRASH_DIR": "crash"}),
        (LOCAL, {"SHOP_HTTP_PORT": "65535", "SHOP_KAFKA_ACKS": "all"}),
        (PRODUCTION, {}),
        (PRODUCTION, {"SHOP_HTTP_HOST": "0.0.0.0", "SHOP_ALLOW_UNAUTHENTICATED_BIND": "true"}),
        (SINGLE_NODE, {}),
        (SINGLE_NODE, {"SHOP_HTTP_HOST": "0.0.0.0", "SHOP_ALLOW_UNAUTHENTICATED_BIND": "true"}),
    ],
)
def test_what_is_safe_starts(
    monkeypatch: pytest.MonkeyPatch, base: dict[str, str], change: dict[str, str]
) -> None:
    settings = start(monkeypatch, {**base, **change})

    assert settings.kafka_acks == "all"
    assert settings.instance_name == "shop-0"


def test_production_is_what_runs_when_nobody_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        start(monkeypatch, {k: v for k, v in LOCAL.items() if k != "ORDERPROOF_ENVIRONMENT"})

    assert "SHOP_DATABASE_URL: has no password" in capsys.readouterr().err


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = start(monkeypatch, {**PRODUCTION, "SHOP_KAFKA_PASSWORD": "canary"})

    assert "canary" not in repr(settings)
