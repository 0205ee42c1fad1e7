"""The consumers that a partner is given, run as told; and a partner's access from first to last."""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from local_runtime.jars import KafkaLock, fetch
from local_runtime.partner_consumers import consumers, java_properties
from local_runtime.partner_kafka import (
    NoKafkaForSellersError,
    PartnerKafkaError,
    add_partner,
    kafka_access,
    remove_partner,
    rights_in,
    rights_of,
    rotate,
)
from local_runtime.paths import cache_dir, kafka_lock_file
from shared.contracts import topics

from tests.support import kafka_callers as kafka
from tests.support.kafka_callers import Caller, code_of
from tests.support.partner_cluster import EVENTS, World, login, running
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[3]
RUN_TIMEOUT_S = 30
LET_IN, WRONG_LOGIN = 0, 58
TOLD = [f"ord_1 #{number} {event.type}" for number, event in enumerate(EVENTS, 1)]
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m")
BY_SETTINGS = """
import java.io.FileReader;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public final class BySettings {
    public static void main(String[] args) throws Exception {
        var settings = new Properties();
        settings.load(new FileReader(args[0]));
        var text = new StringDeserializer();
        try (var consumer = new KafkaConsumer<>(settings, text, text)) {
            consumer.subscribe(List.of(args[1]));
            while (true) {
                consumer.poll(Duration.ofSeconds(1)).forEach(r -> System.out.println(r.key()));
            }
        }
    }
}
"""


async def test_the_sample_in_python_reads_on_where_its_group_is(world: World) -> None:
    """The command as it is told to the partner; the second run goes on after the first."""
    _, *arguments = shlex.split(consumers(world.acme)["Python"])
    told = [sys.executable, *arguments]

    first = await _lines(world, [*told, "--count", "2"])
    second = await _lines(world, [*told, "--count", "1"])

    assert (len(first), len(second)) == (2, 1)
    assert [" ".join(one.split(" ")[:3]) for one in first + second] == TOLD
    assert world.acme.password not in " ".join(told)


async def test_the_sample_for_kcat_has_settings_that_its_library_reads_by(
    world: World, tmp_path: Path
) -> None:
    kcat = tmp_path / "kcat"
    kcat.write_text('#!/bin/sh\ncat "$2"\n', "utf-8")
    kcat.chmod(0o700)
    done = await asyncio.to_thread(
        subprocess.run,
        shlex.split(consumers(world.acme)["kcat"]),
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "KAFKA_PASSWORD": world.acme.password},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=True,
    )
    settings = dict(one.split("=", 1) for one in done.stdout.splitlines())
    consumer = Consumer({**settings, "group.id": "partner.acme.kcat"})
    try:
        consumer.subscribe([topics.FULFILMENT])
        records = await asyncio.to_thread(consumer.consume, len(EVENTS), RUN_TIMEOUT_S)
    finally:
        consumer.close()

    assert [one.key() for one in records] == [b"ord_1"] * 3


@pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK, which compiles the sample")
async def test_the_sample_and_the_settings_for_java_read_the_events(
    world: World, tmp_path: Path
) -> None:
    program, _, class_path, sample, *where, _ = shlex.split(consumers(world.acme)["Java"])
    by_settings = tmp_path / "BySettings.java"
    by_settings.write_text(BY_SETTINGS, "utf-8")
    settings = java_properties(world.acme).replace("warehouse", "by-settings")
    properties = tmp_path / "client.properties"
    properties.write_text(settings, "utf-8")
    java = [program, *QUICK, "-cp", _jars(class_path)]

    sampled, by_file = await asyncio.gather(
        _lines(world, [*java, sample, *where, "partner.acme.java"], 3),
        _lines(world, [*java, str(by_settings), str(properties), topics.FULFILMENT], 3),
    )

    assert [" ".join(one.split(" ")[:3]) for one in sampled] == TOLD
    assert by_file == ["ord_1"] * 3
    assert world.acme.password not in settings


def _jars(class_path: str) -> str:
    """The broker's own, of the names that partners are told."""
    there = fetch(KafkaLock.read(kafka_lock_file()), cache_dir())
    names = [one.removesuffix(".jar") for one in class_path.split(":")]
    return ":".join(str(jar) for jar in there if jar.name.startswith(tuple(names)))


async def _lines(world: World, command: list[str], count: int | None = None) -> list[str]:
    """The first lines that a partner's program prints; without a count, all until it ends well."""
    lines: list[str] = []
    async with (
        running(command, world.acme.password, ROOT) as program,
        asyncio.timeout(RUN_TIMEOUT_S),
    ):
        assert program.stdout is not None
        assert program.stderr is not None
        while len(lines) != count:
            line = (await program.stdout.readline()).decode().rstrip()
            if not line:
                assert count is None, (await program.stderr.read()).decode()
                assert await program.wait() == 0, (await program.stderr.read()).decode()
                break
            lines.append(line)
    return lines


async def test_a_seller_gets_no_kafka_and_is_told_what_it_can_have(world: World) -> None:
    """The topic holds all sellers' events; nothing is made for it on the way to the refusal."""
    with pytest.raises(NoKafkaForSellersError, match="webhooks or pull"):
        kafka_access(world.cluster.endpoints, "stall", seller_id="seller-1")

    assert rights_in(world.cluster.admin, "stall") == []


async def test_added_twice_a_partner_has_the_same_rights_and_the_last_password(
    world: World,
) -> None:
    """Rights that somebody else gave it are taken back."""
    admin = world.cluster.admin
    first = await asyncio.to_thread(add_partner, admin, "initech")
    kafka.give_right(Caller.operator(admin), "partner.initech")

    async def has_more() -> bool:
        return len(await asyncio.to_thread(rights_in, admin, "initech")) == 5

    await eventually(has_more, "the right that was given")
    second = await asyncio.to_thread(add_partner, admin, "initech")

    assert sorted(rights_in(admin, "initech")) == sorted(rights_of("initech"))
    assert len({first, second}) == 2
    await _settles(world, "initech", first, WRONG_LOGIN)
    await _settles(world, "initech", second, LET_IN)


async def test_after_a_rotation_the_old_password_is_refused(world: World) -> None:
    old = await asyncio.to_thread(add_partner, world.cluster.admin, "hooli")
    assert await login(world.cluster, "partner.hooli", old) == LET_IN

    new = await asyncio.to_thread(rotate, world.cluster.admin, "hooli")

    await _settles(world, "hooli", old, WRONG_LOGIN)
    await _settles(world, "hooli", new, LET_IN)
    with pytest.raises(PartnerKafkaError, match="nobody has no access"):
        await asyncio.to_thread(rotate, world.cluster.admin, "nobody")


async def test_a_removed_partner_may_nothing_even_where_it_is_connected(world: World) -> None:
    admin = world.cluster.admin
    access = await asyncio.to_thread(kafka_access, world.cluster.endpoints, "umbrella")
    connected = Caller.partner(access).admin
    assert topics.FULFILMENT in connected.list_topics(timeout=kafka.TIMEOUT_S).topics

    assert await asyncio.to_thread(remove_partner, admin, "umbrella") is True

    async def sees_nothing() -> bool:
        try:
            found = await asyncio.to_thread(connected.list_topics, timeout=kafka.TIMEOUT_S)
        except KafkaException as refused:
            # The client asks over a second connection once it has one, and is let in no more.
            return refused.args[0].code() in (KafkaError._TRANSPORT, KafkaError._AUTHENTICATION)
        return not found.topics

    await eventually(sees_nothing, "an open connection without rights")
    await _settles(world, "umbrella", access.password, WRONG_LOGIN)
    assert rights_in(admin, "umbrella") == []
    assert await asyncio.to_thread(remove_partner, admin, "umbrella") is False
    assert code_of(lambda: kafka.follow(world.caller("acme"), topics.FULFILMENT)) == 0


async def _settles(world: World, name: str, password: str, code: int) -> None:
    """A broker hears of a change a moment after the controller has made it."""

    async def as_expected() -> bool:
        return await login(world.cluster, f"partner.{name}", password) == code

    await eventually(as_expected, f"the answer {code} to a login of {name}")
