"""Documents of a knowledge base."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NotRequired, TypedDict

import msgspec

from zhipu_async.types.base import Part, Reply


class Slicing:
    """Values of `knowledge_type`: how a document is cut; the set is open."""

    BY_PARAGRAPH: ClassVar = 1
    BY_QUESTION: ClassVar = 2
    BY_ROW: ClassVar = 3
    CUSTOM: ClassVar = 5
    """At `custom_separator`, into pieces of `sentence_size` characters."""
    BY_PAGE: ClassVar = 6
    WHOLE: ClassVar = 7


class EmbeddingState:
    """Values of `embedding_stat`: how far the vectors of a document are."""

    WORKING: ClassVar = 0
    DONE: ClassVar = 1
    FAILED: ClassVar = 2


class EmbeddingFault(Part):
    """Why a document has no vectors: 10001 is no space or a damaged file, 10002 too many words."""

    embedding_code: int = 0
    embedding_msg: str = ""


class Document(Reply):
    """A document; `.embedding_stat` is one of `EmbeddingState`."""

    id: str = ""
    knowledge_type: int = 0
    custom_separator: list[str] = []
    sentence_size: int = 0
    length: int = 0
    word_num: int = 0
    name: str = ""
    url: str = ""
    """Where it can be downloaded."""
    embedding_stat: int = EmbeddingState.WORKING
    fail_info: EmbeddingFault = msgspec.field(default_factory=EmbeddingFault, name="failInfo")

    @property
    def ready(self) -> bool:
        """Tell whether it can be found."""
        return self.embedding_stat == EmbeddingState.DONE


class DocumentList(Reply):
    """One page of documents."""

    data: list[Document] = msgspec.field(default_factory=list[Document], name="list")
    total: int = 0
    """How many there are on all pages."""


# A text on the wire, a number in an older table: both are taken.
if TYPE_CHECKING:
    Digits = str
else:
    Digits = str | int


class AddedDocument(Part):
    """A document that was taken; it can be found once its vectors are done."""

    document_id: Digits = msgspec.field(default="", name="documentId")
    file_name: str = msgspec.field(default="", name="fileName")
    url: str = ""

    def __post_init__(self) -> None:
        self.document_id = str(self.document_id)


class RefusedDocument(Part):
    """A document that was not taken, and why."""

    file_name: str = msgspec.field(default="", name="fileName")
    url: str = ""
    fail_reason: str = msgspec.field(default="", name="failReason")


class AddedDocuments(Reply):
    """Which documents were taken and which were not: look at both."""

    success_infos: list[AddedDocument] = msgspec.field(
        default_factory=list[AddedDocument], name="successInfos"
    )
    failed_infos: list[RefusedDocument] = msgspec.field(
        default_factory=list[RefusedDocument], name="failedInfos"
    )


class DocumentImage(Part):
    """A picture of a document; `.text` stands for it in the slices."""

    text: str = ""
    cos_url: str = ""


class DocumentImages(Reply):
    """The pictures of a document."""

    images: list[DocumentImage] = []


class UrlDetail(TypedDict):
    """A page or file of the web to add, and how to cut it; `knowledge_type` is one of `Slicing`."""

    url: str
    knowledge_type: int
    custom_separator: NotRequired[list[str]]
    sentence_size: NotRequired[int]
    callback_url: NotRequired[str]
    callback_header: NotRequired[dict[str, str]]
