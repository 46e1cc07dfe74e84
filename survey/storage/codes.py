"""Secrets of a data folder; codes and tokens, which are shown once and stored as hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Literal

from sr.base.files import atomic_file, make_private
from survey.study.errors import StoreError

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U
LOOKALIKES = str.maketrans("ILO", "110", "- \t\n")
CODE_LENGTH = 10  # 50 bits


def read_secret(path: Path) -> bytes:
    """The random key of a data folder; made on first use, readable by its owner only.

    Nobody else may be doing the same: within `Record.alone`.

    Raises:
        StoreError: it cannot be read or made.
    """
    try:
        if not path.exists():
            with atomic_file(path, mode=0o600) as file:
                file.write(secrets.token_bytes(32))
        make_private(path)
        secret = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}; make the folder writable, or set NITIDEZ_DATA to another"
        ) from error
    if len(secret) < 32:
        raise StoreError(f"{path}: {len(secret)} bytes; needed 32: restore it from a backup")
    return secret


def token_and_code(secret: bytes, request: str) -> tuple[str, str]:
    """A session token, 64 hexadecimal digits, and a withdrawal code such as 7K3QX-M9T2A.

    Args:
        request: random; the same one gives the same two, so that a start can be repeated.
    """
    digest = hmac.new(secret, b"start:" + request.encode(), hashlib.sha512).digest()
    return digest[:32].hex(), code_of(int.from_bytes(digest[32:], "big"))


def code_of(number: int) -> str:
    """The last 50 bits of a random number as a person writes them."""
    text = "".join(CROCKFORD[(number >> 5 * k) % 32] for k in range(CODE_LENGTH))
    return f"{text[:5]}-{text[5:]}"


def normal_code(code: str) -> str:
    """A code as it was meant: case, dashes and look-alike letters do not matter."""
    return code.upper().translate(LOOKALIKES)


def code_hmac(
    secret: bytes, code: str, of: Literal["code", "receipt", "invitation"] = "code"
) -> str:
    """What the database keeps of a withdrawal code, or of an invitation; and the receipt by which a
    withdrawal code is known while its person is being erased, which no other table has.
    """
    text = f"{of}:{normal_code(code)}"
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def token_sha256(token: str) -> str:
    """What the database keeps of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()
