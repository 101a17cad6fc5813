"""What the headers of a request are made of: names that a thousand streams share, values that nobody prints."""

from __future__ import annotations

from aiohttp import hdrs

from zhipu_async.transport.outgoing import own_form

SENT = {"User-Agent": "u", "Authorization": "Bearer secret", "X-Own": "value"}


def test_headers_stay_what_they_are_and_in_order() -> None:
    assert list(own_form(SENT).items()) == list(SENT.items())


def test_known_names_are_the_http_librarys_own_which_it_does_not_copy() -> None:
    agent, authorization, own = own_form(SENT)
    assert agent is hdrs.USER_AGENT
    assert authorization is hdrs.AUTHORIZATION
    assert own == "X-Own"


def test_values_do_not_show() -> None:
    assert repr(own_form(SENT)) == "<headers User-Agent, Authorization, X-Own>"
