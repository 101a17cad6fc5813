"""Pages of the web: `zhipu.web_reader`."""

from __future__ import annotations

from typing import Unpack

from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.web_reader import WebPage

READ = Endpoint(name="web_reader.read", path="/reader", reply=WebPage, replay=Replay.COSTLY)


class WebReader(Resource):
    """The web, read for models."""

    async def read(
        self,
        *,
        url: str,
        fetch_timeout: int | None = None,
        no_cache: bool | None = None,
        return_format: str | None = None,
        retain_images: bool | None = None,
        no_gfm: bool | None = None,
        keep_img_data_url: bool | None = None,
        with_images_summary: bool | None = None,
        with_links_summary: bool | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> WebPage:
        """Return a page as Markdown or plain text. Cancelling closes the connection.

        fetch_timeout: seconds that the platform gives the page, 20 by default, sent as `timeout`; the option
            `timeout` is the wait for the platform.
        return_format: "markdown" by default, or "text".
        retain_images: False leaves images out.
        no_gfm: True leaves out what GitHub added to Markdown.
        """
        return await self._call(
            READ,
            options,
            url=url,
            timeout=fetch_timeout,
            no_cache=no_cache,
            return_format=return_format,
            retain_images=retain_images,
            no_gfm=no_gfm,
            keep_img_data_url=keep_img_data_url,
            with_images_summary=with_images_summary,
            with_links_summary=with_links_summary,
            request_id=request_id,
            user_id=user_id,
        )
