"""The layout of documents: `zhipu.layout`."""

from __future__ import annotations

from typing import Unpack

from zhipu_async.flows.inline import inline
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.parts import Source
from zhipu_async.resources.base import Resource
from zhipu_async.types.layout import ParsedLayout

PARSE = Endpoint(
    name="layout.parse",
    path="/layout_parsing",
    reply=ParsedLayout,
    replay=Replay.COSTLY,
    takes_request_id=True,
)


class Layout(Resource):
    """Documents taken apart."""

    async def parse(
        self,
        *,
        model: str = "glm-ocr",
        file: Source,
        return_crop_images: bool | None = None,
        need_layout_visualization: bool | None = None,
        start_page_id: int | None = None,
        end_page_id: int | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> ParsedLayout:
        """Return a document as Markdown, and its elements with their places. Cancelling closes the connection.

        file: a PDF of at most 50 MB and 100 pages, or a png or jpg of at most 10 MB: a path, bytes, a link, or
            base64.
        start_page_id, end_page_id: pages of a PDF, counted from 1.
        """
        return await self._call(
            PARSE,
            options,
            model=model,
            file=await inline(file),
            return_crop_images=return_crop_images,
            need_layout_visualization=need_layout_visualization,
            start_page_id=start_page_id,
            end_page_id=end_page_id,
            request_id=request_id,
            user_id=user_id,
        )
