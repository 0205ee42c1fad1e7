"""The broker's listener for partners: what it adds, its certificate, and who cannot have it."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from local_runtime.config import StackConfig
from local_runtime.endpoints import Addresses, document
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import PartnerKafka
from local_runtime.runtimes.choice import NoPartnerListenerError, RuntimeName, build
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.runtimes.kafka import Seat, settings
from local_runtime.runtimes.partner_listener import PartnerListener


def test_nobody_gets_it_without_asking(tmp_path: Path) -> None:
    runtime = EmbeddedRuntime(RunDir(tmp_path), PortBook(fixed=False))

    assert StackConfig().partner_listener is False
    assert (runtime.kafka.partners, runtime.partner_kafka) == (None, None)
    assert "authorizer.class.name" not in settings(9092, tmp_path, Seat(1, {1: 9093}))


def test_it_is_a_listener_more_and_the_authorizer_is_for_all(tmp_path: Path) -> None:
    before = settings(9092, tmp_path, Seat(1, {1: 9093}))
    given = PartnerListener(9094, tmp_path).added_to(before)

    assert given["listeners"] == before["listeners"] + ",PARTNERS://127.0.0.1:9094"
    assert given["advertised.listeners"].endswith(",PARTNERS://127.0.0.1:9094")
    assert given["listener.security.protocol.map"].endswith(",PARTNERS:SASL_SSL")
    assert given["allow.everyone.if.no.acl.found"] == "false"
    assert given["super.users"] == "User:ANONYMOUS"
    assert {name: given[name] for name in before if "listener" not in name} == {
        name: value for name, value in before.items() if "listener" not in name
    }


def test_brokers_of_a_cluster_have_ports_of_their_own_and_one_authority(tmp_path: Path) -> None:
    runtime = EmbeddedRuntime(
        RunDir(tmp_path), PortBook(fixed=False), brokers=3, partner_listener=True
    )

    assert runtime.partner_kafka is not None
    assert len(set(runtime.partner_kafka.bootstrap.split(","))) == 3
    assert {one.partners.ca_file for one in runtime.brokers if one.partners} == {
        runtime.partner_kafka.ca_file
    }


def test_the_certificate_is_of_this_machine_alone_and_its_key_is_nobody_elses(
    tmp_path: Path,
) -> None:
    listener = PartnerListener(9094, tmp_path / "tls")
    listener.prepare()
    server = tmp_path / "tls" / "server.pem"

    key = load_pem_private_key(server.read_bytes(), None)
    certificate = load_pem_x509_certificate(server.read_bytes())
    authority = load_pem_x509_certificate(listener.ca_file.read_bytes())

    certificate.verify_directly_issued_by(authority)
    assert certificate.public_key() == key.public_key()
    assert b"PRIVATE" not in listener.ca_file.read_bytes()
    assert stat.S_IMODE(server.stat().st_mode) == 0o600
    assert sorted(one.name for one in server.parent.iterdir()) == ["ca.pem", "server.pem"]
    strict = ssl.create_default_context(cafile=str(listener.ca_file))
    assert len(strict.get_ca_certs()) == 1


def test_a_restart_keeps_the_certificate_that_partners_trust(tmp_path: Path) -> None:
    listener = PartnerListener(9094, tmp_path)
    listener.prepare()
    before = listener.ca_file.read_bytes()

    listener.prepare()
    kept = listener.ca_file.read_bytes()
    (tmp_path / "server.pem").unlink()
    listener.prepare()

    assert kept == before
    assert listener.ca_file.read_bytes() != before


@pytest.mark.parametrize("name", [RuntimeName.CONTAINERS, RuntimeName.EXTERNAL])
def test_a_broker_of_somebody_else_gets_none_from_us(name: RuntimeName, tmp_path: Path) -> None:
    with pytest.raises(NoPartnerListenerError, match=name.value):
        build(name, RunDir(tmp_path), PortBook(), {}, partner_listener=True)


def test_its_address_and_authority_stand_beside_the_others() -> None:
    door = PartnerKafka("127.0.0.1:9094", Path("/run/ca.pem"))
    addresses = Addresses("k", "p", "s", "m", databases={}, services={}, partner_kafka=door)

    told = document(addresses, [])["partner_kafka"]

    assert told == {"bootstrap": "127.0.0.1:9094", "ca_file": "/run/ca.pem"}
