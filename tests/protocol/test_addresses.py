"""Where the platform lives."""

from __future__ import annotations

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.addresses import check_link, is_loopback, parse, resolve
from zhipu_async.protocol.endpoint import Root


@pytest.mark.parametrize(
    ("site", "plan", "expected"),
    [
        (None, "general", "https://open.bigmodel.cn/api/paas/v4"),
        ("bigmodel", "coding", "https://open.bigmodel.cn/api/coding/paas/v4"),
        ("z.ai", "general", "https://api.z.ai/api/paas/v4"),
        ("z.ai", "coding", "https://api.z.ai/api/coding/paas/v4"),
    ],
)
def test_site_and_plan_name_the_documented_addresses(site: str, plan: str, expected: str) -> None:
    assert resolve(None, site, plan, {}).base_url == expected  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_an_explicit_site_reads_only_its_own_variable() -> None:
    environment = {"ZAI_BASE_URL": "https://api.z.ai/api/paas/v4"}
    assert resolve(None, None, "general", environment).site == "z.ai"
    assert resolve(None, "bigmodel", "general", environment).site == "bigmodel"


def test_an_argument_wins_over_the_environment() -> None:
    address = resolve(
        "http://127.0.0.1:1/api/paas/v4", None, "general", {"ZHIPUAI_BASE_URL": "https://x.example"}
    )
    assert address.base_url == "http://127.0.0.1:1/api/paas/v4"


@pytest.mark.parametrize(
    ("path", "root", "expected"),
    [
        ("/chat/completions", Root.PAAS, "https://h.example/api/coding/paas/v4/chat/completions"),
        ("/v1/agents", Root.API, "https://h.example/api/v1/agents"),
        ("/files/{id}", Root.PAAS, "https://h.example/api/coding/paas/v4/files/a%2Fb%3F"),
    ],
)
def test_paths_start_where_they_belong_and_arguments_cannot_leave_their_place(
    path: str, root: Root, expected: str
) -> None:
    assert parse("https://h.example/api/coding/paas/v4/").url(root, path, {"id": "a/b?"}) == expected


def test_ids_stand_in_a_path_as_they_are() -> None:
    address = parse("https://h.example/api/paas/v4")
    for task_id in ("9000000000000000003", "task_8f1c-02", "0"):
        assert address.url(Root.PAAS, "/files/{id}", {"id": task_id}).endswith(f"/files/{task_id}")


def test_the_realtime_address_follows_the_scheme() -> None:
    assert parse("http://localhost:9/api/paas/v4").realtime_url == "ws://localhost:9/api/paas/v4/realtime"
    assert parse("https://api.z.ai/api/coding/paas/v4").realtime_url == "wss://api.z.ai/api/paas/v4/realtime"


def test_an_address_knows_whether_it_is_the_coding_plans() -> None:
    assert parse("https://api.z.ai/api/coding/paas/v4").coding
    assert not parse("https://api.z.ai/api/paas/v4").coding


def test_a_base_url_without_the_usual_tail_is_its_own_root() -> None:
    assert parse("https://proxy.example/glm").root == "https://proxy.example/glm"


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("http://open.bigmodel.cn/api/paas/v4", "https"),
        ("ftp://h.example", "https://"),
        ("https://", "host"),
        ("open.bigmodel.cn/api/paas/v4", "https://"),
        ("https://h.example:port/x", "not a URL"),
        ("https://user:secret@h.example/x", "user name"),
        ("https://h.example/x?key=1", "query"),
        ("https://h.example/x#y", "fragment"),
        ("https://open.bigmodel.cn", "/api/paas/v4"),
        ("https://open.bigmodel.cn/api/paas/v4/v1", "it should be https://open.bigmodel.cn/api/paas/v4"),
        ("https://open.bigmodel.cn/v1", "it should be https://open.bigmodel.cn/api/paas/v4"),
        ("http://127.0.0.1:8787/v1", "it should be http://127.0.0.1:8787/api/paas/v4"),
        ("https://h.example/api/paas/v4/paas/v4", "it should be https://h.example/api/paas/v4"),
        ("https://h.example/api/paas/v4/api/paas/v4", "it should be https://h.example/api/paas/v4"),
        ("https://h.example/api/coding/paas/v4/models", "it should be https://h.example/api/coding/paas/v4"),
        ("https://h.example/api/paas/v4/v4", "it should be https://h.example/api/paas/v4"),
        ("https://h.example/api/paas/v4/chat/completions", "it should be https://h.example/api/paas/v4"),
    ],
)
def test_a_wrong_base_url_says_what_would_be_right(base_url: str, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says.replace("?", r"\?")) as caught:
        parse(base_url)
    assert "secret" not in str(caught.value)


def test_a_base_url_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(InvalidType, match="str"):
        parse(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("argument", "value"), [("site", "moon"), ("plan", "free")])
def test_an_unknown_site_or_plan_lists_the_known_ones(argument: str, value: str) -> None:
    choices = {"site": None, "plan": "general", argument: value}
    with pytest.raises(InvalidArgument, match="one of"):
        resolve(None, choices["site"], choices["plan"], {})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1.example.org", "example.org", ""])
def test_other_machines_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_only_safe_links_are_fetched() -> None:
    check_link("https://cdn.example/a.png")
    check_link("http://127.0.0.1:8/a.png")
    for link in ("http://cdn.example/a.png", "file:///etc/passwd", "https:///a"):
        with pytest.raises(InvalidArgument):
            check_link(link)


@pytest.mark.parametrize("argument", ["", ".", "..", "a\nb", "\ud83d", "a\0"])
def test_an_argument_that_would_name_another_path_is_refused(argument: str) -> None:
    with pytest.raises(InvalidArgument, match="id cannot be"):
        parse("https://h.example/api/paas/v4").url(Root.PAAS, "/files/{id}", {"id": argument})


def test_an_argument_of_a_path_is_text() -> None:
    with pytest.raises(InvalidType, match="id takes a str, not NoneType"):
        parse("https://h.example").url(Root.PAAS, "/files/{id}", {"id": None})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "url", ["https://:password@h.example/x", "https://@h.example", "https://h.exa\nmple/x"]
)
def test_passwords_and_line_breaks_are_no_part_of_an_address(url: str) -> None:
    with pytest.raises(InvalidArgument):
        parse(url)
