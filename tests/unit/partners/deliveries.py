"""Deliveries that every sample must judge alike: what is signed, what is not, what is garbage."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace

from tests.support.webhook_signing import KEY, NEW_KEY, secret_of

EVENT_ID = "evt_0198c1a2c3d47e5f8a9b0c1d2e3f4a5b"
NOW_S = 1_796_032_800
TOLERANCE_S = 300
BODY = '{"id":"evt_1","data":{"carrier":"Økspedition"}}'.encode()
HEADER_BYTES = 1024 * 1024


def sign(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Delivery:
    """What comes, when it comes, and the secret of the one who receives it."""

    name: str
    signatures: str
    event_id: str = EVENT_ID
    timestamp: str = str(NOW_S)
    body: bytes = BODY
    now_s: int = NOW_S
    secret: str = secret_of(KEY)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "webhook-id": self.event_id,
            "webhook-timestamp": self.timestamp,
            "webhook-signature": self.signatures,
        }


def signed(
    name: str,
    *,
    key: bytes = KEY,
    event_id: str = EVENT_ID,
    timestamp: str = str(NOW_S),
    body: bytes = BODY,
) -> Delivery:
    """A delivery with the right signature by ``key`` of whatever it holds."""
    signatures = f"v1,{sign(key, event_id, timestamp, body)}"
    return Delivery(name, signatures, event_id, timestamp, body, secret=secret_of(key))


# The example that the specification's own libraries are tested with.
VECTOR = Delivery(
    "the vector of Standard Webhooks",
    signatures="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp="1614265330",
    body=b'{"test": 2432232314}',
    now_s=1614265330,
    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
)
RIGHT = signed("a right signature")
SIGNATURE = RIGHT.signatures
BARE = SIGNATURE.removeprefix("v1,")
BY_ANOTHER = signed("", key=NEW_KEY).signatures


def with_signatures(name: str, signatures: str) -> Delivery:
    return replace(RIGHT, name=name, signatures=signatures)


def sent(name: str, off_s: int) -> Delivery:
    return signed(name, timestamp=str(NOW_S + off_s))


GENUINE = [
    VECTOR,
    RIGHT,
    signed("the shortest secret", key=b"k" * 24),
    signed("the longest secret", key=bytes(range(256))[-64:]),
    signed("an empty body", body=b""),
    signed("bytes that are no text", body=bytes(range(256))),
    sent("300 s old", -TOLERANCE_S),
    sent("300 s ahead", TOLERANCE_S),
    with_signatures("the second of two signatures", f"{BY_ANOTHER} {SIGNATURE}"),
    with_signatures("the first of two signatures", f"{SIGNATURE} {BY_ANOTHER}"),
    with_signatures("beside other versions", f"v2,abc v1a,{BARE} {SIGNATURE} v99,"),
    with_signatures("beside entries without a comma", f"v1 abc {SIGNATURE} ="),
    with_signatures("beside what is not ASCII", f"v1,é {SIGNATURE}"),
    with_signatures("between spaces", f"  {SIGNATURE}  "),
]
REFUSED = [
    replace(RIGHT, name="a wrong secret", secret=secret_of(NEW_KEY)),
    replace(RIGHT, name="a wrong body", body=BODY + b" "),
    replace(RIGHT, name="another id", event_id="evt_2"),
    replace(RIGHT, name="another timestamp", timestamp=str(NOW_S + 1)),
    sent("301 s old", -TOLERANCE_S - 1),
    sent("301 s ahead", TOLERANCE_S + 1),
    signed("a timestamp of milliseconds", timestamp=str(NOW_S * 1000)),
    signed("no id", event_id=""),
    *(
        signed(f"the timestamp {text!r}", timestamp=text)
        for text in ("", "soon", "-1", "1e9", f" {NOW_S}", f"{NOW_S}.0", f"{NOW_S}_0", "１７９６")
    ),
    with_signatures("no signature", ""),
    with_signatures("only a space", " "),
    with_signatures("a comma only", ","),
    with_signatures("no comma", "v1"),
    with_signatures("a version without a signature", "v1,"),
    with_signatures("a signature without a version", BARE),
    with_signatures("the right signature of another version", f"v2,{BARE}"),
    with_signatures("the right signature as ed25519", f"v1a,{BARE}"),
    with_signatures("a part of the signature", SIGNATURE[:-8]),
    with_signatures("a signature in hexadecimal", "v1," + base64.b64decode(BARE).hex()),
    with_signatures("two wrong signatures", f"{BY_ANOTHER} {BY_ANOTHER}"),
    with_signatures("what is not ASCII", "v1,ééé Ω"),
    with_signatures("100 kB in one entry", "v1," + "A" * 100_000),
    with_signatures("1 MB in one entry", "v1," + "A" * HEADER_BYTES),
    with_signatures("1 MB in many entries", "v1, " * (HEADER_BYTES // 4)),
]
EVERY = [(one, True) for one in GENUINE] + [(one, False) for one in REFUSED]
