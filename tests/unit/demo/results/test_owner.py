"""Only the owner is the owner."""

from __future__ import annotations

import pytest

from demo.results.owner import (
    ATTEMPTS,
    ATTEMPTS_OF_ALL,
    TOKEN_SECONDS,
    WAIT_SECONDS,
    Owner,
    SignInError,
    TooManyAttemptsError,
)

PASSWORD = "correct horse battery"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def owner(clock: Clock) -> Owner:
    return Owner(password=PASSWORD, names=frozenset({"Maria"}), clock=clock)


def test_the_right_password_signs_in_until_it_ends(owner: Owner, clock: Clock) -> None:
    token = owner.sign_in(PASSWORD, visitor="a")
    assert owner.is_owner(token)
    clock.now = TOKEN_SECONDS + 1
    assert not owner.is_owner(token)


@pytest.mark.parametrize("token", [None, "", "x", PASSWORD])
def test_nothing_else_is_the_owner(owner: Owner, token: str | None) -> None:
    owner.sign_in(PASSWORD, visitor="a")
    assert not owner.is_owner(token)


def test_guessing_is_stopped_for_one_visitor_and_not_for_another(
    owner: Owner, clock: Clock
) -> None:
    for _ in range(ATTEMPTS):
        with pytest.raises(SignInError, match="not the owner's"):
            owner.sign_in("guess", visitor="a")
    with pytest.raises(TooManyAttemptsError) as error:
        owner.sign_in(PASSWORD, visitor="a")
    assert error.value.seconds == WAIT_SECONDS
    assert owner.sign_in(PASSWORD, visitor="b")
    clock.now = WAIT_SECONDS + 1
    assert owner.sign_in(PASSWORD, visitor="a")


def test_guessing_from_many_addresses_is_stopped(owner: Owner) -> None:
    for index in range(ATTEMPTS_OF_ALL):
        with pytest.raises(SignInError):
            owner.sign_in("guess", visitor=str(index))
    with pytest.raises(TooManyAttemptsError):
        owner.sign_in(PASSWORD, visitor="new")


def test_a_wrong_password_while_waiting_does_not_lengthen_the_wait(
    owner: Owner, clock: Clock
) -> None:
    for _ in range(ATTEMPTS):
        with pytest.raises(SignInError):
            owner.sign_in("guess", visitor="a")
    clock.now = WAIT_SECONDS / 2
    with pytest.raises(TooManyAttemptsError):
        owner.sign_in("guess", visitor="a")
    clock.now = WAIT_SECONDS + 1
    assert owner.sign_in(PASSWORD, visitor="a")


def test_hugging_face_names(owner: Owner) -> None:
    assert owner.is_owner(owner.sign_in_as("maria"))
    for name in ("joao", "", None):
        with pytest.raises(SignInError):
            owner.sign_in_as(name)


def test_without_a_password_none_is_right() -> None:
    owner = Owner()
    assert not owner.has_password
    with pytest.raises(SignInError):
        owner.sign_in("", visitor="a")
    assert owner.is_owner(owner.link_token())


def test_short_passwords_are_refused() -> None:
    with pytest.raises(ValueError, match="9 characters; needed 10"):
        Owner(password="x" * 9)
