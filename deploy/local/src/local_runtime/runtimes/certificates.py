"""A certificate for this machine's own address, by an authority that signs nothing else."""

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from local_runtime.ports import HOST

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.x509 import Certificate, CertificateBuilder, KeyUsage

_VALID = timedelta(days=90)
_LEFT_MIN = timedelta(days=7)
_CLOCKS_APART_MAX = timedelta(hours=1)


def ensure_certificate(authority: Path, server: Path) -> None:
    """Write what clients trust, and the server's key with its certificate, unless both are good.

    The authority's key is forgotten at once: nobody can make a second certificate by it.
    """
    if _is_good(authority, server):
        return
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key, certificate, signed_by = _make()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    authority.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(server, secret + certificate.public_bytes(Encoding.PEM), 0o600)
    _write(authority, signed_by.public_bytes(Encoding.PEM), 0o644)


def _is_good(authority: Path, server: Path) -> bool:
    from cryptography.x509 import load_pem_x509_certificate

    if not (authority.exists() and server.exists()):
        return False
    ends = load_pem_x509_certificate(authority.read_bytes()).not_valid_after_utc
    return ends - datetime.now(UTC) > _LEFT_MIN


def _write(file: Path, content: bytes, mode: int) -> None:
    """In one step, and never readable by more than ``mode`` says."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    beside.replace(file)


def _make() -> "tuple[EllipticCurvePrivateKey, Certificate, Certificate]":
    """The server's key, its certificate, and that of the authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _described("orderproof local authority", root_key.public_key(), root_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    root = root.add_extension(_usage(signs_certificates=True), critical=True)
    server = _described("localhost", key.public_key(), root_key.public_key())
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]
    server = server.add_extension(x509.SubjectAlternativeName(names), critical=False)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(_usage(signs_certificates=False), critical=True)
    for_servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    server = server.add_extension(for_servers, critical=False)
    return key, server.sign(root_key, SHA256()), root.sign(root_key, SHA256())


def _described(
    name: str, key: "EllipticCurvePublicKey", signer: "EllipticCurvePublicKey"
) -> "CertificateBuilder":
    from cryptography import x509

    def named(one: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("orderproof local authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART_MAX)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _usage(*, signs_certificates: bool) -> "KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
