"""What a session remembers: answers, the history it can tell again, and calls without an answer."""

from __future__ import annotations

import base64

from zhipu_async.protocol.realtime_acks import UNANSWERED_CALLS, Acks, Sent
from zhipu_async.protocol.realtime_answers import KEPT_AUDIO_BYTES, AnswerRecord
from zhipu_async.protocol.realtime_calls import Call
from zhipu_async.protocol.realtime_history import KEPT_ENTRIES, History
from zhipu_async.types.realtime import (
    Item,
    RealtimeResponse,
    ResponseAudioDelta,
    ResponseAudioDone,
    ResponseAudioTranscriptDelta,
    ResponseAudioTranscriptDone,
    ResponseContentPartDone,
    ResponseEvent,
    ResponseTextDelta,
    ResponseTextDone,
)
from zhipu_async.types.realtime_client import (
    ConversationItemCreate,
    InputAudioBufferAppend,
    InputAudioBufferCommit,
    SessionUpdate,
    text_item,
)
from zhipu_async.types.realtime_session import ContentPart, ErrorDetail

from .realtime_talk import wanted


def record(*events: ResponseEvent, keep_audio: bool = True) -> AnswerRecord:
    gathered = AnswerRecord(keep_audio=keep_audio)
    for event in events:
        gathered.take(event)
    return gathered


def speech(samples: bytes) -> ResponseAudioDelta:
    return ResponseAudioDelta(item_id="i", delta=base64.b64encode(samples).decode())


def test_deltas_make_the_text_and_the_whole_text_replaces_them() -> None:
    deltas = (ResponseTextDelta(delta="a"), ResponseTextDelta(delta="b"))
    assert record(*deltas).text == "ab"
    assert record(*deltas, ResponseTextDone(text="abc")).text == "abc"
    assert record(*deltas, ResponseTextDone(text="")).text == "ab"
    assert record(ResponseTextDone(text="one"), ResponseTextDone(text="two")).text == "one"


def test_a_part_brings_what_no_delta_brought() -> None:
    part = ResponseContentPartDone(part=ContentPart(text="t", transcript="s"))
    gathered = record(part)
    assert (gathered.text, gathered.transcript) == ("t", "s")
    assert record(ResponseAudioTranscriptDone(transcript="whole"), part).transcript == "whole"


def test_texts_of_several_items_follow_each_other() -> None:
    gathered = record(
        ResponseAudioTranscriptDelta(item_id="a", delta="1"),
        ResponseAudioTranscriptDelta(item_id="b", delta="2"),
        ResponseAudioTranscriptDelta(item_id="a", delta="1"),
    )
    assert gathered.transcript == "112"


def test_speech_is_whole_samples_and_counted() -> None:
    gathered = record(speech(b"abc"), speech(b"d"), ResponseAudioDone())
    assert gathered.chunks == [b"ab", b"cd"]
    assert gathered.audio_bytes == 4
    assert gathered.audio_ms == 4 * 1000 / 48_000
    assert record(speech(b"a")).chunks == []


def test_speech_that_nobody_gathers_is_only_counted() -> None:
    gathered = record(speech(b"abcd"), keep_audio=False)
    assert (gathered.chunks, gathered.audio_bytes, gathered.unkept_audio_bytes) == ([], 4, 4)


def test_speech_without_end_is_kept_up_to_a_limit() -> None:
    gathered = AnswerRecord(audio_bytes=KEPT_AUDIO_BYTES)
    gathered.take(speech(b"abcd"))
    assert gathered.unkept_audio_bytes == 4


def test_an_answer_is_interrupted_once_and_keeps_what_was_heard() -> None:
    gathered = record(ResponseAudioTranscriptDelta(delta="heard"))
    assert gathered.interrupt("cancel")
    assert not gathered.interrupt("speech_started")
    gathered.take(ResponseAudioTranscriptDelta(delta=" and more"))
    assert gathered.heard == "heard"
    assert gathered.interrupted == "cancel"


def test_the_first_end_counts() -> None:
    gathered = AnswerRecord()
    gathered.finish(RealtimeResponse(id="r"))
    assert gathered.completed
    assert not gathered.calls_due
    gathered.settle("failed")
    assert gathered.status == "completed"
    assert not gathered.interrupt("cancel")


# ── history ────────────────────────────────────────────────────────────────────────────────────────


def told(history: History) -> list[str]:
    chosen, _ = history.to_tell()
    return [part.text for entry in chosen if entry.item for part in entry.item.content or ()]


def test_a_spoken_turn_is_told_by_its_transcript_or_not_at_all() -> None:
    history = History()
    history.add_speech("i1")
    history.add_speech("i1")
    history.add_speech("i2")
    history.add_transcript("i1", "hello")
    history.add_transcript("i2", " ")
    assert told(history) == ["hello"]
    assert history.to_tell()[1] == 1


def test_a_transcript_with_a_foreign_id_goes_to_the_oldest_turn_without_words() -> None:
    history = History()
    history.add_speech("x")
    history.add_transcript("y", "hello")
    history.add_transcript("z", "nobody said this")
    assert told(history) == ["hello"]


def test_an_interrupted_answer_is_told_as_far_as_it_was_heard() -> None:
    history = History()
    history.add_answer("I was say", interrupted=True)
    history.add_answer("", interrupted=False)
    history.add_answer("whole", interrupted=False)
    assert told(history) == ["I was say…", "whole"]


def test_only_what_fits_the_context_is_told() -> None:
    history = History()
    for number in range(30):
        history.add_text(text_item(f"q{number}"))
        history.add_answer(f"a{number}", interrupted=False)
    assert told(history)[0] == "a9"
    assert len(told(history)) == 41
    long = History()
    for _ in range(3):
        long.add_text(text_item("x" * 10_000))
    assert len(told(long)) == 2


def test_a_result_without_its_call_is_not_told() -> None:
    history = History()
    history.add_call("f", "x" * 30_000, "c")
    history.add_result("42", "c")
    history.add_text(text_item("and?"))
    assert told(history) == ["and?"]
    complete = History()
    complete.add_call("f", "{}", "c")
    complete.add_result("42", "c")
    assert len(complete.to_tell()[0]) == 2
    assert History().to_tell() == ([], 0)


def test_the_history_has_a_limit() -> None:
    history = History()
    for number in range(KEPT_ENTRIES + 5):
        history.add_text(text_item(str(number)))
    assert len(history.entries) == KEPT_ENTRIES


def test_ids_of_a_history_that_is_gone_are_known_as_such() -> None:
    history = History()
    history.add_text(text_item("one")).item_id = "i1"
    history.add_text(text_item("two"))
    history.retire()
    assert list(history.retired) == ["i1"]
    assert history.drop() == 2
    history.delete("i9")
    assert "i9" in history.retired


def test_a_deleted_item_is_not_told_and_a_forgotten_one_is_no_loss() -> None:
    history = History()
    entry = history.add_text(text_item("one"))
    entry.item_id = "i"
    history.delete("i")
    history.forget(entry)
    assert told(history) == []


# ── calls without an answer ────────────────────────────────────────────────────────────────────────


def sent(call: Call, number: int) -> Sent:
    events = {
        Call.COMMIT: InputAudioBufferCommit(),
        Call.UPDATE: SessionUpdate(session=wanted()),
        Call.APPEND: InputAudioBufferAppend(audio=""),
        Call.CREATE_ITEM: ConversationItemCreate(item=text_item("hi")),
    }
    return Sent(str(number), call, events[call])


def acks(*calls: Call) -> Acks:
    waiting = Acks()
    for number, call in enumerate(calls):
        waiting.add(sent(call, number))
    return waiting


def test_sound_is_never_acknowledged() -> None:
    assert not acks(Call.APPEND).open


def test_an_answer_to_a_later_call_shows_that_the_earlier_ones_were_taken() -> None:
    waiting = acks(Call.CREATE_ITEM, Call.UPDATE, Call.CREATE_ITEM, Call.COMMIT)
    assert waiting.answered(Call.COMMIT)
    assert [one.id for one in waiting.open] == ["1", "2"]
    assert waiting.answered(Call.COMMIT) is None


def test_an_error_belongs_to_the_oldest_call_unless_it_says_otherwise() -> None:
    waiting = acks(Call.CREATE_ITEM, Call.COMMIT)
    assert waiting.failed(ErrorDetail(type="stop_task_error")) is None
    found = waiting.failed(ErrorDetail(event_id="1"))
    assert found is not None
    assert found.call is Call.COMMIT
    found = waiting.failed(ErrorDetail(event_id="unknown"))
    assert found is not None
    assert found.call is Call.CREATE_ITEM
    assert waiting.failed(ErrorDetail()) is None


def test_an_item_is_recognised_by_what_the_platform_repeats_of_it() -> None:
    assert acks(Call.CREATE_ITEM).item_created(Item(id="i")) is not None
    assert acks(Call.CREATE_ITEM).item_created(Item(type="function_call")) is None
    assert acks(Call.COMMIT).item_created(Item(id="i")) is None


def test_a_call_that_is_not_waited_for_is_forgotten_and_their_number_is_limited() -> None:
    waiting = acks(*[Call.COMMIT] * (UNANSWERED_CALLS + 1))
    assert len(waiting.open) == UNANSWERED_CALLS
    first = waiting.open[0]
    waiting.forget(first)
    waiting.forget(first)
    assert len(waiting.drain()) == UNANSWERED_CALLS - 1
    assert not waiting.open
