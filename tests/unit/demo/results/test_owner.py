"""Only the owner is the owner."""

from __future__ import annotations

import pytest

from demo.results.owner import (
    FORGET_SECONDS,
    FREE_GUESSES,
    LOOK_SECONDS,
    MOST_HELD,
    TOKEN_SECONDS,
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


def held(owner: Owner, visitor: str) -> float:
    with pytest.raises(SignInError, match="not the owner's") as error:
        owner.sign_in("guess", visitor=visitor)
    return error.value.hold_seconds


def test_guessing_slows_the_guesser(owner: Owner, clock: Clock) -> None:
    assert [held(owner, "a") for _ in range(8)] == [0, 0, 0, 1, 2, 4, 8, 8]
    assert held(owner, "b") == 0
    clock.now = FORGET_SECONDS + 1
    assert held(owner, "a") == 0


def test_the_right_password_is_taken_at_once_whoever_has_guessed(owner: Owner) -> None:
    for index in range(500):
        held(owner, str(index))
    for _ in range(FREE_GUESSES + MOST_HELD - 1):
        held(owner, "a")
    assert owner.is_owner(owner.sign_in(PASSWORD, visitor="new"))
    assert owner.is_owner(owner.sign_in(PASSWORD, visitor="a"))


def test_of_guesses_side_by_side_few_are_looked_at(owner: Owner, clock: Clock) -> None:
    for _ in range(FREE_GUESSES + MOST_HELD):
        held(owner, "a")
    with pytest.raises(TooManyAttemptsError) as error:
        owner.sign_in("guess", visitor="a")
    assert error.value.seconds == LOOK_SECONDS
    assert owner.sign_in(PASSWORD, visitor="b")
    clock.now = LOOK_SECONDS  # the owner may sit behind the guesser's address
    assert owner.sign_in(PASSWORD, visitor="a")


def test_guessers_who_are_gone_take_no_memory(
    owner: Owner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.results.owner.MOST_VISITORS", 50)
    for index in range(200):
        clock.now += 30
        held(owner, str(index))
    assert len(owner._wrong) <= 51


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
