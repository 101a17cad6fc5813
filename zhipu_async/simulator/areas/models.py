"""The list of models. No I/O here."""

from __future__ import annotations

from ..models import LISTED
from ..operation import Answer, Ask, Operation, Whole

CREATED = 1_788_220_800


def list_models(ask: Ask) -> Answer:
    del ask  # the same list for everybody
    models = [{"id": name, "object": "model", "created": CREATED, "owned_by": "z-ai"} for name in LISTED]
    return Whole({"object": "list", "data": models})


OPERATIONS = (Operation("GET", "/paas/v4/models", list_models, body="none", coding=True),)
