"""The review without a screen: what is asked, what counts, what can be taken back, and what is on the disk."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.commands.check import check
from curate.core.decision import Decision
from curate.core.errors import OutputError
from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.lint.suppressions import Suppressions, load_suppressions
from curate.project.decision_log import DecisionLog
from curate.read.index import LineIndex
from curate.review import (
    Choice,
    Cluster,
    ClusterMember,
    Edit,
    Entry,
    Kind,
    MultiConflict,
    PlacedExample,
    Progress,
    ReviewSession,
    ReviewStatus,
    View,
    next_open,
    views,
)
from curate.review.bulk import apart_from, decide, label, preview, rate, verdicts_for
from curate.review.entry import sides_of
from curate.review.events import DuplicatesFound, FindingsFound
from curate.review.query import mistake_in, parse
from curate.review.queue import FindingQueue
from curate.review.subject_queue import ClusterQueue
from tests.screens.conftest import Opens, chat, example_at, facts_about, write_lines
from tests.workspaces import workspace


def verdicts(session: ReviewSession) -> list[tuple[str, str]]:
    """Example and verdict of each line of the journal on the disk."""
    path = session.log.path
    return (
        [(value["example"], value["verdict"]) for value in map(json.loads, path.read_text().splitlines())]
        if path.exists()
        else []
    )


def found(session: ReviewSession, code: str) -> Entry:
    entries = [session.findings.entry(number) for number in range(len(session.findings))]
    return next(entry for entry in entries if entry.code == code)


def choose(session: ReviewSession, entry: Entry, choice: Choice, at: int = 0, *, whole: bool = False) -> None:
    session.decide(verdicts_for(session, entry, choice, at, whole=whole), entry.about)


def view(session: ReviewSession, kind: Kind, text: str = "", sort: str = "") -> View:
    return list(views(session, kind, text, sort))[-1]


def codes(session: ReviewSession, text: str = "", sort: str = "") -> list[str]:
    shown = view(session, "finding", text, sort)
    return [session.findings.entry(shown[at]).code for at in range(len(shown))]


def test_a_line_without_an_example_can_be_dropped_whenever_its_finding_came(journal: Path, lines: LineIndex) -> None:
    growing = LineIndex([Path(index.name) for index in lines.indexes])
    session = ReviewSession(growing, DecisionLog(journal))
    for fact in facts_about(lines):
        session.take(fact)
    for _ in growing.build():
        session.grow()
    session.grow()
    assert found(session, "J001").choices == frozenset(("drop",))


def test_errors_come_first_and_pairs_that_differ_in_a_fact(session: ReviewSession) -> None:
    assert codes(session) == ["C003", "J001", "M006", "D001", "M016"]
    assert codes(session, sort="rule") == ["C003", "D001", "J001", "M006", "M016"]
    assert [session.clusters.entry(number).pair for number in range(2)] == [True, False]


def test_a_decision_is_on_the_disk_before_the_call_returns(session: ReviewSession) -> None:
    entry = found(session, "C003")
    choose(session, entry, "drop")
    assert [(entry.ids[0], "drop")] == verdicts(session)
    assert (session.status(entry), session.log.decisions[0].about) == (ReviewStatus.DROP, "C003")


@pytest.mark.parametrize("word", ["drop", "keep"])
def test_a_decision_about_a_finding_names_its_place_in_the_journal(
    session: ReviewSession, word: Literal["drop", "keep"]
) -> None:
    entry = found(session, "C003")
    assert entry.target.pointer
    session.decide({entry.ids[0]: word}, target=entry.target, why="empty")
    [line] = map(json.loads, session.log.path.read_text().splitlines())
    assert (line["scope"], line["about"], line["pointer"]) == entry.target
    assert (line["verdict"], line["why"]) == (word, "empty")


def test_a_verdict_counts_for_every_entry_about_the_example(session: ReviewSession) -> None:
    choose(session, found(session, "C003"), "drop")
    assert session.status(found(session, "M016")) == ReviewStatus.DROP
    assert Progress(2, 4) == session.progress("finding")
    assert view(session, "finding", "is:drop").rows.tolist() == [1, 0]


def test_decisions_survive_a_restart(session: ReviewSession, open_session: Opens) -> None:
    entry = session.conflicts.entry(0)
    choose(session, entry, "left")
    again = open_session()
    assert [again.verdict(example) for example in entry.ids] == ["keep", "drop"]
    assert session.progress() == again.progress()


def test_keeping_a_side_drops_the_other_in_one_step(session: ReviewSession) -> None:
    entry = session.conflicts.entry(0)
    choose(session, entry, "right")
    assert [session.verdict(example) for example in entry.ids] == ["drop", "keep"]
    session.undo()
    assert [session.verdict(example) for example in entry.ids] == ["undecided", "undecided"]
    assert len(verdicts(session)) == 4


def test_a_conflict_is_over_when_one_side_is_gone(session: ReviewSession) -> None:
    entry = session.conflicts.entry(0)
    session.decide({entry.ids[0]: "keep"})
    assert session.status(entry) == ReviewStatus.PARTLY
    session.decide({entry.ids[1]: "drop"})
    assert session.status(entry) == ReviewStatus.MIXED


def test_to_keep_a_duplicate_keeps_its_keeper(session: ReviewSession) -> None:
    """Were only the duplicate pinned, its keeper would leave for it."""
    entry = session.clusters.entry(1)
    choose(session, entry, "both", 0)
    assert isinstance(entry.subject, Cluster)
    assert session.verdict(entry.subject.kept.id) == "keep"


def test_exact_copies_cannot_be_decided_about(session: ReviewSession) -> None:
    """A verdict is about content: dropping a copy would drop the one that stays."""
    cluster = session.clusters.entry(1).subject
    assert isinstance(cluster, Cluster)
    assert [member.side.place.line for member in cluster.distinct] == [5, 4]
    copy = found(session, "D001")
    choose(session, copy, "drop")
    assert (frozenset(), ReviewStatus.NOTHING, []) == (
        copy.choices,
        session.status(copy),
        [word for word in verdicts(session) if word[1] == "drop"],
    )


def test_another_keeper_stays_in_place_of_all_others(session: ReviewSession) -> None:
    cluster = session.clusters.entry(1).subject
    assert isinstance(cluster, Cluster)
    choose(session, session.clusters.entry(1), "right", 1, whole=True)
    assert [session.verdict(side.id) for side in (cluster.kept, *(member.side for member in cluster.distinct))] == [
        "drop",
        "drop",
        "keep",
    ]


def test_a_split_cluster_keeps_one_of_each_part(session: ReviewSession) -> None:
    cluster = session.clusters.entry(1).subject
    assert isinstance(cluster, Cluster)
    session.decide(apart_from(session, cluster, [0]))
    assert [session.verdict(side.id) for side in (cluster.kept, *(member.side for member in cluster.distinct))] == [
        "keep",
        "keep",
        "drop",
    ]


def test_one_stand_of_a_question_with_many_answers_holds(session: ReviewSession) -> None:
    entry = session.conflicts.entry(1)
    assert isinstance(entry.subject, MultiConflict)
    choose(session, entry, "right", 0, whole=True)
    assert [session.verdict(example) for example in entry.ids] == ["drop", "keep", "drop"]
    assert session.status(entry) == ReviewStatus.MIXED


def test_undo_and_redo_have_no_end_and_survive_a_restart(session: ReviewSession, open_session: Opens) -> None:
    entry = found(session, "C003")
    for choice in ("keep", "drop", "keep"):
        choose(session, entry, choice)
    statuses = []
    again = open_session()
    while again.undo():
        statuses.append(again.status(entry))
    third = open_session()
    while third.redo():
        statuses.append(third.status(entry))
    expected = [
        ReviewStatus.DROP,
        ReviewStatus.KEEP,
        ReviewStatus.UNDECIDED,
        ReviewStatus.KEEP,
        ReviewStatus.DROP,
        ReviewStatus.KEEP,
    ]
    assert statuses == expected
    choose(third, entry, "drop")
    assert third.redo() is None


def test_undo_is_about_the_steps_of_this_window(session: ReviewSession, open_session: Opens) -> None:
    one, other = found(session, "C003"), found(session, "M006")
    press(session, one, "keep")
    second = open_session()
    press(second, other, "drop")
    session.log.follow()
    assert session.follow_journal()
    session.undo()
    assert (session.status(one), session.status(other)) == (ReviewStatus.UNDECIDED, ReviewStatus.DROP)
    assert (session.undo(), session.stayed) == (None, 0)
    second.log.follow()
    second.follow_journal()
    second.undo()
    assert (second.undo(), second.status(other)) == (None, ReviewStatus.UNDECIDED)  # `one` is undone already
    third = open_session()
    third.redo()
    assert third.status(other) == ReviewStatus.DROP


@pytest.mark.parametrize("who", ["", "bob"])
def test_undo_leaves_what_was_decided_again_elsewhere(session: ReviewSession, open_session: Opens, who: str) -> None:
    ids = [session.examples.entry(number).ids[0] for number in (2, 3)]
    session.decide(dict.fromkeys(ids, "keep"))
    second = open_session()
    second.who = who or second.who
    second.decide({ids[0]: "drop"})
    session.log.follow()
    session.follow_journal()
    session.undo()
    assert ([session.verdict(id_) for id_ in ids], session.stayed) == (["drop", "undecided"], 1)
    session.redo()
    assert [session.verdict(id_) for id_ in ids] == ["drop", "keep"]
    second.log.follow()
    second.follow_journal()
    second.decide({ids[1]: "drop"})
    session.log.follow()
    session.follow_journal()
    assert (session.undo(), session.stayed) == (None, 1)
    assert [session.verdict(id_) for id_ in ids] == ["drop", "drop"]


def test_an_edit_is_what_the_example_is_from_then_on(session: ReviewSession, lines: LineIndex) -> None:
    entry = found(session, "C003")
    value = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]}
    session.decide({entry.ids[0]: Edit(value)}, entry.about)
    changed = session.example(entry)
    assert changed is not None
    assert (changed.messages[1].text, session.status(entry)) == ("Hello.", ReviewStatus.EDIT)
    choose(session, entry, "keep")  # to keep what was edited is to keep the edit
    assert session.status(entry) == ReviewStatus.EDIT
    session.undo()
    assert session.example(entry) == example_at(lines, 7)


def test_a_broken_line_can_be_mended_or_dropped(session: ReviewSession, open_session: Opens) -> None:
    from curate.output.edited import decided_id

    entry = found(session, "J001")
    parsed = session.line(entry.place)
    assert parsed is not None
    assert (entry.choices, session.status(entry)) == (frozenset({"drop"}), ReviewStatus.FIX)
    session.decide({decided_id(parsed): Edit({"messages": []})})
    again = open_session()
    assert [session.status(found(session, "J001")), again.status(found(again, "J001"))] == [
        ReviewStatus.EDIT,
        ReviewStatus.EDIT,
    ]


def test_next_goes_round_and_past_what_is_decided(session: ReviewSession) -> None:
    shown = view(session, "finding")
    assert next_open(session, shown) == 0
    choose(session, found(session, "C003"), "keep")
    assert next_open(session, shown, 0) == 1  # the broken line
    choose(session, found(session, "J001"), "drop")
    assert next_open(session, shown, 0) == 2
    choose(session, found(session, "M006"), "keep")
    assert next_open(session, shown, 2) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("robot", ["M006"]),
        ("ROLE m006", ["M006"]),
        ("is:nothing", ["D001"]),
        ("is:fix", ["J001"]),
        ("nowhere", []),
        ("is:undecided there", ["C003", "M016"]),
        ("code:M severity:warn", ["M016"]),
        ("line:8-9", ["J001", "M006"]),
        ("file:*.jsonl -there", ["J001", "M006", "D001"]),
        ('"a row"', ["M016"]),
        ("fix:safe", []),
        ("fix:unsafe", ["M016"]),
        ("fix:any", ["M016"]),
        ("fix:safe fix:unsafe", ["M016"]),
        ("is:nonsense", []),
        ("日本語", ["M006"]),
        ("is:dropped", []),
        ("note:ann", ["C003", "M016"]),
        ("by:nobody", []),
        ("/rob.t/", ["M006"]),
        ("/^ARE you there\\?$/ code:M", ["M016"]),
        ("-/rob.t|valid json/ severity:error", ["C003"]),
        ("re:b(ee|oo)p", ["M006"]),
        ("/a row|rob/", ["M006", "M016"]),
        ("role:robot", ["M006"]),
        ("role:tool", []),
        ("tokens:>10 -robot", ["D001"]),
        ("tokens:<5", ["C003", "M016"]),
        ("tokens:5-1000 severity:warn", ["D001"]),
        ("/robot", []),
        ("-cod:M0", []),  # nothing is shown for a mistake
    ],
)
def test_filter(session: ReviewSession, text: str, expected: list[str]) -> None:
    session.annotate(found(session, "C003").ids[0], "ask Ann")
    assert codes(session, text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is:dropt", "is:dropt: no such status; did you mean is:drop?"),
        ("cod:M0", "cod:M0: no such term; did you mean code:M0?"),
        ("line:ten", "line:ten: not a number or a range; write line:10-20 or line:>10"),
        ("tokens:many", "tokens:many: not a number or a range; write tokens:10-20 or tokens:>10"),
        ("fix:save", "fix:save: no such kind of fix; did you mean fix:safe?"),
        ("severity:fatal", "severity:fatal: no such severity; error, warning, info"),
        ("field:score>high", "field:score>high: not a number after < or >; write field:score>0.5"),
        ("Answer:42", 'Answer:42: no such term; to search for the text, write "Answer:42"'),
        ("/a(b/", "/a(b/: not a regular expression: unclosed group"),
        ('https://example.org is:dropped note:x by:ann code:M 12:30 /a b/ role:x "Answer:42" field:a=b', ""),
        ("-is:undecidedd", "is:undecidedd: no such status; did you mean is:undecided?"),
        ('-"code:M016" -http://a.b', ""),
    ],
)
def test_a_term_that_is_no_filter_is_told(text: str, said: str) -> None:
    assert mistake_in(text) == said


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("field:source=WEB", [1, 4]),
        ("field:source", [1, 2, 4]),
        ("field:meta.score>0.5", [1, 3]),
        ("field:/meta/score<=0.5 field:source=b*", [2]),
        ("field:tags=new", [3]),
        ('field:source="the web"', []),
        ('field:"source=the web"', []),
        ("field:ok=true", [4]),
        ("tokens:3", [1, 2, 3, 4]),
        ("tokens:>=3 tokens:<=2", [1, 2, 3, 4]),
        ("tokens:>3", []),
        ("tokens:<3", []),
    ],
)
def test_filter_by_fields_of_the_lines(text: str, lines: list[int]) -> None:
    extra: list[dict[str, object]] = [
        {"source": "web", "meta": {"score": 0.9}},
        {"source": "book", "meta": {"score": 0.5}},
        {"source": None, "meta": {"score": 1}, "tags": ["old", "new"]},
        {"source": "Web", "ok": True},
    ]
    turns = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "world"}]
    Path("own.jsonl").write_text("".join(json.dumps({"messages": turns, **one}) + "\n" for one in extra))
    index = LineIndex([Path("own.jsonl")])
    list(index.build())
    session = ReviewSession(index, DecisionLog(Path("journal.jsonl")))
    session.grow()
    assert [int(row) + 1 for row in view(session, "example", text).rows] == lines


def test_a_regular_expression_takes_linear_time(session: ReviewSession) -> None:
    session.annotate(found(session, "C003").ids[0], "a" * 50)
    assert codes(session, "/(a+)+$/ code:C003 -nothing") == []
    assert codes(session, f"/({'a*' * 30}){'a' * 30}!/") == []


def test_filters_of_the_other_kinds(session: ReviewSession) -> None:
    assert view(session, "cluster", "score:0.9-1").rows.tolist() == [0]
    assert view(session, "conflict", "code:X003").rows.tolist() == [0]
    assert view(session, "conflict", "nobody").rows.tolist() == [1]
    assert view(session, "example", "apple").rows.tolist() == [2, 3, 4, 5]
    assert view(session, "example", "line:3-4 file:data*").rows.tolist() == [2, 3]


SIDES = st.builds(
    lambda file, line, nth, high, low: PlacedExample(Place(file, line, nth), f"{high:016x}{low:016x}"),
    st.sampled_from(["a.jsonl", "b.jsonl", "c d.json"]), st.integers(1, 9), st.integers(0, 3),
    st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1),
)  # fmt: skip
CLUSTERS = st.builds(
    Cluster,
    SIDES,
    st.lists(st.builds(ClusterMember, SIDES, st.sampled_from(["D001", "D003"]), st.floats(0, 1)), min_size=1).map(
        tuple
    ),
    st.booleans(),
)


@given(st.lists(st.lists(CLUSTERS, max_size=3), max_size=3))
def test_clusters_come_back_from_their_columns_and_are_filtered(chunks: list[list[Cluster]]) -> None:
    queue, every = ClusterQueue(), [one for chunk in chunks for one in chunk]
    for chunk in chunks:
        queue.add(chunk, [ReviewStatus.UNDECIDED] * len(chunk))
    assert [queue.entry(number).subject for number in range(len(queue))] == every
    assert queue.scores().tolist() == [min(member.similarity for member in one.members) for one in every]
    sizes = [1 + len(one.members) for one in every]
    assert queue.order("largest").tolist() == sorted(range(len(every)), key=lambda at: -sizes[at])
    for text, fits in (
        ("line:3-4", lambda one: any(3 <= side.place.line <= 4 for side in sides_of(one))),
        ("file:b.*", lambda one: any(side.place.file == "b.jsonl" for side in sides_of(one))),
        ("code:D001", lambda one: one.members[0].code == "D001"),
    ):
        assert queue.mask(parse(text)).tolist() == [fits(one) for one in every]


@pytest.mark.slow
def test_entries_of_more_than_65536_files_are_held() -> None:
    names = [f"{number}.json" for number in range(66_000)]
    sides = [PlacedExample(Place(name, 1), "0" * 32) for name in names]
    undecided = [ReviewStatus.UNDECIDED] * len(names)
    clusters, findings = ClusterQueue(), FindingQueue()
    clusters.add([Cluster(side, (ClusterMember(side, "D001", 1.0),)) for side in sides], undecided)
    found = [Finding("C003", Severity.ERROR, name, 1, "", "", "", False, None) for name in names]
    findings.add(found, [""] * len(names), undecided)
    assert clusters.entry(65_999).place.file == findings.entry(65_999).place.file == names[-1]


def test_bulk_says_what_it_will_do_and_is_undone_at_once(session: ReviewSession) -> None:
    choose(session, found(session, "M006"), "keep")
    plan = preview(session, "finding", view(session, "finding").rows, "drop")
    assert (plan.entries, plan.skipped, dict(plan.changes)) == (3, 2, {("undecided", "drop"): 2})
    decide(session, plan, "all empty")
    assert [session.verdict(found(session, code).ids[0]) for code in ("C003", "M006")] == ["drop", "keep"]
    assert preview(session, "finding", view(session, "finding").rows, "drop", decided_too=True).decisions == {
        found(session, "M006").ids[0]: "drop"
    }
    session.undo()
    assert session.verdict(found(session, "C003").ids[0]) == "undecided"


def test_a_decision_about_entries_of_one_example_is_in_effect_and_undone(session: ReviewSession) -> None:
    """Lines 3 and 6 are copies."""
    plan = preview(session, "example", view(session, "example").rows, "keep")
    decide(session, plan)
    assert {session.verdict(example) for example in plan.decisions} == {"keep"}
    assert session.log.defects == []
    session.undo()
    assert session.log.verdicts() == {}


def test_an_undo_removes_its_own_suppression_from_a_file_that_changes_meanwhile(
    session: ReviewSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("C003", "M006", "M016"):
        finding = found(session, code).subject
        assert isinstance(finding, Finding)
        session.suppress(finding, code)
    path = session.folder / "curate-suppressions.jsonl"

    def meanwhile(folder: Path) -> Suppressions:
        loaded = load_suppressions(folder)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
        return loaded

    monkeypatch.setattr("curate.review.records.load_suppressions", meanwhile)
    session.undo()
    assert [json.loads(line)["code"] for line in path.read_text().splitlines()] == ["M006"]


def test_a_cluster_of_which_one_example_is_dropped_is_still_open(session: ReviewSession) -> None:
    entry = session.clusters.entry(1)
    session.decide({entry.ids[1]: "drop"}, target=entry.target)
    assert session.status(entry) == ReviewStatus.PARTLY


def test_undo_leaves_what_another_person_decided(session: ReviewSession, open_session: Opens) -> None:
    entry = found(session, "M006")
    session.log.add(Decision(example=entry.ids[0], verdict="drop", who="bob", step="b0b", replaces=()))
    again = open_session()
    assert (again.undo(), again.verdict(entry.ids[0])) == (None, "drop")


@pytest.mark.parametrize("pairs", [((12, 10), (10, 11)), ((10, 11), (12, 10))])
def test_bulk_says_what_an_example_in_two_pairs_comes_to(
    pairs: list[tuple[int, int]], session: ReviewSession, lines: LineIndex
) -> None:
    first = len(session.clusters)
    sides = {line: PlacedExample(Place("data.jsonl", line), example_at(lines, line).id) for line in (10, 11, 12)}
    members = [(sides[left], ClusterMember(sides[right], "D003", 0.9)) for left, right in pairs]
    session.take(DuplicatesFound([Cluster(kept, (other,), apart=True) for kept, other in members]))
    plan = preview(session, "cluster", np.arange(first, first + 2, dtype=np.int32), "left")
    decide(session, plan)
    assert plan.decisions == {example: session.verdict(example) for example in plan.decisions}
    assert plan.decisions[sides[10].id] == "drop"


def test_what_two_people_decided_apart_is_shown_and_settled(session: ReviewSession) -> None:
    entry = found(session, "M006")
    other = DecisionLog(Path("theirs.jsonl"))
    other.add(Decision(example=entry.ids[0], verdict="keep", who="bob", replaces=()))
    choose(session, entry, "drop")
    session.log.merge(other.path)
    session.follow_journal()
    assert (session.status(entry), len(session.contested(entry.ids[0]))) == (ReviewStatus.CONTESTED, 2)
    assert codes(session, "is:contested") == ["M006"]
    choose(session, entry, "drop")
    assert (session.status(entry), session.contested(entry.ids[0])) == (ReviewStatus.DROP, ())


def test_a_decision_that_cannot_be_written_does_not_count(
    session: ReviewSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = session.conflicts.entry(0)

    def full(*_: object, **_named: object) -> None:
        raise OutputError("decisions.jsonl: cannot be written: no space left", "free some space")

    monkeypatch.setattr("curate.project.decision_log.append_lines", full)
    with pytest.raises(OutputError):
        choose(session, entry, "left")
    assert (session.status(entry), session.undo()) == (ReviewStatus.UNDECIDED, None)


def press(session: ReviewSession, entry: Entry, choice: Choice) -> None:
    """What a key does: a decision about the entry."""
    session.decide(verdicts_for(session, entry, choice), target=entry.target)


def test_keep_is_about_the_finding_and_drop_about_the_example(session: ReviewSession) -> None:
    one, other = found(session, "C003"), found(session, "M016")
    press(session, one, "keep")
    assert [session.status(entry) for entry in (one, other)] == [ReviewStatus.KEEP, ReviewStatus.UNDECIDED]
    standing = session.log.state_of(one.ids[0])
    assert standing is not None
    assert (standing.verdict, standing.stays, standing.accepts("C003", "/messages/2/content")) == (
        "undecided", False, True,
    )  # fmt: skip
    assert not standing.accepts("M016", "/messages/1")
    press(session, other, "drop")
    assert [session.status(entry) for entry in (one, other)] == [ReviewStatus.DROP, ReviewStatus.DROP]
    press(session, one, "keep")  # of a dropped example: the drop is taken back
    assert [session.status(entry) for entry in (one, other)] == [ReviewStatus.KEEP, ReviewStatus.UNDECIDED]
    session.undo()
    assert [session.status(entry) for entry in (one, other)] == [ReviewStatus.DROP, ReviewStatus.DROP]
    session.undo()
    session.undo()
    assert [session.status(entry) for entry in (one, other)] == [ReviewStatus.UNDECIDED, ReviewStatus.UNDECIDED]


def test_a_decision_about_a_finding_is_none_about_a_duplicate(session: ReviewSession) -> None:
    cluster = session.clusters.entry(0)  # a pair of lines 1 and 2, which contradict each other, too
    conflict = session.conflicts.entry(0)
    press(session, conflict, "both")
    assert [session.status(entry) for entry in (conflict, cluster)] == [ReviewStatus.KEEP, ReviewStatus.UNDECIDED]
    session.decide({cluster.ids[0]: Edit({"messages": []})}, target=found(session, "C003").target)
    assert session.status(cluster) == ReviewStatus.UNDECIDED
    press(session, cluster, "both")
    assert session.status(cluster) == ReviewStatus.KEEP
    standing = session.log.state_of(cluster.ids[0])
    assert standing is not None
    assert (standing.verdict, standing.stays) == ("edit", True)


def test_an_edit_settles_the_findings_that_are_gone(session: ReviewSession) -> None:
    one, other = found(session, "C003"), found(session, "M016")
    session.decide({one.ids[0]: Edit({"messages": []}, left=("M016/messages/1",))}, target=one.target)
    assert [session.status(entry) for entry in (one, other)] == [ReviewStatus.EDIT, ReviewStatus.UNDECIDED]


def test_a_note_outlives_verdicts_and_their_undo(session: ReviewSession, open_session: Opens) -> None:
    entry = found(session, "C003")
    session.annotate(entry.ids[0], "ask Ann", "C003")
    for choice in ("keep", "drop"):
        press(session, entry, choice)
    again = open_session()
    assert (again.note(entry.ids[0]), again.status(entry)) == ("ask Ann", ReviewStatus.DROP)
    standing = again.log.state_of(entry.ids[0])
    assert standing is not None
    assert standing.why == "ask Ann"  # the reason in the ledger
    again.undo()
    again.undo()
    assert again.note(entry.ids[0]) == "ask Ann"
    again.undo()
    assert again.note(entry.ids[0]) == ""


def test_the_undo_of_a_suppression_takes_it_out_of_the_file(session: ReviewSession, open_session: Opens) -> None:
    path = Path("curate-suppressions.jsonl")
    path.write_text(json.dumps({"code": "C001", "example": "0" * 32, "file": "x", "line": 1, "reason": "old"}) + "\n")
    before = path.read_bytes()
    entry = found(session, "C003")
    assert isinstance(entry.subject, Finding)
    session.suppress(entry.subject, "fine")
    assert (session.status(entry), path.read_text().count("\n")) == (ReviewStatus.KEEP, 2)
    press(session, entry, "drop")
    session.undo()
    session.undo()
    assert (session.status(entry), path.read_bytes()) == (ReviewStatus.UNDECIDED, before)
    session.redo()
    assert path.read_text().count("\n") == 2
    path.write_bytes(before)  # as if killed between the journal and the file
    open_session()
    assert path.read_text().count("\n") == 2


def test_a_step_that_is_not_whole_is_not_in_effect(session: ReviewSession, open_session: Opens) -> None:
    entry = session.conflicts.entry(0)
    press(session, entry, "left")
    lines = session.log.path.read_bytes().splitlines(keepends=True)
    session.log.path.write_bytes(lines[0])
    again = open_session()
    assert (again.status(entry), again.log.decisions) == (ReviewStatus.UNDECIDED, [])
    assert "1 line of interrupted steps" in again.log.notes[0]
    session.log.path.write_bytes(b"".join(reversed(lines)))
    assert open_session().status(entry) == ReviewStatus.MIXED


def test_an_old_journal_means_what_it_meant(session: ReviewSession, open_session: Opens) -> None:
    """Lines without a format: keep is about the whole example, a note stands in `why`, an edit settles all findings."""
    one, other, mended = found(session, "C003"), found(session, "M016"), found(session, "M006")
    old: list[dict[str, object]] = [
        {"example": one.ids[0], "verdict": "keep", "about": "C003", "why": "fine", "who": "ann", "replaces": []},
        {"example": mended.ids[0], "verdict": "edit", "about": "M006", "value": {"messages": []}, "who": "ann"},
    ]
    session.log.path.parent.mkdir(exist_ok=True)
    session.log.path.write_text("".join(json.dumps({**line, "when": "2026-01-01T00:00:00Z"}) + "\n" for line in old))
    again = open_session()
    assert [again.status(entry) for entry in (one, other, mended)] == [
        ReviewStatus.KEEP, ReviewStatus.KEEP, ReviewStatus.EDIT,
    ]  # fmt: skip
    standing = again.log.state_of(one.ids[0])
    assert standing is not None
    assert (standing.stays, again.note(one.ids[0])) == (True, "fine")
    press(again, other, "drop")
    assert (again.note(one.ids[0]), again.status(one)) == ("fine", ReviewStatus.DROP)
    again.undo()
    assert again.status(one) == ReviewStatus.KEEP
    session.log.path.write_text('{"format":3,"example":"' + "0" * 32 + '","verdict":"keep"}\n')
    assert open_session().log.unreadable == [1]


def test_two_reviewers_merge_to_the_same_in_either_order(session: ReviewSession) -> None:
    entry, conflict = found(session, "C003"), session.conflicts.entry(0)
    journals = []
    for who, choices in (("ann", ("keep", "left")), ("bob", ("drop", "left"))):
        path = Path(f"{who}.jsonl")
        other = ReviewSession(session.lines, DecisionLog(path))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("curate.core.decision.getpass.getuser", lambda who=who: who)
            press(other, entry, choices[0])  # type: ignore[arg-type]
            press(other, conflict, choices[1])  # type: ignore[arg-type]
            other.annotate(entry.ids[0], f"note of {who}")
        journals.append(path)
    found_: list[object] = []
    for order in (journals, journals[::-1]):
        log = DecisionLog(Path(f"merged-{len(found_)}.jsonl"))
        for path in order:
            log.merge(path)
        ids = [*entry.ids, *conflict.ids]
        found_.append((log.verdicts(), {id_: log.note(id_) for id_ in ids}, list(log.contested())))
    assert found_[0] == found_[1]
    assert entry.ids[0] in found_[0][2]  # type: ignore[index]  # kept by one, dropped by the other
    assert all(f"note of {who}" in str(found_[0]) for who in ("ann", "bob"))


def test_labels_and_ratings_are_records_of_their_own(session: ReviewSession, open_session: Opens) -> None:
    one, other = (found(session, code).ids[0] for code in ("M006", "C003"))
    rate(session, [one, other], "4")
    label(session, [one], "great")
    press(session, found(session, "M006"), "keep")
    rate(session, [other], "1")
    assert (codes(session, "rating:>3"), codes(session, "label:GREAT"), codes(session, "rating:1-2")) == (
        ["M006"], ["M006"], ["C003", "M016"])  # fmt: skip
    again = open_session()
    assert [again.log.rating(example) for example in (one, other)] == [4, 1]
    assert again.status(found(again, "M006")) is ReviewStatus.KEEP
    again.undo()
    assert again.log.rating(other) == 4
    label(again, [one], "great")
    assert again.log.labels(one) == ()
    again.undo()
    assert again.log.labels(one) == ("great",)


def test_two_ratings_do_not_contest_the_example(session: ReviewSession) -> None:
    entry = found(session, "M006")
    press(session, entry, "keep")
    theirs = DecisionLog(Path("theirs.jsonl"))
    for rating in "25":
        theirs.add(Decision(format=2, example=entry.ids[0], record="rating", verdict="undecided", why=rating,
                            who=f"reviewer {rating}", replaces=()))  # fmt: skip
    session.log.merge(theirs.path)
    session.follow_journal()
    assert (session.status(entry), session.log.rating(entry.ids[0])) == (ReviewStatus.KEEP, None)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("-field:source=WEB", [2, 3]),
        ("-field:source", [3]),
        ("-line:2-4", [1]),
        ("-line:2 -line:4 field:source", [1]),
        ("-code:M0", [1, 2, 3, 4]),
    ],
)
def test_a_term_can_be_left_out(text: str, lines: list[int]) -> None:
    values = [{"source": "web"}, {"source": "book"}, {}, {"source": "Web"}]
    one = json.loads(chat(("user", "hi"), ("assistant", "Hello.")))
    index = LineIndex([write_lines(Path(), tuple(json.dumps({**one, **value}).encode() for value in values))])
    list(index.build())
    session = ReviewSession(index, DecisionLog(Path("log.jsonl")))
    session.grow()
    *_, view = views(session, "example", text)
    assert [int(row) + 1 for row in view.rows] == lines


def test_a_finding_about_an_element_of_an_array_on_one_line_shows_that_element(journal: Path) -> None:
    turns = [("Hi", "Hello."), ("Who?", ""), ("What?", "A pear. "), ("Why?", "")]
    rows = [chat(("user", asked), ("assistant", answer)) for asked, answer in turns]
    Path("array.json").write_bytes(b"[" + b", ".join(rows) + b"]")
    session = ReviewSession(LineIndex.of([Path("array.json")]), DecisionLog(journal))
    session.take(FindingsFound(check(workspace([Path("array.json")])).findings))
    found_entries = (session.findings.entry(number) for number in range(len(session.findings)))
    entries = [entry for entry in found_entries if entry.code in ("C003", "C015")]
    assert [str(entry.place) for entry in entries] == [f"array.json:1 (element {number})" for number in (2, 4, 3)]
    for entry in entries:
        example = session.example(entry)
        assert example is not None
        assert (example.id,) == entry.ids
