"""Addresses in the HTTP library's own form say what their text says."""

from __future__ import annotations

import pytest
from yarl import URL

from zhipu_async.transport.addresses import KEPT_ORIGINS, placed


@pytest.mark.parametrize(
    "url",
    [
        "https://open.bigmodel.cn/api/paas/v4/async-result/9000000000000000003",
        "http://127.0.0.1:8787/api/paas/v4/files",
        "http://[::1]:8787/api/paas/v4/files/file-1_a",
        "https://EXAMPLE.org:443/",
        "https://bücher.example/api/",
    ],
)
def test_a_plain_address_is_made_ready(url: str) -> None:
    assert placed(url) == URL(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/files/a%2Fb",
        "https://h.example/files?after=x",
        "https://h.example/a/../b",
        "https://h.example/文件",
        "https://h.example",
    ],
)
def test_what_needs_a_closer_look_is_left_to_the_library(url: str) -> None:
    assert placed(url) == url


def test_hosts_of_many_links_are_not_kept_for_ever() -> None:
    for number in range(KEPT_ORIGINS * 2):
        assert placed(f"https://host{number}.example/a") == URL(f"https://host{number}.example/a")
