"""The list of models on the wire."""

from __future__ import annotations

from zhipu_async.types.base import Part, Reply


class Model(Part):
    """A model that the platform names."""

    id: str = ""
    object: str = "model"
    created: int = 0
    owned_by: str = ""


class ModelList(Reply):
    """Some of the platform's text models; more exist than it names."""

    object: str = "list"
    data: list[Model] = []
