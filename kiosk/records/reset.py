"""A forgotten PIN: the device asks, the programme signs the question, the device believes the signature.

The question holds the device's id and a random number that is used once, so an answer serves one device, once, at any
time: no clock is asked. What the old PIN protected stays closed for ever; the programme has its own sealed copies.
"""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmware.errors import ProgrammeKeyError, ResetTokenError
from kiosk.records.facts import Facts

QUESTION: Final = "pin.question"
PURPOSE: Final = "phenokiosk pin reset "


def ask(facts: Facts, device: str) -> str:
    """A new question, durably remembered; the one before is void."""
    question = f"{device}:{secrets.token_hex(16)}"
    facts.put(QUESTION, question)
    return question


def answer(question: str, programme: Ed25519PrivateKey) -> str:
    """The token: what the programme gives to whoever it trusts with the device."""
    return programme.sign(_message(question)).hex()


def check(facts: Facts, token: str, signing_key: str) -> None:
    """Whether the token answers the last question. Raises ResetTokenError."""
    question = facts.get(QUESTION)
    if not question:
        raise ResetTokenError("this device has asked for no reset")
    programme = signing(signing_key)
    try:
        programme.verify(bytes.fromhex(token.strip()), _message(question))
    except (InvalidSignature, ValueError) as error:
        raise ResetTokenError("the token does not answer this device's question") from error


def signing(key: str) -> Ed25519PublicKey:
    """The programme's signing key. Raises ProgrammeKeyError."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    except ValueError as error:
        raise ProgrammeKeyError("the programme's signing key is not set, or is none") from error


def _message(question: str) -> bytes:
    return (PURPOSE + question).encode()
