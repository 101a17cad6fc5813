"""What a client has, area by area: `zhipu.chat`, `zhipu.files`, ...; each is imported when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.resources.agents import Agents
    from zhipu_async.resources.applications import Applications
    from zhipu_async.resources.assistants import Assistants
    from zhipu_async.resources.audio import Audio
    from zhipu_async.resources.batches import Batches
    from zhipu_async.resources.chat import Chat
    from zhipu_async.resources.embeddings import Embeddings
    from zhipu_async.resources.file_parser import FileParser
    from zhipu_async.resources.files import Files
    from zhipu_async.resources.finagent import Finagent
    from zhipu_async.resources.images import Images
    from zhipu_async.resources.knowledge import Knowledge
    from zhipu_async.resources.knowledge_agent import KnowledgeAgent
    from zhipu_async.resources.layout import Layout
    from zhipu_async.resources.models import Models
    from zhipu_async.resources.moderations import Moderations
    from zhipu_async.resources.ocr import Ocr
    from zhipu_async.resources.realtime import Realtime
    from zhipu_async.resources.rerank import Rerank
    from zhipu_async.resources.tasks import Tasks
    from zhipu_async.resources.tokenizer import Tokenizer
    from zhipu_async.resources.videos import Videos
    from zhipu_async.resources.voices import Voices
    from zhipu_async.resources.web_reader import WebReader
    from zhipu_async.resources.web_search import WebSearch


class Areas:
    """The areas of the platform, on the calls of one client."""

    _calls: Calls
    _trust_env: bool

    @cached_property
    def audio(self) -> Audio:
        """Return speech and transcripts: `zhipu.audio.speech`, `zhipu.audio.transcriptions`."""
        from zhipu_async.resources.audio import Audio

        return Audio(self._calls)

    @cached_property
    def agents(self) -> Agents:
        """Return ready-made agents: `zhipu.agents.invoke(...)`."""
        from zhipu_async.resources.agents import Agents

        return Agents(self._calls)

    @cached_property
    def applications(self) -> Applications:
        """Return applications made in the console: `zhipu.applications.invoke(...)`."""
        from zhipu_async.resources.applications import Applications

        return Applications(self._calls)

    @cached_property
    def assistants(self) -> Assistants:
        """Return assistants with tools: `zhipu.assistants.stream(...)`."""
        from zhipu_async.resources.assistants import Assistants

        return Assistants(self._calls)

    @cached_property
    def chat(self) -> Chat:
        """Return chat completions: `zhipu.chat.completions.create(...)`."""
        from zhipu_async.resources.chat import Chat

        return Chat(self._calls)

    @cached_property
    def batches(self) -> Batches:
        """Return batches of requests: `zhipu.batches.submit(...)`."""
        from zhipu_async.resources.batches import Batches

        return Batches(self._calls)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Return embeddings: `zhipu.embeddings.create(...)`."""
        from zhipu_async.resources.embeddings import Embeddings

        return Embeddings(self._calls)

    @cached_property
    def file_parser(self) -> FileParser:
        """Return the file parser: `zhipu.file_parser.parse(...)`."""
        from zhipu_async.resources.file_parser import FileParser

        return FileParser(self._calls)

    @cached_property
    def files(self) -> Files:
        """Return uploaded files: `zhipu.files.upload(...)`."""
        from zhipu_async.resources.files import Files

        return Files(self._calls)

    @cached_property
    def finagent(self) -> Finagent:
        """Return workflows for finance: `zhipu.finagent.due_diligence(...)`."""
        from zhipu_async.resources.finagent import Finagent

        return Finagent(self._calls)

    @cached_property
    def images(self) -> Images:
        """Return pictures from text: `zhipu.images.generate(...)`."""
        from zhipu_async.resources.images import Images

        return Images(self._calls)

    @cached_property
    def knowledge_agent(self) -> KnowledgeAgent:
        """Return answers from knowledge bases: `zhipu.knowledge_agent.ask(...)`."""
        from zhipu_async.resources.knowledge_agent import KnowledgeAgent

        return KnowledgeAgent(self._calls)

    @cached_property
    def knowledge(self) -> Knowledge:
        """Return knowledge bases: `zhipu.knowledge.search(...)`."""
        from zhipu_async.resources.knowledge import Knowledge

        return Knowledge(self._calls)

    @cached_property
    def layout(self) -> Layout:
        """Return the layout of documents: `zhipu.layout.parse(...)`."""
        from zhipu_async.resources.layout import Layout

        return Layout(self._calls)

    @cached_property
    def moderations(self) -> Moderations:
        """Return the safety review: `zhipu.moderations.create(...)`."""
        from zhipu_async.resources.moderations import Moderations

        return Moderations(self._calls)

    @cached_property
    def ocr(self) -> Ocr:
        """Return text from pictures: `zhipu.ocr.recognize(...)`."""
        from zhipu_async.resources.ocr import Ocr

        return Ocr(self._calls)

    @cached_property
    def rerank(self) -> Rerank:
        """Return rerank: `zhipu.rerank.create(...)`."""
        from zhipu_async.resources.rerank import Rerank

        return Rerank(self._calls)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Return the token counter: `zhipu.tokenizer.create(...)`."""
        from zhipu_async.resources.tokenizer import Tokenizer

        return Tokenizer(self._calls)

    @cached_property
    def tasks(self) -> Tasks:
        """Return what the platform is still at: `zhipu.tasks.as_completed(...)`, `.attach(ref)`, `.resume()`."""
        from zhipu_async.resources.tasks import Tasks

        return Tasks(self._calls.tasking.flow)

    @cached_property
    def videos(self) -> Videos:
        """Return clips from text and pictures: `zhipu.videos.submit(...)`."""
        from zhipu_async.resources.videos import Videos

        return Videos(self._calls)

    @cached_property
    def voices(self) -> Voices:
        """Return voices to speak with: `zhipu.voices.clone(...)`."""
        from zhipu_async.resources.voices import Voices

        return Voices(self._calls)

    @cached_property
    def models(self) -> Models:
        """Return the models: `zhipu.models.list()`."""
        from zhipu_async.resources.models import Models

        return Models(self._calls)

    @cached_property
    def realtime(self) -> Realtime:
        """Return calls by WebSocket: `async with zhipu.realtime.connect(...) as call`."""
        from zhipu_async.resources.realtime import Realtime

        return Realtime(self._calls, trust_env=self._trust_env)

    @cached_property
    def web_reader(self) -> WebReader:
        """Return pages of the web as text: `zhipu.web_reader.read(...)`."""
        from zhipu_async.resources.web_reader import WebReader

        return WebReader(self._calls)

    @cached_property
    def web_search(self) -> WebSearch:
        """Return searches of the web: `zhipu.web_search.search(...)`."""
        from zhipu_async.resources.web_search import WebSearch

        return WebSearch(self._calls)


AREAS = frozenset(name for name, value in vars(Areas).items() if isinstance(value, cached_property))
